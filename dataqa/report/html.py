"""One self-contained, static HTML page: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined, Template

from dataqa.gate import percent
from dataqa.quoting import LABEL_CHARACTERS, printable, shortened
from dataqa.report.certificate import statements
from dataqa.report.scatter import draw
from dataqa.result import AuditResult, CheckResult, plain_values

SHOWN = 200
"""Findings shown per code; the page says how many there are in all."""


def render(result: AuditResult, suffix: str) -> bytes:
    """Return the page. Everything that comes from data is escaped by the template engine."""
    return (
        _template()
        .render(
            result=result,
            verdict=result.verdict,
            sections=[_section(result, check) for check in result.checks.values()],
            map=draw(result),
            certificate=list(statements(result.certificate)),
            shown=SHOWN,
        )
        .encode()
    )


def refuse(suffix: str) -> None:
    """Accept every suffix."""


@cache
def _template() -> Template:
    source = (resources.files("dataqa.report") / "report.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": percent,
        "printable": _printable,
        "count": _count,
        "cell": _cell,
        "label": lambda text: shortened(_printable(text), LABEL_CHARACTERS),
    }
    return environment.from_string(source)


def _section(result: AuditResult, check: CheckResult) -> dict[str, Any]:
    """Gather what the page shows of one check: its number, and its findings by code."""
    own = result.findings[result.findings["check"] == check.name]
    return {
        "check": check,
        "value": result.metrics.get(check.headline),
        "tables": [
            {
                "code": code,
                "advice": check.codes.get(str(code), ""),
                "total": len(rows),
                "rows": _rows(rows.head(SHOWN), result.records),
            }
            for code, rows in own.groupby("code", sort=True)
        ],
    }


def _rows(findings: pd.DataFrame, records: pd.DataFrame) -> list[dict[str, Any]]:
    """Put the record's label and text beside each finding."""
    joined = findings.merge(
        records[["source", "line", "label", "excerpt"]], on=["source", "line"], how="left"
    )
    joined["places"] = [
        _places(fact, lines)
        for fact, lines in zip(joined["evidence"], joined["related"], strict=True)
    ]
    columns = {name: plain_values(joined[name]) for name in joined.columns}
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _places(evidence: dict[str, Any], lines: list[int]) -> str:
    """Name the related lines, with their files where there are several."""
    sources = evidence.get("related_sources")
    if not sources:
        return ", ".join(f"line {line}" for line in lines)
    return ", ".join(f"{source}:{line}" for source, line in zip(sources, lines, strict=True))


def _printable(value: object) -> str:
    return "" if value is None else printable(str(value))


def _cell(value: object) -> str:
    """Write a value of a table: a share as a percentage, a number with separators, or a text."""
    if isinstance(value, float):
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else _printable(value)


def _count(value: float) -> str:
    return f"{int(value):,}"
