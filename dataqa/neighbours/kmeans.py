"""Clusters of unit vectors: seeded by their order, the same for any number of threads.

Spherical k-means (Dhillon, Modha, Machine Learning 42, 2001) on the first rows. scikit-learn's
KMeans draws its start from a random stream and adds up in an order that depends on its threads.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import sparse

from dataqa.neighbours.interface import Space
from dataqa.neighbours.selection import largest

ITERATIONS = 6
SAMPLE_PER_CLUSTER = 40
OVERSIZE = 4
"""A cluster with more than this many times the mean is split."""
BLOCK_ROWS = 4096


def centroids(space: Space, count: int) -> np.ndarray:
    """Fit about ``count`` unit centroids on the first rows, shape (centroids, d)."""
    sample = space.vectors[space.candidates[: SAMPLE_PER_CLUSTER * count]]
    centers = _lloyd(space, sample, count)
    own = assign(space, sample, np.arange(len(sample)), centers)
    sizes = np.bincount(own, minlength=len(centers))
    large = sizes > OVERSIZE * sizes.mean()
    parts = [
        _lloyd(space, sample[own == center], int(np.ceil(sizes[center] / sizes.mean())))
        for center in np.flatnonzero(large)
    ]
    return np.concatenate([centers[~large & (sizes > 0)], *parts])


def assign(space: Space, vectors: np.ndarray, rows: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Return the number of the nearest centroid of each row of ``vectors``."""
    return rank(space, vectors, rows, centers, 1)[:, 0]


def rank(
    space: Space, vectors: np.ndarray, rows: np.ndarray, centers: np.ndarray, count: int
) -> np.ndarray:
    """Return the numbers of the ``count`` nearest centroids, nearest first, (rows, count)."""
    blocks = [rows[start : start + BLOCK_ROWS] for start in range(0, len(rows), BLOCK_ROWS)]
    work = partial(_rank, vectors, np.ascontiguousarray(centers.T), count)
    return np.concatenate(list(space.track(work, blocks, "clustering")))


def _rank(vectors: np.ndarray, target: np.ndarray, count: int, rows: np.ndarray) -> np.ndarray:
    scores = vectors[rows] @ target
    best = scores.argmax(axis=1)[:, None] if count == 1 else largest(scores, count)
    return np.asarray(best, dtype=np.int32)


def _lloyd(space: Space, sample: np.ndarray, count: int) -> np.ndarray:
    """Move ``count`` centroids, at first the first vectors, to the means of what is nearest."""
    centers = sample[:count].copy()
    rows = np.arange(len(sample))
    ones = np.ones(len(sample), dtype=np.float32)
    for _ in range(ITERATIONS):
        own = assign(space, sample, rows, centers)
        sums = sparse.csr_matrix((ones, (own, rows)), shape=(len(centers), len(rows))) @ sample
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centers = np.where(length > 1e-6, sums / np.maximum(length, 1e-6), centers)
    return np.asarray(centers, dtype=np.float32)
