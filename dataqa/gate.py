"""From numbers to a verdict; pure, so that a saved result can be judged again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dataqa.errors import ConfigError
from dataqa.result import AuditResult, CheckResult, Reason, State, Verdict

SCREENED = "screened by models, not certified"


def decide(
    metrics: Mapping[str, float | None],
    checks: Mapping[str, CheckResult],
    limits: Mapping[str, float],
    records: int,
) -> Verdict:
    """Judge every limit, and all of them together.

    A metric with a bracket (``NAME.low``, ``NAME.high``) fails when its low end is above the
    limit, passes when its high end is not, and is undecided in between; a metric without is its
    own bracket. The unrounded value is compared; equal to the limit passes. What was not measured
    is undecided, and so is everything when a check crashed, nothing was limited or there is no
    record.
    """
    reasons = tuple(_judge(name, limit, metrics, checks) for name, limit in sorted(limits.items()))
    states = {reason.state for reason in reasons}
    crashed = any(check.status == "crashed" for check in checks.values())
    state: State = "PASS"
    if "FAIL" in states:
        state = "FAIL"
    elif "UNDECIDED" in states or crashed or not reasons or not records:
        state = "UNDECIDED"
    return Verdict(state=state, certified=False, reasons=reasons)


def rejudged(result: AuditResult, limits: Mapping[str, float]) -> AuditResult:
    """Return the result with the verdict that other limits give.

    Raises:
        ConfigError: a limit names a metric that the result does not have.
    """
    unknown = sorted(set(limits) - set(result.metrics) - set(result.config["limits"]))
    if unknown:
        raise ConfigError(
            f"the result has no metric {unknown[0]!r}",
            hint=f"metrics: {', '.join(sorted(result.metrics))}",
        )
    records = int(result.dataset["records"])
    verdict = decide(result.metrics, result.checks, limits, records)
    return replace(result, verdict=verdict, config={**result.config, "limits": dict(limits)})


def percent(share: float) -> str:
    """Write a share as a percentage with up to two decimals."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _judge(
    name: str,
    limit: float,
    metrics: Mapping[str, float | None],
    checks: Mapping[str, CheckResult],
) -> Reason:
    value = metrics.get(name)
    low, high = metrics.get(f"{name}.low", value), metrics.get(f"{name}.high", value)
    title = name.removeprefix("labels.").replace(".", " ").replace("_", " ")
    if value is None or low is None or high is None:
        message = f"{title} was not measured: {_why_not(name, checks)}"
        return Reason(name, None, None, None, limit, "UNDECIDED", message)
    bracketed = f"{name}.low" in metrics
    state: State = "FAIL" if low > limit else "PASS" if high <= limit else "UNDECIDED"
    message = f"{title} {percent(value)}"
    if bracketed:
        message += f" (models say {percent(low)} to {percent(high)})"
    message += f", limit {percent(limit)}"
    if bracketed:
        message += {
            "PASS": f": {SCREENED}",
            "FAIL": ": even the low end is above the limit",
            "UNDECIDED": ": the limit lies inside the bracket, the models cannot decide",
        }[state]
    return Reason(name, value, low, high, limit, state, message)


def _why_not(name: str, checks: Mapping[str, CheckResult]) -> str:
    check = checks.get(name.partition(".")[0])
    if check is None:
        return f"check {name.partition('.')[0]!r} was left out of this run"
    return f"{'check crashed: ' if check.status == 'crashed' else ''}{check.reason}"
