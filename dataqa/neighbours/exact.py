"""Every pair is compared, by blocked matrix products."""

from __future__ import annotations

from functools import partial

import numpy as np

from dataqa.neighbours.interface import Neighbours, Space
from dataqa.neighbours.selection import bar_own_group, largest

BLOCK_VALUES = 16 * 2**20
"""Similarities that one thread holds at once."""


def search(space: Space) -> Neighbours:
    """Compare all pairs."""
    rows = space.candidates
    index, similarity = space.empty(len(space.vectors))
    kept = min(space.k, len(rows))
    if kept:
        target = np.ascontiguousarray(space.vectors[rows].T)
        size = max(BLOCK_VALUES // len(rows), 1)
        blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
        found = space.track(partial(_search, space, target, kept), blocks, "finding neighbours")
        for block, (best, scores) in zip(blocks, found, strict=True):
            index[block, :kept], similarity[block, :kept] = best, scores
    return Neighbours.of(index, similarity, len(rows))


def _search(
    space: Space, target: np.ndarray, k: int, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest candidates of one block of rows and their similarities."""
    scores = space.vectors[rows] @ target
    bar_own_group(scores, space.groups[rows], space.groups[space.candidates])
    best = largest(scores, k)
    return space.candidates[best], np.take_along_axis(scores, best, axis=1)
