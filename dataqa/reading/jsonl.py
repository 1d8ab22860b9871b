"""JSON Lines: one JSON object a line, lines end with LF bytes only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dataqa.reading.interface import Chunk, Part, Wanted, mark_bytes
from dataqa.reading.rows import Rows, long_part

CHUNK_BYTES = 8 * 2**20
"""Size of a chunk; fixed, so that the cutting never depends on the engine."""
BLOCK_BYTES = 2**20


def chunks(path: Path, source: str, wanted: Wanted, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Cut a file at line ends into chunks of about ``size`` bytes."""
    with path.open("rb") as file:
        start = mark_bytes(file)
        end = file.seek(0, 2)
        if start == end:  # nothing but a byte order mark
            yield Chunk(path, source, start, end, wanted)
        while start < end:
            middle = file.seek(min(start + size, end))
            begun = file.readline(wanted.line_bytes + 1)
            if len(begun) <= wanted.line_bytes:
                yield Chunk(path, source, start, file.tell(), wanted)
            else:
                line = _line_start(file, start, middle)
                if line > start:
                    yield Chunk(path, source, start, line, wanted)
                file.seek(middle)
                _skip_line(file)
                yield Chunk(path, source, line, file.tell(), wanted, too_long=True)
            start = file.tell()


def _line_start(file: BinaryIO, start: int, middle: int) -> int:
    """Return where the line begins that goes on at ``middle``."""
    file.seek(start)
    return start + file.read(middle - start).rfind(b"\n") + 1


def _skip_line(file: BinaryIO) -> None:
    while (block := file.readline(BLOCK_BYTES)) and not block.endswith(b"\n"):
        pass


def parse(chunk: Chunk) -> Part:
    """Read the lines of one chunk; a line that is no object becomes a fault."""
    if chunk.too_long:
        return long_part(chunk)
    with chunk.path.open("rb") as file:
        file.seek(chunk.start)
        content = file.read(chunk.stop - chunk.start)
    rows = Rows(chunk.source, chunk.wanted)
    offset, limit = chunk.start, chunk.wanted.line_bytes
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        if len(line) > limit:
            rows.refuse_long(number, offset, len(line))
        elif line and not line.isspace():
            rows.add_json(number, offset, line)
        else:
            rows.fault(number, offset, "blank_line", "holds nothing; remove the line")
        offset += len(line) + 1
    return rows.part(len(lines))
