"""Read a file batch by batch as the loader does, and ask for each trouble which lines cause it.

This follows ``datasets`` 5 (``packaged_modules/json/json.py``): batches of 10 MiB are read with
pyarrow's JSON reader; the first one decides names and types of all columns; fields whose values
are of several types are kept as JSON texts.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from dataqa.loading.changes import find_changes
from dataqa.loading.reader import BATCH_BYTES, ERRORS, MixedTypesError, dumps, loads, read
from dataqa.loading.remarks import Line, Path, Remark, Verdict, shown
from dataqa.loading.types import find_misfits, find_mixed, find_unusable, uneven_objects

UNEVEN = (
    "objects in {!r} have different keys: datasets 5 keeps them as JSON, earlier versions give "
    "each of them all keys, null where it has none"
)


def judge(file: BinaryIO) -> Verdict:
    """Read a JSON Lines file as the loader would."""
    verdict, number = Verdict(), 1
    while batch := file.read(BATCH_BYTES):
        batch += file.readline()
        rows = batch.removesuffix(b"\n").split(b"\n")
        if number == 1:
            rows[0] = rows[0].removeprefix(BOM_UTF8)
        numbered = list(enumerate(rows, number))
        blank = [at for at, row in numbered if not row or row.isspace()]
        gone = set(blank)
        _judge_batch(verdict, [Line(*row) for row in numbered if row[0] not in gone], blank)
        number += len(rows)
    if verdict.schema is None and not verdict.refused:
        verdict.remarks.append(Remark(1, "refused", "no line of the file is a record"))
    return verdict


def judge_array(text: bytes) -> Verdict:
    """Read a JSON array as the loader would: as a whole, each element as one line."""
    verdict = Verdict()
    try:
        items = loads(text)
    except ValueError:
        reason = "the loader refuses the whole file: the array is no valid JSON"
        verdict.remarks.append(Remark(0, "refused", reason))
        return verdict
    if b"{" not in text[:100].partition(b'"')[0]:  # texts
        items = [{"text": item} for item in items]
    lines = [Line(at, dumps(item)) for at, item in enumerate(items, 1)]
    _judge_batch(verdict, lines, [])
    return verdict


def _judge_batch(verdict: Verdict, lines: list[Line], blank: Sequence[int]) -> None:
    odd = list(_odd_lines(lines))
    if odd:
        verdict.remarks += odd
        gone = {remark.line for remark in odd}
        lines = [line for line in lines if line.number not in gone]
    if not lines:
        return
    first = verdict.schema is None
    if first and not blank:
        _note_uneven_objects(verdict, lines)
    table = _table(verdict, lines)
    if table is None:
        refused = list(_unreadable(verdict, lines))
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


def _odd_lines(lines: Sequence[Line]) -> Iterator[Remark]:
    """Yield the lines that the reader takes, but that do not reach anybody as they are.

    A block of nothing but nulls, whatever follows them, ends the process in pyarrow 26.
    """
    for line in lines:
        bare = line.text.strip()
        if bare.startswith(b"null") and bare != b"null":
            yield Remark(line.number, "refused", "the loader refuses the whole file: no JSON")
        elif bare == b"null":
            yield Remark(line.number, "changed", "becomes a record of nulls; remove the line")
        elif not line.text.isascii() and not _is_utf8(line.text):
            reason = "loads, but reading the record fails: bytes that are not UTF-8"
            yield Remark(line.number, "refused", reason)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _note_uneven_objects(verdict: Verdict, lines: Sequence[Line]) -> None:
    try:
        found = uneven_objects([loads(line.text) for line in lines])
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
    later = verdict.schema is not None
    texts = [line.text for line in lines]
    while True:
        try:
            return read(texts, verdict.as_json, later=later)
        except MixedTypesError as error:
            path = error.path
            if any(path[: len(known)] == known for known in verdict.as_json):
                return None
        except ERRORS:
            return None
        verdict.as_json.append(path)
        verdict.remarks += find_mixed(lines, path)
        if later:
            verdict.remarks.append(_quoted(lines, path))


def _unreadable(verdict: Verdict, lines: Sequence[Line]) -> Iterator[Remark]:
    """Yield the lines that make the loader refuse all of them."""
    for line in lines:
        try:
            read([line.text], verdict.as_json, later=verdict.schema is not None)
        except MixedTypesError:
            continue
        except ERRORS as error:
            reason = str(error).removesuffix(" in row 0").removeprefix("JSON parse error: ")
            yield Remark(line.number, "refused", f"the loader refuses the whole file: {reason}")


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
