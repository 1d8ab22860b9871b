"""Records whose label is probably wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from dataqa.checks.interface import Found, findings_table
from dataqa.confident_learning import calibrated_count, cohen_kappa, flag_and_score
from dataqa.dataset import Dataset
from dataqa.quoting import LABEL_CHARACTERS, shortened
from dataqa.result import plain_values
from dataqa.shared import LabelModel, Shared

RATE = "labels.mislabel_rate"
MAX_FOLDS = 50


@dataclass(frozen=True)
class Labels:
    """Wrong labels, by confident learning.

    **What it finds.** Records whose given label disagrees, confidently, with what models say that
    never saw it (`labels.likely_mislabeled`). Every labelled record gets a `label_quality`
    (0 = surely wrong) and, where the models disagree, a `suggested_label`.

    The mislabel rate is a *model estimate, not certified*, given as a bracket:
    `labels.mislabel_rate.low` is the share flagged (cleanlab's off-diagonal count),
    `labels.mislabel_rate.high` the share whose most likely label is not the given one, with every
    record that could not be checked counted as wrong; between them `labels.mislabel_rate`,
    cleanlab's calibrated count.

    **Why it hurts fine-tuning.** A model tuned on wrong labels is reliably wrong.

    **Known false alarms.** Ambiguous records, classes that overlap, rare phrasings. Noise that
    follows a rule (one annotator, one keyword) is learned by the models too and stays hidden:
    then the bracket is too low.

    **Example.** `I was charged twice` labelled `login`; suggested `billing`.

    **Settings.** `folds`: parts of the cross-validation. `min_class_records`: classes with fewer
    different texts are not checked (and counted as such). `min_records`: fewer different texts
    give no rate. `min_agreement`: models that agree with the labels less than this (Cohen's
    kappa, 0 = chance) are too weak for a rate and for findings.

    **Reference.** Northcutt, Jiang, Chuang, "Confident Learning", JAIR 70, 2021; cleanlab 2.9.
    """

    folds: int = 5
    min_class_records: int = 5
    min_records: int = 100
    min_agreement: float = 0.3

    name: ClassVar[str] = "labels"
    codes: ClassVar[Mapping[str, str]] = {
        "likely_mislabeled": "The label is probably wrong. Compare it with the suggested one.",
    }
    metrics: ClassVar[tuple[str, ...]] = (RATE, f"{RATE}.low", f"{RATE}.high")
    columns: ClassVar[Mapping[str, str]] = {
        "suggested_label": "str",
        "label_quality": "float64",
    }

    def __post_init__(self) -> None:
        """Refuse settings under which nothing could be held out."""
        if not 2 <= self.folds <= MAX_FOLDS:
            raise ValueError(f"folds {self.folds} is not between 2 and {MAX_FOLDS}")
        if self.min_class_records < 2:
            raise ValueError(f"min_class_records {self.min_class_records} is below 2")
        if self.min_records < 0:
            raise ValueError(f"min_records {self.min_records} is below 0")
        if not -1 <= self.min_agreement <= 1:
            raise ValueError(f"min_agreement {self.min_agreement} is not between -1 and 1")

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Judge every record whose label can be modelled."""
        if not dataset.labeled:
            return _unmeasured(_no_label(dataset, shared.config.label_field or "label"))
        model = shared.label_model(self.folds, self.min_class_records)
        if len(model.classes) < 2:
            return _unmeasured(self._too_few_classes(dataset, model))
        flagged, quality = flag_and_score(model.label, model.probabilities)
        suggested = model.probabilities.argmax(axis=1)
        weakness = self._weakness(model, suggested)
        reason = self._too_few_texts(model) or weakness
        if weakness:  # nor are single findings of such models worth anybody's time
            flagged, suggested = np.zeros_like(flagged), model.label
        return Found(
            findings=_findings(dataset, shared, model, np.flatnonzero(flagged), quality),
            metrics=dict.fromkeys(self.metrics)
            if reason
            else _rates(dataset, model, flagged, suggested),
            columns=_columns(dataset, model, suggested, quality),
            reason=reason,
            notes=(*_notes(model), *_variants(dataset)),
        )

    def _too_few_classes(self, dataset: Dataset, model: LabelModel) -> str:
        names = dataset.frame["label"].dropna().unique()
        if len(names) == 1:
            return f"the label column has one class ({names[0]!r}); there is nothing to compare"
        return (
            f"{len(names)} classes, but {len(model.classes)} with at least "
            f"{self.min_class_records} different texts that can be compared; too few to learn what "
            "a label means"
        )

    def _too_few_texts(self, model: LabelModel) -> str | None:
        """Say why there is too little for a rate, or nothing."""
        if model.texts < self.min_records:
            return (
                f"{model.texts} different texts could be checked, a rate needs {self.min_records}; "
                "add labelled records"
            )
        return None

    def _weakness(self, model: LabelModel, suggested: np.ndarray) -> str | None:
        """Say why the models are too weak to be believed, or nothing."""
        kappa = cohen_kappa(model.label, suggested, len(model.classes))
        if kappa < self.min_agreement:
            return (
                "the models cannot predict these labels (agreement with them is "
                f"{kappa:.2f} on a scale where 0 is chance, needed: {self.min_agreement}); "
                "review a random sample instead"
            )
        return None


def _no_label(dataset: Dataset, field: str) -> str:
    seen = ", ".join(repr(name) for name in dataset.fields_seen)
    return f"no record has a label in {field!r}; fields seen: {seen}; name yours with --label-field"


def _unmeasured(reason: str) -> Found:
    return Found(metrics=dict.fromkeys(Labels.metrics), skipped=True, reason=reason)


def _rates(
    dataset: Dataset, model: LabelModel, flagged: np.ndarray, suggested: np.ndarray
) -> dict[str, float | None]:
    """Bracket the mislabel rate; what was not checked counts as wrong in the upper end."""
    unchecked = model.unlabeled + model.unseen + model.rare + dataset.unreadable
    low = int(flagged.sum()) / (len(dataset) - model.unlabeled)
    differs = int((suggested != model.label).sum())
    high = (differs + unchecked) / (len(dataset) + dataset.unreadable)
    count = calibrated_count(model.label, model.probabilities)
    estimate = float(np.clip(count / len(model.rows), low, high))
    return {RATE: estimate, f"{RATE}.low": low, f"{RATE}.high": high}


def _columns(
    dataset: Dataset, model: LabelModel, suggested: np.ndarray, quality: np.ndarray
) -> dict[str, Any]:
    qualities = np.full(len(dataset), np.nan)
    qualities[model.rows] = quality
    names = pd.Series([None] * len(dataset), dtype="object")
    differs = suggested != model.label
    names.iloc[model.rows[differs]] = np.array(model.classes, dtype=object)[suggested[differs]]
    return {"suggested_label": names, "label_quality": qualities}


def _findings(
    dataset: Dataset, shared: Shared, model: LabelModel, chosen: np.ndarray, quality: np.ndarray
) -> pd.DataFrame:
    best = model.probabilities[chosen].argmax(axis=1)
    probability = model.probabilities[chosen, best]
    names = np.array([shortened(name, LABEL_CHARACTERS) for name in model.classes], dtype=object)
    related, theirs = _neighbour_labels(dataset, shared, model.rows[chosen])
    return findings_table(
        dataset,
        model.rows[chosen],
        "labels.likely_mislabeled",
        score=1 - quality[chosen],
        message=[
            f"labelled {given!r}, models say {suggested!r} ({share:.0%})"
            for given, suggested, share in zip(
                names[model.label[chosen]], names[best], probability, strict=True
            )
        ],
        evidence=[
            {
                "given": given,
                "suggested": suggested,
                "probability": round(float(share), 4),
                "neighbour_labels": labels,
            }
            for given, suggested, share, labels in zip(
                names[model.label[chosen]], names[best], probability, theirs, strict=True
            )
        ],
        related=related,
    )


def _neighbour_labels(
    dataset: Dataset, shared: Shared, rows: np.ndarray
) -> tuple[list[list[int]], list[list[str]]]:
    """Find the three nearest other texts of each row: their rows and their labels."""
    if not len(rows):
        return [], []
    groups = shared.text_groups
    nearest = shared.neighbours.index[groups.of[rows], :3]
    labels = plain_values(dataset.frame["label"])
    related = [[int(groups.first[other]) for other in others if other >= 0] for others in nearest]
    return related, [
        [shortened(labels[row] or "", LABEL_CHARACTERS) for row in others] for others in related
    ]


def _notes(model: LabelModel) -> tuple[str, ...]:
    notes = ["model estimate, not certified"]
    if model.unlabeled:
        notes.append(f"{model.unlabeled:,} records have no label and were not checked")
    if model.unseen:
        notes.append(
            f"{model.unseen:,} records share no word with others, or are no text, "
            "and were not checked"
        )
    if model.rare:
        notes.append(
            f"{model.rare:,} records of {model.rare_classes:,} rare classes were not checked"
        )
    return tuple(notes)


def _variants(dataset: Dataset) -> Iterator[str]:
    """Name labels that are one label written in several ways; each way counts as a class."""
    names = pd.Series(sorted(dataset.frame["label"].dropna().unique()), dtype="str")
    for _, same in names.groupby(names.str.strip().str.casefold()):
        if len(same) > 1:
            written = ", ".join(repr(shortened(name, LABEL_CHARACTERS)) for name in same[:5])
            yield f"labels that differ only in case or spaces are counted as different: {written}"
