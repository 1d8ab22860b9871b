"""What to tell about label sets: findings about records, notes about labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from dataqa.checks.interface import findings_table
from dataqa.checks.label_set_model import LabelSetModel
from dataqa.dataset import Dataset
from dataqa.label_sets import LabelSets
from dataqa.quoting import LABEL_CHARACTERS, shortened

NAMED_LABELS = 10
"""Labels that one finding or note names."""


def unreadable_findings(dataset: Dataset, sets: LabelSets) -> pd.DataFrame:
    """Report labels that are no lists of labels; a record without a label is none of them."""
    rows = np.flatnonzero(sets.problems.notna() & dataset.frame["label"].notna())
    message = sets.problems.iloc[rows].to_list()
    return findings_table(dataset, rows, "multilabel.unreadable", score=1.0, message=message)


def label_set_findings(
    dataset: Dataset, sets: LabelSets, model: LabelSetModel
) -> Iterator[pd.DataFrame]:
    """Report records with labels that the models contradict, one finding a record and kind."""
    for code, given, verb in (
        ("wrong_label", model.members, "listed, but probably does not apply"),
        ("missing_label", ~model.members, "not listed, but probably applies"),
    ):
        at, column = np.nonzero(model.flagged & given)
        chance = model.probabilities[at, column]
        doubt = 1 - chance if code == "wrong_label" else chance
        order = np.lexsort((column, -doubt, at))
        rows, first = np.unique(at, return_index=True)
        parts = np.split(order, first[1:]) if len(rows) else []
        named = [
            {
                _name(sets, model.labels[column[item]]): round(float(chance[item]), 4)
                for item in part
            }
            for part in (part[:NAMED_LABELS] for part in parts)
        ]
        yield findings_table(
            dataset,
            model.rows[rows],
            f"multilabel.{code}",
            score=np.array([doubt[part[0]] for part in parts]),
            message=[f"{_listed(chances)} {verb}" for chances in named],
            evidence=[{"probabilities": chances} for chances in named],
        )


def _name(sets: LabelSets, number: int) -> str:
    return shortened(sets.names[number], LABEL_CHARACTERS)


def _listed(chances: Mapping[str, float]) -> str:
    return ", ".join(f"{name!r} ({chance:.0%})" for name, chance in chances.items())


def label_set_notes(dataset: Dataset, sets: LabelSets, model: LabelSetModel) -> Iterator[str]:
    """Say what was not checked, and why."""
    yield "model estimate, not certified"
    unlabelled = int(dataset.frame["label"].isna().sum())
    if unlabelled:
        yield f"{unlabelled:,} records have no label and were not checked"
    rest = int((~sets.readable).sum()) - unlabelled
    if rest > 0:
        yield f"{rest:,} labels are no lists of labels and were not checked"
    unseen = int(sets.readable.sum()) - len(model.rows)
    if unseen:
        yield f"{unseen:,} records are no text that models see anything of, and were not checked"
    yield from _label_notes(sets, model)


def _label_notes(sets: LabelSets, model: LabelSetModel) -> Iterator[str]:
    rare = np.setdiff1d(np.arange(len(sets.names)), model.labels)
    weak = model.labels[~np.isin(np.arange(len(model.labels)), model.checked)]
    for numbers, why in (
        (rare, "too rare, or nearly everywhere"),
        (weak, "not predictable from the text"),
    ):
        if len(numbers):
            named = ", ".join(repr(_name(sets, number)) for number in numbers[:NAMED_LABELS])
            more = (
                f" and {len(numbers) - NAMED_LABELS:,} more" if len(numbers) > NAMED_LABELS else ""
            )
            yield f"{len(numbers):,} labels are {why} and were not checked: {named}{more}"
