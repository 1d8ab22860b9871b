"""From a result and decisions to a result with a certificate, judged again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dataqa.errors import ConfigError
from dataqa.gate import CERTIFIABLE, Rules, rejudged
from dataqa.result import AuditResult
from dataqa.review.certificate import certify
from dataqa.review.decisions import Decision
from dataqa.review.plan import saved_plan


def certified(
    result: AuditResult,
    decisions: Sequence[Decision],
    limits: Mapping[str, float] | None = None,
    rules: Rules | None = None,
) -> AuditResult:
    """Return the result with what the decisions prove of its records, and the verdict of both.

    Args:
        result: of the data that the decisions are about, with its plan.
        decisions: of any number of reviewers, in any order.
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
    proven = certify(saved_plan(result), decisions, limits[CERTIFIABLE], rules.risk)
    return rejudged(replace(result, certificate=proven.to_dict()), limits, rules)
