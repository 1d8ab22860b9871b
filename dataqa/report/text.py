"""The report for the terminal: verdict first, one line per check, the worst records, what next."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator

import pandas as pd
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from dataqa.gate import percent
from dataqa.quoting import log_line, shortened
from dataqa.report.certificate import statements
from dataqa.result import AuditResult, CheckResult

WORST = 8
ROWS = 5
"""Rows shown of each table; the other reports have all."""
WIDTH = 100
WARNED = {
    "schema.invalid_rate": (0.05, "of the lines break the schema"),
    "loading.refused_rate": (
        0.0,
        "of the records are in files that the loader of datasets refuses",
    ),
}
"""Metric -> the share beyond which it is told when nothing limits it, and how."""
STYLES = {"PASS": "bold green", "FAIL": "bold red", "UNDECIDED": "bold yellow"}


def render(result: AuditResult, suffix: str) -> bytes:
    """Return the report as plain text."""
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, emoji=False)
    show(result, console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()).encode() + b"\n"


def refuse(suffix: str) -> None:
    """Accept every suffix."""


def show(result: AuditResult, console: Console, *, brief: bool = False) -> None:
    """Print the report on a console; ``brief`` prints only the verdict."""
    for part in verdict_lines(result) if brief else _parts(result):
        console.print(part, soft_wrap=isinstance(part, Text))


def verdict_lines(result: AuditResult) -> Iterator[Text]:
    """Yield the verdict, one line per limit."""
    state = result.verdict.state
    reasons = result.verdict.reasons
    crashed = [check.name for check in result.checks.values() if check.status == "crashed"]
    if not reasons:
        yield _line((state, STYLES[state]), ("  no limit is set, so nothing was judged", ""))
    for position, reason in enumerate(reasons):
        own = state if position == 0 else reason.state if reason.severity == "fail" else ""
        yield _line((own.ljust(len(state)), STYLES.get(own, "")), (f"  {reason.message}", ""))
    for warning in _warnings(result):
        yield _line((" " * len(state), ""), (f"  {warning}", "yellow"))
    if crashed:
        yield _line((" " * len(state), ""), (f"  check crashed: {', '.join(crashed)}", ""))


def _warnings(result: AuditResult) -> Iterator[str]:
    """Tell what no limit judges and yet nobody should overlook."""
    limits = result.config["limits"]
    for name, (least, message) in WARNED.items():
        value = result.metrics.get(name)
        if value is not None and value > least and name not in limits:
            yield f"{percent(value)} {message}, and {name} has no limit"


def _parts(result: AuditResult) -> Iterator[RenderableType]:
    yield from verdict_lines(result)
    yield _line((_dataset_line(result), "dim"))
    if "detected" in result.dataset:
        yield _line((f"detected: {result.dataset['detected']}", "dim"))
    for line in _embedder_lines(result):
        yield _line((line, "dim"))
    for line in statements(result.certificate):
        yield _line((line, ""))
    yield Text()
    yield _check_table(result)
    yield from _reasons(result)
    yield from _worst(result)
    yield from _tables(result)
    yield Text()
    yield Text("Next", style="bold")
    for step, reason in _next_steps(result):
        yield _line((f"  {step}", ""), (f"    # {reason}", "dim"))


def _dataset_line(result: AuditResult) -> str:
    data = result.dataset
    shapes = ", ".join(f"{count:,} {name}" for name, count in data["shapes"].items())
    unreadable = f", {data['unreadable']:,} unreadable lines" if data["unreadable"] else ""
    return (
        f"{', '.join(data['paths'])}: {data['records']:,} records ({shapes}), "
        f"{data['classes']:,} labels{unreadable}"
    )


def _embedder_lines(result: AuditResult) -> Iterator[str]:
    embedder = result.embedder
    yield f"embedder {embedder['name']}: {embedder.get('reason', 'unknown')}"
    notes = embedder.get("notes")
    yield from (f"  {note}" for note in (notes if isinstance(notes, list) else ()))


def _check_table(result: AuditResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("check")
    table.add_column("flagged", justify="right")
    table.add_column("rate", justify="right")
    table.add_column("what", overflow="fold")
    for check in _shown(result)[0]:
        value = result.metrics.get(check.headline)
        table.add_row(
            Text(check.name),
            Text(f"{check.flagged:,}" if check.status == "ok" else check.status),
            Text("-" if value is None else percent(value)),
            Text(f"{check.headline}{_codes(result.findings, check)}", style="dim"),
        )
    return table


def _codes(findings: pd.DataFrame, check: CheckResult) -> str:
    counts = findings.loc[findings["check"] == check.name, "code"].value_counts()
    named = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    listed = ", ".join(f"{count:,} {str(code).partition('.')[2]}" for code, count in named[:4])
    return f"  ({listed})" if listed else ""


def _reasons(result: AuditResult) -> Iterator[Text]:
    shown, idle = _shown(result)
    for check in shown:
        if check.status != "ok" or result.metrics.get(check.headline) is None:
            style = "yellow" if check.name in _limited(result) else "dim"
            yield _line((f"  {check.name}: {check.reason}", style))
        for note in check.notes:
            yield _line((f"  {check.name}: {note}", "dim"))
    if idle:
        reasons = "; ".join(
            f"{check.name} ({(check.reason or '').partition(';')[0]})" for check in idle
        )
        yield _line((f"  not run: {reasons}", "dim"))


def _shown(result: AuditResult) -> tuple[list[CheckResult], list[CheckResult]]:
    """Return the checks that ran, broke, or that a limit needs, and those that need no line."""
    shown: list[CheckResult] = []
    idle: list[CheckResult] = []
    limited = _limited(result)
    for check in result.checks.values():
        skipped = check.status == "skipped" and check.name not in limited
        (idle if skipped else shown).append(check)
    return shown, idle


def _limited(result: AuditResult) -> set[str]:
    return {metric.partition(".")[0] for metric in result.config["limits"]}


def _tables(result: AuditResult) -> Iterator[RenderableType]:
    """Show the first rows of what the checks counted."""
    for check in result.checks.values():
        for counted in check.tables:
            table = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
            table.title = _line((f"{check.name}: {counted.title}", ""))
            for name in counted.columns:
                table.add_column(_line((name, "dim")), overflow="fold")
            for row in counted.rows[:ROWS]:
                table.add_row(*(_line((_cell(value), "")) for value in row))
            yield Text()
            yield table


def _cell(value: object) -> str:
    if isinstance(value, float):
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else str(value or "")


def _worst(result: AuditResult) -> Iterator[Text]:
    """Show the worst findings, taking turns between the checks so that none hides the others."""
    findings = result.findings
    if findings.empty:
        return
    turn = findings.groupby("check", sort=False).cumcount()
    order = findings.assign(turn=turn).sort_values(["turn", "score"], ascending=[True, False])
    quoted = result.records.set_index(["source", "line"])["excerpt"].dropna().to_dict()
    yield Text()
    yield Text("Worst records", style="bold")
    for row in order.head(WORST).to_dict("records"):
        place = f"{row['source']}:{row['line']}" if row["line"] else "dataset"
        yield _line((f"  {place}  ", "cyan"), (f"{row['code']}  ", "magenta"), (row["message"], ""))
        text = quoted.get((row["source"], row["line"]))
        if text:
            yield _quoted(text)
        if row["evidence"].get("matched_text"):
            yield _quoted(row["evidence"]["matched_text"])


def _quoted(text: str) -> Text:
    return _line(("    “", "dim"), (shortened(text, 88), "dim"), ("”", "dim"))


def _next_steps(result: AuditResult) -> list[tuple[str, str]]:
    """Return what to add to the command that was given (its options are not known), and why."""
    paths = " ".join(shlex.quote(path) for path in result.dataset["paths"] if path != "-") or "FILE"
    certificate = result.certificate
    decided = certificate is not None and certificate["state"] != "UNDECIDED"
    review = f"dataqa review result.json {paths}"
    return [
        ("add --out html=report.html", "see every finding with its text"),
        ("add --out records=records.csv", "scores and suggestions per record"),
        *(
            []
            if decided
            else [("add --out json=result.json", f"then judge some records: {review}")]
        ),
        *(
            (f"dataqa explain {shlex.quote(str(code))}", "what the first finding means")
            for code in result.findings["code"].head(1)
        ),
    ]


def _line(*parts: tuple[str, str]) -> Text:
    """Build one line of output; only its whole decides whether it looks like a CI command."""
    line = Text.assemble(*((log_line(text), style) for text, style in parts))
    return line if log_line(line.plain) == line.plain else Text(log_line(line.plain))
