"""Records that say the same thing again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa.checks.interface import (
    RELATED_LIMIT,
    Found,
    findings_table,
    join_findings,
)
from dataqa.dataset import Dataset
from dataqa.normalise import Groups
from dataqa.quoting import LABEL_CHARACTERS, shortened
from dataqa.shared import Shared


@dataclass(frozen=True)
class Duplicates:
    """Exact duplicates, and equal prompts with different labels.

    **What it finds.** Records whose text and response are equal after Unicode NFKC, lower case,
    collapsed spaces and dropped sentence marks (`duplicates.exact`), and records whose text is
    equal while their labels differ (`duplicates.conflict`). Every member of a group gets a
    finding that names the others; which one to keep is your choice.

    **Why it hurts fine-tuning.** Copies spend budget and over-weight what they say; a copy in the
    evaluation set makes the score a lie. Two different labels for one text cannot both be right.

    **Known false alarms.** Short texts that people really do send again ("hi", "thanks").

    **Example.** Line 12 `Where is my order?` and line 80 `where is my  order` are one group.

    **Settings.** `report_conflicts`: whether to report equal texts with different labels.

    **Reference.** Lee et al., "Deduplicating Training Data Makes Language Models Better",
    ACL 2022.
    """

    report_conflicts: bool = True

    name: ClassVar[str] = "duplicates"
    codes: ClassVar[Mapping[str, str]] = {
        "exact": "The record says the same as others. Keep one of the group.",
        "conflict": "The same text has different labels. Decide which label is right.",
    }
    metrics: ClassVar[tuple[str, ...]] = ("duplicates.exact_rate", "duplicates.conflict_rate")
    columns: ClassVar[Mapping[str, str]] = {"duplicate_group": "str"}

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Report groups of equal records.

        ``duplicates.exact_rate`` is the share of records that could go without loss (all members
        of a group but one); ``duplicates.conflict_rate`` the share of labelled records in a group
        with more than one label, null without labels.
        """
        pairs = shared.pair_groups
        copies = _repeated(pairs)
        tables = [_exact_findings(dataset, pairs, copies)]
        conflict_rate = None
        if dataset.labeled and self.report_conflicts:
            rows, labels = _conflicts(dataset, shared.text_groups)
            tables.append(_conflict_findings(dataset, shared.text_groups, rows, labels))
            conflict_rate = len(rows) / int(dataset.frame["label"].notna().sum())
        redundant = int((pairs.sizes[copies] - 1).sum())
        return Found(
            findings=join_findings(tables),
            metrics={
                "duplicates.exact_rate": redundant / len(dataset),
                "duplicates.conflict_rate": conflict_rate,
            },
            columns={"duplicate_group": _group_names(pairs, copies)},
            reason=None if conflict_rate is not None else self._why_no_conflicts(),
            notes=(f"{redundant:,} records are redundant copies",) if redundant else (),
        )

    def _why_no_conflicts(self) -> str:
        if self.report_conflicts:
            return "conflicts need labels to compare"
        return "conflicts were left out by the setting report_conflicts"


def _repeated(groups: Groups) -> np.ndarray:
    """Return which groups have copies; records without any text are no copies of each other."""
    return np.asarray((groups.sizes > 1) & ~groups.empty)


def _group_names(groups: Groups, copies: np.ndarray) -> np.ndarray:
    names = pd.Series(groups.hashes, dtype="str").str[:16].where(copies)
    return np.asarray(names.to_numpy()[groups.of])


def _others(groups: Groups, rows: np.ndarray) -> list[list[int]]:
    """List the other members of each row's group, at most a handful."""
    members = groups.members()
    others = []
    for row in rows:
        nearby = members[groups.of[row]][:12]
        others.append(nearby[nearby != row].tolist())
    return others


def _exact_findings(dataset: Dataset, groups: Groups, copies: np.ndarray) -> pd.DataFrame:
    rows = np.flatnonzero(copies[groups.of])
    sizes = groups.sizes[groups.of[rows]]
    return findings_table(
        dataset,
        rows,
        "duplicates.exact",
        score=1.0,
        message=[f"says the same as {size - 1} other record(s); keep one" for size in sizes],
        evidence=[
            {"group": groups.hashes[groups.of[row]][:16], "copies": int(size)}
            for row, size in zip(rows, sizes, strict=True)
        ],
        related=_others(groups, rows),
    )


def _conflicts(dataset: Dataset, groups: Groups) -> tuple[np.ndarray, list[list[str]]]:
    """Find labelled rows of groups with several labels, and the labels of each row's group."""
    labels = dataset.frame["label"]
    candidate = (_repeated(groups)[groups.of]) & labels.notna().to_numpy()
    table = pd.DataFrame({"group": groups.of[candidate], "label": labels[candidate].to_numpy()})
    names = table.drop_duplicates().groupby("group")["label"].agg(sorted)
    several = names[[len(found) > 1 for found in names]]
    rows = np.flatnonzero(candidate & np.isin(groups.of, several.index.to_numpy()))
    return rows, [several[number] for number in groups.of[rows]]


def _conflict_findings(
    dataset: Dataset, groups: Groups, rows: np.ndarray, labels: list[list[str]]
) -> pd.DataFrame:
    given = dataset.frame["label"].to_numpy()[rows]
    return findings_table(
        dataset,
        rows,
        "duplicates.conflict",
        score=1.0,
        message=[
            f"label {shortened(own, LABEL_CHARACTERS)!r}, but the same text is also labelled "
            f"{_other_labels(own, found)}"
            for own, found in zip(given, labels, strict=True)
        ],
        evidence=[
            {
                "labels": [shortened(label, LABEL_CHARACTERS) for label in found[:RELATED_LIMIT]],
                "distinct": len(found),
            }
            for found in labels
        ],
        related=_others(groups, rows),
    )


def _other_labels(own: str, labels: list[str]) -> str:
    """Name some of the other labels; all of them in every finding would grow quadratically."""
    named = [label for label in labels[: RELATED_LIMIT + 1] if label != own]
    others = [repr(shortened(label, LABEL_CHARACTERS)) for label in named]
    return ", ".join(others[:RELATED_LIMIT])
