"""What draws judged one by one prove: bets that are valid whenever reviewing stops."""

from __future__ import annotations

import numpy as np

from dataqa.result import State
from dataqa.review.betting import Draws, Side, log_capital
from dataqa.review.judgements import Judged
from dataqa.review.plan import Plan
from dataqa.review.statement import Certificate

STEPS = 20
"""Halvings when a bound is searched: to the millionth."""


def state_proven(plan: Plan, judged: Judged, limit: float, risk: float) -> Certificate:
    """State what the draws before the first undecided one prove; see ``certificate.certify``."""
    counted = judged.counted
    draws = _known(plan, counted)
    low_wrong, high_wrong = judged.surely_wrong[:counted], judged.maybe_wrong[:counted]
    right, wrong = _deciding(plan, judged, limit, risk)
    state, at = _decided(right, wrong, counted)
    return Certificate(
        state=state,
        limit=limit,
        risk=risk,
        draws=counted,
        **judged.counts,
        estimate=_estimate(draws, (low_wrong + high_wrong) / 2),
        low=_bound(draws, low_wrong, risk / 2, "at_most"),
        high=plan.of_lines(_bound(draws, high_wrong, risk / 2, "above")),
        at_least=_bound(draws, low_wrong, risk, "at_most"),
        at_most=plan.of_lines(_bound(draws, high_wrong, risk, "above")),
        decided_at=at,
        right_to_pass=_records_to(judged, right),
        wrong_to_fail=_records_to(judged, wrong),
        plan_sha256=plan.sampling["sha256"],
    )


def _known(plan: Plan, count: int) -> Draws:
    """Return the numbers of the first draws as arrays."""
    records, phases = plan.sampling["records"], plan.sampling["phases"]
    draws = plan.draws[:count]
    starts = [phase["from_draw"] for phase in phases]
    phase = np.searchsorted(starts, np.arange(1, len(draws) + 1), side="right") - 1
    limits = {
        name: np.array([item[name] for item in phases], dtype=np.float64)[phase]
        for name in ("max_worth", "max_worth_score", "max_worth_rest")
    }
    return Draws(
        worth=1 / (records * np.array([draw["probability"] for draw in draws], dtype=np.float64)),
        score=np.array([draw["score"] for draw in draws], dtype=np.float64),
        mean_score=plan.sampling["mean_score"],
        **limits,
    )


def _reached(capital: np.ndarray, risk: float) -> int | None:
    """Return the number of the first draw at which the capital refutes its hypothesis."""
    hits = np.flatnonzero(capital >= -np.log(risk))
    return int(hits[0]) + 1 if len(hits) else None


def _bound(draws: Draws, wrong: np.ndarray, risk: float, side: Side) -> float:
    """Search the limit rate at which the hypothesis of one side is just not refuted.

    Every gain is monotone in the rate of the hypothesis, so that halving finds it. The end of
    the last step that is not refuted is returned: the careful one.
    """
    if not len(wrong):
        return 1.0 if side == "above" else 0.0
    kept, refuted = (0.0, 1.0) if side == "above" else (1.0, 0.0)
    for _ in range(STEPS):
        middle = (kept + refuted) / 2
        if _reached(log_capital(draws, wrong, middle, side), risk) is None:
            kept = middle
        else:
            refuted = middle
    return refuted


def _pass_limit(plan: Plan, limit: float) -> float:
    """Return the share of records that may be wrong when every unreadable line is wrong, too."""
    unreadable, records = plan.sampling["unreadable"], plan.sampling["records"]
    return float(limit - (1 - limit) * unreadable / records)


def _deciding(
    plan: Plan, judged: Judged, limit: float, risk: float
) -> tuple[int | None, int | None]:
    """Play the rest of the plan with right and with wrong records; return the deciding draws."""
    draws = _known(plan, len(plan.draws))
    passing = _pass_limit(plan, limit)
    right = None
    if passing >= 0:
        right = _reached(log_capital(draws, judged.maybe_wrong, passing, "above"), risk)
    return right, _reached(log_capital(draws, judged.all_wrong, limit, "at_most"), risk)


def _decided(right: int | None, wrong: int | None, counted: int) -> tuple[State, int | None]:
    """Return the verdict that came first within the counted draws, and its draw."""
    at_pass = right if right is not None and right <= counted else None
    at_fail = wrong if wrong is not None and wrong <= counted else None
    if at_pass is not None and (at_fail is None or at_pass < at_fail):
        return "PASS", at_pass
    return ("UNDECIDED", None) if at_fail is None else ("FAIL", at_fail)


def _records_to(judged: Judged, draw: int | None) -> int | None:
    """Count records not judged yet from the first undecided draw to ``draw``."""
    return None if draw is None else len(set(judged.open_keys[judged.counted : draw]) - {None})


def _estimate(draws: Draws, wrong: np.ndarray) -> float | None:
    if not len(wrong):
        return None
    seen = draws.worth * (wrong - draws.score) + draws.mean_score
    return float(np.clip(seen.mean(), 0, 1))
