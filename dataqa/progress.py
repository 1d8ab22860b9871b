"""How far a long run is: bars on stderr, nothing where nobody watches; and notes in passing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeVar

from dataqa.quoting import log_line

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

T = TypeVar("T")
Batch = tuple[Sequence[int], T]
"""Rows, and what was computed for them."""


class Progress(Protocol):
    """Watches a run."""

    def track(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield ``items`` and count them; ``total`` is their number where it is known."""
        ...

    def records(
        self, batches: Iterable[Batch[T]], description: str, total: int
    ) -> Iterator[Batch[T]]:
        """Yield ``batches`` and count their rows, of which there are ``total``."""
        ...

    def note(self, text: str) -> None:
        """Tell what a person should know, and what does not belong in the result."""
        ...


class Silent:
    """Watches and shows nothing; notes go to the log ``dataqa``."""

    def track(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield ``items``; ``description`` and ``total`` are told to nobody."""
        del description, total
        yield from items

    def records(
        self, batches: Iterable[Batch[T]], description: str, total: int
    ) -> Iterator[Batch[T]]:
        """Yield ``batches``; ``description`` and ``total`` are told to nobody."""
        del description, total
        yield from batches

    def note(self, text: str) -> None:
        """Log it as a warning, which Python shows on stderr unless the program logs otherwise."""
        logging.getLogger("dataqa").warning("dataqa: %s", log_line(text))


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
            TextColumn("{task.fields[pace]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )

    def track(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield ``items`` under a bar of their own."""
        task = self._bars.add_task(description, total=total, pace="")
        return iter(self._bars.track(items, total=total, task_id=task))

    def records(
        self, batches: Iterable[Batch[T]], description: str, total: int
    ) -> Iterator[Batch[T]]:
        """Yield ``batches`` under a bar that shows records a second and the time left."""
        task = self._bars.add_task(description, total=total, pace="")
        for batch in batches:
            yield batch
            self._bars.advance(task, len(batch[0]))
            state = self._bars.tasks[self._bars.task_ids.index(task)]
            self._bars.update(task, pace=pace(state.speed, state.time_remaining))

    def note(self, text: str) -> None:
        """Print it above the bars."""
        self._bars.console.print(f"dataqa: {log_line(text)}", markup=False, soft_wrap=True)

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


def pace(records_per_s: float | None, left_s: float | None) -> str:
    """Write speed and time left for people; nothing while they are not known."""
    if records_per_s is None or left_s is None:
        return ""
    minutes, seconds = divmod(round(left_s), 60)
    return f"{records_per_s:,.0f} rec/s, {minutes}:{seconds:02d} left"
