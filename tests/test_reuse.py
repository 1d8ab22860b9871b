"""Decisions on earlier data: which of them count for the present plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataqa import AuditResult, audit
from dataqa.errors import InputError
from dataqa.review.certified import certified, read_files
from dataqa.review.decisions import Decision, append_decisions
from dataqa.review.plan import saved_plan
from dataqa.review.reuse import gather
from dataqa.review.session import Session

if TYPE_CHECKING:
    from tests.conftest import Bench, Run

Tickets = Callable[..., list[dict[str, Any]]]


def right(result: AuditResult, count: int, **values: Any) -> list[Decision]:
    """Find the first draws right."""
    return [
        Decision(
            **{
                "dataset_sha256": result.dataset["sha256"],
                "key": draw["key"],
                "line": draw["line"],
                "draw": draw["draw"],
                "action": "keep",
                "reviewer": "ann",
                "at": "2026-01-02T03:04:05+00:00",
                **values,
            }
        )
        for draw in result.review_plan[:count]
    ]


@pytest.fixture(scope="module")
def versions(bench: Bench, tickets: Tickets) -> tuple[AuditResult, AuditResult]:
    """Audits of a set, and of the same with some records more, some edited and all moved."""
    records = tickets(120)
    edited = [record | {"text": record["text"] + " urgently"} for record in records[:6]]
    more = tickets(126, seed=5)[120:]
    return bench.audit(records), bench.audit([*more, *edited, *records[6:][::-1]])


def test_judged_unchanged_records_need_no_new_work(
    versions: tuple[AuditResult, AuditResult],
) -> None:
    old, new = versions
    every = right(old, 1000)
    plan = saved_plan(new)
    unchanged = set(old.records["key"]) & set(new.records["key"])
    said = gather(plan, [], every)
    assert said.reused == unchanged & {draw["key"] for draw in plan.draws}
    session = Session(plan, "bob", 0.15, 0.05, tuple(said.all), settled=frozenset(said.reused))
    while session.current and session.certificate().state == "UNDECIDED":
        assert session.current["key"] not in unchanged
        session = session.judged("keep")
    fresh = [item for item in session.decisions if item.reviewer == "bob"]
    assert 1 <= len(fresh) <= 6
    done = certified(new, fresh, every)
    assert (done.verdict.state, done.verdict.certified) == ("PASS", True)
    assert done.certificate is not None
    reused = done.certificate["n_reviewed"] - len(fresh)
    assert done.certificate["reused"] == reused >= 15


def test_the_new_plan_does_not_follow_the_old_one(
    versions: tuple[AuditResult, AuditResult],
) -> None:
    old, new = versions
    same = [
        one["key"] == other["key"]
        for one, other in zip(old.review_plan, new.review_plan, strict=True)
    ]
    assert sum(same) < 40


def test_what_was_edited_or_chosen_freely_is_left_out(
    versions: tuple[AuditResult, AuditResult],
) -> None:
    old, new = versions
    plan = saved_plan(new)
    gone = [item for item in right(old, 1000) if item.key not in plan.keys]
    assert gone
    assert gather(plan, [], gone).all == []
    assert gather(plan, [], right(old, 1000, draw=None)).all == []


def test_without_being_asked_for_nothing_is_reused(
    versions: tuple[AuditResult, AuditResult],
) -> None:
    old, new = versions
    with pytest.raises(InputError, match="made for another dataset") as caught:
        certified(new, right(old, 20))
    assert "--reuse-decisions" in caught.value.hint
    forged = [replace(item, draw=item.draw + 1) for item in right(new, 20) if item.draw]
    with pytest.raises(InputError, match="is another record"):
        certified(new, [], forged)


def test_a_fresh_decision_replaces_a_reused_one_by_the_same_reviewer(
    versions: tuple[AuditResult, AuditResult],
) -> None:
    old, new = versions
    plan = saved_plan(new)
    first = next(draw for draw in plan.draws if draw["key"] in set(old.records["key"]))
    again = [item for item in right(new, 1000, action="drop") if item.draw == first["draw"]]
    later = [replace(item, at="2027-01-01T00:00:00+00:00") for item in again]
    done = certified(new, later, right(old, 1000))
    assert done.certificate is not None
    before = certified(new, [], right(old, 1000)).certificate
    assert before is not None
    counted = first["draw"] <= done.certificate["draws"]
    assert done.certificate["n_wrong"] == before["n_wrong"] + counted
    assert done.certificate["reused"] == before["reused"] - counted


def test_an_earlier_file_on_the_same_data_counts_in_full(
    versions: tuple[AuditResult, AuditResult],
) -> None:
    old, _ = versions
    one, other = certified(old, right(old, 60)), certified(old, [], right(old, 60))
    assert one.certificate == other.certificate


def test_the_command_line_reuses(
    tickets: Tickets, jsonl: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    records, old, new = tickets(120), tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    append_decisions(old, right(audit(jsonl(tmp_path, records)), 1000))
    data, saved = jsonl(tmp_path, records[:110], "less.jsonl"), tmp_path / "r.json"
    assert run("audit", data, "--decisions", old).code == 2
    done = run("audit", data, "--reuse-decisions", old, f"--out=json={saved}")
    assert (done.code, "were judged in an earlier version" in done.out) == (0, True)
    assert json.loads(saved.read_bytes())["verdict"]["certified"]
    append_decisions(new, right(audit(data), 3))
    gate = run("gate", saved, "--decisions", new, "--reuse-decisions", old)
    assert gate.code == 0
    fresh, earlier = read_files(new, [old]) or ((), ())
    assert (len(fresh), len(earlier)) == (3, 1000)
