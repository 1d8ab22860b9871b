"""What a search gets and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from dataqa.progress import Progress

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest other vectors of each vector, nearest first.

    ``index`` (vectors, k) is -1 and ``similarity`` (vectors, k) is 0 where there are fewer.
    """

    index: np.ndarray
    similarity: np.ndarray
    candidates: int
    """How many vectors took part: all but those of zeros."""
    recall: float = 1.0
    """Share of the true neighbours that was found; 1 when all pairs were compared, else measured
    against an exact search for ``sample`` vectors."""
    sample: int = 0

    @classmethod
    def of(
        cls,
        index: np.ndarray,
        similarity: np.ndarray,
        candidates: int,
        recall: float = 1.0,
        sample: int = 0,
    ) -> Neighbours:
        """Make them of what a search found: minus infinity where it found nothing."""
        there = similarity > -np.inf
        return cls(
            np.where(there, index, -1),
            np.where(there, np.clip(similarity, -1, 1), 0),
            candidates,
            recall,
            sample,
        )

    @property
    def note(self) -> str | None:
        """Say how neighbours were found where not all pairs were compared."""
        if not self.sample:
            return None
        return (
            f"each of {self.candidates:,} texts was compared with the nearest clusters only: "
            f"{self.recall:.1%} of the true neighbours were found "
            f"(measured on {self.sample:,} texts)"
        )


@dataclass(frozen=True, eq=False)
class Space:
    """The vectors to search, and how."""

    vectors: np.ndarray
    groups: np.ndarray
    """(n,) rows with the same number are never neighbours."""
    candidates: np.ndarray
    """Rows that are not zero, sorted by group."""
    k: int
    progress: Progress
    threads: int

    def empty(self, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Return index and similarity of nothing found."""
        shape = (rows, self.k)
        return np.full(shape, -1, dtype=np.int64), np.full(shape, -np.inf, dtype=np.float32)

    def track(self, work: Callable[[T], R], items: Sequence[T], description: str) -> Iterator[R]:
        """Yield ``work(item)`` in the order of the items, several at once."""
        with ThreadPoolExecutor(self.threads) as pool:
            yield from self.progress.track(pool.map(work, items), description, len(items))
