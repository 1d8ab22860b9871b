"""What the label check has to say beside its numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from dataqa.checks.label_scores import LabelScores
from dataqa.dataset import Dataset
from dataqa.gate import percent
from dataqa.probabilities.label_model import LabelModel
from dataqa.quoting import LABEL_CHARACTERS, shortened

QUANTITIES = 20
"""More different numbers than these as labels are taken for a quantity."""


def label_notes(dataset: Dataset, model: LabelModel) -> tuple[str, ...]:
    """Say what the numbers are, and what was not checked."""
    notes = ["model estimate, not certified"]
    if model.unlabeled:
        notes.append(f"{model.unlabeled:,} records have no label and were not checked")
    if model.unseen:
        notes.append(
            f"{model.unseen:,} records share no word with others, or are no text, "
            "and were not checked"
        )
    chosen = model.chosen
    if chosen.rare:
        notes.append(
            f"{chosen.rare:,} records of {chosen.rare_classes:,} rare classes were not checked"
        )
    if chosen.crowded:
        notes.append(
            f"only the {len(chosen.names):,} largest classes were checked, not the "
            f"{chosen.crowded:,} records of {chosen.crowded_classes:,} others"
        )
    if quantity := quantity_of(dataset):
        notes.append(quantity)
    return (*notes, *_variants(dataset))


def too_few_texts(texts: int, needed: int) -> str | None:
    """Say that a rate needs more different texts than there are, where it does."""
    if texts >= needed:
        return None
    return f"{texts} different texts could be checked, a rate needs {needed}; add labelled records"


def doubt_notes(scores: LabelScores, spread: float | None) -> Iterator[str]:
    """Say why the bracket is as wide as it is, and how stable the estimate is."""
    more = int((scores.unsupported & ~scores.flagged).sum())
    if more:
        yield (
            f"the upper end counts {more:,} more labels that not all models clearly support: "
            "classes overlap, or the models are weak there"
        )
    if spread is not None:
        yield f"other folds move the estimate by {percent(spread)} (stability, not an interval)"


def quantity_of(dataset: Dataset) -> str | None:
    """Say that the labels are numbers on a scale, where they are."""
    labels = dataset.frame["label"].dropna()
    names = pd.Series(labels.unique())
    if len(names) <= QUANTITIES or pd.to_numeric(names, errors="coerce").isna().any():
        return None
    return (
        f"the labels are {len(names):,} different numbers: each counts as a class of its own, "
        "which says nothing of a quantity; put them into bins, or name another --label-field"
    )


def _variants(dataset: Dataset) -> Iterator[str]:
    """Name labels that are one label written in several ways; each way counts as a class."""
    names = pd.Series(sorted(dataset.frame["label"].dropna().unique()), dtype="str")
    for _, same in names.groupby(names.str.strip().str.casefold()):
        if len(same) > 1:
            written = ", ".join(repr(shortened(name, LABEL_CHARACTERS)) for name in same[:5])
            yield f"labels that differ only in case or spaces are counted as different: {written}"
