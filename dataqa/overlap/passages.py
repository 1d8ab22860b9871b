"""Passages that a training and an evaluation record share word for word.

Brown et al., "Language Models are Few-Shot Learners", 2020, appendix C: a shared 13-gram. Here the
phrases that many texts have are taken out first, so that a template and one word are no passage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from dataqa.dataset import cuts
from dataqa.near.words import find_words
from dataqa.normalise import Cleaning
from dataqa.overlap.matches import Matches, Task, best_of
from dataqa.overlap.repeated import PHRASE_WORDS, hash_runs, member, too_many, without_phrases
from dataqa.overlap.sides import distinct

P = TypeVar("P")


@dataclass(frozen=True, eq=False)
class Grams:
    """The hashed word n-grams of several texts, each once per text."""

    hashes: np.ndarray
    text: np.ndarray
    """(n-grams,) number of the text of each."""


def find_passages(task: Task) -> Matches:
    """Match records of which question or answer has an n-gram of an evaluation question.

    Answers of evaluation records are left out, because many right answers have the same form:
    formulas, refusals. Of several evaluation records the one counts that has most of its n-grams
    in the training record; that share is the score.
    """
    mine = distinct(task.train.pair_hash, task.rows)
    other = distinct(task.other.asked_hash, np.flatnonzero(~task.other.blank))
    questions = [task.other.core[row] for row in other.first]
    texts = [task.train.said(row) for row in mine.first]
    phrases = _phrases(task, texts, questions)
    wanted = _grams(task, questions, phrases, None)
    hits = _grams(task, texts, phrases, np.unique(wanted.hashes))
    left, right = _joined(hits, wanted)
    pairs, shared = np.unique(left * len(questions) + right, return_counts=True)
    left, right = np.divmod(pairs, max(len(questions), 1))
    sizes = np.bincount(wanted.text, minlength=len(questions))
    best = best_of(left, other.first[right], shared / sizes[right])
    rows, position = mine.spread(best.rows)
    return Matches(rows, best.of[position], best.score[position])


def gram_stage(
    texts: list[str], n: int, cleaning: Cleaning, phrases: np.ndarray, wanted: np.ndarray | None
) -> Grams:
    """Hash the n-grams of one shard outside ``phrases``; keep the ``wanted`` ones, or all.

    Both are sorted hashes: ``phrases`` of runs of ``PHRASE_WORDS`` words.
    """
    words = without_phrases(find_words(texts, cleaning), phrases)
    hashes, first = hash_runs(words, n)
    owner = np.repeat(np.arange(len(texts)), words.counts)[first]
    if wanted is not None:
        kept = member(hashes, wanted)
        hashes, owner = hashes[kept], owner[kept]
    order = np.lexsort((hashes, owner))
    hashes, owner = hashes[order], owner[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    return Grams(hashes[new], owner[new])


def count_stage(
    texts: list[str], cleaning: Cleaning, wanted: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Count in how many texts of one shard each run of ``PHRASE_WORDS`` words stands."""
    grams = gram_stage(texts, PHRASE_WORDS, cleaning, np.empty(0, dtype=np.uint64), wanted)
    return np.unique(grams.hashes, return_counts=True)


def _phrases(task: Task, texts: list[str], questions: list[str]) -> np.ndarray:
    """Return the runs of words that too many texts of either side have, sorted."""
    stage = partial(count_stage, cleaning=task.tools.search.cleaning)
    share = task.settings.common_share
    known, asked = _added([part for _, part in _map(task, partial(stage, wanted=None), questions)])
    found, said = _added([part for _, part in _map(task, partial(stage, wanted=known), texts)])
    return np.union1d(
        known[asked > too_many(len(questions), share)], found[said > too_many(len(texts), share)]
    )


def _added(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Add up counts by hash."""
    hashes = np.concatenate([np.empty(0, dtype=np.uint64), *(part[0] for part in parts)])
    counts = np.concatenate([np.empty(0, dtype=np.int64), *(part[1] for part in parts)])
    known, of = np.unique(hashes, return_inverse=True)
    return known, np.bincount(of, weights=counts, minlength=len(known))


def _grams(task: Task, texts: list[str], phrases: np.ndarray, wanted: np.ndarray | None) -> Grams:
    stage = partial(
        gram_stage,
        n=task.settings.ngram_words,
        cleaning=task.tools.search.cleaning,
        phrases=phrases,
        wanted=wanted,
    )
    hashes, text = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.int64)]
    for start, part in _map(task, stage, texts):
        hashes.append(part.hashes)
        text.append(part.text + start)
    return Grams(np.concatenate(hashes), np.concatenate(text))


def _map(task: Task, stage: Callable[[list[str]], P], texts: list[str]) -> Iterator[tuple[int, P]]:
    """Run a stage on slices of texts; yield the first text of each and what came out."""
    search = task.tools.search
    shards = cuts(len(texts), search.shard_records)
    parts = search.engine.map(stage, (texts[cut] for cut in shards))
    tracked = search.progress.track(parts, "comparing passages", len(shards))
    yield from zip((cut.start for cut in shards), tracked, strict=True)


def _joined(hits: Grams, wanted: Grams) -> tuple[np.ndarray, np.ndarray]:
    """Return the texts of both sides of all pairs of equal n-grams."""
    order = np.argsort(wanted.hashes, kind="stable")
    known = wanted.hashes[order]
    low = np.searchsorted(known, hits.hashes, side="left")
    counts = np.searchsorted(known, hits.hashes, side="right") - low
    ends = np.cumsum(counts)
    at = np.arange(counts.sum()) + np.repeat(low - (ends - counts), counts)
    return np.repeat(hits.text, counts), wanted.text[order][at]
