"""Pairs of texts that mean the same in other words: what counts, and how alike their words are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLDS: Mapping[str, float] = {"minilm": 0.9, "all-MiniLM-L6-v2": 0.9}
"""Embedder -> least cosine of paraphrases. Measured, see ``benchmarks/README.md``; of other
embedders it is not known, and LSA knows words, not meaning."""

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_NAMES = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_NUMBER_WORDS = {name: str(value) for value, name in enumerate(_NAMES.split(), 2)}
_NEGATIONS = frozenset({"not", "no", "never", "without", "cannot", "neither", "nor", "none"})


@dataclass(frozen=True, eq=False)
class ClosePairs:
    """Pairs of texts above the threshold; ``left < right``, sorted."""

    left: np.ndarray
    right: np.ndarray
    cosine: np.ndarray

    def between(self, leader: np.ndarray) -> ClosePairs:
        """Return the pairs of their leaders (texts,), with the largest cosine of each."""
        one, other = leader[self.left], leader[self.right]
        left, right = np.minimum(one, other), np.maximum(one, other)
        order = np.lexsort((-self.cosine, right, left))
        order = order[left[order] != right[order]]
        _, first = np.unique(left[order] * len(leader) + right[order], return_index=True)
        best = order[first]
        return ClosePairs(left[best], right[best], self.cosine[best])


def known_threshold(embedder: str) -> float | None:
    """Return the least cosine of paraphrases for an embedder, or nothing where it is not known."""
    return THRESHOLDS.get(embedder, THRESHOLDS.get(embedder.rpartition("/")[2]))


def close_pairs(index: np.ndarray, similarity: np.ndarray, threshold: float) -> ClosePairs:
    """Return the pairs of neighbours whose similarity reaches the threshold.

    Args:
        index: (texts, k) neighbours of each text, -1 where there are fewer.
        similarity: (texts, k) their cosine.
        threshold: least cosine.
    """
    texts = len(index)
    row, place = np.nonzero((index >= 0) & (similarity >= threshold))
    other = index[row, place]
    code = np.minimum(row, other) * texts + np.maximum(row, other)
    code, first = np.unique(code, return_index=True)
    return ClosePairs(code // max(texts, 1), code % max(texts, 1), similarity[row, place][first])


def decisive(text: str) -> tuple[frozenset[str], bool]:
    """Return what must be equal in paraphrases: the numbers of a text, and whether it negates.

    The number one is left out, because its word has other meanings.
    """
    words = _WORD.findall(text.casefold())
    numbers = {found.rstrip(".,:") for found in _NUMBER.findall(text)}
    numbers |= {_NUMBER_WORDS[word] for word in words if word in _NUMBER_WORDS}
    negated = sum(word in _NEGATIONS or word.endswith(("n't", "n’t")) for word in words)
    return frozenset(numbers - {"1"}), negated % 2 == 1


def agreeing(pairs: ClosePairs, texts: Sequence[str]) -> ClosePairs:
    """Keep the pairs that agree in numbers and negation."""
    involved = np.union1d(pairs.left, pairs.right)
    facts = {int(row): decisive(texts[row]) for row in involved}
    kept = np.fromiter(
        (
            facts[one] == facts[other]
            for one, other in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
        ),
        dtype=bool,
        count=len(pairs.left),
    )
    return ClosePairs(pairs.left[kept], pairs.right[kept], pairs.cosine[kept])
