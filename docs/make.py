"""Write docs/cli.md, docs/checks.md and the terminal block of the README; ``--check`` compares."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

import dataqa
from dataqa.checks import CHECKS
from dataqa.cli import cli
from dataqa.explain import configuration, page
from dataqa.report.text import render

FOLDER = Path(__file__).parent
EXAMPLE = "sample_data/noisy/data.jsonl"
BLOCK = re.compile(r"(<!-- audit:begin .*? -->\n).*?(<!-- audit:end -->)", re.DOTALL)


def command_pages() -> str:
    """Return the help text of every command."""
    blocks = ["# Command line\n", "Made by `make docs` from `dataqa/cli/`.\n"]
    blocks += [_block("dataqa", cli)]
    blocks += [_block(f"dataqa {name}", command) for name, command in sorted(_commands().items())]
    return "\n".join(blocks)


def _commands() -> dict[str, click.Command]:
    """Return all commands by name, those of groups as ``model export``."""
    found = dict(cli.commands)
    for name, command in cli.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {own}": below for own, below in command.commands.items()}
    return found


def check_pages() -> str:
    """Return the documentation page of every check, and the configuration file."""
    blocks = ["# Checks\n", "Made by `make docs` from the docstrings in `dataqa/checks/`.\n"]
    blocks += [f"## {kind.name}\n\n```text\n{page(kind)}\n```\n" for kind in CHECKS.values()]
    blocks.append(
        f"# Configuration\n\n`dataqa init` writes this:\n\n```toml\n{configuration()}```\n"
    )
    return "\n".join(blocks)


def readme() -> str:
    """Return the README with the present output of its example."""
    os.chdir(FOLDER.parent)
    output = render(dataqa.audit(EXAMPLE, embedder="lsa"), "").decode()
    block = f"```console\n$ dataqa audit {EXAMPLE} --embedder lsa\n{output}```\n"
    text = Path("README.md").read_text(encoding="utf-8")
    return BLOCK.sub(lambda found: f"{found[1]}{block}{found[2]}", text)


def _block(name: str, command: click.Command) -> str:
    program, _, own = name.partition(" ")
    context = cli.make_context(program, [], resilient_parsing=True, terminal_width=80)
    if own:
        context = command.make_context(own, [], parent=context, resilient_parsing=True)
    return f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"


def main() -> int:
    """Write or compare the pages; return 1 when a compared page is out of date."""
    pages = {
        FOLDER / "cli.md": command_pages(),
        FOLDER / "checks.md": check_pages(),
        FOLDER.parent / "README.md": readme(),
    }
    stale = 0
    for path, content in pages.items():
        if "--check" not in sys.argv:
            path.write_text(content, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != content:
            click.echo(f"{path.name} is out of date; run: make docs", err=True)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
