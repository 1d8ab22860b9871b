"""The door of every source format."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import pandas as pd

from dataqa.formats import Shape

SEEN_LIMIT = 50
"""A chunk stops collecting field names when it has this many."""

NO_OFFSET = -1
"""Offset of records in formats whose records have no bytes of their own."""


@dataclass(frozen=True)
class Wanted:
    """What a run looks for in records."""

    shapes: tuple[Shape, ...]
    kept: tuple[str, ...] = ()
    """Fields that are kept as they are, for ``Dataset.extra``."""
    line_bytes: int = 16 * 2**20
    """Longer lines, rows and array elements are not read."""

    @property
    def named(self) -> str:
        """The fields that mark a record, for messages."""
        marks = dict.fromkeys(name for shape in self.shapes for name in shape.marks)
        return " or ".join(repr(name) for name in marks)


@dataclass(frozen=True)
class Chunk:
    """A range of one file that starts and ends at record boundaries."""

    path: Path
    """The file to read, uncompressed; a temporary one where the input is compressed."""
    source: str
    """How the user named the file."""
    start: int
    """First byte; for Parquet the number of the row group."""
    stop: int
    wanted: Wanted
    line: int = 1
    """Line of the file on which the first byte is, where that differs from the record's number."""
    columns: tuple[str, ...] = ()
    """Names of the columns, where the file tells them once."""
    too_long: bool = False
    """Whether the range is one record of more than ``wanted.line_bytes``, which is not read."""


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


def mark_bytes(file: BinaryIO) -> int:
    """Return how many bytes the byte order mark takes with which a file begins, if it does."""
    return len(BOM_UTF8) if file.read(len(BOM_UTF8)) == BOM_UTF8 else 0
