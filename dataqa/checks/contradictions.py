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
from dataqa.checks.repeats import Repeats
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


def contradictions(dataset: Dataset, shared: Shared, repeats: Repeats) -> Contradictions:
    """Find texts that say the same and have different labels, or else different answers."""
    label = label_codes(dataset.frame["label"])
    if (label >= 0).any():
        return _against_labels(dataset, shared, repeats, label)
    return _against_answers(dataset, shared)


def _against_labels(
    dataset: Dataset, shared: Shared, repeats: Repeats, label: np.ndarray
) -> Contradictions:
    """Compare labels within groups, from equal texts on; a record is reported once."""
    names = dataset.frame["label"].to_numpy(dtype=object)
    blank = shared.text_groups.empty[shared.text_groups.of]
    kinds = {
        "conflict": shared.text_groups,
        "near_conflict": shared.near_groups,
        "semantic_conflict": repeats.paraphrases.groups,
    }
    told = np.zeros(len(dataset), dtype=bool)
    tables, counts = [], []
    for code, groups in kinds.items():
        if groups is None:
            continue
        found = conflicts(np.where(blank, -1, groups.of), label)
        new = ~told[found.rows]
        told[found.rows] = True
        tables.append(conflict_findings(dataset, found, names, code, new))
        counts.append(int(new.sum()))
    labelled = int((label >= 0).sum())
    return Contradictions(tuple(tables), counts[0] / labelled, counts[1] / labelled)


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
