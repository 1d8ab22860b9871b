"""The command line: parse, build, run. The only part that prints or exits."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from dataqa import __version__
from dataqa.cli.applying import apply
from dataqa.cli.auditing import audit
from dataqa.cli.explaining import checks, explain, init
from dataqa.cli.judging import gate, report
from dataqa.cli.model import model
from dataqa.cli.options import EXIT_CODES
from dataqa.cli.reviewing import review
from dataqa.errors import DataqaError, os_reason
from dataqa.quoting import log_line

__all__ = ["cli", "main"]

COMMANDS = (audit, gate, report, review, apply, model, explain, checks, init)
"""The only list of commands, in the order of the flow."""
BROKEN = 2
"""Exit code when there is no verdict: usage, input, output or internal error."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="dataqa")
def cli() -> None:
    """The quality gate for LLM fine-tuning data."""


for _command in COMMANDS:
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; every error ends in one message and exit code 2."""
    try:
        code = _run(arguments)
    except (BrokenPipeError, SystemExit):  # click and rich exit 1, which would mean FAIL
        sys.stdout = None  # nobody reads it, so nothing to flush
        code = _complain("standard output was closed before everything was written")
    except OSError as error:
        code = _complain(f"input or output failed ({os_reason(error)})")
    except Exception as error:  # noqa: BLE001 - a user never sees a traceback unasked
        if _wants_details(sys.argv[1:] if arguments is None else arguments):
            traceback.print_exc()
        code = _complain(
            f"internal error: {type(error).__name__}: {error}",
            "run again with -v for the traceback, and report it",
        )
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        return int(cli.main(args=arguments, prog_name="dataqa", standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return BROKEN
    except DataqaError as error:
        return _complain(error.message, error.hint)
    except (click.Abort, KeyboardInterrupt):
        return _complain("stopped by the user; nothing was judged")


def _wants_details(arguments: Sequence[str]) -> bool:
    short = [name for name in arguments if name.startswith("-") and not name.startswith("--")]
    return "--verbose" in arguments or any("v" in name for name in short)


def _complain(message: str, hint: str = "") -> int:
    click.echo(f"dataqa: error: {log_line(message)}", err=True)
    if hint:
        click.echo(f"  try: {log_line(hint)}", err=True)
    return BROKEN
