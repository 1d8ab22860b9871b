"""JSON Lines: one JSON object a line, lines end with LF bytes only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from dataqa.dataset import FAULT_DTYPES, FRAME_DTYPES
from dataqa.errors import InputError
from dataqa.formats import UNKNOWN, Canonical, Record, canonical
from dataqa.formats.content import optional_text
from dataqa.reading.interface import SEEN_LIMIT, Chunk, Part, Wanted

CHUNK_BYTES = 8 * 2**20
"""Size of a chunk; fixed, so that the cutting never depends on the engine."""
BOM = b"\xef\xbb\xbf"
_POSITION = re.compile(r": line \d+ column \d+ \(char (\d+)\)$")
_KINDS = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def chunks(path: Path, source: str, wanted: Wanted, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Cut a file at line ends into chunks of about ``size`` bytes.

    Raises:
        InputError: the first bytes are not text.
    """
    with path.open("rb") as file:
        head = file.read(8192)
        if b"\x00" in head:
            raise InputError(
                f"{source}: is not JSON Lines (binary or UTF-16 data in the first bytes)",
                hint="give a UTF-8 text file with one JSON object per line",
            )
        start = len(BOM) if head.startswith(BOM) else 0
        end = file.seek(0, 2)
        if start == end:  # nothing but a byte order mark
            yield Chunk(path, source, start, end, wanted)
        while start < end:
            file.seek(min(start + size, end))
            file.readline()
            stop = file.tell()
            yield Chunk(path, source, start, stop, wanted)
            start = stop


def parse(chunk: Chunk) -> Part:
    """Read the lines of one chunk; a line that is no object becomes a fault."""
    with chunk.path.open("rb") as file:
        file.seek(chunk.start)
        content = file.read(chunk.stop - chunk.start)
    rows: list[tuple[Any, ...]] = []
    faults: list[tuple[Any, ...]] = []
    extra: list[tuple[str | None, ...]] = []
    seen: dict[str, None] = {}
    unreadable, offset = 0, chunk.start
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        place = (chunk.source, number, offset)
        offset += len(line) + 1
        if not line.strip():
            continue
        try:
            record = _record(line)
            row = canonical(record, chunk.wanted.shapes)
            kept = tuple(optional_text(record.get(name)) for name in chunk.wanted.kept)
        except ValueError as error:
            unreadable += 1
            faults.append((*place, error.args[0], error.args[1]))
            continue
        faults.extend((*place, *fault) for fault in _faults(row, chunk.wanted, record))
        if len(seen) < SEEN_LIMIT:
            seen |= dict.fromkeys(record)
        rows.append((*place, *row[:-1]))
        extra.append(kept)
    return Part(
        frame=_frame(rows, FRAME_DTYPES),
        faults=_frame(faults, FAULT_DTYPES),
        lines=len(lines),
        unreadable=unreadable,
        fields_seen=tuple(seen)[:SEEN_LIMIT],
        extra=_frame(extra, dict.fromkeys(chunk.wanted.kept, "str")),
    )


def _record(line: bytes) -> dict[str, Any]:
    """Parse one line, or raise ``ValueError(code, message)``."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        found = _POSITION.search(str(error))
        reason = str(error)[: found.start()] if found else str(error)
        where = f" at byte {_byte(line, int(found[1])) + 1} of the line" if found else ""
        raise ValueError(
            "not_json",
            f"not JSON{where}: {reason}; write one complete JSON object on this line",
        ) from None
    if not isinstance(value, dict):
        kind = _KINDS.get(type(value), "a number")
        raise ValueError(
            "not_object", f"{kind}, not an object; write the record as {{field: value}}"
        )
    return value


def _byte(line: bytes, characters: int) -> int:
    return len(line.decode("utf-8", "replace")[:characters].encode("utf-8"))


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
