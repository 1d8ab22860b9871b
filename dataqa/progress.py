"""How far a long run is: bars on stderr, nothing where nobody watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

T = TypeVar("T")


class Progress(Protocol):
    """Watches a run."""

    def track(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield ``items`` and count them; ``total`` is their number where it is known."""
        ...


class Silent:
    """Watches and says nothing."""

    def track(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield ``items``; ``description`` and ``total`` are told to nobody."""
        del description, total
        yield from items


class Bars:
    """Shows one bar per step on stderr; a context manager that leaves a clean terminal."""

    def __init__(self) -> None:
        """Prepare the bars; they show from ``__enter__`` on."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import MofNCompleteColumn as Count

        self._bars: RichProgress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            Count(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )

    def track(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield ``items`` under a bar of their own."""
        return iter(self._bars.track(items, total=total, description=description))

    def __enter__(self) -> Bars:
        """Show the bars."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bars off the terminal."""
        self._bars.stop()
