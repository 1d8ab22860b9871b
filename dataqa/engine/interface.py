"""The door of every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

S = TypeVar("S")
P = TypeVar("P")


class Engine(Protocol):
    """Applies a stage to shards. Engines differ in where that happens, never in what comes out."""

    name: str

    def map(self, stage: Callable[[S], P], shards: Iterable[S]) -> Iterator[P]:
        """Yield ``stage(shard)`` for every shard, in the order of the shards.

        ``stage`` is a module-level pure function (or a ``functools.partial`` of one), so that it
        can travel to another process or machine.
        """
        ...
