"""From a result and decisions to a result with a certificate, judged again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dataqa.errors import ConfigError
from dataqa.gate import CERTIFIABLE, Rules, rejudged
from dataqa.result import AuditResult
from dataqa.review.certificate import Certificate, certify
from dataqa.review.decisions import Decision, read_decisions
from dataqa.review.plan import Plan, saved_plan
from dataqa.review.reuse import Said, gather

Path = str | os.PathLike[str]
Files = tuple[Sequence[Decision], Sequence[Decision]]
"""Decisions on a result, and on earlier versions of its data."""


def read_files(decisions: Path | None, earlier: Iterable[Path]) -> Files | None:
    """Read files of decisions; nothing where none is named.

    Raises:
        InputError: a file cannot be read, or a line is no decision.
    """
    old = [read_decisions(path).decisions for path in earlier]
    if decisions is None and not old:
        return None
    fresh = () if decisions is None else read_decisions(decisions).decisions
    return fresh, [item for items in old for item in items]


def certified(
    result: AuditResult,
    decisions: Sequence[Decision],
    earlier: Sequence[Decision] = (),
    limits: Mapping[str, float] | None = None,
    rules: Rules | None = None,
) -> AuditResult:
    """Return the result with what the decisions prove of its records, and the verdict of both.

    Args:
        result: of the data that the decisions are about, with its plan.
        decisions: of any number of reviewers, in any order.
        earlier: decisions on earlier versions of the data, see ``reuse.gather``.
        limits: the result's where absent.
        rules: the result's where absent.

    Raises:
        ConfigError: the rate that decisions are about has no limit.
        InputError: decisions are about other records.
        ResultError: the result has no plan, or it was changed.
    """
    limits = result.config["limits"] if limits is None else limits
    rules = Rules.of(result.config) if rules is None else rules
    if CERTIFIABLE not in limits:
        raise ConfigError(
            f"decisions say something about {CERTIFIABLE}, which has no limit",
            hint="set one: --max-mislabel-rate 15%",
        )
    plan = saved_plan(result)
    proven = proof(plan, gather(plan, decisions, earlier), limits[CERTIFIABLE], rules.risk)
    return rejudged(replace(result, certificate=proven.to_dict()), limits, rules)


def proof(plan: Plan, said: Said, limit: float, risk: float) -> Certificate:
    """Certify, and count the records whose judgement comes from earlier data only."""
    certificate = certify(plan, said.all, limit, risk)
    counted = plan.draws if plan.fixed else plan.draws[: certificate.draws]
    return replace(certificate, reused=len(said.reused & {draw["key"] for draw in counted}))
