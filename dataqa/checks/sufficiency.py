"""Whether there is enough to learn from, once what teaches nothing is taken away."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa.checks.interface import Found, whole_findings
from dataqa.checks.label_scores import label_scores
from dataqa.checks.labels import Labels
from dataqa.checks.lengths import counted
from dataqa.dataset import Dataset
from dataqa.quoting import LABEL_CHARACTERS, shortened
from dataqa.settings import construct, refuse_outside
from dataqa.shared import Shared

LEVELS = ((5000, "good"), (1000, "fair"), (500, "at the floor"))
NAMED = 5
"""Small classes that are named in one finding."""


@dataclass(frozen=True)
class Sufficiency:
    """How many records are left to learn from.

    **What it finds.** The effective number of records: those that say something of their own (of
    texts that are equal or nearly equal one counts), can be read as text, are not outvoted by
    copies with another label, keep their answer when the trainer cuts (with `--max-length`), and
    whose label the models do not find wrong. Classes with few of them are named.

    **Why it hurts fine-tuning.** Thousands of lines can hold a few hundred examples. A model
    tuned on too few of them repeats them, and a class with a handful is not learned.

    **Known false alarms.** How many are enough depends on the task: a narrow one needs fewer. The
    levels are rules of thumb: below 500 little is learned, 1,000 are fair, 5,000 good. Labels that
    the models find wrong are right in part.

    **Example.** 3,000 tickets, of which 2,400 are copies of a template with another name: 600.

    **Settings.** `min_class_records`: classes with fewer effective records are named.

    **Reference.** Zhou et al., "LIMA: Less Is More for Alignment", NeurIPS 2023, tune on 1,000
    chosen examples; 500 and 5,000 are rules of thumb around it, not measured.
    """

    min_class_records: int = 20

    name: ClassVar[str] = "sufficiency"
    codes: ClassVar[Mapping[str, str]] = {
        "few_records": "Too little to learn from. Collect more, or tell copies apart.",
        "small_class": "A class has few examples. Add some, merge it or leave it out.",
    }
    metrics: ClassVar[tuple[str, ...]] = (
        "sufficiency.effective_rate",
        "sufficiency.effective_records",
        "sufficiency.smallest_class_records",
    )
    columns: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        """Refuse a negative number of records."""
        refuse_outside(self, min_class_records=(0, math.inf))

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Count what is left in all, and of every class."""
        lost = losses(dataset, shared)
        kept = ~np.logical_or.reduce(list(lost.values()))
        left = int(kept.sum())
        classes = _by_class(dataset, kept)
        level = next((name for least, name in LEVELS if left >= least), "below the floor of 500")
        taken = ", ".join(f"{int(mask.sum()):,} {name}" for name, mask in lost.items())
        return Found(
            findings=self._findings(left, classes),
            metrics={
                "sufficiency.effective_rate": left / len(dataset),
                "sufficiency.effective_records": float(left),
                "sufficiency.smallest_class_records": (
                    float(classes.min()) if len(classes) else None
                ),
            },
            reason=None if len(classes) else "no record has a label, so there are no classes",
            notes=(f"{left:,} of {len(dataset):,} records count ({level}); not: {taken}",),
        )

    def _findings(self, left: int, classes: pd.Series) -> pd.DataFrame:
        floor = LEVELS[-1][0]
        small = classes[classes < self.min_class_records]
        rows = []
        if left < floor:
            message = f"{left:,} effective records, below the floor of {floor:,}"
            rows.append(("few_records", 1 - left / floor, message, {"effective": left}))
        if len(small):
            named = ", ".join(
                f"{shortened(str(name), LABEL_CHARACTERS)!r} ({count:,})"
                for name, count in small.head(NAMED).items()
            )
            message = f"{len(small):,} classes with fewer than {self.min_class_records}: {named}"
            score = 1 - float(small.iloc[0]) / self.min_class_records
            rows.append(("small_class", score, message, {"classes": len(small)}))
        tables = [
            whole_findings(
                f"{self.name}.{code}", score=score, message=[message], evidence=[evidence]
            )
            for code, score, message, evidence in rows
        ]
        return pd.concat(tables, ignore_index=True) if tables else Found().findings


def losses(dataset: Dataset, shared: Shared) -> dict[str, np.ndarray]:
    """Return by reason which records do not count; a record may have several reasons."""
    copies = np.ones(len(dataset), dtype=bool)
    copies[shared.near_groups.first] = False
    return {
        "repeat others": copies,
        "no text": dataset.malformed | shared.text_groups.empty[shared.text_groups.of],
        "outvoted by copies": _outvoted(dataset, shared),
        "cut": _cut(dataset, shared),
        "probably wrong": _probably_wrong(dataset, shared),
    }


def _outvoted(dataset: Dataset, shared: Shared) -> np.ndarray:
    mask = np.zeros(len(dataset), dtype=bool)
    mask[shared.conflict_minority.rows] = True
    return mask


def _cut(dataset: Dataset, shared: Shared) -> np.ndarray:
    """Tell which records lose all or a part of their answer; none without a limit."""
    limit = shared.config.max_length
    if not limit:
        return np.zeros(len(dataset), dtype=bool)
    lengths, _ = counted(shared, limit)
    return np.asarray(lengths.kept < lengths.learned)


def _probably_wrong(dataset: Dataset, shared: Shared) -> np.ndarray:
    """Tell which labels the models find wrong, where the label check would believe them."""
    mask = np.zeros(len(dataset), dtype=bool)
    if dataset.labeled and not dataset.multilabel:
        check = construct(Labels, shared.config.checks.get("labels", {}), "checks.labels")
        scores = label_scores(shared, check.folds, check.min_class_records)
        if len(scores.model.classes) > 1 and scores.agreement >= check.min_agreement:
            mask[scores.model.rows[scores.flagged]] = True
    return mask


def _by_class(dataset: Dataset, kept: np.ndarray) -> pd.Series:
    """Count what is left of every class, fewest first; classes of which nothing is left, too."""
    labels = dataset.frame["label"]
    given = dataset.has_label
    if dataset.multilabel or not given.any():
        return pd.Series(dtype="int64")
    counts = pd.Series(kept, index=labels.index)[given].groupby(labels[given], sort=True).sum()
    return counts.sort_values(kind="stable").astype("int64")
