"""What many texts repeat (system prompts, instructions, phrases) says nothing about any of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from dataqa.near.words import Words, mixed, starts_of

FEW_TEXTS = 10
"""What stands in up to this many texts of a side is never taken for a template."""
PHRASE_WORDS = 5
"""Words covered by repeated runs of this many words are left out of passages."""
MOST_WORDS = 50
_FACTORS = mixed(np.arange(1, MOST_WORDS + 1, dtype=np.uint64)) | np.uint64(1)


def too_many(texts: int, common_share: float) -> float:
    """Return in how many of the texts something may stand before it is a template."""
    return max(FEW_TEXTS, common_share * texts)


def repeated_lines(texts: Sequence[str], common_share: float) -> set[str]:
    """Return the lines that too many of the texts have; texts of one line are left out."""
    several = {text for text in texts if "\n" in text}
    counts = Counter(line for text in several for line in {*_lines(text)})
    limit = too_many(len(texts), common_share)
    return {line for line, count in counts.items() if count > limit}


def without_lines(texts: Sequence[str], repeated: set[str]) -> list[str]:
    """Take repeated lines out of texts; a text of nothing else stays as it is."""
    if not repeated:
        return list(texts)
    return [
        "\n".join(line for line in _lines(text) if line not in repeated) or text
        if "\n" in text
        else text
        for text in texts
    ]


def _lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.split("\n")) if line]


def hash_runs(words: Words, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Hash all runs of ``n`` words within one text.

    Returns:
        (runs,) uint64 hashes, and (runs,) the position of their first words.
    """
    total = max(len(words.hashes) - n + 1, 0)
    hashes = np.zeros(total, dtype=np.uint64)
    for place in range(n):
        hashes += words.hashes[place : place + total] * _FACTORS[place]
    owner = np.repeat(np.arange(len(words.counts)), words.counts)
    inside = np.flatnonzero(owner[:total] == owner[len(owner) - total :])
    return mixed(hashes[inside]), inside


def without_phrases(words: Words, phrases: np.ndarray) -> Words:
    """Take out the words that runs of ``PHRASE_WORDS`` words in ``phrases`` (sorted) cover."""
    hashes, first = hash_runs(words, PHRASE_WORDS)
    hits = first[member(hashes, phrases)]
    if not len(hits):
        return words
    change = np.zeros(len(words.hashes) + 1, dtype=np.int64)
    np.add.at(change, hits, 1)
    np.add.at(change, hits + PHRASE_WORDS, -1)
    kept = np.cumsum(change[:-1]) == 0
    owner = np.repeat(np.arange(len(words.counts)), words.counts)
    counts = np.bincount(owner[kept], minlength=len(words.counts))
    return Words(words.hashes[kept], starts_of(counts))


def member(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return which values are in ``known``, which is sorted."""
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[at] == values)
