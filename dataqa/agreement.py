"""How far annotators agree, and which of them stand apart; pure functions of votes.

Krippendorff, "Content Analysis", 2018, chapter 12 (nominal data, any number of annotators, missing
votes allowed).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dataqa.votes import Votes

STANDARD_ERRORS = 3.0
"""How many standard errors an annotator must lie below the others to be called worse."""


class Agreement(NamedTuple):
    """Agreement of each annotator with others on the same records, in the order of ``Votes``."""

    votes: np.ndarray
    """(annotators,) votes on records that others voted on, too."""
    share: np.ndarray
    """(annotators,) share of pairs with another vote on the same record that are equal; NaN where
    there is no such pair."""


def disagreement(votes: Votes) -> float | None:
    """Return the share of pairs of votes on the same record that differ; ``None`` without pairs."""
    sizes, tally = votes.sizes.astype(float), votes.tally
    pairs = float((sizes * (sizes - 1)).sum())
    equal = float((tally.votes * (tally.votes - 1.0)).sum())
    return 1 - equal / pairs if pairs else None


def krippendorff_alpha(votes: Votes) -> float | None:
    """Return Krippendorff's alpha: 1 = all agree, 0 = as by chance, below 0 = worse than that.

    ``None`` where chance cannot disagree: without pairs, or with one label only.
    """
    tally, sizes = votes.tally, votes.sizes
    paired = sizes[tally.item] > 1
    count, label, size = (array[paired] for array in (tally.votes, tally.label, sizes[tally.item]))
    values = float(count.sum())
    totals = np.bincount(label, weights=count)
    expected = (values**2 - float((totals**2).sum())) / (values * (values - 1)) if values else 0.0
    if not expected:
        return None
    observed = float((count * (size - count) / (size - 1)).sum()) / values
    return 1 - observed / expected


def agreement_by_annotator(votes: Votes) -> Agreement:
    """Return how often each annotator agrees with the others on the same records."""
    others = votes.sizes[votes.item] - 1.0
    number = len(votes.annotators)
    pairs = np.bincount(votes.annotator, weights=others, minlength=number)
    equal = np.bincount(votes.annotator, weights=votes.support - 1.0, minlength=number)
    paired = np.bincount(votes.annotator, weights=others > 0, minlength=number).astype(np.int64)
    share = np.divide(equal, pairs, out=np.full(number, np.nan), where=pairs > 0)
    return Agreement(paired, share)


def worse_annotators(agreement: Agreement, margin: float, least_votes: int) -> np.ndarray:
    """Return the numbers of annotators that agree with the others much less than the rest do.

    Much less is ``margin`` below the mean of the rest, weighted by votes, and at least three
    standard errors (a vote counts as one observation, with however many it was compared). Those
    with fewer than ``least_votes`` are not judged.
    """
    votes, share = agreement.votes.astype(float), np.nan_to_num(agreement.share)
    rest = votes.sum() - votes
    mean = np.divide((votes * share).sum() - votes * share, rest, where=rest > 0, out=share.copy())
    spread = mean * (1 - mean)
    error = np.sqrt(spread / np.maximum(votes, 1) + spread / np.maximum(rest, 1))
    below = mean - share
    judged = votes >= max(least_votes, 1)
    return np.flatnonzero(judged & (below > margin) & (below > STANDARD_ERRORS * error))


def alpha_word(alpha: float) -> str:
    """Say in words what Krippendorff advises about a value of alpha."""
    steps = ((0.8, "reliable"), (0.667, "tentative conclusions only"), (-math.inf, "unreliable"))
    return next(word for least, word in steps if alpha >= least)
