"""The commands that tell about dataqa itself: explain, checks and init."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
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
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def init(force: bool) -> int:
    """Write a commented dataqa.toml and the expectation suites into this folder."""
    from dataqa.explain import configuration

    contents = {"dataqa.toml": configuration().encode()}
    contents |= {f"expectations/{file.name}": file.read_bytes() for file in _suites()}
    for name in contents:
        if Path(name).exists() and not force:
            raise OutputError(f"{name}: exists already", hint="overwrite it with --force")
    for name, content in contents.items():
        Path(name).parent.mkdir(exist_ok=True)
        write(content, name)
    click.echo("wrote dataqa.toml and expectations/ (used with --expectations expectations)")
    return 0


def _suites() -> list[Traversable]:
    files = resources.files("dataqa.expectations").iterdir()
    return sorted((file for file in files if file.name.endswith(".json")), key=lambda x: x.name)
