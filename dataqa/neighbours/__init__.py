"""Nearest neighbours by cosine, computed once and shared by all checks.

Up to ``EXACT_VECTORS`` vectors every pair is compared (``exact``); above, each vector is compared
with the clusters nearest to it (``clustered``), and how many of its true neighbours that finds is
measured. No approximate-search library stands in: results must not depend on what is installed, and
the same matrix products are all that such a library would do (``benchmarks/README.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataqa.neighbours import clustered, exact
from dataqa.neighbours.interface import Neighbours, Space

if TYPE_CHECKING:
    from dataqa.progress import Progress

__all__ = ["EXACT_VECTORS", "Neighbours", "nearest"]

EXACT_VECTORS = 30_000
"""Up to this many vectors, all pairs are compared."""


def nearest(
    vectors: np.ndarray,
    k: int,
    progress: Progress,
    *,
    threads: int = 1,
    groups: np.ndarray | None = None,
) -> Neighbours:
    """Find the ``k`` nearest other vectors of each row.

    Args:
        vectors: (n, d) unit rows, float32; a row of zeros has no neighbours and is nobody's
            neighbour. Above ``EXACT_VECTORS`` rows, their order decides what clusters are fitted
            on, so it must be one that does not depend on the order of the input.
        k: how many.
        progress: told of every block.
        threads: blocks worked on at once; the cutting into blocks does not depend on their number,
            so that the result does not, either.
        groups: (n,) numbers; rows with the same number are never neighbours (near-copies).
    """
    usable = np.flatnonzero(vectors.any(axis=1))
    numbers = np.arange(len(vectors)) if groups is None else groups
    candidates = usable[np.argsort(numbers[usable], kind="stable")]
    space = Space(vectors, numbers, candidates, k, progress, threads)
    search = exact.search if len(usable) <= EXACT_VECTORS else clustered.search
    return search(space)
