"""From bands to pairs of texts that were compared.

Most bands are shared by few texts: these are compared each with each. In a crowd (more than
``DENSE`` texts with an equal band) one text, the pivot, is compared with all others. Those that
resemble it are done, because they share a group with it; the rest goes on with the next pivot, or
is split by the next band. That is linear in the size of the crowd.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dataqa.near.minhash import Scheme, Signatures
from dataqa.near.words import mixed

DENSE = 16
"""Up to this many texts with an equal band are compared each with each."""
WINDOW = 8
"""In a crowd that no band takes apart, every text is compared with this many others."""
FRUITFUL = 0.05
"""A pivot that resembles a smaller share of its crowd is the last one before the crowd is split."""

Compare = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Takes two arrays of texts, returns their similarities."""


@dataclass(eq=False)
class Pairs:
    """Pairs of texts and their similarity; every pair is compared once.

    A pair is one number, ``smaller * texts + larger``, so that a set of pairs is a sorted array.
    """

    texts: int
    compare: Compare
    border: int = 0
    """Texts below this number are compared only with those from it on; 0: all with all."""
    parts: np.ndarray | None = None
    """(texts,) texts with different numbers are not compared."""
    codes: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    similarity: np.ndarray = field(default_factory=lambda: np.empty(0))

    def code(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the numbers of pairs."""
        return np.asarray(np.minimum(left, right) * self.texts + np.maximum(left, right))

    def wanted(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return which pairs lie across the border and within a part."""
        wanted = np.ones(len(left), dtype=bool)
        if self.border:
            wanted &= (left < self.border) != (right < self.border)
        if self.parts is not None:
            wanted &= self.parts[left] == self.parts[right]
        return wanted

    def look_up(self, codes: np.ndarray) -> np.ndarray:
        """Return the similarity of pairs; those not seen before are compared."""
        new = np.setdiff1d(codes, self.codes)
        if len(new):
            found = self.compare(new // self.texts, new % self.texts)
            at = np.searchsorted(self.codes, new)
            self.codes = np.insert(self.codes, at, new)
            self.similarity = np.insert(self.similarity, at, found)
        return np.asarray(self.similarity[np.searchsorted(self.codes, codes)])


@dataclass(frozen=True, eq=False)
class Buckets:
    """Disjoint sets of texts: ``members`` set after set, ``starts`` their borders."""

    members: np.ndarray
    starts: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """(sets,) number of members."""
        return np.diff(self.starts)

    def only(self, wanted: np.ndarray) -> Buckets:
        """Keep the sets for which ``wanted`` is true."""
        sizes = self.sizes
        kept = self.members[np.repeat(wanted, sizes)]
        return Buckets(kept, np.append(0, np.cumsum(sizes[wanted])))

    def split(self, keys: np.ndarray) -> Buckets:
        """Split every set by the keys of its members; lone members are left out.

        The last bits of a key make room for the place of the member: sorting numbers is ten times
        as fast as sorting places by number. Two keys that differ in those bits only would share a
        set; its members are compared anyway.
        """
        owner = np.repeat(np.arange(len(self.sizes), dtype=np.uint64), self.sizes)
        joint = mixed(keys + mixed(owner + np.uint64(1)))
        bits = np.uint64(max(len(joint), 1).bit_length())
        joint = joint >> bits << bits | np.arange(len(joint), dtype=np.uint64)
        joint.sort()
        order = (joint & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
        joint >>= bits
        border = np.flatnonzero(np.append(True, joint[1:] != joint[:-1]))
        return Buckets(self.members[order], np.append(border, len(order))).several()

    def without(self, gone: np.ndarray) -> Buckets:
        """Take members out; sets may be left empty."""
        sizes = np.add.reduceat(~gone, self.starts[:-1], dtype=np.int64)
        return Buckets(self.members[~gone], np.append(0, np.cumsum(sizes)))

    def several(self) -> Buckets:
        """Leave out sets of less than two."""
        return self.only(self.sizes > 1)


def compare_candidates(signatures: Signatures, scheme: Scheme, pairs: Pairs) -> None:
    """Compare the texts that share a band, see the top of this file."""
    own = scheme.n_of(signatures.counts)
    for n, rows in signatures.rows.items():
        if len(rows) > 1:
            Level(n, rows, own[rows], signatures.bands[n], scheme.threshold, pairs).compare()


@dataclass(frozen=True, eq=False)
class Level:
    """The texts that have bands of n-grams of one n; members of buckets are numbers into them."""

    n: int
    rows: np.ndarray
    own: np.ndarray
    """(rows,) the n of each text; above ``n`` for a text that only visits."""
    bands: np.ndarray
    threshold: float
    pairs: Pairs

    def compare(self) -> None:
        """Compare what shares a band."""
        everyone = Buckets(np.arange(len(self.rows)), np.array([0, len(self.rows)]))
        crowds = []
        codes = np.empty(0, dtype=np.int64)
        for number, band in enumerate(self.bands):
            shared = everyone.split(band)
            large = shared.sizes > DENSE
            codes = np.union1d(codes, self._within(shared.only(~large)))
            if large.any():
                crowds.append((number, shared.only(large)))
        self.pairs.look_up(codes)
        for number, crowd in crowds:
            self._thin_out(crowd, np.roll(self.bands, -number - 1, axis=0)[:-1])

    def _within(self, buckets: Buckets) -> np.ndarray:
        """Return all pairs within buckets."""
        sizes = buckets.sizes
        codes = [np.empty(0, dtype=np.int64)]
        for size in np.unique(sizes):
            sets = buckets.only(sizes == size).members.reshape(-1, size)
            one, other = np.triu_indices(size, 1)
            codes.append(self._codes(sets[:, one].ravel(), sets[:, other].ravel()))
        return np.unique(np.concatenate(codes))

    def _codes(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Number the pairs, without those of two visitors: they meet where they are at home."""
        mine = self._comparable(one, other)
        return self.pairs.code(self.rows[one[mine]], self.rows[other[mine]])

    def _comparable(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        at_home = np.minimum(self.own[one], self.own[other]) == self.n
        return np.asarray(at_home & self.pairs.wanted(self.rows[one], self.rows[other]))

    def _thin_out(self, crowd: Buckets, bands: np.ndarray) -> None:
        """Compare within crowds by pivots, splitting what is left by one band after the other."""
        for band in bands:
            crowd = self._by_pivots(crowd)
            small = crowd.sizes <= DENSE
            self.pairs.look_up(self._within(crowd.only(small)))
            crowd = crowd.only(~small)
            if not len(crowd.members):
                return
            crowd = crowd.split(band[crowd.members])
        for step in range(1, min(WINDOW, len(crowd.members) - 1) + 1):
            self.pairs.look_up(self._codes(crowd.members[:-step], crowd.members[step:]))

    def _by_pivots(self, crowd: Buckets) -> Buckets:
        """Take out what resembles a pivot; stop where a pivot resembles few."""
        done = []
        while len(crowd.members):
            pivot = np.repeat(crowd.members[crowd.starts[:-1]], crowd.sizes)
            alike = pivot == crowd.members
            asked = ~alike & self._comparable(pivot, crowd.members)
            codes = self.pairs.code(self.rows[pivot[asked]], self.rows[crowd.members[asked]])
            alike[asked] = self.pairs.look_up(codes) >= self.threshold
            share = np.add.reduceat(alike, crowd.starts[:-1]) - 1
            fruitful = share >= FRUITFUL * crowd.sizes
            rest = crowd.without(alike)
            done.append(rest.only(~fruitful).several())
            crowd = rest.only(fruitful).several()
        return _joined(done)


def _joined(buckets: list[Buckets]) -> Buckets:
    sizes = np.concatenate([np.empty(0, dtype=np.int64), *(some.sizes for some in buckets)])
    members = np.concatenate([np.empty(0, np.int64), *(some.members for some in buckets)])
    return Buckets(members, np.append(0, np.cumsum(sizes)))
