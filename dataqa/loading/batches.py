"""Read a file batch by batch as the loader does, with the reader that it is built on.

This follows ``datasets`` 5 (``packaged_modules/json/json.py``): batches of 10 MiB are read with
pyarrow's JSON reader; the first one decides names and types of all columns; fields whose values
are of several types are kept as JSON texts.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.json as paj

from dataqa.loading.changes import find_changes
from dataqa.loading.remarks import Line, Path, Remark, Verdict, shown
from dataqa.loading.types import find_misfits, find_mixed, find_unusable, uneven_objects

BATCH_BYTES = 10 * 2**20
"""What the loader reads at once, without the rest of the last line."""
BLOCK_BYTES = BATCH_BYTES // 32
BOM = b"\xef\xbb\xbf"
UNEVEN = (
    "objects in {!r} have different keys: datasets 5 keeps them as JSON, earlier versions give "
    "each of them all keys, null where it has none"
)
_CHANGED = ") changed from"
_ERRORS = (ValueError, TypeError, AttributeError, pa.ArrowException)
"""What reader and loader raise on what they do not expect; all of it refuses the file."""


def judge(file: BinaryIO) -> Verdict:
    """Read a JSON Lines file as the loader would."""
    verdict, number = Verdict(), 1
    while batch := file.read(BATCH_BYTES):
        batch += file.readline()
        rows = batch.removesuffix(b"\n").split(b"\n")
        if number == 1:
            rows[0] = rows[0].removeprefix(BOM)
        numbered = list(enumerate(rows, number))
        blank = [at for at, row in numbered if not row or row.isspace()]
        gone = set(blank)
        _judge_batch(verdict, [Line(*row) for row in numbered if row[0] not in gone], blank)
        number += len(rows)
    return verdict


def judge_array(text: bytes) -> Verdict:
    """Read a JSON array as the loader would: as a whole, each element as one line."""
    verdict = Verdict()
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        reason = "the loader refuses the whole file: the array is no valid JSON"
        verdict.remarks.append(Remark(0, "refused", reason))
        return verdict
    if b"{" not in text[:100].partition(b'"')[0]:  # texts
        items = [{"text": item} for item in items]
    lines = [Line(at, json.dumps(item).encode()) for at, item in enumerate(items, 1)]
    _judge_batch(verdict, lines, [])
    return verdict


def _judge_batch(verdict: Verdict, lines: list[Line], blank: Sequence[int]) -> None:
    if not lines:
        return
    first = verdict.schema is None
    if first and not blank:
        _note_uneven_objects(verdict, lines)
    table = _table(verdict, lines)
    if table is None:
        refused = list(_unreadable(lines, lenient=not first))
        verdict.remarks += refused or [_unexplained(lines)]
        bad = {remark.line for remark in refused}
        lines = [line for line in lines if line.number not in bad]
        table = _table(verdict, lines) if refused and lines else None
    if verdict.as_json and blank:
        verdict.remarks += [_blank_among_mixed(at) for at in blank]
    if table is None:
        return
    verdict.remarks += find_unusable(lines, table)
    if first:
        verdict.schema = table.schema
    else:
        verdict.remarks += find_misfits(lines, table, verdict.schema)
    verdict.remarks += find_changes(lines, table, first=first)


def _note_uneven_objects(verdict: Verdict, lines: Sequence[Line]) -> None:
    try:
        found = uneven_objects([json.loads(line.text) for line in lines])
    except ValueError:
        return
    verdict.as_json += found
    for path in found:
        other = list(find_mixed(lines, path))
        verdict.remarks += other
        if not other:
            verdict.notes.append(UNEVEN.format(shown(path)))


def _table(verdict: Verdict, lines: Sequence[Line]) -> pa.Table | None:
    """Read lines; ``None`` where the loader refuses them. Fields of mixed types are noted."""
    while True:
        try:
            return _read(b"\n".join(_encoded_line(line.text, verdict.as_json) for line in lines))
        except _ERRORS as error:
            path = _mixed_path(str(error))
            known = any(path[: len(other)] == other for other in verdict.as_json)
            if not path or known:
                return None
        verdict.as_json.append(path)
        verdict.remarks += find_mixed(lines, path)
        if verdict.schema is not None:
            verdict.remarks.append(_quoted(lines, path))


def _read(text: bytes) -> pa.Table:
    """Read JSON Lines; a record that is larger than a block is read with larger blocks."""
    size = BLOCK_BYTES
    while True:
        try:
            table = paj.read_json(io.BytesIO(text), read_options=paj.ReadOptions(block_size=size))
            table.validate()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            larger = "straddling" in str(error) or "JSON conversion to" in str(error)
            if not larger or size >= len(text):
                raise
            size *= 2
        else:
            return table


def _mixed_path(said: str) -> Path:
    """Return the field whose type changes, as an error of the reader says; else nothing."""
    if "JSON parse error: Column(/" not in said or _CHANGED not in said:
        return []
    column = said.split("Column(/", 1)[1].rsplit(_CHANGED, 1)[0]
    return [0 if step == "[]" else step for step in column.split("/")]


def _encoded_line(text: bytes, paths: Sequence[Path]) -> bytes:
    """Return a line with the values at the paths written as JSON texts."""
    if not paths:
        return text
    value = json.loads(text)
    for path in paths:
        value = _encoded(value, path)
    return json.dumps(value).encode()


def _encoded(value: Any, path: Path) -> Any:
    if value is None:
        return None
    if not path:
        return value if isinstance(value, str) and _parses(value.encode()) else json.dumps(value)
    if path[0] == 0:
        return [_encoded(item, path[1:]) for item in value]
    return {**value, path[0]: _encoded(value.get(path[0]), path[1:])}


def _unreadable(lines: Sequence[Line], *, lenient: bool) -> Iterator[Remark]:
    """Yield the lines that make the reader refuse all of them.

    From the second batch on the loader tries the standard library on lines that pyarrow does not
    read (``lenient``).
    """
    for line in lines:
        try:
            _read(line.text)
        except _ERRORS as error:
            said = str(error).removesuffix(" in row 0")
            if _mixed_path(said) or (lenient and _parses(line.text)):
                continue
            reason = said.removeprefix("JSON parse error: ")
            yield Remark(line.number, "refused", f"the loader refuses the whole file: {reason}")


def _parses(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _blank_among_mixed(line: int) -> Remark:
    return Remark(
        line,
        "refused",
        "the loader refuses the whole file: a blank line in a file that has fields of mixed types; "
        "remove it",
    )


def _quoted(lines: Sequence[Line], path: Path) -> Remark:
    first, last = lines[0].number, lines[-1].number
    return Remark(
        first,
        "changed",
        f"field {shown(path)!r} gets several types only after the first 10 MiB of the file: the "
        f"loader writes it as JSON in lines {first} to {last}, and texts get quotes around them",
        shown(path),
    )


def _unexplained(lines: Sequence[Line]) -> Remark:
    first, last = lines[0].number, lines[-1].number
    return Remark(
        first, "refused", f"the loader refuses the whole file for lines {first} to {last} together"
    )
