"""Records that add nothing to others: who belongs together, and which one stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataqa.normalise import Groups

NAME_CHARACTERS = 16
"""Hexadecimal digits of a hash that name a group in results."""


@dataclass(frozen=True, eq=False)
class Copies:
    """Groups of records of which one is enough."""

    of: np.ndarray
    """(records,) number of the group of each record."""
    sizes: np.ndarray
    """(groups,) records in each group."""
    wordings: np.ndarray
    """(groups,) different records in each group; 1 where all members are exact copies."""
    names: np.ndarray
    """(groups,) what results call them."""

    def kept(self, rank: np.ndarray) -> np.ndarray:
        """Return which records stay: of each group the one of smallest ``rank`` (records,)."""
        best = np.full(len(self.sizes), len(rank))
        np.minimum.at(best, self.of, rank)
        return np.asarray(best[self.of] == rank)


def exact_copies(pairs: Groups) -> Copies:
    """Take records that say the same and answer the same; those without any text are none."""
    return _named(pairs.of, pairs)


def near_copies(near: Groups, pairs: Groups, responses: Groups, decisive: np.ndarray) -> Copies:
    """Take records that nearly say the same and, where the answer decides, answer the same.

    Args:
        near: records whose texts are near-duplicates.
        pairs: exact copies; the wordings that are counted.
        responses: records by response.
        decisive: (records,) whether the response has to be equal.
    """
    answer = np.where(decisive, responses.of + 1, 0)
    return _named(near.of * (len(responses.sizes) + 1) + answer, pairs)


def _named(code: np.ndarray, pairs: Groups) -> Copies:
    """Group records by code, but leave every one without any text alone."""
    empty = np.flatnonzero(pairs.empty[pairs.of])
    code = code.copy()
    code[empty] = -1 - np.arange(len(empty))
    _, first, of = np.unique(code, return_index=True, return_inverse=True)
    wording = np.unique(of * len(pairs.sizes) + pairs.of) // len(pairs.sizes)
    return Copies(
        of=of,
        sizes=np.bincount(of, minlength=len(first)),
        wordings=np.bincount(wording, minlength=len(first)),
        names=pairs.hashes[pairs.of[first]].astype(f"U{NAME_CHARACTERS}"),
    )
