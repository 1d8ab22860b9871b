"""The average of the models, each on what it never saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dataqa.dataset import cuts
from dataqa.probabilities import bayes, discriminants, votes
from dataqa.probabilities.calibration import calibrated
from dataqa.probabilities.sums import Labeled, Sums
from dataqa.probabilities.votes import Nearby

FLOOR = 1e-9
BLOCK = 8192
"""Records scored at once."""
FITTED: Mapping[str, Callable[[Labeled, np.ndarray, Sums], np.ndarray]] = {
    "discriminants": discriminants.score,
    "words": bayes.score,
}
"""Models that are fitted without a fold, by name."""
NEIGHBOURS = "neighbours"


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the models say of n records."""

    probabilities: np.ndarray
    """(n, classes) float32, average over the models; rows sum to 1."""
    votes: Mapping[str, np.ndarray]
    """Model -> (n,) the class it takes for the most likely."""


def out_of_fold(records: Labeled, sums: Sums, nearby: Nearby) -> Predictions:
    """Average the calibrated probabilities of models that never saw the label of their record."""
    average = np.zeros((len(records), sums.counts.shape[1]), dtype=np.float32)
    taken = {}
    for name in (*FITTED, NEIGHBOURS):
        scores = np.empty_like(average)
        if name == NEIGHBOURS:
            _vote(records, nearby, scores)
        else:
            _hold_out(name, records, sums, scores)
        taken[name] = scores.argmax(axis=1)
        average += calibrated(scores, records.label)
    np.clip(average, FLOOR, None, out=average)
    average /= average.sum(axis=1, keepdims=True)
    return Predictions(average, taken)


def _hold_out(name: str, records: Labeled, sums: Sums, scores: np.ndarray) -> None:
    """Fill in the scores of a model that is fitted without the fold of each record."""
    for fold, rest in enumerate(sums.rests()):
        rows = np.flatnonzero(records.fold == fold)
        if len(rows):
            scores[rows] = _centred(FITTED[name](records, rows, rest))


def _vote(records: Labeled, nearby: Nearby, scores: np.ndarray) -> None:
    """Fill in the votes of the neighbours."""
    texts, classes = len(nearby.index), scores.shape[1]
    labels = votes.text_labels(nearby.text, records.label, texts, classes)
    for cut in cuts(len(records), BLOCK):
        rows = np.arange(cut.start, min(cut.stop, len(records)))
        scores[rows] = _centred(votes.score(nearby, rows, labels))


def _centred(scores: np.ndarray) -> np.ndarray:
    """Put the best class at 0: only differences count, and float32 keeps small numbers exactly."""
    return np.asarray(scores - scores.max(axis=1, keepdims=True))
