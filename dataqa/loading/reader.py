"""Read lines as the loader does, with the two parsers that it uses: pyarrow's and pandas'."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.json as paj
from pandas.io.json import ujson_dumps, ujson_loads  # type: ignore[attr-defined]

from dataqa.loading.remarks import Path

BATCH_BYTES = 10 * 2**20
"""What the loader reads at once, without the rest of the last line."""
BLOCK_BYTES = BATCH_BYTES // 32
ERRORS = (ValueError, TypeError, AttributeError, LookupError, OverflowError, pa.ArrowException)
"""What parsers and loader raise on what they do not expect; all of it refuses the file."""
_CHANGED = ") changed from"


class MixedTypesError(ValueError):
    """A field has values of several types."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


def loads(text: bytes) -> Any:
    """Read one JSON value with pandas' parser.

    Raises:
        ValueError: it is none, or holds a number beyond 64 bits.
    """
    return ujson_loads(text)


def dumps(value: object) -> bytes:
    """Write one JSON value with pandas' parser."""
    text: str = ujson_dumps(value)
    return text.encode("utf-8", "replace")


def read(texts: Sequence[bytes], as_json: Sequence[Path], *, later: bool) -> pa.Table:
    """Read lines as one table; the fields ``as_json`` as JSON texts.

    From the second batch on (``later``), and where pyarrow's table is inconsistent, lines that
    pyarrow does not read are tried one by one with pandas' parser.

    Raises:
        MixedTypesError: a field that is not among ``as_json`` has values of several types.
        ERRORS: the loader refuses the lines.
    """
    if as_json:
        texts = [_encoded_line(text, as_json) for text in texts]
    table = None
    try:
        table = _read(b"\n".join(texts))
        table.validate()
    except pa.ArrowInvalid as error:
        if path := _mixed_path(str(error)):
            raise MixedTypesError(path) from None
        if table is None and not later:
            raise
        table = _one_by_one(texts)
    return table


def _read(text: bytes) -> pa.Table:
    """Read JSON Lines; a record that is larger than a block is read with larger blocks."""
    size = BLOCK_BYTES
    while True:
        try:
            options = paj.ReadOptions(block_size=size)
            return paj.read_json(io.BytesIO(text), read_options=options)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            larger = "straddling" in str(error) or "JSON conversion to" in str(error)
            if not larger or size >= len(text):
                raise
            size *= 2


def _one_by_one(texts: Sequence[bytes]) -> pa.Table:
    tables = [pa.Table.from_pylist([loads(text)]) for text in texts]
    table = pa.concat_tables(tables, promote_options="default")
    table.validate()
    return table


def _mixed_path(said: str) -> Path:
    """Return the field whose type changes, as an error of the reader says; else nothing."""
    if "JSON parse error: Column(/" not in said or _CHANGED not in said:
        return []
    column = said.split("Column(/", 1)[1].rsplit(_CHANGED, 1)[0]
    return [0 if step == "[]" else step for step in column.split("/")]


def _encoded_line(text: bytes, paths: Sequence[Path]) -> bytes:
    """Return a line with the values at the paths written as JSON texts."""
    value = loads(text)
    for path in paths:
        value = _encoded(value, path)
    return dumps(value)


def _encoded(value: Any, path: Path) -> Any:
    if value is None:
        return None
    if not path:
        return value if isinstance(value, str) and _is_json(value) else ujson_dumps(value)
    if path[0] == 0:
        return [_encoded(item, path[1:]) for item in value]
    return {**value, path[0]: _encoded(value.get(path[0]), path[1:])}


def _is_json(text: str) -> bool:
    try:
        ujson_loads(text)
    except ValueError:
        return False
    return True
