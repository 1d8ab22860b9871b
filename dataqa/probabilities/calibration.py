"""From scores to probabilities: one temperature (Guo et al., ICML 2017)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

SAMPLE_VALUES = 10**6
SAMPLE_RECORDS = (2_000, 20_000)
"""The temperature is fitted on about this many scores, of so many records at least and at most: the
first in canonical order, which is that of a hash."""


def calibrated(scores: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Divide log scores by the temperature that makes the given labels most likely; in place."""
    fewest, most = SAMPLE_RECORDS
    size = int(np.clip(SAMPLE_VALUES // scores.shape[1], fewest, most))
    sample, known = scores[:size].astype(np.float64), label[:size]
    sample -= sample.max(axis=1, keepdims=True)  # so that no exponential overflows
    own = float(np.mean(sample[np.arange(len(known)), known]))

    def loss(log_temperature: float) -> float:
        scale = float(np.exp(-log_temperature))
        return float(np.mean(np.log(np.exp(sample * scale).sum(axis=1)))) - own * scale

    best = minimize_scalar(loss, bounds=(-4, 6), method="bounded", options={"xatol": 1e-3})
    scores /= np.exp(best.x)
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores
