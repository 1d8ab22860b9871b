"""Where wrong labels are: tables by class, pair, file and field, and how reports show them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import dataqa
from dataqa.report import Output, render
from dataqa.result import AuditResult
from dataqa.tables import Table

if TYPE_CHECKING:
    from tests.conftest import Bench

Tickets = Callable[..., list[dict[str, Any]]]


def table_of(result: AuditResult, start: str) -> Table:
    return next(item for item in result.checks["labels"].tables if item.title.startswith(start))


def test_every_class_has_its_counts(bench: Bench, tickets: Tickets) -> None:
    records = tickets(300)
    for record in records[::3][:20]:
        record["label"] = next(
            other["label"] for other in records if other["label"] != record["label"]
        )
    result = bench.audit(records)
    table = table_of(result, "wrong labels by class")
    frame = result.records
    flagged = frame["line"].isin(result.findings.query("check == 'labels'")["line"])
    assert table.columns == ("label", "records", "flagged", "flagged share", "not supported")
    for label, count, wrong, share, doubted in table.rows:
        own = frame["label"] == label
        assert count == own.sum()
        assert wrong == flagged[own].sum() > 0
        assert share == pytest.approx(flagged[own].mean())
        assert share <= doubted <= 1
    shares = [row[3] for row in table.rows]
    assert shares[0] == max(shares)


def test_classes_that_nothing_tells_apart_are_merge_candidates(
    bench: Bench, tickets: Tickets
) -> None:
    records = tickets(300)
    rng = np.random.default_rng(0)
    for record in records:
        if record["label"] == "login":
            record["label"] = str(rng.choice(["login", "signing in"]))
    table = table_of(bench.audit(records), "classes that look alike")
    assert table.rows[0][:2] == ("login", "signing in")
    assert table.rows[0][5] == "merge, or tell them apart"
    assert not any(row[5] for row in table.rows[1:])


def test_a_bad_file_and_a_bad_source_stand_first(
    tmp_path: Path, jsonl: Callable[..., Path], tickets: Tickets
) -> None:
    good, bad = tickets(200, seed=1), tickets(100, seed=2, flip=0.4)
    for number, record in enumerate([*good, *bad]):
        record["team"] = "b" if number >= len(good) else ["a", "c"][number % 2]
    del good[0]["team"]
    paths = [jsonl(tmp_path, good, "good.jsonl"), jsonl(tmp_path, bad, "bad.jsonl")]
    result = dataqa.audit(*paths, group_by=("team",), select=("labels",))
    files = table_of(result, "wrong labels by file")
    assert files.rows[0][0] == str(paths[1])
    assert files.rows[0][1] == 100
    assert files.rows[0][2] >= 25
    teams = table_of(result, "wrong labels by team")
    assert teams.columns[0] == "team"
    assert teams.rows[0][:2] == ("b", 100)
    assert all(row[0] in ("a", "b", "c", "(none)") for row in teams.rows)


def test_without_flagged_records_there_is_no_table(bench: Bench, tickets: Tickets) -> None:
    assert bench.audit(tickets(200)).checks["labels"].tables == ()


def test_reports_show_the_tables_and_results_keep_them(bench: Bench, tickets: Tickets) -> None:
    records = tickets(300, flip=0.1)
    for record in records:
        record["label"] = f"<b>{record['label']}"
    result = bench.audit(records)
    again = AuditResult.from_dict(result.to_dict())
    assert again.checks["labels"].tables == result.checks["labels"].tables
    page = render(again, Output("html", "report.html")).decode()
    text = render(again, Output("text", "report.txt")).decode()
    for table in result.checks["labels"].tables:
        assert f"<h3>{table.title}</h3>" in page
        assert f"labels: {table.title}" in text
    assert "&lt;b&gt;login" in page
    assert "<b>login" not in page


def test_a_table_with_rows_of_other_lengths_is_refused() -> None:
    with pytest.raises(ValueError, match="another length"):
        Table.of({"title": "t", "columns": ["a", "b"], "rows": [[1]]})
