"""What reviewed draws prove about the rate of wrong records; a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from dataqa.result import State
from dataqa.review.betting import Draws, Side, log_capital
from dataqa.review.decisions import Decision, refusal
from dataqa.review.judgements import Judged, judge
from dataqa.review.plan import Plan

DEFAULT_RISK = 0.05
STEPS = 20
"""Halvings when a bound is searched: to the millionth."""


@dataclass(frozen=True)
class Certificate:
    """A statement about the share of records that the reviewers would change."""

    state: State
    """PASS: the rate is at most the limit. FAIL: it is above. Each is wrong with a chance of at
    most ``risk``, whenever reviewing stops."""
    limit: float
    risk: float
    draws: int
    """Draws that count: all from the first one on, up to the first without a decision."""
    n_reviewed: int
    """Different records in these draws."""
    n_wrong: int
    n_unsure: int
    """Counted as wrong against PASS and as right against FAIL."""
    estimate: float | None
    """Weighted mean of the counted draws, unsure ones half; null without draws."""
    low: float
    high: float
    """Interval that holds the rate with confidence 1 - risk at every moment of the review. Its
    upper end counts unreadable lines as wrong."""
    at_least: float
    at_most: float
    """One-sided bounds, each wrong with a chance of at most ``risk``; the verdict's."""
    decided_at: int | None
    """The draw that decided it."""
    right_to_pass: int | None
    """How many more records, all right, would certify PASS; null when more than the plan has."""
    wrong_to_fail: int | None
    """How many more records, all wrong, would certify FAIL."""
    beyond_gap: int
    """Records decided for draws after the first undecided one: they do not count yet."""
    from_queue: int
    """Decisions on records that no draw chose: they repair data and never count."""
    reviewers: int
    twice: int
    """Records of the counted draws that two reviewers or more judged."""
    agreement: float | None
    """Share of them that got the same judgement; disagreements count as unsure."""
    kappa: float | None
    """Cohen's kappa of the two reviewers with most records in common."""
    plan_sha256: str
    method: str = "betting"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Certificate:
        """Rebuild a certificate from ``to_dict`` values."""
        return cls(**values)


@dataclass(frozen=True)
class Needed:
    """How far a review is from a verdict, in records not judged yet; null beyond the plan."""

    right_to_pass: int | None
    wrong_to_fail: int | None


def certify(
    plan: Plan, decisions: Sequence[Decision], limit: float, risk: float = DEFAULT_RISK
) -> Certificate:
    """State what the decisions prove.

    The order of the decisions does not matter. Only the draws before the first undecided one
    count: whoever skips a draw proves nothing with the later ones until it is judged.

    Args:
        plan: drawn before the first decision.
        decisions: of this dataset; those without a draw never count.
        limit: largest allowed share of wrong records.
        risk: chance, 0 to 1, of a wrong PASS and of a wrong FAIL.

    Raises:
        InputError: decisions are not of this dataset and plan; all of them are listed.
    """
    refuse_foreign(plan, decisions)
    judged = judge(plan, decisions)
    counted = judged.counted
    draws = _known(plan, counted)
    low_wrong, high_wrong = judged.surely_wrong[:counted], judged.maybe_wrong[:counted]
    needed, decided = _needed(plan, judged, limit, risk)
    unsure = int((judged.maybe_wrong - judged.surely_wrong)[judged.first].sum())
    certificate = Certificate(
        state="UNDECIDED",
        limit=limit,
        risk=risk,
        draws=counted,
        n_reviewed=len(judged.first),
        n_wrong=int(judged.surely_wrong[judged.first].sum()),
        n_unsure=unsure,
        estimate=_estimate(draws, (low_wrong + high_wrong) / 2),
        low=_bound(draws, low_wrong, risk / 2, "at_most"),
        high=_of_lines(plan, _bound(draws, high_wrong, risk / 2, "above")),
        at_least=_bound(draws, low_wrong, risk, "at_most"),
        at_most=_of_lines(plan, _bound(draws, high_wrong, risk, "above")),
        decided_at=None,
        right_to_pass=needed.right_to_pass,
        wrong_to_fail=needed.wrong_to_fail,
        beyond_gap=judged.beyond_gap,
        from_queue=judged.from_queue,
        reviewers=judged.reviewers,
        twice=judged.twice,
        agreement=judged.agreement,
        kappa=judged.kappa,
        plan_sha256=plan.sampling["sha256"],
    )
    state, at = decided
    return replace(certificate, state=state, decided_at=at)


