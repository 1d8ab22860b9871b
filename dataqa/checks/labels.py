"""Records whose label is probably wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from dataqa.checks.interface import Found
from dataqa.checks.label_findings import label_findings
from dataqa.checks.label_notes import doubt_notes, label_notes, quantity_of, too_few_texts
from dataqa.checks.label_places import label_tables
from dataqa.checks.label_scores import LabelScores, label_scores
from dataqa.dataset import Dataset
from dataqa.probabilities.folds import MAX_FOLDS
from dataqa.probabilities.label_model import LabelModel
from dataqa.settings import refuse_outside
from dataqa.shared import Shared

RATE = "labels.mislabel_rate"
SPREAD = "labels.fold_spread"
MAX_REPEATS = 20
LISTS = (
    "labels are lists of labels: see the check multilabel; limit multilabel.mislabel_rate instead, "
    "with --max-mislabel-rate off"
)


@dataclass(frozen=True)
class Labels:
    """Wrong labels, by confident learning.

    **What it finds.** Records whose given label contradicts, by confident learning, three models
    that never saw it (linear discriminants on the vectors, naive Bayes on the words, the votes of
    the nearest other texts) when none of them votes for it and another class is at least twice as
    probable, and records whose label is outvoted by copies of the same text
    (`labels.likely_mislabeled`). Every labelled record gets a `label_quality` (0 = surely wrong;
    how probable the label is, given what the models say and which classes are taken for which)
    and, where the models disagree, a `suggested_label`.

    The mislabel rate is a *model estimate, not certified*, given as a bracket:
    `labels.mislabel_rate.low` is the share flagged; `labels.mislabel_rate.high` the share whose
    label not all three models vote for, or their average gives less than three times the
    probability of another class, with every record that could not be checked counted as wrong;
    between them `labels.mislabel_rate`, cleanlab's calibrated count. Only reviewed records prove a
    rate: `dataqa review`.

    **Why it hurts fine-tuning.** A model tuned on wrong labels is reliably wrong.

    **Known false alarms.** Ambiguous records, classes that overlap, rare phrasings. Noise that
    follows a rule (one annotator, one keyword) is learned by the models too and stays hidden:
    the low end and the estimate are then far below the truth.

    **Example.** `I was charged twice` labelled `login`; suggested `billing`.

    **Settings.** `folds`: parts of the cross-validation. `min_class_records`: classes with fewer
    different texts are not checked (and counted as such). `min_records`: fewer different texts
    give no rate. `min_agreement`: models that agree with the labels less than this (Cohen's
    kappa, 0 = chance) are too weak for a rate and for findings. `repeats`: how often the records
    are dealt to other folds to see how much the estimate moves (`labels.fold_spread`, largest minus
    smallest: stability, no confidence interval).

    **Reference.** Northcutt, Jiang, Chuang, "Confident Learning", JAIR 70, 2021; cleanlab 2.9.
    """

    folds: int = 5
    min_class_records: int = 5
    min_records: int = 100
    min_agreement: float = 0.3
    repeats: int = 2

    name: ClassVar[str] = "labels"
    codes: ClassVar[Mapping[str, str]] = {
        "likely_mislabeled": "The label is probably wrong. Compare it with the suggested one.",
    }
    metrics: ClassVar[tuple[str, ...]] = (RATE, f"{RATE}.low", f"{RATE}.high", SPREAD)
    columns: ClassVar[Mapping[str, str]] = {
        "suggested_label": "str",
        "label_quality": "float64",
    }

    def __post_init__(self) -> None:
        """Refuse settings under which nothing could be held out."""
        refuse_outside(
            self,
            folds=(2, MAX_FOLDS),
            min_class_records=(2, math.inf),
            min_records=(0, math.inf),
            repeats=(0, MAX_REPEATS),
            min_agreement=(-1, 1),
        )

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Judge every record whose label can be modelled."""
        if not dataset.labeled:
            return _unmeasured(_no_label(dataset, shared.config.label_field or "label"))
        if dataset.multilabel:
            return _unmeasured(LISTS)
        model = shared.label_model(self.folds, self.min_class_records)
        if len(model.classes) < 2:
            return _unmeasured(self._too_few_classes(dataset, model))
        scores = label_scores(shared, self.folds, self.min_class_records)
        weakness = self._weakness(scores)
        reason = too_few_texts(model.texts, self.min_records) or weakness
        if weakness:  # nor are single findings of such models worth anybody's time
            return Found(
                metrics=dict.fromkeys(self.metrics),
                columns={"label_quality": _columns(dataset, scores)["label_quality"]},
                reason=reason,
                notes=label_notes(dataset, model),
            )
        metrics: dict[str, float | None] = dict.fromkeys(self.metrics)
        if not reason:
            metrics = _rates(dataset, scores) | {SPREAD: self._spread(shared, scores)}
        return Found(
            findings=label_findings(dataset, shared, scores),
            metrics=metrics,
            columns=_columns(dataset, scores),
            reason=reason,
            notes=(*label_notes(dataset, model), *doubt_notes(scores, metrics[SPREAD])),
            tables=label_tables(dataset, scores, shared.config.group_by),
        )

    def _too_few_classes(self, dataset: Dataset, model: LabelModel) -> str:
        names = dataset.frame["label"].dropna().unique()
        if len(names) == 1:
            return f"the label column has one class ({names[0]!r}); there is nothing to compare"
        quantity = f"; {quantity_of(dataset)}" if quantity_of(dataset) else ""
        return (
            f"{len(names)} classes, but {len(model.classes)} with at least "
            f"{self.min_class_records} different texts that can be compared; too few to learn what "
            f"a label means{quantity}"
        )

    def _spread(self, shared: Shared, scores: LabelScores) -> float | None:
        """Return how far the estimate moves when other records are held out together."""
        if not self.repeats:
            return None
        model = scores.model
        counts = [scores.count]
        for deal in range(1, self.repeats + 1):
            other = shared.predictions(model.chosen, self.folds, deal)
            counts.append(LabelScores(replace(model, predictions=other), scores.text).count)
        return (max(counts) - min(counts)) / len(model.rows)

    def _weakness(self, scores: LabelScores) -> str | None:
        """Say why the models are too weak to be believed, or nothing."""
        if scores.agreement < self.min_agreement:
            return (
                "the models cannot predict these labels (agreement with them is "
                f"{scores.agreement:.2f} on a scale where 0 is chance, needed: "
                f"{self.min_agreement}); review a random sample instead: dataqa review"
            )
        return None


