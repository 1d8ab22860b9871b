"""A JSON file that holds an array of records; a record's line is its number in the array."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dataqa.errors import InputError
from dataqa.reading.elements import Scanner
from dataqa.reading.interface import Chunk, Part, Wanted
from dataqa.reading.rows import Rows, long_part

CHUNK_BYTES = 8 * 2**20
BLOCK_BYTES = 2**20
_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*([\[{])")
_HINT = "give an array of records, or an object in which exactly one field is such an array"


def chunks(path: Path, source: str, wanted: Wanted, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Cut the array between elements into chunks of about ``size`` bytes.

    Raises:
        InputError: the file holds no array, or several.
    """
    with path.open("rb") as file:
        start, level = _array(file, source)
        line = 1 + _line_ends(file, 0, start)
        for stop, too_long in _cuts(file, start, level, size, wanted.line_bytes):
            yield Chunk(path, source, start, stop, wanted, line, too_long=too_long)
            line += _line_ends(file, start, stop + 1)
            start = stop + 1


def parse(chunk: Chunk) -> Part:
    """Read the elements of one chunk; one that is no object becomes a fault."""
    if chunk.too_long:
        return long_part(chunk)
    with chunk.path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(chunk.start)
        content = file.read(chunk.stop - chunk.start)
    positions, signs, depth = Scanner().scan(content)
    closing = positions[depth < 0][:1].tolist()
    inside = closing[0] if closing else len(content)
    commas = positions[(signs == ord(",")) & (depth == 0) & (positions < inside)]
    stops = [*commas.tolist(), inside]
    rows, start = Rows(chunk.source, chunk.wanted), 0
    if stops == closing and not content[: stops[0]].strip():
        return rows.part(0)  # []
    for number, stop in enumerate(stops, start=1):
        _add(rows, number, chunk.start + start, content[start:stop])
        start = stop + 1
    if chunk.stop == end and not closing:
        rows.refuse(len(stops) + 1, end, "not_json", "the array is not closed: the file is cut off")
    elif closing and content[start:].strip():
        place = chunk.start + start
        rows.refuse(len(stops) + 1, place, "not_json", "text after the end of the array; remove it")
    return rows.part(len(stops))


def _add(rows: Rows, number: int, offset: int, text: bytes) -> None:
    element = text.lstrip()
    place = offset + len(text) - len(element)
    if len(element) > rows.wanted.line_bytes:
        rows.refuse_long(number, place, len(element))
    elif element:
        rows.add_json(number, place, element)
    else:
        rows.refuse(number, place, "not_json", "nothing between two commas; remove one of them")


def _array(file: BinaryIO, source: str) -> tuple[int, int]:
    """Return the first byte inside the array of records, and the depth of its elements."""
    head = file.read(BLOCK_BYTES)
    found = _START.match(head)
    if found is None:
        raise InputError(f"{source}: begins with neither [ nor {{", hint=_HINT)
    if found[1] == b"[":
        return found.end(), 1
    arrays = [place for place, full in _members(file, found.start(1)) if full]
    if len(arrays) != 1:
        raise InputError(
            f"{source}: is an object with {len(arrays) or 'no'} arrays of objects", hint=_HINT
        )
    return arrays[0], 2


def _members(file: BinaryIO, start: int) -> Iterator[tuple[int, bool]]:
    """Yield where each array in the outermost object begins, and whether with an object."""
    scanner, opened = Scanner(), None
    for place, block in _blocks(file, start):
        positions, signs, depth = scanner.scan(block)
        if opened is not None and len(signs):
            yield opened, signs[0] == ord("{")
            opened = None
        begins = np.flatnonzero((signs == ord("[")) & (depth == 2))
        for at in begins.tolist():
            if at + 1 < len(signs):
                yield place + int(positions[at]) + 1, signs[at + 1] == ord("{")
            else:
                opened = place + int(positions[at]) + 1
        if (depth <= 0).any():
            return


def _cuts(
    file: BinaryIO, start: int, level: int, size: int, limit: int
) -> Iterator[tuple[int, bool]]:
    """Yield where chunks end, and whether they are one element that is too long.

    A chunk ends before a comma; the last one behind the array and the next sign that is no space,
    or at the end of the file.
    """
    before = start - 1
    for stop, last in _stops(file, start, level):
        if stop - before > limit + 1:
            if before >= start:
                yield before, False
            yield stop, True
            start = stop + 1
        elif last or stop - start >= size:
            yield stop, False
            start = stop + 1
        before = stop


def _stops(file: BinaryIO, start: int, level: int) -> Iterator[tuple[int, bool]]:
    """Yield where each element ends, and whether it is the last one."""
    scanner = Scanner(depth=level)
    for place, block in _blocks(file, start):
        positions, signs, depth = scanner.scan(block)
        closing = positions[depth < level]
        end = closing[0] if len(closing) else len(block)
        commas = positions[(signs == ord(",")) & (depth == level) & (positions < end)]
        yield from ((place + comma, False) for comma in commas.tolist())
        if len(closing):
            yield _behind(file, place + int(end) + 1, level), True
            return
    yield file.seek(0, 2), True


def _behind(file: BinaryIO, position: int, level: int) -> int:
    """Return the end of the last chunk: one byte more where text follows the outermost array."""
    if level > 1:
        return position
    for place, block in _blocks(file, position):
        if rest := block.lstrip():
            return place + len(block) - len(rest) + 1
    return position


def _blocks(file: BinaryIO, start: int) -> Iterator[tuple[int, bytes]]:
    file.seek(start)
    while block := file.read(BLOCK_BYTES):
        yield start, block
        start += len(block)
        file.seek(start)


def _line_ends(file: BinaryIO, start: int, stop: int) -> int:
    count = 0
    for place, block in _blocks(file, start):
        if place >= stop:
            break
        count += block[: stop - place].count(b"\n")
    return count
