"""The certificate: a pure function of plan, decisions, limit and risk that is rarely wrong."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.errors import InputError
from dataqa.review.betting import Draws, Side, log_capital
from dataqa.review.certificate import Certificate, certify
from dataqa.review.decisions import Decision
from dataqa.review.plan import Plan, make_plan
from dataqa.review.weights import weigh

SHA = "a" * 64
few = settings(deadline=None, max_examples=40, derandomize=True)


@cache
def world(
    rate: float, seed: int = 0, size: int = 400, length: int = 400
) -> tuple[Plan, dict[str, bool]]:
    """Make a plan over records of which a share is wrong, and tell which are."""
    rng = np.random.default_rng(seed)
    keys = [rng.bytes(16).hex() for _ in range(size)]
    wrong = rng.random(size) < rate
    quality = np.where(wrong, rng.beta(2, 3, size), rng.beta(6, 1, size))
    frame = pd.DataFrame(
        {"key": keys, "source": "d", "line": range(1, size + 1), "label_quality": quality}
    )
    draws, sampling = make_plan(frame, seed, draws=length)
    return Plan(draws, sampling, SHA, frozenset(keys)), dict(zip(keys, wrong.tolist(), strict=True))


def decide(draw: dict[str, Any], action: str, reviewer: str = "ann", minute: int = 0) -> Decision:
    return Decision(
        dataset_sha256=SHA,
        key=draw["key"],
        line=draw["line"],
        draw=draw["draw"],
        action=action,
        reviewer=reviewer,
        at=f"2026-01-02T03:{minute:02}:05+00:00",
    )


def reviewed(plan: Plan, truth: dict[str, bool], count: int) -> list[Decision]:
    return [decide(draw, "drop" if truth[draw["key"]] else "keep") for draw in plan.draws[:count]]


def test_a_clean_set_passes_and_a_bad_one_fails() -> None:
    for rate, state in ((0.0, "PASS"), (0.4, "FAIL")):
        plan, truth = world(rate)
        done = certify(plan, reviewed(plan, truth, 200), 0.15)
        assert done.state == state
        assert done.decided_at is not None
        assert done.decided_at <= 60
        assert done.low <= rate <= done.high
        assert certify(plan, reviewed(plan, truth, done.decided_at), 0.15).state == state
        assert certify(plan, reviewed(plan, truth, done.decided_at - 1), 0.15).state == "UNDECIDED"


def test_nothing_is_decided_without_decisions() -> None:
    plan, _ = world(0.0)
    empty = certify(plan, [], 0.15)
    assert (empty.state, empty.draws, empty.estimate) == ("UNDECIDED", 0, None)
    assert (empty.low, empty.high, empty.at_least, empty.at_most) == (0, 1, 0, 1)


def test_what_is_needed_is_enough_and_not_more() -> None:
    plan, _ = world(0.1)
    for start in (0, 5):
        said = [decide(draw, "keep") for draw in plan.draws[:start]]
        steps = certify(plan, said, 0.15)
        for action, state, more in (
            ("keep", "PASS", steps.right_to_pass),
            ("drop", "FAIL", steps.wrong_to_fail),
        ):
            assert more is not None
            fresh: list[str] = []
            for draw in plan.draws[start:]:
                if draw["key"] not in {item.key for item in said} | set(fresh):
                    fresh.append(draw["key"])
            for count, wanted in ((more, state), (more - 1, "UNDECIDED")):
                new = [
                    decide(draw, action)
                    for draw in plan.draws[start:]
                    if draw["key"] in fresh[:count]
                ]
                assert certify(plan, [*said, *new], 0.15).state == wanted


@few
@given(seed=st.integers(0, 20), count=st.integers(0, 80), shuffle=st.randoms())
def test_it_is_pure_and_the_order_of_the_file_does_not_matter(
    seed: int, count: int, shuffle: random.Random
) -> None:
    plan, truth = world(0.1, seed)
    decisions = reviewed(plan, truth, count)
    first = certify(plan, decisions, 0.15)
    assert certify(plan, decisions, 0.15) == first
    assert certify(plan, shuffle.sample(decisions, count), 0.15) == first
    assert Certificate.from_dict(first.to_dict()) == first


@few
@given(seed=st.integers(0, 20), count=st.integers(0, 80), more=st.integers(1, 60))
def test_more_right_decisions_never_move_a_pass_away(seed: int, count: int, more: int) -> None:
    plan, truth = world(0.06, seed)
    before = reviewed(plan, truth, count)
    added = [decide(draw, "keep", minute=1) for draw in plan.draws[count : count + more]]
    one, other = certify(plan, before, 0.15), certify(plan, [*before, *added], 0.15)
    assert other.state == one.state or one.state == "UNDECIDED"
    assert other.state != "FAIL" or one.state == "FAIL"


@few
@given(
    words=st.lists(st.sampled_from(["keep", "drop", "unsure"]), max_size=60),
    limits=st.lists(st.floats(0.01, 0.9), min_size=2, max_size=2).map(sorted),
)
def test_a_looser_limit_never_makes_it_worse(words: list[str], limits: list[float]) -> None:
    plan, _ = world(0.1)
    rank = {"FAIL": 0, "UNDECIDED": 1, "PASS": 2}
    decisions = [decide(draw, word) for draw, word in zip(plan.draws, words, strict=False)]
    strict, loose = (certify(plan, decisions, limit).state for limit in limits)
    assert rank[strict] <= rank[loose]


def test_unsure_counts_against_either_side() -> None:
    plan, _ = world(0.1)
    words = {"keep": "PASS", "drop": "FAIL", "unsure": "UNDECIDED"}
    for word, state in words.items():
        done = certify(plan, [decide(draw, word) for draw in plan.draws[:100]], 0.15)
        assert done.state == state
    assert done.n_unsure == done.n_reviewed


def test_skipped_draws_stop_the_count() -> None:
    plan, truth = world(0.0)
    everything = reviewed(plan, truth, 100)
    gap = certify(plan, [item for item in everything if item.key != plan.draws[4]["key"]], 0.15)
    assert (gap.state, gap.draws, gap.beyond_gap) == ("UNDECIDED", 4, gap.beyond_gap)
    assert 80 < gap.beyond_gap < 96


def test_queue_decisions_never_count() -> None:
    plan, truth = world(0.0)
    queue = [replace(item, draw=None) for item in reviewed(plan, truth, 100)]
    done = certify(plan, queue, 0.15)
    assert (done.state, done.draws, done.from_queue) == ("UNDECIDED", 0, 100)


def test_one_judgement_serves_all_draws_of_a_record() -> None:
    plan, _ = world(0.0, size=10, length=1000)
    decisions = {draw["key"]: decide(draw, "keep") for draw in reversed(plan.draws)}
    done = certify(plan, list(decisions.values()), 0.15)
    assert (done.state, done.n_reviewed, done.draws) == ("PASS", 10, 1000)


def test_the_latest_decision_of_a_reviewer_counts() -> None:
    plan, _ = world(0.0)
    wrong = [decide(draw, "drop") for draw in plan.draws[:60]]
    right = [decide(draw, "keep", minute=5) for draw in plan.draws[:60]]
    assert certify(plan, [*right, *wrong], 0.15).state == "PASS"
    same_time = [replace(item, at=wrong[0].at) for item in right]
    assert certify(plan, [*same_time, *wrong], 0.15).n_unsure == len({d.key for d in wrong})


def test_two_reviewers_give_agreement_and_their_disagreements_are_unsure() -> None:
    plan, _ = world(0.1)
    ann = [decide(draw, "keep" if draw["draw"] % 2 else "drop") for draw in plan.draws[:40]]
    bob = [replace(item, reviewer="bob") for item in ann]
    both = certify(plan, [*ann, *bob], 0.15)
    assert (both.reviewers, both.agreement, both.kappa) == (2, 1.0, 1.0)
    bob[0] = replace(bob[0], action="drop")
    mixed = certify(plan, [*ann, *bob], 0.15)
    assert mixed.n_unsure == both.n_unsure + 1
    assert mixed.agreement == pytest.approx(1 - 1 / mixed.twice)
    assert 0.9 < (mixed.kappa or 0) < 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"draw": 2}, "draw 2 of the plan is another record"),
        ({"draw": 5000}, "the plan has no draw 5000"),
        ({"dataset_sha256": "b" * 64}, "made for another dataset"),
        ({"key": "0" * 32}, "the record was edited"),
        ({"key": "0" * 32, "draw": None}, "the record was edited"),
    ],
)
def test_what_was_not_decided_on_this_plan_is_refused(change: dict[str, Any], reason: str) -> None:
    plan, truth = world(0.1)
    decisions = reviewed(plan, truth, 10)
    with pytest.raises(InputError) as caught:
        certify(plan, [replace(decisions[0], **change), *decisions[1:]], 0.15)
    assert reason in caught.value.message
    assert f"line {decisions[0].line} (ann)" in caught.value.message


def test_unreadable_lines_count_as_wrong_for_a_pass() -> None:
    plan, truth = world(0.0)
    half = replace(plan, sampling={**plan.sampling, "unreadable": 200})
    assert certify(half, reviewed(plan, truth, 400), 0.15).state == "UNDECIDED"
    assert certify(half, reviewed(plan, truth, 400), 0.5).state == "PASS"
    assert certify(half, [], 0.15).right_to_pass is None


@pytest.mark.parametrize(("limit", "rate", "state"), [(1.0, 0.3, "PASS"), (0.0, 0.3, "FAIL")])
def test_extreme_limits(limit: float, rate: float, state: str) -> None:
    plan, truth = world(rate)
    assert certify(plan, reviewed(plan, truth, 30), limit).state == state
    clean, right = world(0.0)
    assert certify(clean, reviewed(clean, right, 400), 0.0).state == "UNDECIDED"


@few
@given(
    quality=st.lists(st.floats(0, 1), min_size=2, max_size=12),
    wrong=st.lists(st.booleans(), min_size=12, max_size=12),
    side=st.sampled_from(["above", "at_most"]),
)
def test_bets_against_a_true_hypothesis_win_nothing_on_average(
    quality: list[float], wrong: list[bool], side: Side
) -> None:
    score, truth = 1 - np.array(quality), np.array(wrong[: len(quality)], dtype=float)
    for _, _, weight, phase in weigh(score, np.ones(len(score)), 100):
        names = ("max_worth", "max_worth_score", "max_worth_rest")
        limits = [np.full((len(score), 1), phase[name]) for name in names]
        worth = (1 / weight)[:, None]
        draws = Draws(worth, score[:, None], float(score.mean()), *limits)
        capital = np.exp(log_capital(draws, truth[:, None], truth.mean(), side))[:, 0]
        assert (weight / len(score) * capital).sum() == pytest.approx(1, abs=1e-6)
        assert (capital > 0).all()


@pytest.mark.parametrize("rate", [0.1, 0.145, 0.155, 0.22])
def test_verdicts_and_intervals_are_rarely_wrong(rate: float) -> None:
    runs, wrong_verdicts, missed = 60, 0, 0
    for seed in range(runs):
        plan, truth = world(rate, seed, length=150)
        actual = sum(truth.values()) / len(truth)
        done = certify(plan, reviewed(plan, truth, 150), 0.15)
        wrong_verdicts += done.state == ("FAIL" if actual <= 0.15 else "PASS")
        missed += not done.low <= actual <= done.high
    assert wrong_verdicts <= 0.1 * runs
    assert missed <= 0.1 * runs
