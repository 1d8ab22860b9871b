"""What one sample of a size set beforehand proves: exact binomial bounds.

The sample takes one record from each of n equal strata by score (``weights.stratified``), so the
number of wrong ones is a sum of n independent draws whose chances average to the rate. Such a sum
is spread less than the binomial number of a simple random sample: for every count below its
mean, that many or fewer are less likely (Hoeffding, "On the distribution of the number of
successes in independent trials", Ann. Math. Stat. 27, 1956; above the mean, the other way round).
So the bounds of Clopper & Pearson (Biometrika 26, 1934) for the pooled count hold for it, without
union over the strata.

Records that nobody judged yet count as wrong against PASS and as right against FAIL: the verdict
may come before the sample is complete, in whatever order it is judged.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy.special import betaincinv

from dataqa.review.judgements import Judged
from dataqa.review.plan import Plan
from dataqa.review.statement import Certificate


def state_proven(plan: Plan, judged: Judged, limit: float, risk: float) -> Certificate:
    """State what the judged part of the sample proves; see ``certificate.certify``."""
    size = len(plan.draws)
    still_open = np.array([key is not None for key in judged.open_keys])
    least = int(judged.surely_wrong.sum())
    most = int(judged.maybe_wrong.sum() + still_open.sum())
    most_to_pass = _largest(plan, size, limit, risk)
    least_to_fail = _smallest(size, limit, risk)
    complete = not still_open.any()
    passes, fails = most <= most_to_pass, least >= least_to_fail
    return Certificate(
        state="FAIL" if fails else "PASS" if passes else "UNDECIDED",
        limit=limit,
        risk=risk,
        draws=size - int(still_open.sum()),
        **judged.counts,
        estimate=(least + most) / 2 / size if complete else None,
        low=lower(least, size, risk / 2),
        high=plan.of_lines(upper(most, size, risk / 2)),
        at_least=lower(least, size, risk),
        at_most=plan.of_lines(upper(most, size, risk)),
        decided_at=None,
        right_to_pass=_records_to(judged, most - most_to_pass),
        wrong_to_fail=_records_to(judged, least_to_fail - least),
        plan_sha256=plan.sampling["sha256"],
        method="fixed",
    )


def lower(wrong: int, size: int, risk: float) -> float:
    """Return the rate that the true one is below with a chance of at most ``risk``."""
    return float(betaincinv(wrong, size - wrong + 1, risk)) if wrong else 0.0


def upper(wrong: int, size: int, risk: float) -> float:
    """Return the rate that the true one is above with a chance of at most ``risk``."""
    return float(betaincinv(wrong + 1, size - wrong, 1 - risk)) if wrong < size else 1.0


def _largest(plan: Plan, size: int, limit: float, risk: float) -> int:
    """Return the largest count of wrong records that certifies PASS; -1 where none does."""
    passing = (k for k in range(size, -1, -1) if plan.of_lines(upper(k, size, risk)) <= limit)
    return next(passing, -1)


def _smallest(size: int, limit: float, risk: float) -> int:
    """Return the least count of wrong records that certifies FAIL; size + 1 where none does."""
    return next((k for k in range(size + 1) if lower(k, size, risk) > limit), size + 1)


def _records_to(judged: Judged, draws: int) -> int | None:
    """Count the records in plan order that settle so many draws; null where there are too few."""
    settled = 0
    every = Counter(key for key in judged.open_keys if key is not None)
    for number, times in enumerate(every.values()):
        if settled >= draws:
            return number
        settled += times
    return len(every) if settled >= draws else None
