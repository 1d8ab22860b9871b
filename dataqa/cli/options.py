"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dataqa.formats import SHAPES
from dataqa.report import RENDERERS

Command = Callable[..., Any]
FILE = click.Path(path_type=Path)

EXIT_CODES = """\b
Exit codes:
  0  PASS
  1  FAIL: a limit is exceeded
  2  no verdict: usage, unreadable or empty input, output not written, internal error
  3  UNDECIDED: the evidence does not decide, or a limited check did not run"""


def judging(command: Command) -> Command:
    """Add the options of commands that end in a verdict."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Also tell settings and timings."),
        click.option("-q", "--quiet", is_flag=True, help="Print the verdict only; no progress."),
        click.option("--exit-zero", is_flag=True, help="Exit 0 in place of 1 and 3 (never of 2)."),
        out_option(),
        click.option(
            "--require-certificate",
            is_flag=True,
            default=None,
            help="UNDECIDED unless reviewed records certify the mislabel rate.",
        ),
        click.option("--risk", metavar="RATE", help="Chance of a wrong certificate [default: 5%]."),
        click.option(
            "--decisions", type=FILE, help="What reviewers decided; may certify the verdict."
        ),
        click.option(
            "--reuse-decisions",
            type=FILE,
            multiple=True,
            help="Decisions on earlier versions of the data; repeatable.",
        ),
        click.option(
            "--max-mislabel-rate",
            metavar="RATE",
            help="Gate limit, as 15% or 0.15, or off [default: 15%; of gate: the result's].",
        ),
    ):
        command = option(command)
    return command


def reading_options(command: Command) -> Command:
    """Add the options of commands that read data that was audited before."""
    for option in (
        click.option("--id-field", metavar="FIELD", help="Field that holds the id."),
        click.option("--label-field", metavar="FIELD", help="Field that holds the label."),
        click.option("--text-field", metavar="FIELD", help="Field that holds the text."),
        click.option("--format", metavar="|".join(("auto", *SHAPES)), help="Record shape."),
        click.option(
            "--config", "config_path", type=FILE, help="Settings file [default: dataqa.toml]."
        ),
    ):
        command = option(command)
    return command


def out_option(*, required: bool = False) -> Callable[[Command], Command]:
    """Build the ``--out`` option."""
    return click.option(
        "--out",
        "outputs",
        metavar="FORMAT=PATH",
        multiple=True,
        required=required,
        help=f"Write a report; repeatable. FORMAT: {', '.join(RENDERERS)}. PATH '-' is stdout.",
    )
