"""Word n-grams of texts as sorted numbers, and how many of them two texts share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from dataqa.near.words import Words, mixed

TEXT_BITS, HASH_BITS, TIMES_BITS = 13, 40, 11
"""A shingle of a block is one 64-bit number: text, hash, how often it stood in the text before."""
MAX_TEXTS = 1 << TEXT_BITS
MAX_TIMES = (1 << TIMES_BITS) - 1

_OWN_BITS = np.uint64((1 << (HASH_BITS + TIMES_BITS)) - 1)
_FACTORS = mixed(np.arange(1, 64, dtype=np.uint64)) | np.uint64(1)


@dataclass(frozen=True, eq=False)
class Shingles:
    """The n-grams of at most ``MAX_TEXTS`` texts.

    A repeated n-gram counts as often as it occurs (its second occurrence is a shingle of its own),
    so that a text of w words has w - n + 1 shingles and "ha" is not "ha ha ha".
    """

    keys: np.ndarray
    """(shingles,) uint64, sorted and distinct within each text; the number of the text is cut."""
    starts: np.ndarray
    """(texts + 1,) where the shingles of each text begin."""

    def shared(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Count the shingles that the texts ``left[i]`` and ``right[i]`` have in common."""
        matrix = sparse.csr_array(
            (np.ones(len(self.keys), dtype=np.int8), self.keys.view(np.int64), self.starts),
            shape=(len(self.starts) - 1, 1 << (HASH_BITS + TIMES_BITS)),
        )
        both = matrix[left].multiply(matrix[right])
        return np.diff(sparse.csr_array(both).indptr)

    def jaccard(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the Jaccard similarity of the texts ``left[i]`` and ``right[i]``."""
        sizes = np.diff(self.starts)
        shared = self.shared(left, right)
        return np.asarray(shared / (sizes[left] + sizes[right] - shared))


def find_shingles(words: Words, n: int) -> Shingles:
    """Hash the ``n``-grams of at most ``MAX_TEXTS`` texts that have at least ``n`` words each."""
    total = max(len(words.hashes) - n + 1, 0)
    grams = np.zeros(total, dtype=np.uint64)
    for place in range(n):
        grams += words.hashes[place : place + total] * _FACTORS[place]
    inside = np.ones(total, dtype=bool)
    for place in range(1, n):
        inside[words.starts[1:-1] - place] = False
    sizes = words.counts - (n - 1)
    text = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)
    keys = (mixed(grams[inside]) >> np.uint64(64 - HASH_BITS)) << np.uint64(TIMES_BITS)
    keys |= text << np.uint64(HASH_BITS + TIMES_BITS)
    keys.sort()
    keys = _numbered(keys)
    edges = np.arange(len(sizes) + 1, dtype=np.uint64) << np.uint64(HASH_BITS + TIMES_BITS)
    starts = np.searchsorted(keys, edges)
    return Shingles(keys & _OWN_BITS, starts)


def _numbered(keys: np.ndarray) -> np.ndarray:
    """Number the repetitions of sorted keys; from ``MAX_TIMES`` on they are left out."""
    again = np.flatnonzero(keys[1:] == keys[:-1]) + 1
    if not len(again):
        return keys
    lengths = np.diff(np.flatnonzero(np.diff(again, prepend=-2) != 1), append=len(again))
    ends = np.cumsum(lengths)
    times = np.arange(1, ends[-1] + 1) - np.repeat(ends - lengths, lengths)
    keys[again] += np.minimum(times, MAX_TIMES).astype(np.uint64)
    return np.delete(keys, again[times > MAX_TIMES]) if times.max() > MAX_TIMES else keys
