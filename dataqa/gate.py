"""From numbers to a verdict; pure, so that a saved result can be judged again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dataqa.effort import next_step
from dataqa.errors import ConfigError
from dataqa.result import AuditResult, CheckResult, Reason, State, Verdict
from dataqa.settings import is_count

SCREENED = "screened by models, not certified"
WORST_FIRST: tuple[State, ...] = ("FAIL", "UNDECIDED", "PASS")
"""The order in which limits are reported: what decided the verdict comes first."""
CERTIFIABLE = "labels.mislabel_rate"
"""The metric that reviewed records can certify."""
_SIDES = {"PASS": "at most", "FAIL": "above"}


@dataclass(frozen=True)
class Rules:
    """How to judge, beside the limits."""

    warn: Mapping[str, float] = field(default_factory=dict)
    """Limits that only warn, by metric."""
    risk: float = 0.05
    """Largest chance of a wrong certificate that is accepted."""
    require_certificate: bool = False
    """Whether a mislabel rate that no certificate decides is UNDECIDED, and so is every PASS."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Rules:
        """Take the rules out of the ``config`` of a result."""
        known = asdict(cls())
        return cls(**{name: config.get(name, default) for name, default in known.items()})


def decide(
    metrics: Mapping[str, float | None],
    checks: Mapping[str, CheckResult],
    limits: Mapping[str, float],
    records: int,
    rules: Rules | None = None,
    certificate: Mapping[str, Any] | None = None,
) -> Verdict:
    """Judge every limit, and all of them together.

    A metric with a bracket (``NAME.low``, ``NAME.high``) fails when its low end is above the
    limit, passes when its high end is not, and is undecided in between; a metric without is its
    own bracket. A certificate that is decided replaces the bracket of the mislabel rate. The
    unrounded value is compared; equal to the limit passes. What was not measured is undecided,
    and so is everything when a check crashed, nothing was limited or there is no record.
    """
    rules = rules or Rules()

    def judged(given: Mapping[str, float]) -> list[Reason]:
        return [
            _judged(name, limit, _judge(name, limit, metrics, checks), rules, certificate)
            for name, limit in sorted(given.items())
        ]

    reasons = sorted(judged(limits), key=lambda reason: WORST_FIRST.index(reason.state))
    warnings = map(_warning, judged(rules.warn))
    crashed = any(check.status == "crashed" for check in checks.values())
    state = _together({reason.state for reason in reasons}, sound=bool(records) and not crashed)
    certified = state in {
        reason.state
        for reason in reasons
        if reason.evidence == "reviewed" and reason.state != "UNDECIDED"
    }
    if rules.require_certificate and state == "PASS" and not certified:
        state = "UNDECIDED"
    return Verdict(state=state, certified=certified, reasons=(*reasons, *warnings))


def rejudged(
    result: AuditResult, limits: Mapping[str, float], rules: Rules | None = None
) -> AuditResult:
    """Return the result with the verdict that other limits and rules give.

    A certificate of the result still counts: its bounds hold for every limit.

    Raises:
        ConfigError: a limit names a metric that the result does not have.
    """
    rules = Rules.of(result.config) if rules is None else rules
    known = {*result.metrics, *result.config["limits"], *result.config.get("warn", ())}
    unknown = sorted({*limits, *rules.warn} - known)
    if unknown:
        raise ConfigError(
            f"the result has no metric {unknown[0]!r}",
            hint=f"metrics: {', '.join(sorted(result.metrics))}",
        )
    records = int(result.dataset["records"])
    verdict = decide(result.metrics, result.checks, limits, records, rules, result.certificate)
    config = {**result.config, "limits": dict(limits), **asdict(rules)}
    return replace(result, verdict=verdict, config=config)


