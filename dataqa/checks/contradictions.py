"""Records that contradict each other: by their labels, or else by their answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dataqa.checks.answer_findings import (
    answer_findings,
    answered,
    contradicting_answers,
    prompt_findings,
)
from dataqa.checks.duplicate_findings import conflict_findings
from dataqa.conflicts import conflicts, label_codes
from dataqa.dataset import Dataset
from dataqa.quoting import excerpt
from dataqa.shared import Shared


@dataclass(frozen=True)
class Contradictions:
    """What records of a dataset say against each other."""

    tables: tuple[pd.DataFrame, ...] = ()
    rate: float | None = None
    near_rate: float | None = None
    reason: str | None = None
    notes: tuple[str, ...] = ()


LEFT_OUT = Contradictions(reason="conflicts were left out by the setting report_conflicts")


def contradictions(dataset: Dataset, shared: Shared) -> Contradictions:
    """Find equal and nearly equal texts with different labels, or else different answers."""
    label = label_codes(dataset.frame["label"])
    if (label >= 0).any():
        return _against_labels(dataset, shared, label)
    return _against_answers(dataset, shared)


def _against_labels(dataset: Dataset, shared: Shared, label: np.ndarray) -> Contradictions:
    names = dataset.frame["label"].to_numpy(dtype=object)
    text, near = shared.text_groups, shared.near_groups
    equal = conflicts(np.where(text.empty[text.of], -1, text.of), label)
    alike = conflicts(np.where(text.empty[text.of], -1, near.of), label)
    new = ~np.isin(alike.rows, equal.rows)
    labelled = int((label >= 0).sum())
    return Contradictions(
        (
            conflict_findings(dataset, equal, names, "conflict"),
            conflict_findings(dataset, alike, names, "near_conflict", new),
        ),
        len(equal.rows) / labelled,
        int(new.sum()) / labelled,
    )


def _against_answers(dataset: Dataset, shared: Shared) -> Contradictions:
    rows = answered(dataset, shared)
    found = contradicting_answers(dataset, shared, rows)
    names = np.full(len(dataset), "", dtype=object)
    for row in found.rows:
        names[row] = excerpt(dataset.responses[row], shared.config.show_text) or "(not shown)"
    prompts, note = prompt_findings(dataset, shared, np.setdiff1d(rows, found.rows))
    return Contradictions(
        (
            conflict_findings(dataset, found, names, "contradiction"),
            prompts,
            answer_findings(dataset, shared, rows),
        ),
        len(found.rows) / len(rows) if len(rows) else None,
        None,
        "near conflicts need labels to compare"
        if len(rows)
        else "conflicts need labels or answers to compare",
        (note,) if note else (),
    )
