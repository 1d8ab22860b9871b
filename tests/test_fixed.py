"""One sample of a size set beforehand: how it is drawn, and what it proves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from dataqa.errors import ConfigError
from dataqa.report import Output, render
from dataqa.review.certificate import certify
from dataqa.review.certified import certified
from dataqa.review.decisions import Decision
from dataqa.review.fixed import lower, upper
from dataqa.review.plan import Plan, make_plan
from dataqa.review.weights import stratified

if TYPE_CHECKING:
    from tests.conftest import Bench

Tickets = Callable[..., list[dict[str, Any]]]
SHA = "a" * 64
few = settings(deadline=None, max_examples=50, derandomize=True)


def sample(
    rate: float, size: int = 200, records: int = 500, seed: int = 0
) -> tuple[Plan, dict[str, bool]]:
    """Draw a sample of records of which a share is wrong, and tell which are."""
    rng = np.random.default_rng(seed)
    keys = [rng.bytes(16).hex() for _ in range(records)]
    wrong = rng.random(records) < rate
    quality = np.where(wrong, rng.beta(2, 3, records), rng.beta(6, 1, records))
    frame = pd.DataFrame(
        {"key": keys, "source": "d", "line": range(1, records + 1), "label_quality": quality}
    )
    draws, sampling = make_plan(frame, seed, sample=size)
    return Plan(draws, sampling, SHA, frozenset(keys)), dict(zip(keys, wrong.tolist(), strict=True))


def judged(plan: Plan, words: list[str]) -> list[Decision]:
    """Judge the first different records of the sample."""
    firsts = {draw["key"]: draw for draw in reversed(plan.draws)}
    order = sorted(firsts.values(), key=lambda draw: draw["draw"])
    return [
        Decision(SHA, draw["key"], draw["line"], word, "ann", "2026-01-02T03:04:05Z", draw["draw"])
        for draw, word in zip(order, words, strict=False)
    ]


@pytest.mark.parametrize(("size", "wrong"), [(10, 0), (200, 17), (200, 200), (1, 1)])
def test_bounds_are_those_of_clopper_and_pearson(size: int, wrong: int) -> None:
    low, high = lower(wrong, size, 0.05), upper(wrong, size, 0.05)
    assert low == 0 if wrong == 0 else binom.sf(wrong - 1, size, low) == pytest.approx(0.05)
    assert high == 1 if wrong == size else binom.cdf(wrong, size, high) == pytest.approx(0.05)


@few
@given(
    score=st.lists(st.floats(0, 1), min_size=1, max_size=30),
    copies=st.integers(1, 3),
    size=st.integers(1, 60),
)
def test_every_stratum_gives_one_draw_and_every_record_the_same_chance(
    score: list[float], copies: int, size: int
) -> None:
    values, each = np.array(score), np.full(len(score), copies)
    grid = 2000
    counts = np.zeros(len(score))
    for step in range(grid):
        rows = stratified(values, each, np.full(size, (step + 0.5) / grid))
        counts += np.bincount(rows, minlength=len(score))
        assert (np.diff(values[rows]) >= 0).all()
    assert counts / grid == pytest.approx(size / len(score), abs=0.05)


def test_the_sample_is_drawn_from_hashes_and_spreads_over_scores() -> None:
    plan, _ = sample(0.1)
    assert plan.draws == sample(0.1)[0].draws
    assert plan.draws != sample(0.1, seed=1)[0].draws
    assert (len(plan.draws), plan.sampling["kind"]) == (200, "fixed")
    scores = np.sort([draw["score"] for draw in plan.draws])
    assert scores.mean() == pytest.approx(plan.sampling["mean_score"], abs=0.005)
    assert np.corrcoef([draw["score"] for draw in plan.draws], range(200))[0, 1] < 0.3


@pytest.mark.parametrize(("rate", "state"), [(0.05, "PASS"), (0.3, "FAIL"), (0.15, "UNDECIDED")])
def test_a_complete_sample_is_judged_as_a_whole(rate: float, state: str) -> None:
    plan, truth = sample(rate)
    words = ["drop" if truth[item.key] else "keep" for item in judged(plan, ["keep"] * 200)]
    done = certify(plan, judged(plan, words), 0.15)
    assert (done.state, done.method, done.draws) == (state, "fixed", 200)
    assert done.low <= done.at_least <= (done.estimate or 0) <= done.at_most <= done.high
    assert done.estimate == pytest.approx(rate, abs=0.06)


def test_records_not_judged_yet_count_against_either_side() -> None:
    plan, _ = sample(0.0)
    none = certify(plan, [], 0.15)
    assert (none.state, none.low, none.high, none.estimate) == ("UNDECIDED", 0, 1, None)
    for word, state in (("keep", "PASS"), ("drop", "FAIL")):
        number = none.right_to_pass if word == "keep" else none.wrong_to_fail
        assert number is not None
        assert certify(plan, judged(plan, [word] * number), 0.15).state == state
        before = certify(plan, judged(plan, [word] * (number - 1)), 0.15)
        assert before.state == "UNDECIDED"
        assert 1 in (before.right_to_pass, before.wrong_to_fail)


@few
@given(words=st.lists(st.sampled_from(["keep", "drop", "unsure"]), max_size=160), at=st.randoms())
def test_the_order_does_not_matter_and_right_ones_never_move_a_pass_away(
    words: list[str], at: Any
) -> None:
    plan, _ = sample(0.1)
    said = judged(plan, words)
    one = certify(plan, said, 0.15)
    assert certify(plan, at.sample(said, len(said)), 0.15) == one
    skipped = certify(plan, said[5:], 0.15)
    assert skipped.beyond_gap == 0
    more = certify(plan, judged(plan, words + ["keep"] * 200), 0.15)
    assert more.state == "PASS" or one.state != "PASS"


def test_bounds_are_rarely_wrong() -> None:
    missed = np.zeros(2)
    for seed in range(60):
        plan, truth = sample(0.12, seed=seed)
        words = ["drop" if truth[item.key] else "keep" for item in judged(plan, ["keep"] * 200)]
        done = certify(plan, judged(plan, words), 0.15)
        actual = sum(truth.values()) / len(truth)
        missed += [done.at_most < actual, done.at_least > actual]
    assert (missed <= 7).all()


def test_an_audit_plans_a_sample_and_the_gate_reads_it(bench: Bench, tickets: Tickets) -> None:
    result = bench.audit(tickets(150), sample=60)
    assert (len(result.review_plan), result.config["sample"]) == (60, 60)
    said = [
        Decision(
            result.dataset["sha256"],
            draw["key"],
            draw["line"],
            "keep",
            "ann",
            "2026-01-02T03:04:05Z",
            draw["draw"],
        )
        for draw in result.review_plan
    ]
    done = certified(result, said)
    assert (done.verdict.state, done.verdict.certified) == ("PASS", True)
    early = certified(result, said[:57])
    assert early.verdict.certified
    page = render(early, Output("text", "-")).decode()
    assert "(confidence 95%)" in page
    assert "estimate" not in page.partition("(confidence")[2].partition("\n")[0]
    partly = certified(result, [replace(item, action="unsure") for item in said])
    assert partly.certificate is not None
    assert partly.certificate["state"] == "UNDECIDED"
    with pytest.raises(ConfigError, match="sample: -1 is not between"):
        bench.audit(tickets(10), sample=-1)
