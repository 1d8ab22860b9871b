"""Records with labels, and the sums of them that two of the models are fitted from."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import sparse

UNSEEN = -1e6
"""Log score of a class without records to learn from."""


@dataclass(frozen=True, eq=False)
class Labeled:
    """Records with labels, or a slice of them.

    ``vectors`` (n, d), ``terms`` (n, t), ``label`` (n,) class numbers, ``fold`` (n,) fold numbers.
    """

    vectors: np.ndarray
    terms: sparse.csr_matrix
    label: np.ndarray
    fold: np.ndarray

    def __getitem__(self, cut: slice) -> Labeled:
        """Return a slice of the records."""
        return Labeled(self.vectors[cut], self.terms[cut], self.label[cut], self.fold[cut])

    def __len__(self) -> int:
        """Count the records."""
        return len(self.label)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sufficient statistics by fold; ``+`` merges those of two shards."""

    counts: np.ndarray
    """(folds, classes) records."""
    vectors: np.ndarray
    """(folds, classes, d) sums of vectors."""
    gram: np.ndarray
    """(folds, d, d) sums of outer products."""
    terms: sparse.csr_matrix
    """(folds * classes, t) sums of term weights."""

    def __add__(self, other: Sums) -> Sums:
        """Add the statistics of another shard."""
        return Sums(
            self.counts + other.counts,
            self.vectors + other.vectors,
            self.gram + other.gram,
            sparse.csr_matrix(self.terms + other.terms),
        )

    @property
    def total(self) -> Sums:
        """The sums of all folds, as those of one."""
        folds, classes = self.counts.shape
        return Sums(
            self.counts.sum(axis=0, keepdims=True),
            self.vectors.sum(axis=0, keepdims=True),
            self.gram.sum(axis=0, keepdims=True),
            sparse.csr_matrix(
                sum(self.terms[i * classes : (i + 1) * classes] for i in range(folds))
            ),
        )

    def rests(self) -> Iterator[Sums]:
        """Yield, for every fold, the sums of all others."""
        total, classes = self.total, self.counts.shape[1]
        for fold in range(len(self.counts)):
            own = self.terms[fold * classes : (fold + 1) * classes]
            yield Sums(
                total.counts - self.counts[fold],
                total.vectors - self.vectors[fold],
                total.gram - self.gram[fold],
                sparse.csr_matrix(total.terms - own),
            )


def sum_stage(shard: Labeled, *, folds: int, classes: int) -> Sums:
    """Add up what the models need of one shard."""
    cell = shard.fold * classes + shard.label
    ones = np.ones(len(shard))
    members = sparse.csr_matrix(
        (ones, (cell, np.arange(len(shard)))), shape=(folds * classes, len(shard))
    )
    vectors = shard.vectors.astype(np.float64)
    width = vectors.shape[1]
    gram = np.zeros((folds, width, width))
    for fold in range(folds):
        part = vectors[shard.fold == fold]
        gram[fold] = part.T @ part
    return Sums(
        counts=np.bincount(cell, minlength=folds * classes).reshape(folds, classes).astype(float),
        vectors=(members @ vectors).reshape(folds, classes, width),
        gram=gram,
        terms=sparse.csr_matrix(members @ shard.terms),
    )


def merge(partials: Iterable[Sums]) -> Sums:
    """Add up the statistics of all shards, one after the other, as they come."""
    return reduce(operator.add, partials)


def log_prior(counts: np.ndarray) -> np.ndarray:
    """Return smoothed log shares; a class that the models never saw gets no chance."""
    shares = (counts + 0.5) / (counts + 0.5).sum()
    return np.where(counts > 0, np.log(shares), UNSEEN)
