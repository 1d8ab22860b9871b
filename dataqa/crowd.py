"""CROWDLAB: a consensus of annotators and models, each weighed by how well it agrees with others.

Goh, Tkachenko, Mueller, "CROWDLAB", https://arxiv.org/abs/2210.06812, sections 3 and 4. The numbers
are those of cleanlab's `get_label_quality_multiannotator`, which a test compares; written anew on
columns of votes, because its table of records by annotators takes a minute for 100,000 records and
300 annotators, and no memory holds it for thousands of them (`benchmarks/annotators.py`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEAST_WEIGHT = 1e-6


class Panel(NamedTuple):
    """Votes on n records, two or more on each, and what models say of the records."""

    item: np.ndarray
    """(votes,) record numbers."""
    annotator: np.ndarray
    """(votes,) annotator numbers, each of 0..m-1 at least once."""
    label: np.ndarray
    """(votes,) class numbers."""
    probabilities: np.ndarray
    """(n, classes) from models that never saw the label of their row."""

    @property
    def sizes(self) -> np.ndarray:
        """(n,) votes on each record."""
        return np.bincount(self.item, minlength=len(self.probabilities))

    @property
    def counts(self) -> np.ndarray:
        """(n, classes) votes for each label."""
        records, classes = self.probabilities.shape
        cell = self.item * classes + self.label
        return np.bincount(cell, minlength=records * classes).reshape(records, classes)


class Crowd(NamedTuple):
    """What annotators and models together say."""

    label: np.ndarray
    """(n,) class numbers."""
    quality: np.ndarray
    """(n,) 0..1, 1 = the label is surely right."""
    annotator_quality: np.ndarray
    """(annotators,) 0..1, how far the labels of each can be trusted."""


class _Weights(NamedTuple):
    """How much the models and each annotator count."""

    model: float
    annotators: np.ndarray


def crowdlab(panel: Panel) -> Crowd:
    """Settle on the label that majority, annotators and models make most probable; judge by it."""
    first, _ = _posterior(panel, _majority(panel))
    label = first.argmax(axis=1)
    posterior, weights = _posterior(panel, label)
    return Crowd(
        label=label,
        quality=posterior[np.arange(len(label)), label],
        annotator_quality=_annotator_quality(panel, label, posterior, weights),
    )


def _majority(panel: Panel) -> np.ndarray:
    """Return the label with most votes; of equal ones the one that models find more probable."""
    counts = panel.counts
    leading = counts == counts.max(axis=1, keepdims=True)
    return np.asarray(np.where(leading, panel.probabilities, -1.0).argmax(axis=1))


def _posterior(panel: Panel, label: np.ndarray) -> tuple[np.ndarray, _Weights]:
    """Average models and votes, weighed by their errors against a consensus, (n, classes)."""
    records, classes = panel.probabilities.shape
    sizes = panel.sizes
    chance = max(float(np.mean(label != np.bincount(label).argmax())), LEAST_WEIGHT)
    error = float(np.mean(panel.probabilities.argmax(axis=1) != label))
    weights = _Weights(
        model=max(1 - error / chance, LEAST_WEIGHT) * float(np.sqrt(sizes.mean())),
        annotators=np.maximum(1 - (1 - _agreement(panel)) / chance, LEAST_WEIGHT),
    )
    right = float(np.mean(_share(panel.item, panel.label == label[panel.item], records)))
    wrong = (1 - right) / (classes - 1)
    vote = weights.annotators[panel.annotator]
    cell = panel.item * classes + panel.label
    votes = np.bincount(cell, weights=vote, minlength=records * classes).reshape(records, classes)
    total = votes.sum(axis=1, keepdims=True)
    whole = panel.probabilities * weights.model + votes * (right - wrong) + total * wrong
    return whole / (total + weights.model), weights


def _agreement(panel: Panel) -> np.ndarray:
    """Return the share of others' votes on the same records that each annotator agrees with."""
    others = panel.sizes[panel.item] - 1
    same = panel.counts[panel.item, panel.label] - 1
    return np.bincount(panel.annotator, weights=same) / np.bincount(panel.annotator, weights=others)


def _annotator_quality(
    panel: Panel, label: np.ndarray, posterior: np.ndarray, weights: _Weights
) -> np.ndarray:
    """Weigh how probable the labels of each annotator are, and how often they are the consensus."""
    number = len(weights.annotators)
    probable = _share(panel.annotator, posterior[panel.item, panel.label], number)
    agreeing = _share(panel.annotator, panel.label == label[panel.item], number)
    crowd = float(weights.annotators.sum()) * float(panel.sizes.mean()) / number
    model = weights.model / (weights.model + crowd)
    return np.asarray(model * probable + (1 - model) * agreeing)


def _share(of: np.ndarray, values: np.ndarray, number: int) -> np.ndarray:
    """Return the mean of values by group."""
    return np.bincount(of, weights=values, minlength=number) / np.bincount(of, minlength=number)
