"""MinHash signatures in bands, for texts of every length.

Broder, "On the resemblance and containment of documents", 1997; banding: Indyk and Motwani, 1998.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dataqa.near.shingles import Shingles, find_shingles
from dataqa.near.words import Words, mixed

LEAST_WORDS: Mapping[int, int] = {1: 1, 2: 10, 3: 30, 4: 60, 5: 100}
"""n -> texts of at least this many words are compared by n-grams, so that one changed word of
ten costs a short text no more than a long one."""
MISSED = 0.001
"""Share of pairs exactly at the threshold that the bands may miss; of pairs above, fewer."""
BAND_RECALL: Mapping[int, float] = {1: 0.17, 2: 0.25}
"""n -> how likely one band is to find a pair at the threshold. Short texts share words by chance,
so their bands have more rows."""
USUAL_BAND_RECALL = 0.4
MAX_ROWS = 10
SEED = 20_240_601
"""Of the hash functions; fixed, because results must not move with the run's seed."""


@dataclass(frozen=True)
class Scheme:
    """How texts are compared: what counts as alike, and with which n-grams."""

    threshold: float = 0.8
    """Least Jaccard similarity."""
    longest: int = 3
    """Largest n of the n-grams."""

    def n_of(self, counts: np.ndarray) -> np.ndarray:
        """Return the n of texts with the given numbers of words; 0 where there is none.

        A pair is compared by the n of the shorter text.
        """
        least = [LEAST_WORDS[n] for n in range(1, self.longest + 1)]
        return np.searchsorted(least, counts, side="right")

    def signed(self, counts: np.ndarray, n: int) -> np.ndarray:
        """Return which texts need a signature of n-grams.

        Those whose own n it is, and longer ones that can still be similar to the longest of them:
        Jaccard >= threshold means that neither has more than 1 / threshold times the shingles of
        the other.
        """
        own = self.n_of(counts)
        most = (LEAST_WORDS[n + 1] - n) / self.threshold if n < self.longest else 0
        return np.asarray((own == n) | ((own > n) & (counts - (n - 1) <= most + 1e-6)))

    def rows(self, n: int) -> int:
        """Return how many minima make a band."""
        if self.threshold >= 1:
            return MAX_ROWS
        wanted = math.log(BAND_RECALL.get(n, USUAL_BAND_RECALL)) / math.log(self.threshold)
        return min(max(round(wanted), 1), MAX_ROWS)

    def bands(self, n: int) -> int:
        """Return how many bands miss at most ``MISSED`` of the pairs at the threshold."""
        chance = self.threshold ** self.rows(n)
        return 1 if chance >= 1 else math.ceil(math.log(MISSED) / math.log1p(-chance))


@dataclass(frozen=True, eq=False)
class Signatures:
    """The bands of the texts of one shard, or of many."""

    counts: np.ndarray
    """(texts,) number of words."""
    rows: Mapping[int, np.ndarray]
    """n -> the texts that have bands of n-grams."""
    bands: Mapping[int, np.ndarray]
    """n -> (bands, those texts) uint64; texts with an equal band are candidates."""


def sign(words: Words, scheme: Scheme) -> Signatures:
    """Sign at most ``MAX_TEXTS`` texts."""
    rows, bands = {}, {}
    for n in range(1, scheme.longest + 1):
        rows[n] = np.flatnonzero(scheme.signed(words.counts, n))
        chosen = words if len(rows[n]) == len(words.counts) else words.of(rows[n])
        bands[n] = _bands(find_shingles(chosen, n), scheme.rows(n), scheme.bands(n))
    return Signatures(words.counts, rows, bands)


def merge(parts: list[Signatures], scheme: Scheme) -> Signatures:
    """Put the signatures of shards behind each other."""
    parts = parts or [sign(Words(np.empty(0, np.uint64), np.zeros(1, np.int64)), scheme)]
    shifts = np.cumsum([0, *(len(part.counts) for part in parts)])
    shifted = list(zip(parts, shifts[:-1].tolist(), strict=True))
    rows = {n: np.concatenate([part.rows[n] + by for part, by in shifted]) for n in parts[0].rows}
    bands = {n: np.concatenate([part.bands[n] for part in parts], axis=1) for n in rows}
    return Signatures(np.concatenate([part.counts for part in parts]), rows, bands)


def _bands(shingles: Shingles, rows: int, count: int) -> np.ndarray:
    """Take minima under ``rows * count`` random functions, ``rows`` of them a band."""
    texts = len(shingles.starts) - 1
    bands = np.zeros((count, texts), dtype=np.uint64)
    if not texts:
        return bands
    values = (mixed(shingles.keys) >> np.uint64(32)).astype(np.uint32)
    scratch = np.empty_like(values)
    factors = np.random.default_rng(SEED).integers(0, 2**31, rows * count, dtype=np.uint32) * 2 + 1
    for number, factor in enumerate(factors):
        np.multiply(values, factor, out=scratch)
        band = bands[number // rows]
        band *= np.uint64(0x9E3779B97F4A7C15)
        band += np.minimum.reduceat(scratch, shingles.starts[:-1])
    return bands
