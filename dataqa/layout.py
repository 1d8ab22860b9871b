"""Two coordinates for each text, for a map: its vector on the two axes of largest variance.

Pearson, 1901. A layout that keeps neighbours together (t-SNE, UMAP) takes minutes at 100,000 texts,
depends on threads, and shows gaps that are not in the data; here a map is for a glance.
"""

from __future__ import annotations

import numpy as np

BLOCK_ROWS = 8192


def coordinates(vectors: np.ndarray) -> np.ndarray:
    """Return principal coordinates of unit rows in 0..1, shape (n, 2), NaN for rows of zeros.

    Both axes have one scale; the longer runs from 0 to 1.
    The sign of an axis is the one that makes its largest weight positive; where there is no
    variance, coordinates are 0.
    """
    filled = vectors.any(axis=1)
    place = np.full((len(vectors), 2), np.nan)
    if not filled.any():
        return place
    rows = np.flatnonzero(filled)
    width = vectors.shape[1]
    mean, gram = np.zeros(width), np.zeros((width, width))
    for block in _blocks(rows):
        part = vectors[block].astype(np.float64)
        mean += part.sum(axis=0)
        gram += part.T @ part
    mean /= len(rows)
    values, axes = np.linalg.eigh(gram / len(rows) - np.outer(mean, mean))
    axes = axes[:, ::-1][:, :2] * (values[::-1][:2] > 1e-12)
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None, :], axis=0)
    axes = axes * np.where(largest < 0, -1, 1)
    for block in _blocks(rows):
        place[block] = 0
        place[block, : axes.shape[1]] = (vectors[block] - mean) @ axes
    place -= np.nanmin(place, axis=0)
    return np.asarray(place / max(np.nanmax(place), 1e-9))


def _blocks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + BLOCK_ROWS] for start in range(0, len(rows), BLOCK_ROWS)]
