"""Certificates at the gate: what reviewed records change about a verdict."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import AuditResult, audit
from dataqa.errors import ConfigError, InputError
from dataqa.gate import Rules, decide, rejudged
from dataqa.report import Output, render
from dataqa.result import CheckResult, Verdict
from dataqa.review.certified import certified
from dataqa.review.decisions import Decision, append_decisions

if TYPE_CHECKING:
    from tests.conftest import Bench, Record, Run

Tickets = Callable[..., list[dict[str, Any]]]
SAMPLES = Path(__file__).parents[1] / "sample_data"
RATE = "labels.mislabel_rate"
MODEL = {RATE: 0.2, f"{RATE}.low": 0.18, f"{RATE}.high": 0.3, "outliers.rate": 0.04}
OK = {"labels": CheckResult("labels", "ok"), "outliers": CheckResult("outliers", "ok")}
CERTIFICATE: dict[str, Any] = {
    "state": "PASS",
    "limit": 0.15,
    "risk": 0.05,
    "n_reviewed": 45,
    "n_wrong": 1,
    "n_unsure": 2,
    "estimate": 0.03,
    "low": 0.001,
    "high": 0.16,
    "at_least": 0.002,
    "at_most": 0.14,
    "right_to_pass": 0,
    "wrong_to_fail": 70,
}
OPEN = CERTIFICATE | {"state": "UNDECIDED", "at_most": 0.2, "high": 0.22, "right_to_pass": 12}
few = settings(deadline=None, max_examples=60, derandomize=True)


def judge(certificate: dict[str, Any] | None, limit: float = 0.15, **rules: Any) -> Verdict:
    return decide(MODEL, OK, {RATE: limit}, 100, Rules(**rules), certificate)


def test_a_decided_certificate_outweighs_the_models_and_says_so() -> None:
    verdict = judge(CERTIFICATE)
    assert (verdict.state, verdict.certified) == ("PASS", True)
    reason = verdict.reasons[0]
    assert (reason.evidence, reason.value, reason.low, reason.high) == (
        "reviewed",
        0.03,
        0.001,
        0.14,
    )
    assert "reviewers would change at most 14%" in reason.message
    assert "45 reviewed, 1 wrong, 2 unsure" in reason.message
    assert "models say 18% to 30%, which the review contradicts" in reason.message


def test_models_that_agree_are_not_called_contradicted() -> None:
    near = dict(MODEL, **{f"{RATE}.low": 0.01, f"{RATE}.high": 0.05})
    message = decide(near, OK, {RATE: 0.15}, 100, None, CERTIFICATE).reasons[0].message
    assert message.endswith("models say 1% to 5%")


def test_an_undecided_certificate_leaves_the_verdict_and_says_how_far_it_is() -> None:
    verdict = judge(OPEN)
    assert (verdict.state, verdict.certified) == ("FAIL", False)
    assert "12 more right ones would certify PASS" in verdict.reasons[0].message
    hopeless = judge(OPEN | {"right_to_pass": None, "wrong_to_fail": None})
    assert "the rest of the plan cannot decide it" in hopeless.reasons[0].message


@pytest.mark.parametrize(
    ("limit", "state"), [(0.1399, "FAIL"), (0.14, "PASS"), (0.5, "PASS"), (0.0019, "FAIL")]
)
def test_a_certificate_counts_for_other_limits_through_its_bounds(limit: float, state: str) -> None:
    verdict = judge(CERTIFICATE, limit)
    assert verdict.state == state
    assert verdict.certified == (not 0.002 <= limit < 0.14)


def test_a_certificate_of_higher_risk_than_allowed_does_not_decide() -> None:
    verdict = judge(CERTIFICATE, risk=0.01)
    assert (verdict.state, verdict.certified) == ("FAIL", False)
    assert "certified at risk 5% only" in verdict.reasons[0].message
    assert judge(CERTIFICATE, risk=0.1).certified


@pytest.mark.parametrize("certificate", [None, OPEN])
@pytest.mark.parametrize("limit", [0.1, 0.16])
def test_a_required_certificate_leaves_the_models_no_say(
    certificate: dict[str, Any] | None, limit: float
) -> None:
    verdict = judge(certificate, limit, require_certificate=True)
    assert (verdict.state, verdict.certified) == ("UNDECIDED", False)
    assert "only a certificate decides here" in verdict.reasons[0].message


def test_a_required_certificate_cannot_be_avoided_by_limiting_something_else() -> None:
    rules, limits = Rules(require_certificate=True), {"outliers.rate": 0.5}
    assert decide(MODEL, OK, limits, 100, rules).state == "UNDECIDED"
    assert decide(MODEL, OK, {"outliers.rate": 0.01}, 100, rules).state == "FAIL"
    both = decide(MODEL, OK, {**limits, RATE: 0.15}, 100, rules, CERTIFICATE)
    assert (both.state, both.certified) == ("PASS", True)


def test_a_failed_limit_on_something_else_is_not_certified() -> None:
    verdict = decide(MODEL, OK, {"outliers.rate": 0.01, RATE: 0.15}, 100, None, CERTIFICATE)
    assert (verdict.state, verdict.certified) == ("FAIL", False)


def test_nothing_crashed_passes_even_with_a_certificate() -> None:
    crashed = OK | {"outliers": CheckResult("outliers", "crashed")}
    assert decide(MODEL, crashed, {RATE: 0.15}, 100, None, CERTIFICATE).state == "UNDECIDED"


def test_a_warning_never_decides() -> None:
    verdict = judge(CERTIFICATE, warn={"outliers.rate": 0.01, RATE: 0.5})
    assert verdict.state == "PASS"
    severities = {reason.metric: reason.severity for reason in verdict.reasons[1:]}
    assert severities == {"outliers.rate": "warn", RATE: "warn"}
    messages = [reason.message.startswith("warning: ") for reason in verdict.reasons]
    assert messages == [False, False, True]


@few
@given(
    ends=st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
    limits=st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
)
def test_a_looser_limit_never_makes_it_worse(ends: list[float], limits: list[float]) -> None:
    rank = {"FAIL": 0, "UNDECIDED": 1, "PASS": 2}
    certificate = CERTIFICATE | {"at_least": ends[0], "at_most": ends[1], "limit": -1.0}
    rules: dict[str, Any] = {"require_certificate": True}
    strict, loose = (judge(certificate, limit, **rules).state for limit in limits)
    assert rank[strict] <= rank[loose]


# With data


def decisions_on(
    result: AuditResult, records: list[Record], count: int, **values: Any
) -> list[Decision]:
    """Judge the first draws by the truth that the tickets carry."""
    return [
        Decision(
            **{
                "dataset_sha256": result.dataset["sha256"],
                "key": draw["key"],
                "line": draw["line"],
                "draw": draw["draw"],
                "action": "keep" if _right(records[draw["line"] - 1]) else "drop",
                "reviewer": "ann",
                "at": "2026-01-02T03:04:05+00:00",
                **values,
            }
        )
        for draw in result.review_plan[:count]
    ]


def _right(record: Record) -> bool:
    return bool(record["label"] == record["truth"])


@pytest.fixture(scope="module", params=[0.0, 0.4], ids=["right", "wrong"])
def reviewed(
    request: pytest.FixtureRequest, bench: Bench, tickets: Tickets
) -> tuple[AuditResult, list[Record], str]:
    records = tickets(200, flip=request.param)
    return bench.audit(records), records, "FAIL" if request.param else "PASS"


def test_decisions_certify_a_result(reviewed: tuple[AuditResult, list[Record], str]) -> None:
    result, records, state = reviewed
    done = certified(result, decisions_on(result, records, 90))
    assert (done.verdict.state, done.verdict.certified) == (state, True)
    assert done.certificate is not None
    assert done.certificate["state"] == state
    assert done.metrics == result.metrics
    saved = AuditResult.from_dict(orjson.loads(render(done, Output("json", "-"))))
    assert saved == done
    assert rejudged(saved, saved.config["limits"]).verdict == done.verdict


def test_every_report_tells_what_is_claimed(
    reviewed: tuple[AuditResult, list[Record], str],
) -> None:
    result, records, state = reviewed
    both = [
        item for name in ("ann", "bob") for item in decisions_on(result, records, 90, reviewer=name)
    ]
    done = certified(result, both)
    assert done.certificate is not None
    for name in ("text", "html"):
        content = render(done, Output(name, "-")).decode()
        assert f"certificate: {state} at limit 15%, risk 5%" in content
        assert "a reviewer with this guideline would change" in content
        assert f"{done.certificate['n_reviewed']} reviewed" in content
        assert "agreement 100%" in content
    assert b"certificate:" not in render(result, Output("text", "-"))


def test_what_does_not_count_is_told(reviewed: tuple[AuditResult, list[Record], str]) -> None:
    result, records, _ = reviewed
    said = decisions_on(result, records, 90)
    gap = [item for item in said if item.key != said[3].key]
    done = certified(result, [*gap, replace(said[3], draw=None)])
    assert done.certificate is not None
    assert done.certificate["draws"] == 3
    content = render(done, Output("text", "-")).decode()
    assert "do not count until it is judged" in content
    assert "1 decisions on records that no draw chose" in content


def test_decisions_need_a_limit(bench: Bench, tickets: Tickets) -> None:
    result = bench.audit(tickets(60), max_mislabel_rate="off", limits={"outliers.rate": 0.5})
    with pytest.raises(ConfigError, match="which has no limit"):
        certified(result, [])


def test_the_gate_is_certified_by_a_file(
    tickets: Tickets, jsonl: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    records = tickets(200)
    data, saved, said = jsonl(tmp_path, records), tmp_path / "r.json", tmp_path / "decisions.jsonl"
    assert run("audit", data, f"--out=json={saved}", "--require-certificate").code == 3
    append_decisions(said, decisions_on(audit(data), records, 60))
    assert run("gate", saved).code == 3
    again = tmp_path / "again.json"
    done = run("gate", saved, "--decisions", said, f"--out=json={again}")
    assert (done.code, "certified at risk 5%" in done.out) == (0, True)
    fresh = tmp_path / "fresh.json"
    options = ("--require-certificate", "--decisions", said, f"--out=json={fresh}")
    assert run("audit", data, *options).code == 0
    one, other = (json.loads(path.read_bytes()) for path in (again, fresh))
    assert one["certificate"] == other["certificate"]
    assert one["verdict"] == other["verdict"]
    assert one["verdict"]["certified"]
    data.rename(tmp_path / "gone.jsonl")
    assert run("gate", again, "--max-mislabel-rate=50%").code == 0
    strict = run("gate", saved, "--decisions", said, "--risk=0.01%")
    assert (strict.code, "more right ones would certify PASS" in strict.out) == (3, True)
    assert run("gate", saved, "--risk=0%").code == 2


def test_decisions_on_other_data_are_refused_with_the_reason(
    tickets: Tickets, jsonl: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    records, said = tickets(80), tmp_path / "decisions.jsonl"
    append_decisions(said, decisions_on(audit(jsonl(tmp_path, records)), records, 20))
    other = jsonl(tmp_path, tickets(81), "other.jsonl")
    done = run("audit", other, "--decisions", said)
    assert (done.code, "made for another dataset" in done.err) == (2, True)
    assert run("audit", other, "--decisions", tmp_path / "absent.jsonl").code == 2
    overwriting = run("audit", other, "--decisions", said, f"--out=json={said}")
    assert (overwriting.code, "is an input file" in overwriting.err) == (2, True)


def test_free_form_records_are_certified_without_labels(bench: Bench) -> None:
    topics = ("tides", "bread", "glass", "bees", "rope")
    pairs = [
        {"instruction": f"Explain {topics[n % 5]}, part {n}.", "output": f"Answer {n * n} on it."}
        for n in range(150)
    ]
    result = bench.audit(pairs)
    assert (result.verdict.state, result.metrics[RATE]) == ("UNDECIDED", None)
    for action, state in (("keep", "PASS"), ("drop", "FAIL")):
        truth = [{"label": 0, "truth": 0}] * len(pairs)
        done = certified(result, decisions_on(result, truth, 80, action=action))
        assert (done.verdict.state, done.verdict.certified) == (state, True)
        assert "models say" not in done.verdict.reasons[0].message


def test_rules_come_from_the_configuration(bench: Bench, tickets: Tickets) -> None:
    result = bench.audit(
        tickets(80), require_certificate=True, risk="1%", warn={"outliers.rate": "2%"}
    )
    assert Rules.of(result.config) == Rules({"outliers.rate": 0.02}, 0.01, require_certificate=True)
    assert result.verdict.state == "UNDECIDED"
    loose = rejudged(result, result.config["limits"], Rules())
    assert Rules.of(loose.config) == Rules()
    assert asdict(Rules()).keys() <= loose.config.keys()
    with pytest.raises(ConfigError, match="unknown metric"):
        bench.audit(tickets(10), warn={"outliers.rat": 0.1})
    with pytest.raises(InputError, match=r"absent\.jsonl"):
        audit("absent.jsonl", decisions="absent.jsonl")


# The sample data, through the real command line


@pytest.mark.parametrize(
    ("name", "options", "code", "first"),
    [
        ("clean", [], 0, "PASS  mislabel rate at most 15%, certified at risk 5%"),
        ("noisy", ["--max-mislabel-rate=5%"], 1, "FAIL  mislabel rate above 5%, certified"),
    ],
)
def test_samples_are_certified(
    run: Run, name: str, options: list[str], code: int, first: str
) -> None:
    folder = SAMPLES / name
    said = ("--decisions", folder / "decisions.jsonl", "--require-certificate")
    done = run("audit", folder / "data.jsonl", *said, *options)
    assert (done.code, done.out.splitlines()[0][: len(first)]) == (code, first)


def test_sample_decisions_are_made_again_to_the_byte(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "decide.py", "--out", tmp_path], check=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.glob("*/*")}
    assert len(made) == 2
    assert made == {path: (SAMPLES / path).read_bytes() for path in made}
