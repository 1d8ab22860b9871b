"""Parquet; a record's line is its row number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataqa.errors import InputError
from dataqa.reading.interface import NO_OFFSET, Chunk, Part, Wanted
from dataqa.reading.rows import Rows, merge

BATCH_ROWS = 8192
"""Rows that are Python objects at one time."""
_PLAIN = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_null)
_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)


def chunks(path: Path, source: str, wanted: Wanted) -> Iterator[Chunk]:
    """Cut a file into its row groups.

    Raises:
        InputError: the file is no Parquet file, or damaged.
    """
    try:
        with pq.ParquetFile(path) as file:
            groups = file.metadata.num_row_groups
    except (pa.ArrowException, OSError) as error:
        raise _damaged(source, error) from error
    for group in range(max(groups, 1)):
        yield Chunk(path, source, group, min(group + 1, groups), wanted)


def parse(chunk: Chunk) -> Part:
    """Read one row group.

    Raises:
        InputError: the row group is damaged.
    """
    groups = list(range(chunk.start, chunk.stop))
    parts = [Rows(chunk.source, chunk.wanted).part(0)]
    try:
        with pq.ParquetFile(chunk.path) as file:
            batches = file.iter_batches(BATCH_ROWS, row_groups=groups)
            parts.extend(_part(batch, chunk) for batch in batches)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(chunk.source, error) from error
    return merge(parts, renumber=True)


def _part(batch: pa.RecordBatch, chunk: Chunk) -> Part:
    rows = Rows(chunk.source, chunk.wanted)
    exotic = not all(_is_json(kind) for kind in batch.schema.types)
    for number, record in enumerate(batch.to_pylist(), start=1):
        rows.add(number, NO_OFFSET, _plain(record) if exotic else record)
    return rows.part(len(batch))


def _is_json(kind: Any) -> bool:
    """Tell whether all values of an Arrow type are values of JSON."""
    if any(test(kind) for test in (*_PLAIN, *_TEXT)):
        return True
    if pa.types.is_struct(kind):
        return all(_is_json(field.type) for field in kind)
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind)) and _is_json(
        kind.value_type
    )


def _plain(value: Any) -> Any:
    """Write dates, decimals and bytes as texts, in nested values, too."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _damaged(source: str, error: Exception) -> InputError:
    reason = " ".join(str(error).split())
    return InputError(
        f"{source}: is no readable Parquet file ({reason[:200]})",
        hint="write or fetch the file again, or correct its name",
    )
