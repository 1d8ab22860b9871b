"""The command that measures: audit."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dataqa.cli.options import EXIT_CODES, judging, reading_options
from dataqa.cli.output import announce, deliver
from dataqa.config import SHOW_TEXT, load_config
from dataqa.embedding import EMBEDDERS
from dataqa.engine import ENGINES
from dataqa.report import parse_outputs

if TYPE_CHECKING:
    from dataqa.progress import Progress


@click.command(epilog=EXIT_CODES)
@click.argument("data", nargs=-1, required=True)
@reading_options
@click.option("--group-by", multiple=True, metavar="FIELD", help="Report by FIELD; repeatable.")
@click.option("--annotators-field", metavar="FIELD", help="Field with several annotators' labels.")
@click.option("--eval", multiple=True, metavar="FILE", help="Evaluation records; repeatable.")
@click.option("--benchmark", multiple=True, metavar="FILE", help="Public benchmark; repeatable.")
@click.option("--embedder", metavar="|".join(("auto", *EMBEDDERS, "MODEL")), help="Text vectors.")
@click.option("--cache-dir", metavar="DIR|off", help="Exported models and known vectors.")
@click.option("--allow-download", is_flag=True, default=None, help="Fetch a model that is absent.")
@click.option("--tokenizer", metavar="PATH|ID", help="Count tokens with this tokenizer.json.")
@click.option("--max-length", type=int, metavar="N", help="Tokens that your trainer keeps.")
@click.option("--engine", metavar="|".join(("auto", *ENGINES)), help="Who runs the work.")
@click.option("--jobs", type=int, metavar="N", help="Worker processes [default: one per core].")
@click.option("--select", multiple=True, metavar="NAME", help="Run only this check; repeatable.")
@click.option("--ignore", multiple=True, metavar="NAME", help="Leave out a check; repeatable.")
@click.option("--expectations", metavar="DIR", help="Your copies of the Great Expectations suites.")
@click.option("--seed", type=int, metavar="N", help="Seed of everything random [default: 0].")
@click.option("--sample", type=int, metavar="N", help="Plan one sample of N to review as a whole.")
@click.option("--show-text", metavar="|".join(SHOW_TEXT), help="What may be quoted from records.")
@judging
def audit(
    data: tuple[str, ...],
    config_path: Path | None,
    decisions: Path | None,
    reuse_decisions: tuple[Path, ...],
    outputs: tuple[str, ...],
    exit_zero: bool,
    quiet: bool,
    verbose: bool,
    **settings: object,
) -> int:
    """Audit the files DATA (one dataset) and judge it."""
    from dataqa.audit import audit as run

    named = {name: value for name, value in settings.items() if value not in (None, ())}
    config = load_config(config_path).with_settings(**named)
    said = [*reuse_decisions, *([] if decisions is None else [decisions])]
    wanted = parse_outputs(
        outputs, inputs=[*data, *config.eval, *config.benchmark, *map(str, said)]
    )
    with _watching(quiet=quiet) as progress:
        result = run(
            *data,
            config=config,
            progress=progress,
            decisions=decisions,
            reuse_decisions=reuse_decisions,
        )
    deliver(result, wanted)
    announce(result, wanted, quiet=quiet, verbose=verbose)
    return 0 if exit_zero else result.verdict.exit_code


def _watching(*, quiet: bool) -> AbstractContextManager[Progress | None]:
    from dataqa.progress import Bars

    return Bars() if sys.stderr.isatty() and not quiet else nullcontext()
