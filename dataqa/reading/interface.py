"""The door of every source format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd

from dataqa.formats import Shape

SEEN_LIMIT = 50
"""A chunk stops collecting field names when it has this many."""


@dataclass(frozen=True)
class Wanted:
    """What a run looks for in records."""

    shapes: tuple[Shape, ...]
    kept: tuple[str, ...] = ()
    """Fields that are kept as they are, for ``Dataset.extra``."""

    @property
    def named(self) -> str:
        """The fields that mark a record, for messages."""
        marks = dict.fromkeys(name for shape in self.shapes for name in shape.marks)
        return " or ".join(repr(name) for name in marks)


@dataclass(frozen=True)
class Chunk:
    """A byte range of one file that starts and ends at record boundaries."""

    path: Path
    source: str
    """How the user named the file."""
    start: int
    stop: int
    wanted: Wanted


@dataclass(frozen=True)
class Part:
    """What one chunk holds; lines count from 1 within the chunk until parts are merged."""

    frame: pd.DataFrame
    """Columns ``dataset.FRAME_DTYPES``."""
    faults: pd.DataFrame
    """Columns ``dataset.FAULT_DTYPES``."""
    lines: int
    unreadable: int
    fields_seen: tuple[str, ...]
    extra: pd.DataFrame
    """The kept fields, one column each, rows as in ``frame``."""


class Reader(Protocol):
    """Reads one source format as a pure stage over chunks."""

    def chunks(self, path: Path, source: str, wanted: Wanted) -> Iterable[Chunk]:
        """Cut a file into chunks.

        Raises:
            InputError: the file is not of this format at all.
        """
        ...

    def parse(self, chunk: Chunk) -> Part:
        """Read one chunk; the stage that engines run."""
        ...
