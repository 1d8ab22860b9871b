"""Multinomial naive Bayes on term weights (Rennie et al., ICML 2003, without complement)."""

from __future__ import annotations

import numpy as np

from dataqa.probabilities.sums import Labeled, Sums, log_prior

SMOOTHING = 0.1
"""Lidstone smoothing of the term weights of a class."""
CLASS_BLOCK = 256
"""Classes whose dense term weights are in memory at once."""


def score(records: Labeled, rows: np.ndarray, sums: Sums) -> np.ndarray:
    """Score records by their terms, shape (rows, classes)."""
    terms = records.terms[rows]
    scores = np.empty((terms.shape[0], sums.terms.shape[0]))
    for start in range(0, scores.shape[1], CLASS_BLOCK):
        block = slice(start, start + CLASS_BLOCK)
        weights = np.maximum(sums.terms[block].toarray(), 0) + SMOOTHING
        log_likelihood = np.log(weights / weights.sum(axis=1, keepdims=True))
        scores[:, block] = terms @ np.ascontiguousarray(log_likelihood.T)
    return np.asarray(scores + log_prior(sums.counts[0]))
