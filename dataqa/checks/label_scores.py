"""What the label check knows of every record that could be modelled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dataqa.confident_learning import calibrated_count, cohen_kappa, flag, label_quality
from dataqa.probabilities.label_model import LabelModel
from dataqa.shared import Shared

SUPPORT = 3.0
"""A label counts as supported when every model votes for it, and their average gives it at least
this many times the probability of any other."""

REFUTE = 2.0
"""A label counts as refuted when no model votes for it, and their average gives another class at
least this many times its probability. Where classes overlap, models differ by less."""


@dataclass(eq=False)
class LabelScores:
    """Arrays over the n modelled records."""

    model: LabelModel
    text: np.ndarray
    """(n,) number of the text of each record."""

    @cached_property
    def suggested(self) -> np.ndarray:
        """The most likely class."""
        return np.asarray(self.model.probabilities.argmax(axis=1))

    @cached_property
    def probability(self) -> np.ndarray:
        """The probability of the most likely class."""
        return np.asarray(self.model.probabilities.max(axis=1))

    @cached_property
    def own(self) -> np.ndarray:
        """The probability of the given class."""
        return np.asarray(self.model.probabilities[np.arange(len(self.text)), self.model.label])

    @property
    def differs(self) -> np.ndarray:
        """Whether the most likely class is not the given one."""
        return np.asarray(self.suggested != self.model.label)

    @cached_property
    def agreement(self) -> float:
        """Cohen's kappa of the models with the given labels."""
        return cohen_kappa(self.model.label, self.suggested, len(self.model.classes))

    @cached_property
    def share(self) -> np.ndarray:
        """Share of the records with the same text that have the same label; 1 without conflict."""
        of, pairs = self._labels_of_texts
        return np.asarray(pairs[of] / np.bincount(self.text)[self.text])

    @cached_property
    def outvoted(self) -> np.ndarray:
        """Whether other records with the same text have a label that more of them share.

        Where none has more, the models decide: at least one of them is certainly wrong.
        """
        of, pairs = self._labels_of_texts
        rank = np.lexsort((self.model.label, -self.own, -pairs[of], self.text))
        _, start = np.unique(self.text[rank], return_index=True)
        leading = np.zeros(int(self.text.max(initial=0)) + 1, dtype=np.int64)
        first = rank[start]
        leading[self.text[first]] = self.model.label[first]
        return np.asarray(self.model.label != leading[self.text])

    @cached_property
    def _labels_of_texts(self) -> tuple[np.ndarray, np.ndarray]:
        """Number the pairs of text and label; return that of each record, and records by pair."""
        codes = self.text * len(self.model.classes) + self.model.label
        _, of, counts = np.unique(codes, return_inverse=True, return_counts=True)
        return of, counts

    @cached_property
    def quality(self) -> np.ndarray:
        """0 = surely wrong, 1 = surely right; never above the share of copies that agree."""
        quality = label_quality(self.model.label, self.model.probabilities)
        return np.asarray(np.minimum(quality, self.share))

    @cached_property
    def flagged(self) -> np.ndarray:
        """Whether the label contradicts all models, or is outvoted by its copies.

        By confident learning, where the models refute the label.
        """
        contradicts = flag(self.model.label, self.model.probabilities)
        return np.asarray((contradicts & self._refuted) | self.outvoted)

    @property
    def _refuted(self) -> np.ndarray:
        votes = self.model.predictions.votes.values()
        against = np.all([vote != self.model.label for vote in votes], axis=0)
        return np.asarray(against & (self.probability >= REFUTE * self.own))

    @cached_property
    def unsupported(self) -> np.ndarray:
        """Whether not all models clearly support the label."""
        votes = self.model.predictions.votes.values()
        differs = np.any([vote != self.model.label for vote in votes], axis=0)
        thin = self.own < SUPPORT * self._best_other
        return np.asarray(self.flagged | (self.share < 1) | differs | thin)

    @property
    def _best_other(self) -> np.ndarray:
        """The probability of the likeliest class that is not the given one."""
        top = np.partition(self.model.probabilities, -2, axis=1)[:, -2:]
        return np.where(self.differs, top[:, 1], top[:, 0])

    @property
    def count(self) -> int:
        """How many labels are wrong, by the calibrated confident joint."""
        return calibrated_count(self.model.label, self.model.probabilities)


def label_scores(shared: Shared, folds: int, min_class_records: int) -> LabelScores:
    """Score the records of a label model, once for all checks."""
    model = shared.label_model(folds, min_class_records)
    key = ("label scores", folds, min_class_records)
    return shared.once(key, lambda: LabelScores(model, shared.text_groups.of[model.rows]))
