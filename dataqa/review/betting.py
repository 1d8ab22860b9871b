"""Betting against a hypothesis about a rate: capital that a true hypothesis keeps small.

Every draw ``t`` gives ``x = w(y - c·s) + c·mean(s)``: ``y`` is 1 when the reviewer found the record
wrong, ``w`` = 1 / (records · probability) undoes the unequal drawing, ``s`` is the model's score
and ``c`` how much it is trusted. Whatever ``c``, the expectation of ``x`` is the rate of wrong
records. A bettor with fraction ``f`` turns its capital at every draw by

    1 + f (limit - x) / (top - limit)        against "the rate is above the limit"
    1 + f (x - limit) / (limit - bottom)     against "the rate is at most the limit"

where top and bottom bound ``x``, so that capital stays positive. Under the hypothesis that is bet
against, capital is a supermartingale: it reaches 1 / risk with a chance of at most ``risk``,
however long one draws and whenever one stops (Ville's inequality). A weighted average over bettors
keeps that.

Sources: Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting",
JRSS-B 86, 2024; Stark, "ALPHA: Audit that learns from previously hand-audited ballots", AOAS 17,
2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

Side = Literal["above", "at_most"]
FRACTIONS: Mapping[Side, Mapping[float, float]] = {
    "above": {0.06: 0.04, 0.15: 0.05, 0.3: 0.06, 0.5: 0.1, 0.7: 0.4, 0.97: 0.35},
    "at_most": dict.fromkeys((0.06, 0.15, 0.3, 0.5, 0.75, 0.97), 1 / 6),
}
"""Fraction -> share of the first capital. Bets against a high rate are bold, because most sets
are far below the limit; the small shares catch those that are near to it. Any shares that sum to
1 are valid: they decide how soon it ends, not how often it errs (``benchmarks/certificate.py``).
"""
TRUST: Mapping[float, float] = {0.0: 0.3, 0.5: 0.4, 1.0: 0.3}
TINY = 1e-9


@dataclass(frozen=True)
class Draws:
    """What is known of draws before they are judged; arrays of one length."""

    worth: np.ndarray
    """1 / (records · probability)."""
    score: np.ndarray
    mean_score: float
    max_worth: np.ndarray
    max_worth_score: np.ndarray
    max_worth_rest: np.ndarray
    """Bounds over the population, see ``weights.weigh``."""


def log_capital(draws: Draws, wrong: np.ndarray, limit: float, side: Side) -> np.ndarray:
    """Return the natural log of the capital of all bettors together, first 1, after every draw.

    Args:
        draws: n draws; ``worth`` and ``score`` may have the shape of ``wrong``.
        wrong: (..., n) 1 where the record counts as wrong.
        limit: the rate in the hypothesis.
        side: the hypothesis that is bet against: the rate is ``above`` or ``at_most`` the limit.
    """
    total = np.full(wrong.shape, -np.inf)
    for trust, trusting in TRUST.items():
        gain = _gain(draws, wrong, limit, side, trust)
        for fraction, bold in FRACTIONS[side].items():
            each = np.log(trusting * bold) + np.log1p(fraction * gain).cumsum(axis=-1)
            total = np.logaddexp(total, each)
    return total


def _gain(draws: Draws, wrong: np.ndarray, limit: float, side: Side, trust: float) -> np.ndarray:
    """Return what a bettor that risks everything wins, as a share of its capital, -1 at least."""
    centre = trust * draws.mean_score
    seen = draws.worth * (wrong - trust * draws.score) + centre
    gain: np.ndarray
    if side == "above":
        top = centre + (1 - trust) * draws.max_worth + trust * draws.max_worth_rest
        gain = (limit - seen) / np.maximum(top - limit, TINY)
    else:
        bottom = centre - trust * draws.max_worth_score
        gain = (seen - limit) / np.maximum(limit - bottom, TINY)
    return gain
