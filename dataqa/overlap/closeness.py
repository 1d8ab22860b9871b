"""How close texts of one side are to those of the other, measured against their surroundings.

Cosines are not the same everywhere: thousands of questions about arithmetic or about one bank are
alike without being the same. So a pair is measured against its background: how close both texts
are to the *next* ones of the other side. That is cross-domain similarity local scaling (Conneau et
al., "Word translation without parallel data", 2018) with a smaller weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from dataqa.progress import Progress

NEXT = 5
"""Other texts that make the background of a text."""
USUAL = 0.6
"""Takes the place of those that are not there, when a side has fewer texts."""
BLOCK_VALUES = 16 * 2**20
"""Cosines that one thread holds at once."""
BLOCK_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class Closest:
    """The closest text of the other side for each text."""

    of: np.ndarray
    """(texts,) its number."""
    cosine: np.ndarray
    """(texts,) how close it is."""
    background: np.ndarray
    """(texts,) mean cosine of both to the next ``NEXT`` texts of the respective other side."""


def closest(mine: np.ndarray, other: np.ndarray, progress: Progress, threads: int) -> Closest:
    """Compare all unit rows of ``mine`` with all of ``other``; neither is empty."""
    target = np.ascontiguousarray(other.T)
    size = min(max(BLOCK_VALUES // len(other), 1), BLOCK_ROWS)
    blocks = [mine[start : start + size] for start in range(0, len(mine), size)]
    parts = list(_compared(blocks, target, progress, threads))
    of, cosine, around = (np.concatenate(column) for column in list(zip(*parts, strict=True))[:3])
    tops = [part[3] for part in parts]
    around_other = _rest(_largest(np.concatenate(tops).T))
    return Closest(of, cosine, (around + around_other[of]) / 2)


Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _compared(
    blocks: list[np.ndarray], target: np.ndarray, progress: Progress, threads: int
) -> Iterator[Part]:
    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(partial(_compare, target=target), blocks)
        yield from progress.track(found, "comparing meanings", len(blocks))


def _compare(block: np.ndarray, target: np.ndarray) -> Part:
    """Return the closest columns, their cosines, the background, and the closest rows' cosines."""
    scores = block @ target
    of = scores.argmax(axis=1)
    cosine = scores[np.arange(len(of)), of]
    return of, cosine, _rest(_largest(scores)), _largest(scores.T).T


def _largest(scores: np.ndarray) -> np.ndarray:
    """Return the ``NEXT + 1`` largest values of each row, or all where there are fewer."""
    kept = NEXT + 1
    if scores.shape[1] <= kept:
        return scores
    return np.partition(scores, scores.shape[1] - kept, axis=1)[:, -kept:]


def _rest(largest: np.ndarray) -> np.ndarray:
    """Return the mean of the values of each row but the largest, filled up with ``USUAL``."""
    ordered = np.sort(largest, axis=1)[:, :-1]
    total = ordered.sum(axis=1, dtype=np.float64) + USUAL * (NEXT - ordered.shape[1])
    return np.asarray(total / NEXT)
