"""Parquet: schema, row groups and all other values stay; the file itself is encoded again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dataqa.correcting.interface import Change, Edit, Outcome, same_value
from dataqa.correcting.objects import differs, literal
from dataqa.correcting.spans import Step, steps

VERSIONS = {"1.0": "1.0", "2.4": "2.4", "2.6": "2.6"}


def rewrite(source: Path, sink: BinaryIO, changes: Sequence[Change]) -> Iterator[Outcome]:
    """Copy the row groups, with values changed or rows left out; see ``interface.Format``.

    A row's line is its number in the file, from 1.
    """
    with (
        pq.ParquetFile(source) as file,
        pq.ParquetWriter(sink, file.schema_arrow, **_options(file.metadata)) as writer,
    ):
        waiting, first = list(changes), 1
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            own = [change for change in waiting if change.line < first + len(table)]
            waiting = waiting[len(own) :]
            for change in own:
                outcome, table = _changed(change, table, change.line - first)
                yield outcome
            first += len(table)
            gone = {change.line - first + len(table) for change in own if change.reasons}
            kept = pa.array([row not in gone for row in range(len(table))]) if gone else None
            table = table if kept is None else table.filter(kept)
            writer.write_table(table, row_group_size=max(1, len(table)))


def _options(metadata: Any) -> dict[str, Any]:
    """Return how the file is compressed and versioned, column by column."""
    codecs = {}
    if metadata.num_row_groups:
        group = metadata.row_group(0)
        columns = [group.column(number) for number in range(group.num_columns)]
        codecs = {column.path_in_schema: column.compression for column in columns}
    options: dict[str, Any] = {"compression": codecs or "snappy"}
    if metadata.format_version in VERSIONS:
        options["version"] = VERSIONS[metadata.format_version]
    return options


def _changed(change: Change, table: Any, row: int) -> tuple[Outcome, Any]:
    values = table.slice(row, 1).to_pylist()[0]
    before = _shown(values)
    if change.reasons:
        return Outcome(change, before, record=before.encode("utf-8", "replace")), table
    try:
        for edit in change.edits:
            path = steps(edit.field, frozenset(values))
            values = _with(values, path, edit)
            table = _replaced(table, str(path[0]), row, values[path[0]])
    except (ValueError, pa.ArrowException) as error:
        return Outcome(change, before, problem=str(error)), table
    return Outcome(change, before, after=_shown(values)), table


def _with(value: Any, path: tuple[Step, ...], edit: Edit) -> Any:
    """Return a nested value with another one at ``path``.

    Raises:
        ValueError: nothing is there, or something else than the reviewer saw.
    """
    if not path:
        text = value if isinstance(value, str) else _shown(value)
        if not same_value(edit.before, value, text):
            raise ValueError(differs(edit, text))
        return json.loads(literal(value, edit, b""))
    step: Any = int(path[0]) if isinstance(value, list) and str(path[0]).isdigit() else path[0]
    try:
        inner = value[step]
    except (KeyError, IndexError, TypeError):
        raise ValueError(f"has no field {edit.field!r}") from None
    changed = value.copy()
    changed[step] = _with(inner, path[1:], edit)
    return changed


def _replaced(table: Any, name: str, row: int, value: Any) -> Any:
    """Return the table with one value of one column replaced, all others untouched."""
    number = table.schema.get_field_index(name)
    column, kind = table.column(number), table.schema.field(number)
    parts = [*column.slice(0, row).chunks, pa.array([value], kind.type)]
    chunks = [*parts, *column.slice(row + 1).chunks]
    return table.set_column(number, kind, pa.chunked_array(chunks, kind.type))


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, sort_keys=isinstance(value, list))
