"""Comma- and tab-separated values with a header (RFC 4180); a record's line is its row number."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from dataqa.errors import InputError
from dataqa.reading.interface import Chunk, Part, Wanted, mark_bytes
from dataqa.reading.rows import Rows

CHUNK_BYTES = 8 * 2**20
NAMED_ROWS = 5
"""Ragged rows that a refusal names."""


class Row(NamedTuple):
    """The cells of one row, its first byte and line, and where the next row begins."""

    cells: list[str]
    offset: int
    line: int
    next_offset: int
    next_line: int
    damaged: bool
    """Whether it is not UTF-8."""


def chunks(path: Path, source: str, wanted: Wanted, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Cut a file at row ends into chunks of about ``size`` bytes.

    Raises:
        InputError: there is no header, or rows do not have the cells that the header names.
    """
    with path.open("rb") as file:
        table = _rows(file, source, wanted, start=mark_bytes(file))
        header = next(table, None)
        if header is None:
            raise InputError(f"{source}: holds only blank lines", hint="check how it was written")
        names = tuple(header.cells)
        _refuse_header(names, source)
        first, ragged = header, []
        row = header
        for row in table:
            if len(row.cells) != len(names):
                ragged.append(f"line {row.line} has {len(row.cells)}")
            if row.next_offset - first.next_offset >= size and not ragged:
                yield _chunk(path, source, wanted, names, first, row)
                first = row
        _refuse_ragged(ragged, source, len(names))
        yield _chunk(path, source, wanted, names, first, row)


def _chunk(
    path: Path, source: str, wanted: Wanted, names: tuple[str, ...], before: Row, last: Row
) -> Chunk:
    span = (before.next_offset, last.next_offset)
    return Chunk(path, source, *span, wanted, before.next_line, names)


def parse(chunk: Chunk) -> Part:
    """Read the rows of one chunk."""
    rows = Rows(chunk.source, chunk.wanted)
    number = 0
    with chunk.path.open("rb") as file:
        for row in _rows(file, chunk.source, chunk.wanted, chunk.start, chunk.line):
            if row.offset >= chunk.stop:
                break
            number += 1
            if row.damaged:
                reason = f"the row on line {row.line} is not UTF-8; save the file as UTF-8"
                rows.refuse(number, row.offset, "not_utf8", reason)
            else:
                rows.add(number, row.offset, dict(zip(chunk.columns, row.cells, strict=True)))
    return rows.part(number)


def _refuse_header(names: tuple[str, ...], source: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(
            f"{source}: the header names the column {twice[0]!r} twice", hint="rename one of them"
        )


def _refuse_ragged(ragged: list[str], source: str, cells: int) -> None:
    if ragged:
        more = f" and {len(ragged) - NAMED_ROWS:,} more" if len(ragged) > NAMED_ROWS else ""
        raise InputError(
            f"{source}: {len(ragged):,} rows have not the {cells} cells of the header: "
            f"{', '.join(ragged[:NAMED_ROWS])}{more}",
            hint="put cells that hold the separator, a quote or a line end in double quotes",
        )


def _rows(file: BinaryIO, source: str, wanted: Wanted, start: int, line: int = 1) -> Iterator[Row]:
    """Yield the rows that are not blank, from a byte on, which is on the given line."""
    lines = _Lines(file, source, wanted.line_bytes, start, line)
    delimiter = "\t" if Path(file.name).suffix.lower() == ".tsv" else ","
    limit = csv.field_size_limit(wanted.line_bytes)
    try:
        for cells in csv.reader(lines, delimiter=delimiter):
            row = Row(cells, *lines.row, lines.offset, lines.line, lines.damaged)
            if lines.ended and cells:
                _refuse_open_quote(lines, source, delimiter)
            lines.begin()
            if cells:
                yield row
    except csv.Error as error:
        raise InputError(
            f"{source}: line {lines.line - 1} is not CSV ({error})",
            hint="end rows with LF or CRLF, and quote cells that hold line ends",
        ) from error
    finally:
        csv.field_size_limit(limit)


class _Lines:
    """Decoded lines of a file, with the place of the row that they belong to."""

    def __init__(self, file: BinaryIO, source: str, limit: int, offset: int, line: int) -> None:
        self.offset, self.line = offset, line
        """Where the next line begins."""
        self.row = (offset, line)
        """Where the present row begins."""
        self.damaged = self.ended = False
        self.text: list[str] = []
        self._file, self._source, self._limit = file, source, limit
        file.seek(offset)

    def __iter__(self) -> Iterator[str]:
        while content := self._file.readline(self._limit + 1):
            self.offset += len(content)
            self.line += 1
            if self.offset - self.row[0] > self._limit:
                raise InputError(
                    f"{self._source}: the row on line {self.row[1]} is longer than "
                    f"{self._limit:,} bytes",
                    hint="look for a quote that is not closed, or raise line_megabytes",
                )
            try:
                text = content.decode()
            except UnicodeDecodeError:
                text, self.damaged = content.decode("utf-8", "replace"), True
            self.text.append(text)
            yield text
        self.ended = True

    def begin(self) -> None:
        """Begin the next row."""
        self.row, self.damaged = (self.offset, self.line), False
        self.text.clear()


def _refuse_open_quote(lines: _Lines, source: str, delimiter: str) -> None:
    """Raise when the last row ends inside quotes."""
    try:
        list(csv.reader(lines.text, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise InputError(
                f"{source}: a quote in the row on line {lines.row[1]} is never closed",
                hint="close it, and write a quote inside quotes twice",
            ) from error
