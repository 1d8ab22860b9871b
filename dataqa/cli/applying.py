"""The command that corrects data: apply."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dataqa.cli.options import FILE, reading_options
from dataqa.config import Config, load_config
from dataqa.quoting import log_line

if TYPE_CHECKING:
    from dataqa.correcting import Correction, Request
    from dataqa.result import AuditResult

LISTED = 100
"""Problems and conflicts that are named; the others are counted."""
CONFLICT_RULES = ("skip", "refuse", "latest")
CODES = """\b
Exit codes:
  0  done; with --check: nothing would change
  1  with --check: something would change
  2  nothing was written: usage, unreadable input, decisions that do not fit the data"""


@click.command(epilog=CODES)
@click.argument("decisions", type=FILE)
@click.argument("data", nargs=-1, required=True)
@click.option("-o", "--output", type=FILE, metavar="CLEAN", help="New file; folder for several.")
@click.option("--diff", "shows", is_flag=True, help="Show what changes; without -o write nothing.")
@click.option("--check", "checks", is_flag=True, help="Write nothing; exit 1 if data would change.")
@click.option("--force", is_flag=True, help="Overwrite outputs (never an input).")
@click.option(
    "--conflicts",
    type=click.Choice(CONFLICT_RULES),
    default=CONFLICT_RULES[0],
    show_default=True,
    help="Where reviewers disagree: leave the record, write nothing, or take the last word.",
)
@click.option("--reuse", is_flag=True, help="Use decisions on other data for equal records, too.")
@click.option(
    "--drop",
    "drops",
    multiple=True,
    metavar="KIND[,KIND]",
    help="Also drop what the audit found: duplicates, flagged, outliers, invalid, a check, a code.",
)
@click.option("--result", "result_path", type=FILE, metavar="RESULT.json", help="The audit.")
@click.option("--rejects", type=FILE, metavar="PATH", help="Log dropped records, with reasons.")
@reading_options
def apply(
    decisions: Path,
    data: tuple[str, ...],
    output: Path | None,
    shows: bool,
    checks: bool,
    drops: tuple[str, ...],
    result_path: Path | None,
    config_path: Path | None,
    rejects: Path | None,
    conflicts: str,
    reuse: bool,
    force: bool,
    **settings: object,
) -> int:
    """Write corrected copies of DATA, by the reviewers' DECISIONS (/dev/null for none).

    DATA are the files that were audited, in the same order. Only what was decided changes: other
    lines are copied byte for byte, a changed line changes only its field.
    """
    from dataqa import __version__
    from dataqa.correcting import Request, correct
    from dataqa.report.json import load

    if output is None and not shows and not checks:
        raise click.UsageError("name the output with -o, or use --diff or --check")
    result = None if result_path is None else load(result_path)
    request = Request(
        decisions=decisions,
        data=data,
        config=_config(config_path, result, settings),
        output=None if checks else output,
        rejects=rejects,
        result=result,
        drop=tuple(kind for value in drops for kind in value.split(",") if kind),
        conflicts=conflicts,
        reuse=reuse,
        force=force,
        version=__version__,
    )
    correction = correct(request)
    if correction.manifest is None:
        _complain(correction)
        return 2
    if shows:
        _show(correction)
    _tell(correction, request)
    return int(checks and bool(correction.outcomes))


def _config(path: Path | None, result: AuditResult | None, settings: dict[str, object]) -> Config:
    """Read the data as the audit did: options first, then the result's settings, then the file."""
    config = load_config(path)
    if result is not None and path is None:
        names = [name for name in settings if name in result.config]
        config = config.with_settings(**{name: result.config[name] for name in names})
    return config.with_settings(**settings)


def _complain(correction: Correction) -> None:
    problems = correction.problems
    what = "1 decision does" if len(problems) == 1 else f"{len(problems):,} decisions do"
    click.echo(f"dataqa: error: {what} not fit the data; nothing was written", err=True)
    for problem in problems[:LISTED]:
        place = f"{problem.source}:{problem.line}: {problem.reason}"
        click.echo(f"  {log_line(place)}", err=True)
    if len(problems) > LISTED:
        click.echo(f"  and {len(problems) - LISTED:,} more", err=True)


def _show(correction: Correction) -> None:
    from dataqa.correcting.differing import diff

    color = {"-": "red", "+": "green", "@": "cyan"} if sys.stdout.isatty() else {}
    for line in diff(correction.outcomes):
        click.secho(line, fg=color.get(line[:1]))


def _tell(correction: Correction, request: Request) -> None:
    manifest = correction.manifest
    if manifest is None:
        return
    counts = ", ".join(f"{number:,} {name}" for name, number in manifest.counts.items() if number)
    would = "" if request.output else "would "
    total = len(correction.outcomes)
    click.echo(f"{total:,} records {would}change ({counts or 'no decisions'})", err=True)
    if correction.unused:
        click.echo(f"{correction.unused:,} decided records are not in this data", err=True)
    conflicts = list(correction.settled.conflicts.values())
    for items in conflicts[:LISTED]:
        names = " and ".join(sorted({item.reviewer for item in items}))
        place = f"line {items[0].line}: {names} disagree; left as it is"
        click.echo(log_line(place), err=True)
    if request.output is not None:
        click.echo(log_line(f"wrote {request.output} and its manifest"), err=True)
