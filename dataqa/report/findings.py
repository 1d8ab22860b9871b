"""Findings as JSON Lines, one a line, worst first."""

from __future__ import annotations

from dataqa.errors import OutputError
from dataqa.report.records import json_lines
from dataqa.result import AuditResult

FOREIGN = (".csv", ".tsv", ".xlsx", ".parquet", ".html")
"""Suffixes of what findings are not written as."""


def render(result: AuditResult, suffix: str) -> bytes:
    """Return one JSON object per finding."""
    return json_lines(result.findings)


def refuse(suffix: str) -> None:
    """Raise ``OutputError`` for a suffix that names another format."""
    if suffix in FOREIGN:
        raise OutputError(
            f"--out findings: cannot write {suffix!r}",
            hint="use .jsonl; a table of all records is --out records=FILE.csv",
        )
