"""Records and faults of one chunk, collected into columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from dataqa.dataset import FAULT_DTYPES, FRAME_DTYPES
from dataqa.formats import UNKNOWN, Canonical, Record, canonical
from dataqa.formats.content import optional_text
from dataqa.reading import strict
from dataqa.reading.interface import SEEN_LIMIT, Chunk, Part, Wanted


class Rows:
    """Takes records and faults in the order of a file."""

    def __init__(self, source: str, wanted: Wanted) -> None:
        """Start empty."""
        self.source = source
        self.wanted = wanted
        self.unreadable = 0
        self._rows: list[tuple[Any, ...]] = []
        self._faults: list[tuple[Any, ...]] = []
        self._extra: list[tuple[str | None, ...]] = []
        self._seen: dict[str, None] = {}

    def add(self, line: int, offset: int, record: Record) -> None:
        """Take one record; a record that cannot be brought to columns becomes a fault."""
        try:
            row = canonical(record, self.wanted.shapes)
            kept = tuple(optional_text(record.get(name)) for name in self.wanted.kept)
        except ValueError as error:
            self.refuse(line, offset, *error.args)
            return
        if row.wrong_types or row.shape == UNKNOWN:
            for code, message in _faults(row, self.wanted, record):
                self.fault(line, offset, code, message)
        if len(self._seen) < SEEN_LIMIT:
            self._seen.update(dict.fromkeys(record))
        self._rows.append((self.source, line, offset, *row[:-1]))
        self._extra.append(kept)

    def add_json(self, line: int, offset: int, text: bytes) -> None:
        """Take one record as JSON text; anything else becomes a fault."""
        try:
            record, doubts = strict.record(text)
        except ValueError as error:
            self.refuse(line, offset, *error.args)
            return
        for doubt in doubts:
            self.fault(line, offset, *doubt)
        self.add(line, offset, record)

    def fault(self, line: int, offset: int, code: str, message: str) -> None:
        """Take a fault of a record that is read all the same."""
        self._faults.append((self.source, line, offset, code, message))

    def refuse(self, line: int, offset: int, code: str, message: str) -> None:
        """Take a line that holds something, but no record."""
        self.unreadable += 1
        self.fault(line, offset, code, message)

    def refuse_long(self, line: int, offset: int, length: int) -> None:
        """Take a record that is too long to be read."""
        self.refuse(
            line,
            offset,
            "line_too_long",
            f"is {length:,} bytes long, more than the {self.wanted.line_bytes:,} that are read; "
            "look for a missing line end, or raise line_megabytes",
        )

    def part(self, lines: int) -> Part:
        """Return all of it as columns; ``lines`` is how many lines the chunk has."""
        return Part(
            frame=_frame(self._rows, FRAME_DTYPES),
            faults=_frame(self._faults, FAULT_DTYPES),
            lines=lines,
            unreadable=self.unreadable,
            fields_seen=tuple(self._seen)[:SEEN_LIMIT],
            extra=_frame(self._extra, dict.fromkeys(self.wanted.kept, "str")),
        )


def merge(parts: Iterable[Part], *, renumber: bool) -> Part:
    """Put parts together; ``renumber`` makes lines count from the start of the first part."""
    lines, placed = 0, []
    for part in parts:
        shift = lines if renumber else 0
        placed.append(
            replace(part, frame=_moved(part.frame, shift), faults=_moved(part.faults, shift))
        )
        lines += part.lines
    return Part(
        frame=pd.concat([part.frame for part in placed], ignore_index=True),
        faults=pd.concat([part.faults for part in placed], ignore_index=True),
        lines=lines,
        unreadable=sum(part.unreadable for part in placed),
        fields_seen=tuple(dict.fromkeys(name for part in placed for name in part.fields_seen)),
        extra=pd.concat([part.extra for part in placed], ignore_index=True),
    )


def _moved(frame: pd.DataFrame, lines: int) -> pd.DataFrame:
    return frame.assign(line=frame["line"] + lines) if lines else frame


def _faults(row: Canonical, wanted: Wanted, record: Record) -> Iterator[tuple[str, str]]:
    if row.shape == UNKNOWN:
        seen = ", ".join(repr(name) for name in list(record)[:20]) or "none"
        yield (
            "no_usable_fields",
            f"no field {wanted.named}; fields seen: {seen}; name yours with --text-field",
        )
    for name, kind, expected in row.wrong_types:
        advice = "write it as a string" if expected == "text" else f"write it as {expected}"
        yield (
            "wrong_type",
            f"field {name!r} is of JSON type {kind}, expected {expected}; {advice}",
        )


def _frame(rows: list[tuple[Any, ...]], dtypes: dict[str, str]) -> pd.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in dtypes)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=dtype)
            for (name, dtype), values in zip(dtypes.items(), columns, strict=True)
        },
        index=range(len(rows)),
    )


def long_part(chunk: Chunk) -> Part:
    """Return the part of a chunk that is one record, too long to be read."""
    rows = Rows(chunk.source, chunk.wanted)
    rows.refuse_long(1, chunk.start, chunk.stop - chunk.start)
    return rows.part(1)


def with_mark(part: Part, source: str) -> Part:
    """Return the part of a file that begins with a byte order mark, with a fault that tells it."""
    advice = "begins with a UTF-8 byte order mark; save the file without one"
    mark = _frame([(source, 1, 0, "byte_order_mark", advice)], FAULT_DTYPES)
    return replace(part, faults=pd.concat([part.faults, mark], ignore_index=True))
