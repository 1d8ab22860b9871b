"""Groups of similar texts in which every member resembles the representative.

Connected components alone would chain: a resembles b, b resembles c, and in the end a group holds
texts that have nothing in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Stars:
    """Which text represents each text."""

    of: np.ndarray
    """(texts,) the representative; itself for one that represents, or resembles no other."""
    similarity: np.ndarray
    """(texts,) similarity to the representative."""

    @property
    def partner(self) -> np.ndarray:
        """(texts,) the representative; of a text that represents, the one most similar to it."""
        texts = np.arange(len(self.of))
        led = np.flatnonzero(self.of != texts)
        order = led[np.lexsort((led, -self.similarity[led], self.of[led]))]
        leaders, first = np.unique(self.of[order], return_index=True)
        partner = self.of.copy()
        partner[leaders] = order[first]
        return partner

    @property
    def closeness(self) -> np.ndarray:
        """(texts,) similarity to the partner."""
        texts = np.arange(len(self.of))
        closeness: np.ndarray = self.similarity[np.where(self.of == texts, self.partner, texts)]
        return closeness


def stars(texts: int, left: np.ndarray, right: np.ndarray, similarity: np.ndarray) -> Stars:
    """Choose representatives and give every similar text to one of them.

    A text represents when no similar text before it does; texts with more similar ones come
    first, equal ones by number. Every other text belongs to the most similar representative (the
    one that comes first among equals). That is the greedy maximal independent set, found in
    rounds: all texts that come before all their undecided neighbours decide at once.

    Args:
        texts: how many texts there are.
        left: (pairs,) one text of every similar pair.
        right: (pairs,) the other one.
        similarity: (pairs,) how similar they are.
    """
    one, other = np.concatenate([left, right]), np.concatenate([right, left])
    both = np.concatenate([similarity, similarity])
    rank = _ranks(np.bincount(one, minlength=texts))
    chosen = _independent(texts, one, other, rank)
    representative, closeness = np.arange(texts), np.ones(texts)
    link = np.flatnonzero(chosen[other] & ~chosen[one])
    order = link[np.lexsort((rank[other[link]], -both[link], one[link]))]
    first = order[np.unique(one[order], return_index=True)[1]]
    representative[one[first]] = other[first]
    closeness[one[first]] = both[first]
    return Stars(representative, closeness)


def _ranks(degree: np.ndarray) -> np.ndarray:
    rank = np.empty(len(degree), dtype=np.int64)
    rank[np.argsort(-degree, kind="stable")] = np.arange(len(degree))
    return rank


def _independent(texts: int, one: np.ndarray, other: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Return which texts represent: in order of rank, all without a neighbour chosen before."""
    represents, dominated = np.zeros(texts, dtype=bool), np.zeros(texts, dtype=bool)
    while len(one):
        best = np.full(texts, texts)
        np.minimum.at(best, one, rank[other])
        represents[one] |= rank[one] < best[one]
        dominated[other[represents[one]]] = True
        undecided = ~(represents | dominated)
        both = undecided[one] & undecided[other]
        one, other = one[both], other[both]
    return ~dominated
