"""Everything in this process, one shard after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

S = TypeVar("S")
P = TypeVar("P")


class SerialEngine:
    """Run stages in the calling process."""

    name = "serial"

    def __init__(self, *, jobs: int = 1) -> None:
        """Use one process, whatever ``jobs`` says."""
        self.jobs = min(jobs, 1)

    def map(self, stage: Callable[[S], P], shards: Iterable[S]) -> Iterator[P]:
        """Yield ``stage(shard)`` for every shard."""
        return map(stage, shards)
