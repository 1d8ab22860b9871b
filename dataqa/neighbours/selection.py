"""The k largest values of each row of a matrix of similarities."""

from __future__ import annotations

from math import isqrt

import numpy as np

LARGEST_CELL = 32
"""Columns whose maximum is taken first, at most: the k best values lie in the k cells of largest
maximum, so selection looks at k cells of a row instead of all. ``argpartition`` over full rows
costs more than the product that made them."""


def largest(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of the ``k`` largest values of each row, largest first."""
    rows, columns = scores.shape
    size = min(isqrt(columns // k), LARGEST_CELL)
    if size < 3:
        return _sorted_largest(scores, np.broadcast_to(np.arange(columns), scores.shape), k)
    cells = columns // size
    # cell i holds the columns i, i + cells, i + 2 * cells, ...: maxima are then taken row by row
    top = scores[:, : cells * size].reshape(rows, size, cells).max(axis=1)
    chosen = np.argpartition(top, cells - k, axis=1)[:, cells - k :]
    among = (chosen[:, :, None] + cells * np.arange(size)).reshape(rows, k * size)
    rest = np.broadcast_to(np.arange(cells * size, columns), (rows, columns - cells * size))
    among = np.concatenate([among, rest], axis=1)
    return _sorted_largest(scores[_lines(rows), among], among, k)


def _sorted_largest(values: np.ndarray, columns: np.ndarray, k: int) -> np.ndarray:
    lines = _lines(len(values))
    part = np.argpartition(values, values.shape[1] - k, axis=1)[:, -k:]
    best, found = values[lines, part], columns[lines, part]
    return np.asarray(found[lines, np.argsort(-best, axis=1, kind="stable")])


def _lines(rows: int) -> np.ndarray:
    """Number the rows for indexing beside columns; ``take_along_axis`` does it with more calls."""
    return np.arange(rows)[:, None]


def bar_own_group(scores: np.ndarray, own: np.ndarray, theirs: np.ndarray) -> None:
    """Set to minus infinity where row and column are of one group; ``theirs`` is sorted."""
    first, last = (np.searchsorted(theirs, own, side) for side in ("left", "right"))
    (rows,) = np.nonzero(last > first)
    if not len(rows):
        return
    first, counts = first[rows], (last - first)[rows]
    start = np.cumsum(counts) - counts
    columns = np.arange(counts.sum()) + np.repeat(first - start, counts)
    scores[np.repeat(rows, counts), columns] = -np.inf
