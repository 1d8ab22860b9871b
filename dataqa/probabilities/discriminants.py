"""Linear discriminants: classes are clouds of one shape around their means.

Shared, shrunken covariance; Hastie, Tibshirani, Friedman, *The Elements of Statistical Learning*,
4.3.
"""

from __future__ import annotations

import numpy as np

from dataqa.dataset import cuts
from dataqa.probabilities.sums import Labeled, Sums, log_prior

SHRINKAGE = 0.1
"""Share of the mean variance that is added to every axis of the shared covariance."""
FLOOR = 1e-12
BLOCK = 8192
"""Records scored at once."""


def score(records: Labeled, rows: np.ndarray, sums: Sums) -> np.ndarray:
    """Score records by their vectors, shape (rows, classes)."""
    counts, width = sums.counts[0], records.vectors.shape[1]
    means = sums.vectors[0] / np.maximum(counts, 1)[:, None]
    within = sums.gram[0] - (means * counts[:, None]).T @ means
    within /= max(counts.sum(), 1)
    ridge = max(SHRINKAGE * np.trace(within) / max(width, 1), FLOOR)
    weights = np.linalg.solve(within + ridge * np.eye(width), means.T)
    offsets = log_prior(counts) - 0.5 * np.einsum("cd,dc->c", means, weights)
    scores = np.empty((len(rows), len(counts)))
    for cut in cuts(len(rows), BLOCK):
        scores[cut] = records.vectors[rows[cut]] @ weights + offsets
    return scores
