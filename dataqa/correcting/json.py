"""A JSON file that holds an array of records: each is edited or cut out where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from dataqa.correcting.interface import Change, Outcome
from dataqa.correcting.jsonl import changed
from dataqa.correcting.packing import unpacked
from dataqa.correcting.spans import Span, after_space, before_space, value_at


def rewrite(source: Path, sink: BinaryIO, changes: Sequence[Change]) -> Iterator[Outcome]:
    """Copy the array, with records changed or left out; see ``interface.Format``."""
    with unpacked(source) as stream:
        text = stream.read()
    position = 0
    for run in _runs(text, changes):
        cut = _cut(text, run) if run[0].reasons else value_at(text, run[0].offset)
        sink.write(text[position : cut.start])
        position = cut.stop
        for change in run:
            span = value_at(text, change.offset)
            outcome, written = changed(change, text[span.start : span.stop])
            sink.write(written)
            yield outcome
    sink.write(text[position:])


def _runs(text: bytes, changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Put records that go and stand beside each other together; others stay alone."""
    run: list[Change] = []
    for change in changes:
        joins = run and run[-1].reasons and change.reasons
        if run and not (joins and _next(text, run[-1]) == change.offset):
            yield run
            run = []
        run.append(change)
    if run:
        yield run


def _cut(text: bytes, run: Sequence[Change]) -> Span:
    """Return what goes with a run of records: also the comma before it, or else after it."""
    before = before_space(text, run[0].offset) - 1
    if text[before : before + 1] == b",":
        return Span(before_space(text, before), value_at(text, run[-1].offset).stop)
    following = _next(text, run[-1])
    return Span(run[0].offset, following or value_at(text, run[-1].offset).stop)


def _next(text: bytes, change: Change) -> int | None:
    """Return where the element after a record starts, ``None`` after the last one."""
    comma = after_space(text, value_at(text, change.offset).stop)
    if text[comma : comma + 1] != b",":
        return None
    return value_at(text, comma + 1).start
