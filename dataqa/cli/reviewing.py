"""The command that asks a person: review."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dataqa.cli.options import FILE
from dataqa.config import MISLABEL_RATE, Config
from dataqa.errors import InputError
from dataqa.quoting import log_line
from dataqa.settings import parse_rate, parse_risk

if TYPE_CHECKING:
    from dataqa.cli.screen import Answer, Record, Screen
    from dataqa.dataset import Dataset
    from dataqa.result import AuditResult
    from dataqa.review.session import Session

DEFAULT_LIMIT = 0.15
CODES = """\b
Keys:
  r right   w wrong (asks which label, or drops)   1-9 the label   u unsure
  n note    b back    s suggestion    m more text    q quit
Exit codes:
  0  stopped: decided, at the end of the plan, or by q; all decisions are in the file
  2  nothing to review: usage, unreadable input, data that the result is not about"""


@click.command(epilog=CODES)
@click.argument("result_path", metavar="RESULT.json", type=FILE)
@click.argument("data", nargs=-1, required=True)
@click.option(
    "--decisions",
    "path",
    type=FILE,
    default=Path("decisions.jsonl"),
    show_default=True,
    help="Where every decision is added at once.",
)
@click.option(
    "--reuse-decisions",
    "earlier",
    type=FILE,
    multiple=True,
    help="Decisions on earlier versions of the data; repeatable.",
)
@click.option("--reviewer", metavar="NAME", help="Who decides [default: your login name].")
@click.option("--limit", metavar="RATE", help="Rate to certify [default: the result's limit].")
@click.option(
    "--risk", metavar="RATE", help="Chance of a wrong certificate [default: the result's]."
)
@click.option("--show-suggestion", is_flag=True, help="Show the models' label before you judge.")
def review(
    result_path: Path,
    data: tuple[str, ...],
    path: Path,
    earlier: tuple[Path, ...],
    reviewer: str | None,
    limit: str | None,
    risk: str | None,
    show_suggestion: bool,
) -> int:
    """Judge records of DATA in the order of the plan in RESULT.json, until it is decided.

    Records come one by one, drawn at random; the statement at the bottom tells how far you are.
    Stop whenever you like and go on later: the same command continues.
    """
    from rich.console import Console

    from dataqa.cli.screen import Screen
    from dataqa.cli.terminal import keyboard
    from dataqa.report.json import load
    from dataqa.review.certified import read_files
    from dataqa.review.plan import saved_plan
    from dataqa.review.reuse import gather
    from dataqa.review.session import Session

    result = load(result_path)
    plan = saved_plan(result)
    said = gather(plan, *(read_files(path if path.exists() else None, earlier) or ((), ())))
    session = Session(
        plan=plan,
        reviewer=reviewer or getpass.getuser(),
        limit=_rate(limit, "--limit", result.config["limits"].get(MISLABEL_RATE, DEFAULT_LIMIT)),
        risk=result.config.get("risk", 0.05) if risk is None else parse_risk(risk),
        decisions=tuple(said.all),
        settled=frozenset(said.reused),
    )
    session.certificate()  # refuses decisions on other data before anybody works
    dataset = _dataset(result, data)
    records = _records(result, dataset, [draw["key"] for draw in session.plan.draws])
    classes = sorted(dataset.frame["label"].dropna().unique())
    console = Console(highlight=False, emoji=False)
    with keyboard() as keys, suppress(KeyboardInterrupt):
        _walk(session, Screen(keys, console, classes, suggest=show_suggestion), records, path)
    click.echo(log_line(f"decisions are in {path}"), err=True)
    return 0


def _walk(session: Session, screen: Screen, records: Mapping[str, Record], path: Path) -> None:
    """Ask for one record after the other; every decision is on the disk before the next one."""
    from dataqa.review.decisions import append_decisions
    from dataqa.review.session import statement

    told = ""
    decided = session.certificate().state != "UNDECIDED"
    if decided and not screen.confirm(statement(session.certificate()), "It is decided."):
        return
    while (draw := session.current) is not None:
        certificate = session.certificate()
        if certificate.state != "UNDECIDED" and not decided:
            decided = True
            if not screen.confirm(statement(certificate), "It is decided."):
                return
        record = records[draw["key"]]
        answer = screen.judge(record, statement(certificate), told)
        if answer.action == "quit":
            return
        if answer.action == "back":
            session, told = (
                session.gone_back(),
                "judge it again; until then the earlier decision counts",
            )
            continue
        session = session.judged(answer.action, note=answer.note, **_values(answer, record))
        append_decisions(path, session.decisions[-1:])
        told = f"line {draw['line']}: {answer.action}"
        told += f" ({record.suggestion})" if record.suggestion else ""
    screen.confirm(statement(session.certificate()), "The plan has no more records.")


def _values(answer: Answer, record: Record) -> dict[str, Any]:
    if answer.action != "relabel":
        return {}
    return {"field": record.label_field, "from_": record.label, "to": answer.to}


def _rate(value: str | None, option: str, default: float) -> float:
    return default if value is None else parse_rate(value, option)


def _dataset(result: AuditResult, data: tuple[str, ...]) -> Dataset:
    """Read the data that the result is about.

    Raises:
        InputError: it is other data.
    """
    from dataqa.reading import read

    names = ("format", "text_field", "label_field", "id_field")
    known = {name: result.config[name] for name in names if name in result.config}
    dataset = read(data, Config().with_settings(**known))
    if dataset.sha256 != result.dataset["sha256"]:
        raise InputError(
            f"{', '.join(data)}: is not the data that the result is about (another SHA-256)",
            hint="name the same files in the same order, or audit them again",
        )
    return dataset


def _records(result: AuditResult, dataset: Dataset, keys: Sequence[str]) -> dict[str, Record]:
    """Return what the reviewer sees of each drawn record."""
    from dataqa.formats import choose_shapes

    config = result.config
    named = [config.get(name) for name in ("text_field", "label_field", "id_field")]
    fields = {shape.name: shape.label for shape in choose_shapes(config["format"], *named)}
    suggested = _suggestions(result, keys)
    wanted = dataset.frame[dataset.frame["key"].isin(keys)].drop_duplicates("key")
    rows = wanted.astype("object").where(wanted.notna(), None).to_dict("records")
    return {
        str(row["key"]): _record(
            row, fields.get(row["shape"], "label"), suggested.get(row["key"], "")
        )
        for row in rows
    }


def _record(row: Mapping[Any, Any], label_field: str, suggestion: str) -> Record:
    from dataqa.cli.screen import Record

    parts = [(name, row.get(name)) for name in ("prompt", "context", "response", "rejected")]
    return Record(
        place=f"{row['source']}:{row['line']}",
        parts=tuple((name, text) for name, text in parts if text),
        label=row["label"],
        label_field=label_field,
        suggestion=suggestion,
    )


def _suggestions(result: AuditResult, keys: Sequence[str]) -> dict[str, str]:
    """Return what the models would have labelled, where that is another label."""
    table = result.records
    if "suggested_label" not in table:
        return {}
    chosen = table[table["key"].isin(keys) & table["suggested_label"].notna()]
    return {
        key: f"models suggest {suggested!r} (label quality {quality:.2f})"
        for key, suggested, quality in zip(
            chosen["key"], chosen["suggested_label"], chosen["label_quality"], strict=True
        )
    }
