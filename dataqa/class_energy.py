"""How well a text fits any of the classes: the energy of a linear discriminant model.

The model (shared, shrunken covariance) never saw the text: it is fitted on the other folds, as *all
sums minus the fold's sums*. Energy is ``-log sum_c exp(score_c)`` (Liu et al., "Energy-based
Out-of-distribution Detection", NeurIPS 2020): high where no class claims the text. The label of
the text itself plays no part, so that a wrong label makes no text odd.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy.special import logsumexp

FOLDS = 5
SHRINKAGE = 0.1
"""Share of the mean variance that is added to every axis of the shared covariance."""
BLOCK_VALUES = 4 * 2**20
"""Class scores in memory at once."""


@dataclass(frozen=True, eq=False)
class LabeledVectors:
    """Vectors (n, d) with class numbers (n,), -1 for none, and fold numbers (n,)."""

    vectors: np.ndarray
    label: np.ndarray
    fold: np.ndarray

    def __getitem__(self, cut: slice) -> LabeledVectors:
        """Return a slice of the vectors."""
        return LabeledVectors(self.vectors[cut], self.label[cut], self.fold[cut])


@dataclass(frozen=True, eq=False)
class ClassSums:
    """Sums by fold; ``+`` merges those of two shards."""

    counts: np.ndarray
    """(folds, classes)."""
    vectors: np.ndarray
    """(folds, classes, d)."""
    gram: np.ndarray
    """(folds, d, d) sums of outer products."""

    def __add__(self, other: ClassSums) -> ClassSums:
        """Add the sums of another shard."""
        return ClassSums(
            self.counts + other.counts, self.vectors + other.vectors, self.gram + other.gram
        )


def sum_stage(shard: LabeledVectors, *, classes: int) -> ClassSums:
    """Add up one shard; vectors without a class stay out."""
    width = shard.vectors.shape[1]
    sums = ClassSums(
        np.zeros((FOLDS, classes)),
        np.zeros((FOLDS, classes, width)),
        np.zeros((FOLDS, width, width)),
    )
    for fold in range(FOLDS):
        own = (shard.fold == fold) & (shard.label >= 0)
        vectors = shard.vectors[own].astype(np.float64)
        np.add.at(sums.vectors[fold], shard.label[own], vectors)
        sums.counts[fold] = np.bincount(shard.label[own], minlength=classes)
        sums.gram[fold] = vectors.T @ vectors
    return sums


def energies(data: LabeledVectors, partials: Iterable[ClassSums]) -> np.ndarray:
    """Return the energy of every vector, (n,), under the model of the other folds."""
    sums = reduce(operator.add, partials)
    energy = np.zeros(len(data.label))
    size = max(BLOCK_VALUES // sums.counts.shape[1], 1)
    for fold in range(FOLDS):
        weights, offsets = _discriminants(sums, fold)
        rows = np.flatnonzero(data.fold == fold)
        for start in range(0, len(rows), size):
            block = rows[start : start + size]
            energy[block] = -logsumexp(data.vectors[block] @ weights + offsets, axis=1)
    return energy


def _discriminants(sums: ClassSums, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (d, classes) and offsets (classes,) of the model without a fold."""
    counts = sums.counts.sum(axis=0) - sums.counts[fold]
    means = sums.vectors.sum(axis=0) - sums.vectors[fold]
    means /= np.maximum(counts, 1)[:, None]
    width = means.shape[1]
    within = sums.gram.sum(axis=0) - sums.gram[fold] - (means * counts[:, None]).T @ means
    within /= max(counts.sum(), 1)
    ridge = max(SHRINKAGE * np.trace(within) / width, 1e-9)
    weights = np.linalg.solve(within + ridge * np.eye(width), means.T)
    offsets = -0.5 * np.einsum("cd,dc->c", means, weights)
    return weights, np.where(counts > 0, offsets, -1e300)