def percent(share: float) -> str:
    """Write a share as a percentage with up to two decimals."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def counted(certificate: Mapping[str, Any]) -> str:
    """Say how many records were reviewed, and with what outcome."""
    text = f"{certificate['n_reviewed']:,} reviewed, {certificate['n_wrong']:,} wrong"
    return f"{text}, {certificate['n_unsure']:,} unsure" if certificate["n_unsure"] else text


def missing(certificate: Mapping[str, Any]) -> str:
    """Say what would decide a certificate."""
    ways = [
        f"{certificate[name]:,} more {kind} ones would certify {state}"
        for name, kind, state in (
            ("right_to_pass", "right", "PASS"),
            ("wrong_to_fail", "wrong", "FAIL"),
        )
        if certificate[name] is not None
    ]
    return ", ".join(ways) or "the rest of the plan cannot decide it"


def _together(states: set[State], *, sound: bool) -> State:
    if "FAIL" in states:
        return "FAIL"
    return "PASS" if sound and states == {"PASS"} else "UNDECIDED"


def _judge(
    name: str,
    limit: float,
    metrics: Mapping[str, float | None],
    checks: Mapping[str, CheckResult],
) -> Reason:
    value = metrics.get(name)
    low, high = metrics.get(f"{name}.low", value), metrics.get(f"{name}.high", value)
    title = _title(name)
    if value is None or low is None or high is None:
        message = f"{title} was not measured: {_why_not(name, checks)}"
        return Reason(name, None, None, None, limit, "UNDECIDED", message)
    if is_count(name):
        return _counting(name, value, limit)
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


def _counting(name: str, value: float, limit: float) -> Reason:
    """Judge a number: of records at least, of anything else at most the limit."""
    least = name.endswith("_records")
    state: State = "PASS" if (value >= limit if least else value <= limit) else "FAIL"
    side = "at least" if least else "at most"
    message = f"{_title(name)} {value:,.0f}, limit: {side} {limit:,.0f}"
    return Reason(name, value, value, value, limit, state, message)


def _judged(
    name: str,
    limit: float,
    model: Reason,
    rules: Rules,
    certificate: Mapping[str, Any] | None,
) -> Reason:
    """Let the certificate decide where there is one for the metric, else the model."""
    if name != CERTIFIABLE:
        return model
    if certificate is not None:
        state = _proven(certificate, limit, rules.risk)
        if state != "UNDECIDED":
            return _certified(certificate, state, model)
        model = replace(model, message=f"{model.message}; {_so_far(certificate, limit, rules)}")
    elif model.state == "UNDECIDED" and model.value is not None:
        model = replace(
            model, message=f"{model.message}; {next_step(model.value, limit, rules.risk)}"
        )
    if not rules.require_certificate:
        return model
    return replace(
        model, state="UNDECIDED", message=f"{model.message}; only a certificate decides here"
    )


def _proven(certificate: Mapping[str, Any], limit: float, risk: float) -> State:
    """Read what a certificate says of a limit, its own or another one."""
    if certificate["risk"] > risk:
        return "UNDECIDED"
    if certificate["limit"] == limit:
        state: State = certificate["state"]
        return state
    passes, fails = certificate["at_most"] <= limit, certificate["at_least"] > limit
    if passes == fails:
        return "UNDECIDED"
    return "PASS" if passes else "FAIL"


def _certified(certificate: Mapping[str, Any], state: State, model: Reason) -> Reason:
    """Tell what the reviewed records prove, and what the models say beside it."""
    low, high, risk = certificate["low"], certificate["high"], percent(certificate["risk"])
    side, end = ("at most", "high") if state == "PASS" else ("at least", "low")
    bound = certificate[side.replace(" ", "_")]
    message = (
        f"{_title(model.metric)} {_SIDES[state]} {percent(model.limit)}, certified at risk {risk}: "
        f"reviewers would change {side} {percent(bound)} of the records ({counted(certificate)})"
    )
    if model.low is not None and model.high is not None:
        apart = model.low > high or model.high < low
        contradicting = apart or (model.state not in {state, "UNDECIDED"})
        said = f"models say {percent(model.low)} to {percent(model.high)}"
        message += f"; {said}, which the review contradicts" if contradicting else f"; {said}"
    values = {"value": certificate["estimate"], "low": low, "high": high, end: bound}
    return replace(model, **values, state=state, message=message, evidence="reviewed")


def _so_far(certificate: Mapping[str, Any], limit: float, rules: Rules) -> str:
    text = f"review undecided: {counted(certificate)}"
    if certificate["risk"] > rules.risk:
        return f"{text}, certified at risk {percent(certificate['risk'])} only"
    if certificate["limit"] != limit:
        return f"{text}, made for the limit {percent(certificate['limit'])}"
    return f"{text}; {missing(certificate)}"


def _warning(reason: Reason) -> Reason:
    message = reason.message if reason.state == "PASS" else f"warning: {reason.message}"
    return replace(reason, message=message, severity="warn")


def _title(name: str) -> str:
    return name.removeprefix("labels.").replace(".", " ").replace("_", " ")


def _why_not(name: str, checks: Mapping[str, CheckResult]) -> str:
    check = checks.get(name.partition(".")[0])
    if check is None:
        return f"check {name.partition('.')[0]!r} was left out of this run"
    return f"{'check crashed: ' if check.status == 'crashed' else ''}{check.reason}"
