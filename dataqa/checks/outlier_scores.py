"""What the outlier check knows of every distinct text, from what checks share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from dataqa import oddness, text_forms
from dataqa.class_energy import FOLDS, LabeledVectors, energies, sum_stage
from dataqa.confident_learning import cohen_kappa
from dataqa.dataset import Dataset, cuts
from dataqa.shared import Shared

WORD_EMBEDDERS = ("lsa",)
"""Embedders whose vectors are made of the dataset's own words, so that they say nothing of a word
that only one text has. For them the distance counts the unfamiliar share of a text as far away."""
MIN_CLASS_TEXTS = 5
MIN_AGREEMENT = 0.5
"""Cohen's kappa of the neighbours' vote with the labels from which on labels are listened to."""


@dataclass(frozen=True, eq=False)
class LabelSide:
    """What labels say of how odd a text is; arrays over texts."""

    entropy: np.ndarray
    energy: np.ndarray
    agreement: float
    """Cohen's kappa of the neighbours' vote with the given labels."""


@dataclass(eq=False)
class TextScores:
    """Distances, votes, energies and forms of the distinct texts."""

    dataset: Dataset
    shared: Shared

    @cached_property
    def scored(self) -> np.ndarray:
        """Whether a text has all its neighbours, so that it can be compared."""
        return np.asarray((self.shared.neighbours.index >= 0).all(axis=1))

    @cached_property
    def familiarity(self) -> np.ndarray:
        """Share 0..1 of the text's weight that other texts use, too; 1 where vectors see all."""
        if self.shared.embedder.name in WORD_EMBEDDERS:
            return self.shared.corpus.familiarity
        return np.ones(len(self.scored))

    @cached_property
    def distance(self) -> np.ndarray:
        """1 - familiarity * mean cosine similarity to the neighbours, 0..1."""
        near = np.clip(self.shared.neighbours.similarity.mean(axis=1, dtype=np.float64), 0, 1)
        return np.asarray(1 - self.familiarity * near)

    @cached_property
    def local_distance(self) -> np.ndarray:
        """The distance beside that of the neighbours."""
        return oddness.beside_neighbours(self.distance, self.shared.neighbours.index)

    @cached_property
    def labels(self) -> LabelSide | None:
        """What labels say; nothing where the neighbours' labels do not predict them."""
        label, classes = self._labels()
        if classes < 2:
            return None
        index = self.shared.neighbours.index
        votes = oddness.count_votes(np.where(index >= 0, label[index], -1))
        known = (label >= 0) & (votes.majority >= 0)
        agreement = cohen_kappa(label[known], votes.majority[known], classes) if known.any() else 0
        if agreement < MIN_AGREEMENT:
            return None
        data = LabeledVectors(self.shared.embeddings, label, self.shared.near_stars.of % FOLDS)
        shards = cuts(len(label), self.shared.shard_records)
        partials = self.shared.progress.track(
            self.shared.engine.map(partial(sum_stage, classes=classes), (data[c] for c in shards)),
            "comparing with classes",
            len(shards),
        )
        return LabelSide(votes.entropy, energies(data, partials), agreement)

    def _labels(self) -> tuple[np.ndarray, int]:
        """Number the classes with enough texts; a text has the label of its first record."""
        first = self.dataset.frame["label"].iloc[self.shared.text_groups.first]
        named = self.dataset.has_label[self.shared.text_groups.first] & self.scored
        label = np.full(len(first), -1)
        names, label[named] = np.unique(first[named].to_numpy(dtype=object), return_inverse=True)
        common = np.bincount(label[named], minlength=len(names)) >= MIN_CLASS_TEXTS
        renamed = np.append(np.where(common, np.cumsum(common) - 1, -1), -1)
        return renamed[label], int(common.sum())

    @cached_property
    def oddness(self) -> np.ndarray:
        """Interquartile ranges of distance above the median, and what labels add to that."""
        total = oddness.standardised(self.local_distance, self.scored, "distance")
        if (labels := self.labels) is not None:
            entropy = labels.entropy - np.median(labels.entropy[self.scored])
            energy = oddness.standardised(labels.energy, self.scored, "energy")
            total = total + labels.agreement * (entropy + energy)
        return np.asarray(total)

    @cached_property
    def forms(self) -> text_forms.Forms:
        """Length, script, language and symbols of the texts, without a prompt that all repeat."""
        essence = self.dataset.essence
        texts = [essence[row] for row in self.shared.text_groups.first]
        shards = cuts(len(texts), self.shared.shard_records)
        parts = self.shared.progress.track(
            self.shared.engine.map(text_forms.measure, (texts[cut] for cut in shards)),
            "measuring texts",
            len(shards),
        )
        return text_forms.joined(list(parts))
