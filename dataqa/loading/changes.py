"""What the loader changes without a word in lines that it takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pyarrow as pa

from dataqa.loading.remarks import Line, Path, Remark, shown
from dataqa.loading.types import decoded, values_at

_TIME = (pa.types.is_timestamp, pa.types.is_date, pa.types.is_time)


def find_changes(lines: Sequence[Line], table: pa.Table, *, first: bool) -> Iterator[Remark]:
    """Yield lines whose values are other ones after loading."""
    if table.num_rows != len(lines):
        yield from _of_other_count(lines)
    if first:
        for field in table.schema:
            yield from _of_other_type(lines, field.type, [field.name])


def _of_other_count(lines: Sequence[Line]) -> Iterator[Remark]:
    """Yield lines that become several records."""
    decoder = json.JSONDecoder()
    for line in lines:
        text, at, count = line.text.decode("utf-8", "replace").strip(), 0, 0
        try:
            while at < len(text):
                _, at = decoder.raw_decode(text, at)
                at += len(text[at:]) - len(text[at:].lstrip())
                count += 1
        except ValueError:
            continue
        if count > 1:
            yield Remark(
                line.number, "changed", f"becomes {count} records; write each on a line of its own"
            )


def _of_other_type(lines: Sequence[Line], kind: pa.DataType, path: Path) -> Iterator[Remark]:
    """Yield the fields whose values are loaded as another type."""
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _of_other_type(lines, field.type, [*path, field.name])
    elif pa.types.is_list(kind):
        yield from _of_other_type(lines, kind.value_type, [*path, 0])
    elif any(test(kind) for test in _TIME):
        yield from _whole(lines, path, str, f"all texts look like dates and become {kind}")
    elif pa.types.is_floating(kind):
        yield from _whole(
            lines, path, int, "whole numbers become floating-point ones (1 becomes 1.0)"
        )


def _whole(lines: Sequence[Line], path: Path, kind: type, reason: str) -> Iterator[Remark]:
    """Yield a remark about a field, where any line has a value of that kind in it."""
    for _, record in decoded(lines):
        if any(type(value) is kind for value in values_at(record, path)):
            where = shown(path)
            yield Remark(0, "changed", f"field {where!r}: {reason}", where)
            return
