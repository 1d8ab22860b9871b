"""Findings as JSON Lines, one a line, worst first."""

from __future__ import annotations

from dataqa.report.records import json_lines
from dataqa.result import AuditResult


def render(result: AuditResult, suffix: str) -> bytes:
    """Return one JSON object per finding."""
    return json_lines(result.findings)


def refuse(suffix: str) -> None:
    """Accept every suffix."""
