"""Out-of-fold probabilities that a record has each of many labels; what shards add up.

Two models for every label, averaged: least squares on the vectors (the direction of Fisher's
discriminant, for all labels from one Gram matrix) and naive Bayes on the words. The model without a
fold is the total minus that fold. Platt's method turns scores into probabilities.

Platt, "Probabilistic Outputs for Support Vector Machines", 1999; Lin, Lin, Weng, "A Note on Platt's
Probabilistic Outputs", Machine Learning 68, 2007.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import sparse

RIDGE = 0.3
"""Ridge, as a share of the mean variance of a dimension."""
SMOOTHING = 0.1
"""Lidstone smoothing of the term weights of a label."""
LABEL_BLOCK = 256
"""Labels whose dense term weights are in memory at once."""
NEWTON_STEPS = 30
STEP_LIMIT = 4.0
"""Largest change of a coefficient in one step; keeps separable labels from overshooting."""
FLOOR = 1e-9
"""Smallest ridge, for vectors that do not differ."""
PRIOR = 1e-3
"""Weight of a standard normal prior on slopes, which have no bound where classes are separable."""


@dataclass(frozen=True, eq=False)
class Marked:
    """Records with several labels, or a slice of them.

    ``vectors`` (n, d), ``terms`` (n, t), ``members`` (n, labels) bool, ``fold`` (n,) fold numbers.
    """

    vectors: np.ndarray
    terms: sparse.csr_matrix
    members: np.ndarray
    fold: np.ndarray

    def __len__(self) -> int:
        """Count the records."""
        return len(self.fold)

    def __getitem__(self, rows: slice | np.ndarray) -> Marked:
        """Return some of the records."""
        return Marked(self.vectors[rows], self.terms[rows], self.members[rows], self.fold[rows])


@dataclass(frozen=True, eq=False)
class Sums:
    """What the models need of some records; a constant stands beside the vectors."""

    gram: np.ndarray
    """(d + 1, d + 1)."""
    cross: np.ndarray
    """(d + 1, labels) sums of the vectors of records with the label."""
    terms: sparse.csr_matrix
    """(labels, t) sums of their term weights."""
    all_terms: np.ndarray
    """(t,) sums of the term weights of all records."""

    def __add__(self, other: Sums) -> Sums:
        """Add those of other records."""
        return Sums(
            self.gram + other.gram,
            self.cross + other.cross,
            sparse.csr_matrix(self.terms + other.terms),
            self.all_terms + other.all_terms,
        )

    def __sub__(self, other: Sums) -> Sums:
        """Take away those of some of the records."""
        return Sums(
            self.gram - other.gram,
            self.cross - other.cross,
            sparse.csr_matrix(self.terms - other.terms),
            self.all_terms - other.all_terms,
        )


def sum_stage(shard: Marked, *, folds: int) -> tuple[Sums, ...]:
    """Add up one shard, fold by fold."""
    return tuple(_sums(shard[shard.fold == fold]) for fold in range(folds))


def _sums(records: Marked) -> Sums:
    vectors, members = _with_constant(records.vectors), records.members.astype(np.float64)
    return Sums(
        gram=vectors.T @ vectors,
        cross=vectors.T @ members,
        terms=sparse.csr_matrix(sparse.csr_matrix(members.T) @ records.terms),
        all_terms=np.asarray(records.terms.sum(axis=0), dtype=np.float64).ravel(),
    )


def merge(partials: Iterable[tuple[Sums, ...]]) -> tuple[Sums, ...]:
    """Add up the folds of all shards, one shard after the other, as they come."""
    return reduce(lambda one, other: tuple(map(operator.add, one, other)), partials)


def out_of_fold(records: Marked, folds: tuple[Sums, ...]) -> np.ndarray:
    """Return probabilities, (n, labels) float32; those of a row come from models without its fold.

    ``folds`` are the sums of ``merge``.
    """
    total = reduce(operator.add, folds)
    average = np.zeros(records.members.shape, dtype=np.float32)
    for model in (_least_squares, _bayes):
        scores = np.empty_like(average)
        for fold, own in enumerate(folds):
            rows = np.flatnonzero(records.fold == fold)
            if len(rows):
                scores[rows] = model(records[rows], total - own)
        average += 0.5 * _calibrated(scores, records.members)
    return average


def _with_constant(vectors: np.ndarray) -> np.ndarray:
    return np.column_stack([vectors.astype(np.float64), np.ones(len(vectors))])


def _least_squares(records: Marked, sums: Sums) -> np.ndarray:
    """Score records for all labels at once; the constant is not shrunk."""
    gram, size = sums.gram, len(sums.gram) - 1
    mean = gram[-1, :-1]
    within = np.trace(gram[:-1, :-1]) - float(mean @ mean) / max(gram[-1, -1], 1)
    ridge = np.full(size + 1, max(RIDGE * within / max(size, 1), FLOOR))
    ridge[-1] = FLOOR
    weights = np.linalg.solve(gram + np.diag(ridge), sums.cross)
    return np.asarray(_with_constant(records.vectors) @ weights)


def _bayes(records: Marked, sums: Sums) -> np.ndarray:
    """Score records by the log odds of their words with a label and without it."""
    scores: np.ndarray = np.empty(records.members.shape)
    for start in range(0, scores.shape[1], LABEL_BLOCK):
        block = slice(start, start + LABEL_BLOCK)
        having = sums.terms[block].toarray()
        lacking = np.maximum(sums.all_terms - having, 0) + SMOOTHING
        having = np.maximum(having, 0) + SMOOTHING
        odds = np.log(having / having.sum(axis=1, keepdims=True))
        odds -= np.log(lacking / lacking.sum(axis=1, keepdims=True))
        scores[:, block] = records.terms @ np.ascontiguousarray(odds.T)
    return scores


def _calibrated(scores: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Turn scores into probabilities, one label at a time."""
    probabilities = np.empty_like(scores)
    for label in range(scores.shape[1]):
        own = scores[:, label].astype(np.float64)
        probabilities[:, label] = _platt(own, members[:, label])
    return probabilities


def _platt(scores: np.ndarray, has: np.ndarray) -> np.ndarray:
    """Fit a logistic curve to scores by Newton's method; return its value at every score."""
    positive = int(has.sum())
    target = np.where(has, (positive + 1) / (positive + 2), 1 / (len(has) - positive + 2))
    spread = float(scores.std()) or 1.0
    design = np.column_stack([(scores - scores.mean()) / spread, np.ones(len(scores))])
    prior = np.diag([PRIOR, 0.0])
    beta = np.array([1.0, np.log((positive + 1) / (len(has) - positive + 1))])
    for _ in range(NEWTON_STEPS):
        value = _logistic(design @ beta)
        slope = design.T @ (value - target) + prior @ beta
        curvature = (design * (value * (1 - value))[:, None]).T @ design + prior + FLOOR * np.eye(2)
        step = np.clip(np.linalg.solve(curvature, slope), -STEP_LIMIT, STEP_LIMIT)
        beta -= step
        if np.abs(step).max() < 1e-9:
            break
    return _logistic(design @ beta)


def _logistic(values: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))
