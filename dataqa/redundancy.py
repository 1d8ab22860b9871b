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
    """(groups,) what differs within each group: exact copies count once, of paraphrases also
    near-duplicates."""
    names: np.ndarray
    """(groups,) what results call them."""

    @property
    def repeated(self) -> np.ndarray:
        """(records,) whether a record is a member of a group with something to drop."""
        return np.asarray(self.surplus[self.of] > 0)

    @property
    def surplus(self) -> np.ndarray:
        """(groups,) how much of each group could go."""
        return self.wordings - 1

    @property
    def named(self) -> np.ndarray:
        """(records,) name of the group of each member, ``None`` for others."""
        names: np.ndarray = self.names[self.of].astype(object)
        names[~self.repeated] = None
        return names

    def kept(self, rank: np.ndarray) -> np.ndarray:
        """Return which records stay: of each group the one of smallest ``rank`` (records,)."""
        best = np.full(len(self.sizes), len(rank))
        np.minimum.at(best, self.of, rank)
        return np.asarray(best[self.of] == rank)


def exact_copies(pairs: Groups) -> Copies:
    """Take records that say the same and answer the same; those without any text are none."""
    return _named(pairs.of, pairs, np.arange(len(pairs.of)))


def near_copies(near: Groups, pairs: Groups, responses: Groups, decisive: np.ndarray) -> Copies:
    """Take records that nearly say the same and, where the answer decides, answer the same.

    Args:
        near: records whose texts are near-duplicates.
        pairs: exact copies; the wordings that are counted.
        responses: records by response.
        decisive: (records,) whether the response has to be equal.
    """
    return _named(_with_answer(near, responses, decisive), pairs, pairs.of)


def semantic_copies(
    alike: Groups, near: Copies, pairs: Groups, responses: Groups, decisive: np.ndarray
) -> Copies:
    """Take records that mean the same and, where the answer decides, answer the same.

    ``alike`` are records whose texts mean the same, ``near`` the wordings that are counted.
    """
    return _named(_with_answer(alike, responses, decisive), pairs, near.of)


def _with_answer(groups: Groups, responses: Groups, decisive: np.ndarray) -> np.ndarray:
    answer = np.where(decisive, responses.of + 1, 0)
    return np.asarray(groups.of * (len(responses.sizes) + 1) + answer)


def _named(code: np.ndarray, pairs: Groups, wording: np.ndarray) -> Copies:
    """Group records by code, but leave every one without any text alone."""
    empty = np.flatnonzero(pairs.empty[pairs.of])
    code = code.copy()
    code[empty] = -1 - np.arange(len(empty))
    _, first, of = np.unique(code, return_index=True, return_inverse=True)
    most = int(wording.max(initial=0)) + 1
    distinct = np.unique(of * most + wording) // most
    return Copies(
        of=of,
        sizes=np.bincount(of, minlength=len(first)),
        wordings=np.bincount(distinct, minlength=len(first)),
        names=pairs.hashes[pairs.of[first]].astype(f"U{NAME_CHARACTERS}"),
    )
