"""The command line: parse, build, run. The only file that prints or exits."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from dataqa import __version__
from dataqa.config import SHOW_TEXT, Config, load_config, with_mislabel_limit
from dataqa.embedding import EMBEDDERS
from dataqa.engine import ENGINES
from dataqa.errors import DataqaError, OutputError, os_reason
from dataqa.formats import SHAPES
from dataqa.options import judging, out_option
from dataqa.quoting import log_line
from dataqa.report import Output, parse_outputs, render, write

if TYPE_CHECKING:
    from dataqa.result import AuditResult

BROKEN = 2
"""Exit code when there is no verdict: usage, input, output or internal error."""

EXIT_CODES = """\b
Exit codes:
  0  PASS
  1  FAIL: a limit is exceeded
  2  no verdict: usage, unreadable or empty input, output not written, internal error
  3  UNDECIDED: the evidence does not decide, or a limited check did not run"""

FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="dataqa")
def cli() -> None:
    """The quality gate for LLM fine-tuning data."""


@cli.command(epilog=EXIT_CODES)
@click.argument("data", nargs=-1, required=True)
@click.option("--config", "config_path", type=FILE, help="Settings file [default: dataqa.toml].")
@click.option("--format", metavar="|".join(("auto", *SHAPES)), help="Record shape.")
@click.option("--text-field", metavar="FIELD", help="Field that holds the text.")
@click.option("--label-field", metavar="FIELD", help="Field that holds the label.")
@click.option("--id-field", metavar="FIELD", help="Field that holds the id.")
@click.option("--embedder", metavar="|".join(("auto", *EMBEDDERS, "FOLDER")), help="Text vectors.")
@click.option("--engine", metavar="|".join(("auto", *ENGINES)), help="Who runs the work.")
@click.option("--jobs", type=int, metavar="N", help="Worker processes [default: one per core].")
@click.option("--select", multiple=True, metavar="NAME", help="Run only this check; repeatable.")
@click.option("--ignore", multiple=True, metavar="NAME", help="Leave out a check; repeatable.")
@click.option("--seed", type=int, metavar="N", help="Seed of everything random [default: 0].")
@click.option("--show-text", metavar="|".join(SHOW_TEXT), help="What may be quoted from records.")
@judging
def audit(
    data: tuple[str, ...],
    config_path: Path | None,
    outputs: tuple[str, ...],
    exit_zero: bool,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> int:
    """Audit the files DATA (one dataset) and judge it."""
    named = {name: value for name, value in settings.items() if value not in (None, ())}
    config = load_config(config_path).with_settings(**named)
    wanted = parse_outputs(outputs, inputs=data)
    result = _audited(data, config, quiet=quiet)
    _deliver(result, wanted)
    _announce(result, wanted, quiet=quiet, verbose=verbose)
    return 0 if exit_zero else result.verdict.exit_code


@cli.command(epilog=EXIT_CODES)
@click.argument("result_path", metavar="RESULT.json", type=FILE)
@judging
def gate(
    result_path: Path,
    max_mislabel_rate: str | None,
    outputs: tuple[str, ...],
    exit_zero: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Judge a saved result again, without measuring again."""
    from dataqa.gate import rejudged
    from dataqa.report.json import load

    wanted = parse_outputs(outputs, inputs=[str(result_path)])
    result = load(result_path)
    limits = dict(result.config["limits"])
    if max_mislabel_rate is not None:
        limits = with_mislabel_limit(limits, max_mislabel_rate)
    result = rejudged(result, limits)
    _deliver(result, wanted)
    _announce(result, wanted, quiet=quiet, verbose=verbose)
    return 0 if exit_zero else result.verdict.exit_code


@cli.command()
@click.argument("result_path", metavar="RESULT.json", type=FILE)
@out_option(required=True)
def report(result_path: Path, outputs: tuple[str, ...]) -> int:
    """Render a saved result in other formats."""
    from dataqa.report.json import load

    wanted = parse_outputs(outputs, inputs=[str(result_path)])
    _deliver(load(result_path), wanted)
    return 0


@cli.command()
@click.argument("name")
def explain(name: str) -> int:
    """Tell what the check, finding code or metric NAME means."""
    from dataqa.explain import explanation

    click.echo(explanation(name))
    return 0


@cli.command()
def checks() -> int:
    """List the checks, their finding codes and their metrics."""
    from dataqa.explain import overview

    click.echo(overview())
    return 0


@cli.command()
@click.option("--force", is_flag=True, help="Overwrite an existing dataqa.toml.")
def init(force: bool) -> int:
    """Write a commented dataqa.toml into this folder."""
    from dataqa.explain import configuration

    target = Path("dataqa.toml")
    if target.exists() and not force:
        raise OutputError("dataqa.toml: exists already", hint="overwrite it with --force")
    write(configuration().encode(), str(target))
    click.echo("wrote dataqa.toml")
    return 0


def _audited(data: Sequence[str], config: Config, *, quiet: bool) -> AuditResult:
    from dataqa.audit import audit as run
    from dataqa.progress import Bars

    watched = sys.stderr.isatty() and not quiet
    with Bars() if watched else nullcontext() as progress:
        return run(*data, config=config, progress=progress)


def _deliver(result: AuditResult, wanted: Sequence[Output]) -> None:
    for output in wanted:
        content = render(result, output)
        if output.path == "-":
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        else:
            write(content, output.path)


def _announce(result: AuditResult, wanted: Sequence[Output], *, quiet: bool, verbose: bool) -> None:
    """Print the report for a person, unless standard output carries another one."""
    if any(output.path == "-" for output in wanted):
        return
    from rich.console import Console

    from dataqa.report.text import WIDTH, show

    console = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDTH)
    show(result, console, brief=quiet)
    lines = [] if quiet else [f"wrote {output.format}: {output.path}" for output in wanted]
    if verbose:
        lines += [f"{name}: {value}" for name, value in result.config.items()]
        lines += [f"seconds for {name}: {value}" for name, value in result.timings.items()]
    for line in lines:
        console.print(log_line(line), markup=False, soft_wrap=True)


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
