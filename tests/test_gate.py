"""The verdict: rules of single limits, and of all together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.errors import ConfigError
from dataqa.gate import decide, percent, rejudged
from dataqa.result import AuditResult, CheckResult, Verdict

if TYPE_CHECKING:
    from tests.conftest import Bench, Record

RATE = "labels.mislabel_rate"
OK = {"labels": CheckResult("labels", "ok")}
shares = st.floats(0, 1)


def judge(
    low: float | None,
    value: float | None,
    high: float | None,
    limit: float,
    checks: dict[str, CheckResult] | None = None,
) -> Verdict:
    metrics = {RATE: value, f"{RATE}.low": low, f"{RATE}.high": high}
    return decide(metrics, checks or OK, {RATE: limit}, records=100)


@pytest.mark.parametrize(
    ("low", "high", "limit", "state"),
    [
        (0.01, 0.05, 0.15, "PASS"),
        (0.01, 0.15, 0.15, "PASS"),
        (0.01, 0.1500001, 0.15, "UNDECIDED"),
        (0.15, 0.30, 0.15, "UNDECIDED"),
        (0.1500001, 0.30, 0.15, "FAIL"),
        (0.0, 0.0, 0.0, "PASS"),
        (1.0, 1.0, 1.0, "PASS"),
    ],
)
def test_a_bracket_is_compared_with_the_limit(
    low: float, high: float, limit: float, state: str
) -> None:
    verdict = judge(low, (low + high) / 2, high, limit)
    assert verdict.state == state
    assert verdict.reasons[0].state == state


@pytest.mark.parametrize(("value", "state"), [(0.02, "PASS"), (0.05, "PASS"), (0.0501, "FAIL")])
def test_a_metric_without_a_bracket_is_its_own_bracket(value: float, state: str) -> None:
    verdict = decide({"schema.invalid_rate": value}, {}, {"schema.invalid_rate": 0.05}, 10)
    assert verdict.state == state
    assert (verdict.reasons[0].low, verdict.reasons[0].high) == (value, value)


def test_the_unrounded_value_is_compared() -> None:
    assert judge(0.0, 0.1, 0.15 + 1e-12, 0.15).state == "UNDECIDED"


def test_what_was_not_measured_is_undecided_and_says_why() -> None:
    checks = {"labels": CheckResult("labels", "skipped", reason="no record has a label")}
    verdict = judge(None, None, None, 0.15, checks)
    assert verdict.state == "UNDECIDED"
    assert "no record has a label" in verdict.reasons[0].message


def test_a_check_that_was_left_out_is_named() -> None:
    verdict = decide({}, {}, {RATE: 0.15}, 10)
    assert verdict.state == "UNDECIDED"
    assert "'labels' was left out" in verdict.reasons[0].message


def test_a_crashed_check_is_named_as_crashed() -> None:
    checks = {"labels": CheckResult("labels", "crashed", reason="KeyError: 'x'")}
    verdict = judge(None, None, None, 0.15, checks)
    assert "check crashed: KeyError" in verdict.reasons[0].message


@pytest.mark.parametrize("missing", ["low", "high"])
def test_half_a_bracket_is_undecided(missing: str) -> None:
    ends = {"low": 0.0, "high": 0.0} | {missing: None}
    assert judge(ends["low"], 0.0, ends["high"], 0.15).state == "UNDECIDED"


def test_without_limits_nothing_passes() -> None:
    assert decide({RATE: 0.0}, OK, {}, 100).state == "UNDECIDED"


def test_without_records_nothing_passes() -> None:
    assert decide({RATE: 0.0}, OK, {RATE: 0.15}, 0).state == "UNDECIDED"


def test_a_crash_anywhere_keeps_the_gate_from_passing() -> None:
    checks = OK | {"outliers": CheckResult("outliers", "crashed")}
    assert judge(0.0, 0.0, 0.0, 0.15).state == "PASS"
    assert judge(0.0, 0.0, 0.0, 0.15, checks).state == "UNDECIDED"


def test_a_failed_limit_outweighs_a_crash_and_an_undecided_limit() -> None:
    checks = OK | {"outliers": CheckResult("outliers", "crashed")}
    limits = {RATE: 0.15, "outliers.rate": 0.1}
    metrics = {RATE: 0.5, "outliers.rate": None}
    assert decide(metrics, checks, limits, 100).state == "FAIL"


def test_reasons_stand_in_the_order_of_their_names() -> None:
    verdict = decide({"b.x": 0.0, "a.x": 0.0}, {}, {"b.x": 0.1, "a.x": 0.1}, 10)
    assert [reason.metric for reason in verdict.reasons] == ["a.x", "b.x"]


def test_what_decided_the_verdict_stands_first() -> None:
    limits = dict.fromkeys(("a.x", "b.x", "c.x"), 0.1)
    verdict = decide({"a.x": 0.0, "b.x": None, "c.x": 0.2}, {}, limits, 10)
    states = [(reason.metric, reason.state) for reason in verdict.reasons]
    assert states == [("c.x", "FAIL"), ("b.x", "UNDECIDED"), ("a.x", "PASS")]


def test_models_never_certify() -> None:
    assert not judge(0.0, 0.0, 0.0, 0.15).certified


@pytest.mark.parametrize(("state", "code"), [("PASS", 0), ("FAIL", 1), ("UNDECIDED", 3)])
def test_exit_codes(state: str, code: int) -> None:
    assert Verdict(state, certified=False, reasons=()).exit_code == code


@settings(deadline=None, max_examples=200, derandomize=True)
@given(
    ends=st.lists(st.none() | shares, min_size=3, max_size=3).map(
        lambda ends: sorted(ends) if None not in ends else ends
    ),
    limits=st.lists(shares, min_size=2, max_size=2).map(sorted),
    status=st.sampled_from(["ok", "crashed"]),
)
def test_a_looser_limit_never_makes_it_worse(
    ends: list[float | None], limits: list[float], status: str
) -> None:
    rank = {"FAIL": 0, "UNDECIDED": 1, "PASS": 2}
    checks = {"labels": CheckResult("labels", status)}
    strict, loose = (judge(*ends, limit, checks).state for limit in limits)
    assert rank[strict] <= rank[loose]


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.15, "15%"), (0.1234, "12.34%"), (0.1, "10%"), (1, "100%")]
)
def test_percent_drops_trailing_zeros(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.fixture
def saved(bench: Bench, tickets: Callable[..., list[Record]]) -> AuditResult:
    return bench.audit(tickets(200, flip=0.2))


def test_a_saved_result_is_judged_again_without_new_measurement(saved: AuditResult) -> None:
    loose, strict = rejudged(saved, {RATE: 1.0}), rejudged(saved, {RATE: 0.0})
    assert (loose.verdict.state, strict.verdict.state) == ("PASS", "FAIL")
    assert loose.metrics == strict.metrics == saved.metrics
    assert loose.config["limits"] == {RATE: 1.0}


def test_judging_again_by_an_unknown_metric_is_refused_with_the_list(saved: AuditResult) -> None:
    with pytest.raises(ConfigError, match=r"'labels\.speed'") as caught:
        rejudged(saved, {"labels.speed": 0.1})
    assert RATE in caught.value.hint


def test_a_limit_on_an_unknown_metric_is_refused_before_anything_is_read(bench: Bench) -> None:
    with pytest.raises(ConfigError, match=r"limits: unknown metric 'labels\.mislabel'") as caught:
        bench.audit(["no record"], limits={"labels.mislabel": 0.1})
    assert f"did you mean '{RATE}" in caught.value.hint