def needed(
    plan: Plan, decisions: Sequence[Decision], limit: float, risk: float = DEFAULT_RISK
) -> Needed:
    """Return how many more records, all right (all wrong), would certify PASS (FAIL).

    Repeated draws of one record need one judgement. 0 when it is decided that way.
    """
    refuse_foreign(plan, decisions)
    return _needed(plan, judge(plan, decisions), limit, risk)[0]


def refuse_foreign(plan: Plan, decisions: Sequence[Decision]) -> None:
    """Raise when a decision was not made on this dataset, or on another record than it says.

    Raises:
        InputError: the decisions and why; ``line`` in the message is the data's line.
    """
    faults = [
        f"decision on line {item.line} ({item.reviewer}): {fault}"
        for item in decisions
        if (fault := _fault(plan, item))
    ]
    if faults:
        raise refusal("decisions", faults, "give the decisions that were made on this very result")


def _fault(plan: Plan, decision: Decision) -> str | None:
    if decision.dataset_sha256 != plan.dataset_sha256:
        return (
            f"made for another dataset ({decision.dataset_sha256[:12]}…, "
            f"this one is {plan.dataset_sha256[:12]}…)"
        )
    if plan.keys and decision.key not in plan.keys:
        return f"no record has the key {decision.key}; the record was edited"
    if decision.draw is None:
        return None
    drawn = plan.key_at.get(decision.draw)
    if drawn is None:
        return f"the plan has no draw {decision.draw}"
    if drawn != decision.key:
        return f"draw {decision.draw} of the plan is another record"
    return None


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


def _of_lines(plan: Plan, rate: float) -> float:
    """Return the share of wrong lines when every unreadable line is wrong, too."""
    unreadable, records = plan.sampling["unreadable"], plan.sampling["records"]
    return float((rate * records + unreadable) / (records + unreadable))


def _needed(
    plan: Plan, judged: Judged, limit: float, risk: float
) -> tuple[Needed, tuple[State, int | None]]:
    """Play the rest of the plan with right and with wrong records; tell what is decided by now."""
    draws = _known(plan, len(plan.draws))
    passing = _pass_limit(plan, limit)
    right = (
        _reached(log_capital(draws, judged.maybe_wrong, passing, "above"), risk)
        if passing >= 0
        else None
    )
    wrong = _reached(log_capital(draws, judged.all_wrong, limit, "at_most"), risk)
    at_pass = right if right is not None and right <= judged.counted else None
    at_fail = wrong if wrong is not None and wrong <= judged.counted else None
    state: State = "UNDECIDED"
    at = None
    if at_pass is not None and (at_fail is None or at_pass < at_fail):
        state, at = "PASS", at_pass
    elif at_fail is not None:
        state, at = "FAIL", at_fail
    return Needed(_records_to(judged, right), _records_to(judged, wrong)), (state, at)


def _records_to(judged: Judged, draw: int | None) -> int | None:
    """Count records not judged yet from the first undecided draw to ``draw``."""
    return None if draw is None else len(set(judged.open_keys[judged.counted : draw]) - {None})


def _estimate(draws: Draws, wrong: np.ndarray) -> float | None:
    if not len(wrong):
        return None
    seen = draws.worth * (wrong - draws.score) + draws.mean_score
    return float(np.clip(seen.mean(), 0, 1))
