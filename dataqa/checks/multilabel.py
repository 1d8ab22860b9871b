"""Records whose set of labels is probably wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dataqa.checks.interface import Found, join_findings
from dataqa.checks.label_notes import too_few_texts
from dataqa.checks.label_set_findings import (
    label_set_findings,
    label_set_notes,
    unreadable_findings,
)
from dataqa.checks.label_set_model import LabelSetModel, model_label_sets
from dataqa.dataset import Dataset
from dataqa.label_sets import LabelSets, read_label_sets
from dataqa.probabilities.folds import MAX_FOLDS
from dataqa.settings import refuse_outside
from dataqa.shared import Shared

RATE = "multilabel.mislabel_rate"


@dataclass(frozen=True)
class Multilabel:
    """Labels that are lists: which of them is probably wrong, and which is missing.

    **What it finds.** Where most labels of a dataset are lists (`["billing", "login"]`, or
    indicators `[0, 1, 1]`), every label is a question of its own: does it apply? Two models that
    never saw the record answer (least squares on the vectors, naive Bayes on the words), and
    confident learning tells where the list contradicts them: `multilabel.wrong_label`, a listed
    label that probably does not apply; `multilabel.missing_label`, one that probably does and is
    not listed. `label_quality` and `suggested_label` hold the score of the set and the set that
    the models would choose. The check `labels` leaves such datasets to this one.

    The rates are *model estimates, not certified*. `multilabel.mislabel_rate.low`, and the rate
    itself, is the share of records whose list the models contradict with confidence;
    `multilabel.mislabel_rate.high` the share for which the models would choose another set, with
    every record that could not be checked counted as wrong. `multilabel.wrong_rate` and
    `multilabel.missing_rate` tell the two kinds apart.

    **Why it hurts fine-tuning.** A label that is often forgotten teaches the model to forget it.

    **Known false alarms.** Labels that apply a little, or hardly show in the text: in clean tickets
    of which one in twenty is vague, 2 to 4 % of the records are reported, so that the low end of
    a rate below 5 % claims too much.
    What annotators forget systematically is learned by the models, too, and stays hidden.

    **Example.** `I was charged twice and cannot log in` with `["billing"]`: `login` is missing.

    **Settings.** `folds`: parts of the cross-validation. `min_label_records`: labels of fewer
    different texts are not checked. `min_records`: fewer different texts give no rate.
    `min_agreement`: labels that the models predict worse than this (Cohen's kappa, 0 = chance) are
    not checked. Records that list an unchecked label count as unchecked.

    **Reference.** Thyagarajan et al., "Identifying Incorrect Annotations in Multi-Label
    Classification Data", arXiv 2211.13895; cleanlab 2.9.
    """

    folds: int = 5
    min_label_records: int = 5
    min_records: int = 100
    min_agreement: float = 0.3

    name: ClassVar[str] = "multilabel"
    codes: ClassVar[Mapping[str, str]] = {
        "wrong_label": "A listed label probably does not apply. Read the record, remove it.",
        "missing_label": "A label that probably applies is not listed. Read the record, add it.",
        "unreadable": "The label is no list of labels. Write them as a list of texts.",
    }
    metrics: ClassVar[tuple[str, ...]] = (
        RATE,
        f"{RATE}.low",
        f"{RATE}.high",
        "multilabel.wrong_rate",
        "multilabel.missing_rate",
    )
    columns: ClassVar[Mapping[str, str]] = {
        "suggested_label": "str",
        "label_quality": "float64",
    }

    def __post_init__(self) -> None:
        """Refuse settings under which nothing could be held out."""
        refuse_outside(
            self,
            folds=(2, MAX_FOLDS),
            min_label_records=(2, math.inf),
            min_records=(0, math.inf),
            min_agreement=(-1, 1),
        )

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Ask of every record and label whether the label applies."""
        if not dataset.multilabel:
            return Found(
                metrics=dict.fromkeys(self.metrics), skipped=True, reason=_not_lists(dataset)
            )
        sets = read_label_sets(dataset.frame["label"], dataset.frame["label_kind"])
        unreadable = unreadable_findings(dataset, sets)
        model = model_label_sets(sets, shared, self.folds, self.min_label_records)
        model = model.trusted(self.min_agreement)
        reason = self._refusal(model)
        if not len(model.checked):
            return Found(
                findings=unreadable,
                metrics=dict.fromkeys(self.metrics),
                reason=reason,
                notes=tuple(label_set_notes(dataset, sets, model)),
            )
        return Found(
            findings=join_findings([unreadable, *label_set_findings(dataset, sets, model)]),
            metrics=dict.fromkeys(self.metrics) if reason else _rates(dataset, sets, model),
            columns=_columns(sets, model),
            reason=reason,
            notes=tuple(label_set_notes(dataset, sets, model)),
        )

    def _refusal(self, model: LabelSetModel) -> str | None:
        """Say why there is no rate, or nothing."""
        if not len(model.labels):
            return (
                f"no label has at least {self.min_label_records} different texts with it and as "
                "many without it"
            )
        if not len(model.checked):
            return (
                "the models cannot predict any of these labels (agreement with them is below "
                f"{self.min_agreement}, where 0 is chance); review a random sample instead"
            )
        return too_few_texts(model.texts, self.min_records)


def _not_lists(dataset: Dataset) -> str:
    lists = int((dataset.frame["label_kind"] == "list").sum())
    if not lists:
        return "no label is a list of labels; one label a record is what the check labels is for"
    labelled = int(dataset.frame["label"].notna().sum())
    return (
        f"only {lists:,} of {labelled:,} labels are lists, so the check labels takes each for a "
        "class of its own; write all labels as lists, or none"
    )


def _unchecked(sets: LabelSets, model: LabelSetModel) -> np.ndarray:
    """(records,) whether the set, or a label in it, could not be checked."""
    checked = np.zeros(len(sets.readable), dtype=bool)
    checked[model.rows] = True
    others = np.setdiff1d(np.arange(len(sets.names)), model.labels[model.checked])
    listed = np.asarray(sets.members[:, others].sum(axis=1)).ravel() > 0
    return np.asarray(~checked | listed)


def _rates(dataset: Dataset, sets: LabelSets, model: LabelSetModel) -> dict[str, float | None]:
    """Bracket the share of records with a wrong set; what was not checked counts as wrong."""
    labelled = max(int(dataset.frame["label"].notna().sum()), 1)
    low = int(model.flagged.any(axis=1).sum()) / labelled
    doubtful = _unchecked(sets, model)
    doubtful[model.rows] |= (model.differs | model.flagged).any(axis=1)
    high = (int(doubtful.sum()) + dataset.unreadable) / (len(dataset) + dataset.unreadable)
    wrong, missing = (
        int((model.flagged & given).any(axis=1).sum()) / labelled
        for given in (model.members, ~model.members)
    )
    return dict(zip(Multilabel.metrics, (low, low, max(low, high), wrong, missing), strict=True))


def _columns(sets: LabelSets, model: LabelSetModel) -> dict[str, Any]:
    """Return quality of all checked sets, and the models' set where it is another one."""
    quality = np.full(len(sets.readable), np.nan)
    quality[model.rows] = model.quality
    suggested = np.full(len(sets.readable), None, dtype=object)
    other = np.flatnonzero(model.flagged.any(axis=1))
    table = sets.members[model.rows[other]].toarray() > 0
    columns = model.labels[model.checked]
    table[:, columns] ^= model.flagged[other][:, model.checked]
    suggested[model.rows[other]] = [sets.written(np.flatnonzero(row).tolist()) for row in table]
    return {"suggested_label": suggested, "label_quality": quality}
