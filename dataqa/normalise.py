"""When two texts count as the same: one normal form, one hash, one grouping."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xxhash

from dataqa.config import NORMALISE
from dataqa.dataset import Dataset, Shard, cuts

if TYPE_CHECKING:
    from dataqa.engine import Engine
    from dataqa.progress import Progress

_MARK, _QUOTE = r"[.,;:!?…\"'“”‘’]", r"[\"'“”‘’]"
_SENTENCE_MARKS = re.compile(
    rf"{_MARK}(?:(?<!{_MARK}{_MARK}){_MARK}*+(?=\s|$)|(?<={_QUOTE})(?<!\S{_QUOTE}){_QUOTE}*+)"
)
"""Runs of marks at the end of a word, and quotes at its start. Possessive and anchored, so that a
long run is looked at once; begins with a set of characters, which the regex engine skips to."""
_LINKS = re.compile(r"(?:https?://|www\.)\S*", re.IGNORECASE)
_MENTIONS = re.compile(r"(?<!\w)@\w+")
EMPTY = xxhash.xxh3_128_hexdigest(b"")


@dataclass(frozen=True)
class Cleaning:
    """Which differences between texts do not count; the setting ``normalise``."""

    steps: tuple[str, ...] = NORMALISE

    def form(self, text: str) -> str:
        """Return the text without differences of case, spacing, Unicode form and sentence marks.

        Marks inside a word or number stay, so ``3.5`` and ``35``, ``x+1`` and ``x-1`` stay apart.
        A text of nothing but what is left out stays as it is.
        """
        plain = folded = self.folded(text)
        if "marks" in self.steps:
            plain = _SENTENCE_MARKS.sub(" ", folded)
        if "spaces" not in self.steps:
            return plain if plain.strip() else folded
        return " ".join(plain.split()) or " ".join(folded.split())

    def folded(self, text: str) -> str:
        """Return the text without links, mentions and differences of Unicode form and case."""
        kept = text
        if "links" in self.steps:
            kept = _LINKS.sub(" ", kept)
        if "mentions" in self.steps:
            kept = _MENTIONS.sub(" ", kept)
        if kept is not text and not kept.strip():
            kept = text
        if "unicode" in self.steps:
            kept = unicodedata.normalize("NFKC", kept)
        return kept.casefold() if "case" in self.steps else kept


def normal_form(text: str) -> str:
    """Return the normal form of a text under the usual settings."""
    return Cleaning().form(text)


@dataclass(frozen=True)
class Hashes:
    """128-bit hashes of normal forms as hexadecimal digits, one per record."""

    text: list[str]
    pair: list[str]
    """Of text and response together."""
    prompt: list[str]
    response: list[str]


def hash_stage(shard: Shard, cleaning: Cleaning = Cleaning()) -> Hashes:
    """Hash the normal forms of one shard."""
    prompts = [cleaning.form(text) for text in shard.prompts]
    answers = [cleaning.form(answer) if answer else "" for answer in shard.responses]
    both = list(zip(prompts, answers, strict=True))
    prompt = _hashes(prompts)
    text = prompt.copy()
    if shard.whole is not None:
        rows = [row for row in np.flatnonzero(shard.whole).tolist() if answers[row]]
        joint = _hashes(" ".join(filter(None, both[row])) for row in rows)
        for row, found in zip(rows, joint, strict=True):
            text[row] = found
    return Hashes(
        text=text,
        pair=_hashes("\x1f".join(pair) if any(pair) else "" for pair in both),
        prompt=prompt,
        response=_hashes(answers),
    )


def _hashes(texts: Iterable[str]) -> list[str]:
    digest = xxhash.xxh3_128_hexdigest
    return [digest(text.encode("utf-8", "surrogatepass")) for text in texts]


@dataclass(frozen=True, eq=False)
class Groups:
    """Records that share a normal form; groups are numbered in the order of their hashes."""

    of: np.ndarray
    """(records,) number of the group of each record."""
    hashes: np.ndarray
    """(groups,) hash of the normal form of each group."""
    first: np.ndarray
    """(groups,) first record of each group in canonical order."""
    sizes: np.ndarray
    """(groups,) records in each group."""

    @property
    def empty(self) -> np.ndarray:
        """(groups,) whether the group is the one of records without any text."""
        return np.asarray(self.hashes == EMPTY)

    def members(self) -> list[np.ndarray]:
        """List the records of every group."""
        order = np.argsort(self.of, kind="stable")
        return np.split(order, np.cumsum(self.sizes)[:-1])


def group(hashes: list[str]) -> Groups:
    """Group records by hash."""
    high, low = np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8").reshape(-1, 2).T
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    of = np.empty(len(order), dtype=np.int64)
    of[order] = np.cumsum(new) - 1
    first = order[new]
    return Groups(
        of=of,
        hashes=np.array([hashes[row] for row in first], dtype="U32"),
        first=first,
        sizes=np.bincount(of, minlength=len(first)),
    )


@dataclass(frozen=True)
class RecordGroups:
    """Equal records, by each part of them."""

    text: Groups
    """By what the record says (see ``Dataset.texts``)."""
    pair: Groups
    """By prompt and response together."""
    prompt: Groups
    response: Groups


def find_groups(
    dataset: Dataset,
    cleaning: Cleaning,
    engine: Engine,
    progress: Progress,
    shard_records: int,
) -> RecordGroups:
    """Group the records that are equal under ``cleaning``."""
    parts = progress.track(
        engine.map(partial(hash_stage, cleaning=cleaning), dataset.shards(shard_records)),
        "normalising texts",
        len(cuts(len(dataset), shard_records)),
    )
    hashes: dict[str, list[str]] = {item.name: [] for item in fields(Hashes)}
    for part in parts:
        for name, found in hashes.items():
            found += getattr(part, name)
    return RecordGroups(**{name: group(found) for name, found in hashes.items()})


def joined(groups: Groups, leader: np.ndarray) -> Groups:
    """Put groups together: ``leader`` (groups,) names the group that each one joins.

    A joined group goes by the hash of its leader.
    """
    leaders, of_group = np.unique(leader, return_inverse=True)
    of = of_group[groups.of]
    return Groups(
        of=of,
        hashes=groups.hashes[leaders],
        first=groups.first[leaders],
        sizes=np.bincount(of, minlength=len(leaders)),
    )
