"""Where results leave the program: files, standard output, and the report for a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dataqa.quoting import log_line
from dataqa.report import Output, render, write

if TYPE_CHECKING:
    from dataqa.result import AuditResult


def deliver(result: AuditResult, wanted: Sequence[Output]) -> None:
    """Write every wanted report."""
    for output in wanted:
        content = render(result, output)
        if output.path == "-":
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        else:
            write(content, output.path)


def announce(result: AuditResult, wanted: Sequence[Output], *, quiet: bool, verbose: bool) -> None:
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
