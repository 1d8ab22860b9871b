"""Nearest neighbours by cosine, computed once and shared by all checks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from dataqa.progress import Progress

BLOCK_VALUES = 16 * 2**20
"""Similarities that one thread holds at once."""
CELL = 32
"""Columns whose maximum is taken first: the k best values lie in the k cells of largest maximum,
so selection looks at k * CELL values of a row instead of all."""
MAX_CANDIDATES = 60_000
"""Above this many vectors, neighbours are sought among this many only (exact among those)."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest other vectors of each vector, nearest first.

    ``index`` (vectors, k) is -1 and ``similarity`` (vectors, k) is 0 where there are fewer.
    """

    index: np.ndarray
    similarity: np.ndarray
    candidates: int
    """How many vectors were searched; all of them unless the set is very large."""


def nearest(vectors: np.ndarray, k: int, progress: Progress, *, threads: int = 1) -> Neighbours:
    """Find the ``k`` nearest other vectors of each row by exact blocked matrix products.

    Args:
        vectors: (n, d) unit rows; a row of zeros has no neighbours and is nobody's neighbour.
        k: how many.
        progress: told of every block.
        threads: blocks worked on at once; their number and the cutting into blocks are
            independent, so that the result does not depend on it.
    """
    usable = np.flatnonzero(vectors.any(axis=1))
    candidates = usable[:MAX_CANDIDATES]
    index = np.full((len(vectors), k), -1, dtype=np.int64)
    similarity = np.zeros((len(vectors), k), dtype=np.float32)
    kept = min(k, len(candidates) - 1)
    if kept > 0:
        target = np.ascontiguousarray(vectors[candidates].T)
        size = max(BLOCK_VALUES // len(candidates), 1)
        blocks = [usable[start : start + size] for start in range(0, len(usable), size)]
        search = partial(_search, vectors, candidates, target, kept)
        with ThreadPoolExecutor(threads) as pool:
            found = pool.map(search, blocks)
            for rows, (best, scores) in progress.track(
                zip(blocks, found, strict=True), "finding neighbours", len(blocks)
            ):
                index[rows, :kept] = best
                similarity[rows, :kept] = scores
    return Neighbours(index, np.clip(similarity, -1, 1), len(candidates))


def _search(
    vectors: np.ndarray, candidates: np.ndarray, target: np.ndarray, k: int, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest candidates of one block of rows and their similarities."""
    scores = vectors[rows] @ target
    own = np.searchsorted(candidates, rows)
    inside = own < len(candidates)
    scores[np.flatnonzero(inside), own[inside]] = -np.inf
    best = _largest(scores, k)
    return candidates[best], np.take_along_axis(scores, best, axis=1)


def _largest(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of the ``k`` largest values of each row, largest first."""
    rows, columns = scores.shape
    cells = -(-columns // CELL)
    if k >= cells:
        return _sorted_largest(scores, np.broadcast_to(np.arange(columns), scores.shape), k)
    padded = np.full((rows, cells * CELL), -np.inf, dtype=scores.dtype)
    padded[:, :columns] = scores
    top = padded.reshape(rows, cells, CELL).max(axis=2)
    chosen = np.sort(np.argpartition(top, cells - k, axis=1)[:, cells - k :], axis=1)
    among = (chosen[:, :, None] * CELL + np.arange(CELL)).reshape(rows, k * CELL)
    return _sorted_largest(np.take_along_axis(padded, among, axis=1), among, k)


def _sorted_largest(values: np.ndarray, columns: np.ndarray, k: int) -> np.ndarray:
    part = np.argpartition(values, values.shape[1] - k, axis=1)[:, -k:]
    order = np.argsort(-np.take_along_axis(values, part, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(part, order, axis=1)
    return np.take_along_axis(columns, best, axis=1)
