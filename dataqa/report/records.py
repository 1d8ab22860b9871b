"""One row per input record with every per-record score: JSON Lines, CSV or Parquet by suffix."""

from __future__ import annotations

import io

import orjson
import pandas as pd

from dataqa.errors import OutputError
from dataqa.quoting import spreadsheet_safe
from dataqa.result import AuditResult, columns_of

SUFFIXES = ("", ".jsonl", ".ndjson", ".csv", ".parquet")


def render(result: AuditResult, suffix: str) -> bytes:
    """Return the records in the format of the suffix."""
    if suffix == ".csv":
        return _csv(result.records)
    if suffix == ".parquet":
        return bytes(result.records.to_parquet(index=False))
    return json_lines(result.records)


def refuse(suffix: str) -> None:
    """Raise ``OutputError`` for a suffix that names another format."""
    if suffix not in SUFFIXES:
        raise OutputError(
            f"--out records: cannot write {suffix!r}", hint="use .jsonl, .csv or .parquet"
        )


def json_lines(frame: pd.DataFrame) -> bytes:
    """Return one JSON object per row, missing values as null."""
    columns = columns_of(frame)
    return b"".join(
        orjson.dumps(dict(zip(columns, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)
        for row in zip(*columns.values(), strict=True)
    )


def _csv(frame: pd.DataFrame) -> bytes:
    safe = frame.copy()
    for name in safe.columns:
        if safe[name].dtype == "str":
            safe[name] = safe[name].map(spreadsheet_safe, na_action="ignore")
    buffer = io.StringIO()
    safe.to_csv(buffer, index=False, lineterminator="\r\n")
    return buffer.getvalue().encode("utf-8")
