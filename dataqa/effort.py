"""How many reviewed records a decision takes."""

from __future__ import annotations

import math

MANY = 1000
"""More reviews than these are not counted."""


def next_step(value: float, limit: float, risk: float) -> str:
    """Say about how many reviewed records decide, if the model's estimate is right.

    Wald's approximation: each record moves a sequential test by the Kullback-Leibler divergence
    between estimate and limit.
    """
    gain = sum(
        share * math.log(share / allowed)
        for share, allowed in ((value, limit), (1 - value, 1 - limit))
        if share > 0 and allowed > 0
    )
    needed = -math.log(risk) / max(gain, 1e-9)
    count = f"over {MANY:,}" if needed > MANY else f"about {math.ceil(needed / 5) * 5:,}"
    return f"{count} reviewed records would if the estimate is right: dataqa review"
