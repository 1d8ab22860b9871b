"""Which lines have values of another type than the loader expects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import pyarrow as pa

from dataqa.loading.remarks import Line, Path, Remark, shown

LATE = "appears only after the first 10 MiB of the file"
NAMES = {
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
}


DEEPEST = 63
"""Nested types in one column that Arrow hands from one program to another."""


class Misfit(NamedTuple):
    """A field of a later batch that does not fit the first one."""

    path: Path
    reason: str
    wanted: pa.DataType | None = None
    """The type that its values would need to become; ``None`` where there must be none."""


def values_at(value: Any, path: Path) -> Iterator[Any]:
    """Yield what stands at a path of a record, without nulls."""
    if value is None:
        return
    if not path:
        yield value
    elif path[0] == 0 and isinstance(value, list):
        for item in value:
            yield from values_at(item, path[1:])
    elif isinstance(value, dict):
        yield from values_at(value.get(str(path[0])), path[1:])


def decoded(lines: Sequence[Line]) -> Iterator[tuple[Line, Any]]:
    """Yield lines with their value, where it is one."""
    for line in lines:
        with suppress(ValueError):
            yield line, json.loads(line.text)


def find_mixed(lines: Sequence[Line], path: Path) -> Iterator[Remark]:
    """Yield the lines whose value at the path is of another type than in most lines."""
    kinds = {
        line.number: {NAMES[type(inner)] for inner in values_at(value, path)}
        for line, value in decoded(lines)
    }
    counts = Counter(kind for found in kinds.values() for kind in found)
    most = max(sorted(counts), key=counts.__getitem__) if counts else ""
    for number, found in kinds.items():
        other = sorted(found - {most})
        if other:
            yield Remark(
                number,
                "mixed_types",
                f"field {shown(path)!r} is {' and '.join(other)} here and {most} in most records: "
                "datasets before version 5 refuses the whole file, version 5 keeps the field as "
                "JSON; write one type",
                shown(path),
            )


def uneven_objects(records: list[Any]) -> list[Path]:
    """Return the paths at which objects of different keys stand; the loader keeps them as JSON.

    Source: ``find_mixed_struct_types_field_paths`` of ``datasets``.
    """
    found: list[Path] = []
    waiting: list[tuple[Path, list[Any]]] = [([], [item for item in records if item is not None])]
    while waiting:
        path, values = waiting.pop(0)
        if not values:
            continue
        if all(isinstance(value, dict) for value in values):
            keys = set(values[0])
            if path and (not keys or any(set(value) != keys for value in values)):
                found.append(path)
                continue
            for name in {name: None for value in values for name in value}:
                inner = [value[name] for value in values if value.get(name) is not None]
                waiting.append(([*path, name], inner))
        elif all(isinstance(value, list) for value in values):
            items = [item for value in values for item in value if item is not None]
            waiting.append(([*path, 0], items))
        elif path and any(isinstance(value, dict | list) for value in values):
            found.append(path)
    return found


def find_unusable(lines: Sequence[Line], table: pa.Table) -> Iterator[Remark]:
    """Yield lines that are read and cannot be handed on."""
    for field in table.schema:
        if _depth(field.type) > DEEPEST:
            reason = f"is nested more than {DEEPEST} levels deep; flatten it"
            yield from _blamed(lines, [field.name], reason)
    if not table.num_columns:
        yield Remark(lines[0].number, "refused", "no record of the file has a field")


def _depth(kind: pa.DataType) -> int:
    inner = [kind.field(at).type for at in range(kind.num_fields)]
    return 1 + max(map(_depth, inner), default=0)


def find_misfits(lines: Sequence[Line], table: pa.Table, schema: pa.Schema) -> Iterator[Remark]:
    """Yield lines of a later batch that do not fit the columns of the first one."""
    for name in table.column_names:
        path: Path = [name]
        if name not in schema.names:
            yield from _blamed(lines, path, LATE)
            continue
        column = pa.concat_arrays(table.column(name).chunks)
        for where, reason, kind in _differences(column, schema.field(name).type, path):
            yield from _blamed(lines, where, reason, kind)


def _differences(values: Any, wanted: pa.DataType, path: Path) -> Iterator[Misfit]:
    """Yield where values of a nested type cannot become another type."""
    kind = values.type
    if kind == wanted or pa.types.is_null(kind):
        return
    if pa.types.is_null(wanted):
        yield Misfit(path, "is null in all of the first 10 MiB of the file, and has a value here")
    elif pa.types.is_struct(kind) and pa.types.is_struct(wanted):
        known = {wanted.field(at).name: wanted.field(at).type for at in range(wanted.num_fields)}
        for name, inner in zip((field.name for field in kind), values.flatten(), strict=True):
            below = [*path, name]
            if name in known:
                yield from _differences(inner, known[name], below)
            else:
                yield Misfit(below, LATE)
    elif pa.types.is_list(kind) and pa.types.is_list(wanted):
        yield from _differences(values.flatten(), wanted.value_type, [*path, 0])
    elif not _casts(values, wanted):
        reason = f"is {wanted} in the first 10 MiB of the file and does not become it here"
        yield Misfit(path, reason, wanted)


def _casts(values: Any, wanted: pa.DataType) -> bool:
    try:
        values.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _fits(values: list[Any], wanted: pa.DataType | None) -> bool:
    """Tell whether values of one line become a type; no type means that there may be none."""
    if wanted is None:
        return not values
    try:
        return _casts(pa.array(values), wanted)
    except (pa.ArrowException, TypeError):
        return False


def _blamed(
    lines: Sequence[Line], path: Path, reason: str, wanted: pa.DataType | None = None
) -> Iterator[Remark]:
    for line, value in decoded(lines):
        if not _fits(list(values_at(value, path)), wanted):
            yield Remark(
                line.number,
                "refused",
                f"the loader refuses the whole file: field {shown(path)!r} {reason}; give every "
                "record the same fields and types",
                shown(path),
            )
