"""JSON Lines: a changed line keeps every byte but those of its field's value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from dataqa.correcting import objects
from dataqa.correcting.interface import Change, Outcome
from dataqa.correcting.packing import unpacked

BLOCK_BYTES = 2**20


def rewrite(source: Path, sink: BinaryIO, changes: Sequence[Change]) -> Iterator[Outcome]:
    """Copy the lines, change some, leave some out; see ``interface.Format``."""
    with unpacked(source) as stream:
        position = 0
        for change in changes:
            _copy(stream, sink, change.offset - position)
            line = stream.readline()
            position = change.offset + len(line)
            outcome, written = changed(change, line)
            sink.write(written)
            yield outcome
        _copy(stream, sink, None)


def changed(change: Change, line: bytes) -> tuple[Outcome, bytes]:
    """Return what becomes of a line, and its new bytes."""
    before = line.decode("utf-8", "replace").rstrip("\r\n")
    if change.reasons:
        return Outcome(change, before, record=line), b""
    try:
        new = objects.edited(line, change.edits)
    except ValueError as error:
        return Outcome(change, before, problem=str(error)), b""
    return Outcome(change, before, after=new.decode("utf-8").rstrip("\r\n")), new


def _copy(stream: BinaryIO, sink: BinaryIO, count: int | None) -> None:
    """Copy ``count`` bytes, or all that are left."""
    while count is None or count > 0:
        block = stream.read(BLOCK_BYTES if count is None else min(count, BLOCK_BYTES))
        if not block:
            return
        sink.write(block)
        count = None if count is None else count - len(block)
