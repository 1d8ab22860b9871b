"""How odd each text is among all: distances, votes and energies on one scale. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOCAL = 0.25
"""Share of the neighbours' own distance that is taken off a text's distance, so that a sparse
region is not odd as a whole. All of it (as in LOF) hides outliers that stand together:
``benchmarks/README.md``."""
LEAST_SPREAD = {"distance": 0.02, "energy": 1.0}
"""An interquartile range counts as at least this, so that near-equal texts have no outliers."""
BLOCK_ROWS = 65_536
HALF = 4.0
"""Oddness that gives the score 0.5."""


@dataclass(frozen=True, eq=False)
class Votes:
    """What the neighbours' labels say of each text."""

    entropy: np.ndarray
    """(n,) in nats: 0 when all neighbours have one label or none has any."""
    majority: np.ndarray
    """(n,) the most frequent label, the nearest of equally frequent ones; -1 without votes."""


def count_votes(labels: np.ndarray) -> Votes:
    """Count the labels of neighbours, (n, k) class numbers, nearest first, -1 for none."""
    parts = [_count(labels[start : start + BLOCK_ROWS]) for start in _starts(len(labels))]
    return Votes(
        np.concatenate([entropy for entropy, _ in parts]),
        np.concatenate([majority for _, majority in parts]),
    )


def _starts(rows: int) -> range:
    return range(0, max(rows, 1), BLOCK_ROWS)


def _count(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    voting = labels >= 0
    equal = (labels[:, :, None] == labels[:, None, :]).sum(axis=2) * voting
    votes = voting.sum(axis=1)
    share = equal / np.maximum(votes, 1)[:, None]
    surprise = -np.log(share, out=np.zeros_like(share), where=voting)
    best = np.take_along_axis(labels, equal.argmax(axis=1)[:, None], axis=1)[:, 0]
    return surprise.sum(axis=1) / np.maximum(votes, 1), best


def beside_neighbours(distance: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Take a share of the neighbours' mean distance off each distance; index (n, k), -1 for none.

    After Breunig et al., "LOF: Identifying Density-Based Local Outliers", SIGMOD 2000.
    """
    there = index >= 0
    theirs = np.where(there, distance[index], 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return np.asarray(distance - LOCAL * theirs)


def standardised(values: np.ndarray, among: np.ndarray, kind: str) -> np.ndarray:
    """Count interquartile ranges from the median; both are those of the rows in ``among``."""
    low, middle, high = np.quantile(values[among], [0.25, 0.5, 0.75])
    return np.asarray((values - middle) / max(high - low, LEAST_SPREAD[kind]))


def score(oddness: np.ndarray) -> np.ndarray:
    """Map oddness to 0..1, rising everywhere, 0.5 at ``HALF``; far values stay apart."""
    above = (oddness - HALF) / 2
    return np.asarray(0.5 + 0.5 * above / (1 + np.abs(above)))


def beyond(values: np.ndarray, among: np.ndarray, fence: float, least: float) -> np.ndarray:
    """Return which rows of ``among`` lie above *third quartile + fence × interquartile range*.

    Tukey, *Exploratory Data Analysis*, 1977.
    """
    low, high = np.quantile(values[among], [0.25, 0.75])
    return np.asarray(among & (values > high + fence * max(high - low, least)))
