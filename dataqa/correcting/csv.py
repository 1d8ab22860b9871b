"""Comma- and tab-separated values: only the bytes of the changed cell change."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from dataqa.correcting.interface import Change, Edit, Outcome
from dataqa.correcting.objects import differs
from dataqa.correcting.packing import unpacked
from dataqa.correcting.spans import Span, with_value


def cells(text: bytes, start: int, delimiter: bytes) -> tuple[list[Span], int]:
    """Return the spans of the cells in the row that begins at ``start``, and the row's end.

    A cell in quotes may hold delimiters, line ends and doubled quotes (RFC 4180); the end is
    behind the line end.
    """
    cell = re.compile(
        rb'(?:"[^"]*(?:""[^"]*)*"[^' + delimiter + rb"\r\n]*|[^" + delimiter + rb"\r\n]*)"
    )
    found, position = [], start
    while True:
        match = cell.match(text, position)
        stop = match.end() if match else position
        found.append(Span(position, stop))
        if text[stop : stop + 1] != delimiter:
            break
        position = stop + 1
    end = stop + (2 if text[stop : stop + 2] == b"\r\n" else 1)
    return found, min(end, len(text))


def plain(cell: bytes) -> str:
    """Return what a cell says."""
    text = cell.decode("utf-8", "replace")
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace('""', '"') if quoted else text


def quoted(value: str, old: bytes, delimiter: bytes) -> bytes:
    """Write a value as a cell: in quotes where the old one was, or where it has to be."""
    content = value.encode("utf-8", "surrogatepass")
    needed = any(sign in content for sign in (delimiter, b'"', b"\r", b"\n"))
    if old[:1] == b'"' or needed or content != content.strip():
        return b'"' + content.replace(b'"', b'""') + b'"'
    return content


def rewrite(source: Path, sink: BinaryIO, changes: Sequence[Change]) -> Iterator[Outcome]:
    """Copy the rows, with cells changed or rows left out; see ``interface.Format``."""
    delimiter = b"\t" if ".tsv" in [suffix.lower() for suffix in source.suffixes] else b","
    with unpacked(source) as stream:
        text = stream.read()
    header, _ = cells(text, len(BOM_UTF8) if text.startswith(BOM_UTF8) else 0, delimiter)
    names = [plain(text[span.start : span.stop]) for span in header]
    position = 0
    for change in changes:
        row, end = cells(text, change.offset, delimiter)
        sink.write(text[position : change.offset])
        position = end
        outcome, written = _changed(change, text, Row(names, row, end, delimiter))
        sink.write(written)
        yield outcome
    sink.write(text[position:])


@dataclass(frozen=True)
class Row:
    """One row: names of the columns, spans of the cells, its end and what parts the cells."""

    names: Sequence[str]
    cells: Sequence[Span]
    end: int
    delimiter: bytes


def _changed(change: Change, text: bytes, row: Row) -> tuple[Outcome, bytes]:
    old = text[change.offset : row.end]
    before = old.decode("utf-8", "replace").rstrip("\r\n")
    if change.reasons:
        says = [plain(text[span.start : span.stop]) for span in row.cells]
        record = orjson.dumps(dict(zip(row.names, says, strict=False)))
        return Outcome(change, before, record=record), b""
    new = old
    try:
        for edit in sorted(change.edits, key=lambda edit: -_span(row, edit).start):
            span = _span(row, edit)
            cell = _cell(text[span.start : span.stop], edit, row.delimiter)
            at = Span(span.start - change.offset, span.stop - change.offset)
            new = with_value(new, at, cell)
    except ValueError as error:
        return Outcome(change, before, problem=str(error)), b""
    return Outcome(change, before, after=new.decode("utf-8", "replace").rstrip("\r\n")), new


def _span(row: Row, edit: Edit) -> Span:
    if edit.field not in row.names[: len(row.cells)]:
        raise ValueError(f"has no field {edit.field!r}")
    return row.cells[row.names.index(edit.field)]


def _cell(old: bytes, edit: Edit, delimiter: bytes) -> bytes:
    found = plain(old)
    if edit.before != found and not (edit.before is None and not found):
        raise ValueError(differs(edit, found))
    after = "" if edit.after is None else edit.after
    return quoted(after if isinstance(after, str) else json.dumps(after), old, delimiter)