def _no_label(dataset: Dataset, field: str) -> str:
    seen = ", ".join(repr(name) for name in dataset.fields_seen)
    return f"no record has a label in {field!r}; fields seen: {seen}; name yours with --label-field"


def _unmeasured(reason: str) -> Found:
    return Found(metrics=dict.fromkeys(Labels.metrics), skipped=True, reason=reason)


def _rates(dataset: Dataset, scores: LabelScores) -> dict[str, float | None]:
    """Bracket the mislabel rate; what was not checked counts as wrong in the upper end."""
    model = scores.model
    low = int(scores.flagged.sum()) / (len(dataset) - model.unlabeled)
    doubted = int(scores.unsupported.sum()) + model.unchecked + dataset.unreadable
    high = doubted / (len(dataset) + dataset.unreadable)
    estimate = float(np.clip(scores.count / len(model.rows), low, high))
    return {RATE: estimate, f"{RATE}.low": low, f"{RATE}.high": high}


def _columns(dataset: Dataset, scores: LabelScores) -> dict[str, Any]:
    model = scores.model
    qualities = np.full(len(dataset), np.nan)
    qualities[model.rows] = scores.quality
    names = pd.Series([None] * len(dataset), dtype="object")
    classes = np.array(model.classes, dtype=object)
    names.iloc[model.rows[scores.differs]] = classes[scores.suggested[scores.differs]]
    return {"suggested_label": names, "label_quality": qualities}
