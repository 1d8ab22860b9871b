"""The commands that work on a saved result: gate and report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from dataqa.cli.options import EXIT_CODES, FILE, judging, out_option
from dataqa.cli.output import announce, deliver
from dataqa.config import with_mislabel_limit
from dataqa.report import parse_outputs
from dataqa.settings import parse_risk


@click.command(epilog=EXIT_CODES)
@click.argument("result_path", metavar="RESULT.json", type=FILE)
@judging
def gate(
    result_path: Path,
    max_mislabel_rate: str | None,
    decisions: Path | None,
    reuse_decisions: tuple[Path, ...],
    risk: str | None,
    require_certificate: bool | None,
    outputs: tuple[str, ...],
    exit_zero: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Judge a saved result again, without measuring again."""
    from dataqa.gate import Rules, rejudged
    from dataqa.report.json import load
    from dataqa.review.certified import certified, read_files

    inputs = [result_path, decisions, *reuse_decisions]
    wanted = parse_outputs(outputs, inputs=[str(path) for path in inputs if path is not None])
    result = load(result_path)
    limits = dict(result.config["limits"])
    if max_mislabel_rate is not None:
        limits = with_mislabel_limit(limits, max_mislabel_rate)
    rules = Rules.of(result.config)
    if risk is not None:
        rules = replace(rules, risk=parse_risk(risk))
    if require_certificate:
        rules = replace(rules, require_certificate=True)
    said = read_files(decisions, reuse_decisions)
    if said is None:
        result = rejudged(result, limits, rules)
    else:
        result = certified(result, *said, limits, rules)
    deliver(result, wanted)
    announce(result, wanted, quiet=quiet, verbose=verbose)
    return 0 if exit_zero else result.verdict.exit_code


@click.command()
@click.argument("result_path", metavar="RESULT.json", type=FILE)
@out_option(required=True)
def report(result_path: Path, outputs: tuple[str, ...]) -> int:
    """Render a saved result in other formats."""
    from dataqa.report.json import load

    wanted = parse_outputs(outputs, inputs=[str(result_path)])
    deliver(load(result_path), wanted)
    return 0
