"""The commands that tell about dataqa itself: explain, checks and init."""

from __future__ import annotations

from pathlib import Path

import click

from dataqa.errors import OutputError
from dataqa.report import write


@click.command()
@click.argument("name")
def explain(name: str) -> int:
    """Tell what the check, finding code or metric NAME means."""
    from dataqa.explain import explanation

    click.echo(explanation(name))
    return 0


@click.command()
def checks() -> int:
    """List the checks, their finding codes and their metrics."""
    from dataqa.explain import overview

    click.echo(overview())
    return 0


@click.command()
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
