"""How likely a draw takes a record: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

SCHEDULE: tuple[tuple[int, float], ...] = ((1, 1.0), (61, 0.7))
"""(first draw, uniform share). A clean set is decided by the first, uniform draws, where every
right record is worth most; sets nearer to the limit need the model's help."""


def weigh(
    score: np.ndarray, copies: np.ndarray, draws: int
) -> Iterator[tuple[int, int, np.ndarray, dict[str, float]]]:
    """Yield (first draw, one after the last, weights, description) of every phase of a plan.

    Args:
        score: (keys,) the model's doubt, 0 to 1.
        copies: (keys,) records with this key.
        draws: length of the plan.
    """
    doubt = _doubt(score, copies)
    for start, end, share in _spans(draws):
        weight = share + (1 - share) * doubt
        yield start, end, weight, _phase(start, share, weight, score)


def stratified(score: np.ndarray, copies: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Draw one record from each of as many equal strata by score as there are numbers.

    Records stand in the order of their scores; stratum ``i`` of ``n`` is the ``i``-th ``n``-th of
    them, the record at its border belongs to both in part. Every record has the same chance.

    Args:
        score: (keys,) the model's doubt.
        copies: (keys,) records with this key.
        numbers: (n,) random numbers, 0 to below 1.

    Returns:
        (n,) rows of keys, in an order that is no order of scores.
    """
    order = np.lexsort((np.arange(len(score)), score))
    ends = copies[order].cumsum()
    size = len(numbers)
    places = (np.arange(size) + numbers) * (ends[-1] / size)
    taken = order[np.minimum(np.searchsorted(ends, places, side="right"), len(order) - 1)]
    return np.asarray(taken[np.argsort(numbers, kind="stable")])


def _doubt(score: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """Return how many times more often than on average a record is drawn for the doubt in it.

    Best would be the spread of the judgement, √p for a chance p that the record is wrong, less
    what the model foresees; 0.8 keeps records that it is sure of in the draw.
    """
    spread = np.sqrt(score * (1 - 0.8 * score))
    mean = np.average(spread, weights=copies)
    return spread / mean if mean > 0 else np.ones(len(score))


def _spans(draws: int) -> list[tuple[int, int, float]]:
    """Return (first draw, one after the last, uniform share) of every phase."""
    starts = [*(start for start, _ in SCHEDULE), draws + 1]
    spans = zip(SCHEDULE, starts[1:], strict=True)
    return [(start, min(end, draws + 1), share) for (start, share), end in spans if start <= draws]


def _phase(start: int, share: float, weight: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Describe one phase by the largest values in the population, which limit the bets."""
    worth = 1 / weight
    return {
        "from_draw": start,
        "uniform": share,
        "max_worth": float(worth.max()),
        "max_worth_score": float((worth * score).max()),
        "max_worth_rest": float((worth * (1 - score)).max()),
    }
