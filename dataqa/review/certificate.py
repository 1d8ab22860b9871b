"""What reviewed draws prove about the rate of wrong records; a pure function."""

from __future__ import annotations

from collections.abc import Sequence

from dataqa.review import fixed, sequential
from dataqa.review.decisions import Decision, refusal
from dataqa.review.judgements import judge
from dataqa.review.plan import Plan
from dataqa.review.statement import DEFAULT_RISK, Certificate

__all__ = ["DEFAULT_RISK", "Certificate", "certify"]

_HINT = (
    "give the decisions that were made on this very result; after the data changed, "
    "--reuse-decisions carries over those on unchanged records"
)
METHODS = {"sequential": sequential.state_proven, "fixed": fixed.state_proven}
"""Kind of plan -> what its draws prove."""


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
    method = METHODS[plan.sampling["kind"]]
    return method(plan, judge(plan, decisions), limit, risk)


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
        raise refusal("decisions", faults, _HINT)


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
