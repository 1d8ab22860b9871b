"""Which record of a group of copies stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from dataqa.checks.content import SIGNS
from dataqa.dataset import Dataset
from dataqa.shared import Shared
from dataqa.text_faults import FIELDS, fault_stage

OUTVOTED = 10.0
"""How much a label that equal texts outvote counts, in faults of content."""

Policy = Callable[[Dataset, Shared, np.ndarray], tuple[np.ndarray, ...]]
"""Takes rows of a dataset, returns what is against keeping each of them, weightiest first."""


def _late(dataset: Dataset, _: Shared, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """(rows,) position in the input."""
    position = np.empty(len(dataset), dtype=np.int64)
    position[dataset.input_order] = np.arange(len(dataset))
    return (position[rows],)


def _short(dataset: Dataset, _: Shared, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """(rows,) minus the number of characters, spaces at the ends left out of account."""
    lengths = (
        len(dataset.prompts[row].strip()) + len(dataset.responses[row].strip()) for row in rows
    )
    return (-np.fromiter(lengths, dtype=np.int64, count=len(rows)),)


def _faulty(dataset: Dataset, shared: Shared, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """(rows,) faults of content and labels that equal texts outvote, then shortness."""
    table = dataset.frame[list(FIELDS)].iloc[rows].fillna("")
    against = np.zeros(len(rows))
    for place, code, name, _ in fault_stage(
        tuple(table[field].to_list() for field in FIELDS)
    ).found:
        against[place] += SIGNS[f"{code}_{name}" if code == "placeholder" else code][0]
    against += OUTVOTED * np.isin(rows, shared.conflict_minority.rows)
    return (against, *_short(dataset, shared, rows))


KEEP: Mapping[str, Policy] = {"longest": _short, "first": _late, "best-quality": _faulty}
"""Policy by name. Only ``first`` depends on the order of the input."""


def ranks(dataset: Dataset, shared: Shared, rows: np.ndarray, keep: str) -> np.ndarray:
    """Rank the records (records,) by what is against keeping them; only ``rows`` are looked at.

    Equal ones go by content key.
    """
    rank = np.arange(len(dataset)) + len(rows)
    rank[rows[np.lexsort(KEEP[keep](dataset, shared, rows)[::-1])]] = np.arange(len(rows))
    return rank
