"""The form of a certificate, whatever the method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dataqa.result import State

DEFAULT_RISK = 0.05


@dataclass(frozen=True)
class Certificate:
    """A statement about the share of records that the reviewers would change."""

    state: State
    """PASS: the rate is at most the limit. FAIL: it is above. Each is wrong with a chance of at
    most ``risk``, whenever reviewing stops."""
    limit: float
    risk: float
    draws: int
    """Draws that count: all from the first one on, up to the first without a decision; of a
    fixed sample all that are judged."""
    n_reviewed: int
    """Different records in these draws."""
    n_wrong: int
    n_unsure: int
    """Counted as wrong against PASS and as right against FAIL."""
    estimate: float | None
    """Weighted mean of the counted draws, unsure ones half; null without draws, and before a
    fixed sample is complete."""
    low: float
    high: float
    """Interval that holds the rate with confidence 1 - risk, at every moment of the review. Its
    upper end counts unreadable lines as wrong."""
    at_least: float
    at_most: float
    """One-sided bounds, each wrong with a chance of at most ``risk``; the verdict's."""
    decided_at: int | None
    """The draw that decided it; null for a fixed sample."""
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
    """``betting``: draw by draw, valid whenever reviewing stops. ``fixed``: one sample, judged
    as a whole."""
    reused: int = 0
    """Of the records reviewed, those judged in an earlier version of the data only."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Certificate:
        """Rebuild a certificate from ``to_dict`` values."""
        return cls(**values)
