"""What models that never saw a record's label think its label is.

Two closed-form classifiers, each fitted from sums that add up over shards, so that the model
without a fold is *all sums minus the fold's sums*: k-fold cross-validation for the price of one
pass and k small solves.

* linear discriminant analysis with a shared, shrunken covariance on the embeddings (Hastie,
  Tibshirani, Friedman, *The Elements of Statistical Learning*, 4.3);
* multinomial naive Bayes on the TF-IDF terms (Rennie et al., ICML 2003, without complement).

Each is calibrated by a temperature (Guo et al., ICML 2017), then they are averaged.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

SHRINKAGE = 0.1
"""Share of the mean variance that is added to every axis of the shared covariance."""
SMOOTHING = 0.1
"""Lidstone smoothing of the term weights of a class."""
FLOOR = 1e-12
UNSEEN = -1e6
"""Log score of a class without records to learn from."""
CALIBRATION_RECORDS = 20_000
"""The temperature is fitted on at most this many records, the first in canonical order."""
CLASS_BLOCK = 256
"""Classes whose dense term weights are in memory at once."""


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


def sum_stage(shard: Labeled, *, folds: int, classes: int) -> Sums:
    """Add up what the two models need of one shard."""
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


def assign_folds(label: np.ndarray, group: np.ndarray, rank: np.ndarray, folds: int) -> np.ndarray:
    """Deal groups of equal records to folds, evenly within each class.

    Args:
        label: (n,) class numbers; a group is dealt with the class of its first record.
        group: (n,) group numbers; a group stays in one fold, so that no copy of a record vouches
            for its label.
        rank: (n,) numbers that order the groups, a function of content and seed only.
        folds: how many.

    Returns:
        (n,) fold numbers.
    """
    _, first, of = np.unique(group, return_index=True, return_inverse=True)
    classes = label[first]
    order = np.lexsort((rank[first], classes))
    starts = np.searchsorted(classes[order], classes[order])
    fold = np.empty(len(first), dtype=np.int64)
    fold[order] = (np.arange(len(first)) - starts) % folds
    return fold[of]


def out_of_fold(records: Labeled, sums: Sums) -> np.ndarray:
    """Return averaged calibrated probabilities, shape (n, classes), rows sum to 1.

    Row i comes from models fitted without the fold of record i.
    """
    total = _total(sums)
    rests = [_without(total, sums, fold) for fold in range(len(sums.counts))]
    average = np.zeros((len(records), sums.counts.shape[1]))
    for model in (_discriminants, _bayes):
        scores = np.empty(average.shape, dtype=np.float32)
        for fold, rest in enumerate(rests):
            rows = np.flatnonzero(records.fold == fold)
            if len(rows):
                scores[rows] = model(records, rows, rest)
        average += _calibrated(scores, records.label)
    np.clip(average, FLOOR, None, out=average)
    average /= average.sum(axis=1, keepdims=True)
    return average


def _total(sums: Sums) -> Sums:
    folds, classes = sums.counts.shape
    return Sums(
        sums.counts.sum(axis=0, keepdims=True),
        sums.vectors.sum(axis=0, keepdims=True),
        sums.gram.sum(axis=0, keepdims=True),
        sparse.csr_matrix(sum(sums.terms[i * classes : (i + 1) * classes] for i in range(folds))),
    )


def _without(total: Sums, sums: Sums, fold: int) -> Sums:
    classes = sums.counts.shape[1]
    own = sums.terms[fold * classes : (fold + 1) * classes]
    return Sums(
        total.counts - sums.counts[fold],
        total.vectors - sums.vectors[fold],
        total.gram - sums.gram[fold],
        sparse.csr_matrix(total.terms - own),
    )


def _log_prior(counts: np.ndarray) -> np.ndarray:
    """Return smoothed log shares; a class that the models never saw gets no chance."""
    shares = (counts + 0.5) / (counts + 0.5).sum()
    return np.where(counts > 0, np.log(shares), UNSEEN)


def _discriminants(records: Labeled, rows: np.ndarray, sums: Sums) -> np.ndarray:
    """Score records by linear discriminants on their vectors, shape (rows, classes)."""
    vectors = records.vectors[rows]
    counts, width = sums.counts[0], vectors.shape[1]
    means = sums.vectors[0] / np.maximum(counts, 1)[:, None]
    within = sums.gram[0] - (means * counts[:, None]).T @ means
    within /= max(counts.sum(), 1)
    ridge = max(SHRINKAGE * np.trace(within) / max(width, 1), FLOOR)
    weights = np.linalg.solve(within + ridge * np.eye(width), means.T)
    offsets = _log_prior(counts) - 0.5 * np.einsum("cd,dc->c", means, weights)
    return np.asarray(vectors @ weights + offsets)


def _bayes(records: Labeled, rows: np.ndarray, sums: Sums) -> np.ndarray:
    """Score records by multinomial naive Bayes on their terms, shape (rows, classes)."""
    terms = records.terms[rows]
    scores = np.empty((terms.shape[0], sums.terms.shape[0]))
    for start in range(0, scores.shape[1], CLASS_BLOCK):
        block = slice(start, start + CLASS_BLOCK)
        weights = np.maximum(sums.terms[block].toarray(), 0) + SMOOTHING
        log_likelihood = np.log(weights / weights.sum(axis=1, keepdims=True))
        scores[:, block] = terms @ log_likelihood.T
    return np.asarray(scores + _log_prior(sums.counts[0]))


def _calibrated(scores: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Divide log scores by the temperature that makes the given labels most likely; in place."""
    sample = scores[:CALIBRATION_RECORDS].astype(np.float64)
    known = label[:CALIBRATION_RECORDS]

    def loss(log_temperature: float) -> float:
        scaled = sample / np.exp(log_temperature)
        own = scaled[np.arange(len(known)), known]
        return float(np.mean(logsumexp(scaled, axis=1) - own))

    best = minimize_scalar(loss, bounds=(-4, 6), method="bounded", options={"xatol": 1e-3})
    scores /= np.exp(best.x)
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores
