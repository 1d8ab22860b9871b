"""Labels that are one label under several names, and classes that are rare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa import spelling
from dataqa.checks.interface import Found, findings_table, join_findings
from dataqa.dataset import Dataset
from dataqa.quoting import LABEL_CHARACTERS, printable, shortened
from dataqa.shared import Shared

FREE_TEXT = 0.5
"""With more different labels than this share of the labelled records, labels are no names."""
MANY = 10_000
"""Beyond so many names, they are not compared letter by letter."""
SCORES: Mapping[str, float] = {
    "spelling": 0.7,
    "mixed_type": 0.6,
    "near_name": 0.5,
    "spaces": 0.4,
    "rare_name": 0.2,
}
VARIANTS = ("spelling", "near_name", "spaces")


@dataclass(frozen=True)
class LabelNames:
    """Labels under several names, labels of mixed types, rare labels, imbalance.

    **What it finds.** Labels that differ from a more frequent one only in case, spaces or marks
    (`Billing`, `billing `), rare labels that are one letter away from a frequent one (`biling`),
    blanks around labels, labels of another JSON type than most (`1` and `"1"`), and labels that
    have fewer than `min_records` records. `label_names.imbalance` is 0 where all labels are equally
    frequent and near 1 where one has nearly all records (one minus the normalised entropy).

    **Why it hurts fine-tuning.** Every spelling is a class of its own: the model learns to choose
    between them at random. A type that changes makes loaders refuse the file. Of a label with three
    examples nothing is learned.

    **Known false alarms.** Names that differ in case or in a letter on purpose. Names shorter than
    five letters and numbers are not compared letter by letter.

    **Example.** 400 records are labelled `shipping`, two `Shipping`: `label_names.spelling`.

    **Settings.** `min_records`: labels with fewer records are rare. `rare_share`: share of the
    records of a label up to which a similar one is a slip.

    **Reference.** Damerau, "A technique for computer detection and correction of spelling errors",
    CACM 7(3), 1964; Shannon's entropy.
    """

    min_records: int = 5
    rare_share: float = 0.1

    name: ClassVar[str] = "label_names"
    codes: ClassVar[Mapping[str, str]] = {
        "spelling": "The label is another one in other case, spaces or marks. Write it the same.",
        "near_name": "The label is one letter away from a frequent one. Correct the slip.",
        "spaces": "The label has blanks around it. Remove them.",
        "mixed_type": "The label has another JSON type than most. Write all as texts.",
        "rare_name": "The label has few records. Add some, join it with another or drop it.",
    }
    metrics: ClassVar[tuple[str, ...]] = (
        "label_names.variant_rate",
        "label_names.rare_rate",
        "label_names.largest_share",
        "label_names.imbalance",
    )
    columns: ClassVar[Mapping[str, str]] = {}

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Compare the names of all labels with each other.

        ``variant_rate`` and ``rare_rate`` are shares of the labelled records,
        ``largest_share`` that of the most frequent label. Lists of labels are left out.
        """
        frame = dataset.frame
        rows = np.flatnonzero(dataset.has_label & ~frame["label_kind"].isin(LISTS).to_numpy())
        labels = frame["label"].iloc[rows]
        counts = {str(name): int(count) for name, count in labels.value_counts().items()}
        if reason := _unusable(counts, len(rows)):
            return Found(metrics=dict.fromkeys(self.metrics), skipped=True, reason=reason)
        tables = [
            _findings(dataset, rows[labels.isin(list(said)).to_numpy()], code, said)
            for code, said in self._said(counts).items()
        ]
        tables.append(_mixed_types(dataset, rows))
        findings = join_findings(tables)
        return Found(
            findings=findings,
            metrics={
                "label_names.variant_rate": _flagged(findings, VARIANTS) / len(rows),
                "label_names.rare_rate": _flagged(findings, ("rare_name",)) / len(rows),
                "label_names.largest_share": max(counts.values()) / len(rows),
                "label_names.imbalance": _imbalance(counts),
            },
            notes=(_note(counts),),
        )

    def _said(self, counts: Mapping[str, int]) -> dict[str, dict[str, str]]:
        """Return what to say of the labels that have a fault, by code; the gravest one only."""
        same = {variant.name: variant.usual for variant in spelling.same_names(counts)}
        near = spelling.near_names(counts, self.rare_share) if len(counts) <= MANY else []
        rest = {variant.name: variant.usual for variant in near if variant.name not in same}
        blanks = {name for name in counts if name != name.strip()} - same.keys() - rest.keys()
        rare = [name for name, count in counts.items() if count < self.min_records]
        return {
            "spelling": {
                name: f"label {_shown(name)} is {_shown(usual)} in other case, spaces or marks"
                for name, usual in same.items()
            },
            "near_name": {
                name: f"label {_shown(name)} is one letter away from {_shown(usual)}"
                for name, usual in rest.items()
            },
            "spaces": {name: f"label {_shown(name)} has blanks around it" for name in blanks},
            "rare_name": {
                name: f"label {_shown(name)} has {counts[name]} record(s)"
                for name in rare
                if name not in same and name not in rest
            },
        }


LISTS = ("list", "object")


def _unusable(counts: Mapping[str, int], records: int) -> str:
    """Say why the labels cannot be compared as names, or nothing."""
    if not counts:
        return "no record has a label that is a name"
    if records > 1 and len(counts) > max(FREE_TEXT * records, 1):
        return f"{len(counts):,} different labels among {records:,} records are no names"
    return ""


def _findings(
    dataset: Dataset, rows: np.ndarray, code: str, said: Mapping[str, str]
) -> pd.DataFrame:
    labels = dataset.frame["label"].iloc[rows]
    return findings_table(
        dataset,
        rows,
        f"label_names.{code}",
        score=SCORES[code],
        message=[said[label] for label in labels],
    )


def _mixed_types(dataset: Dataset, rows: np.ndarray) -> pd.DataFrame:
    """Report labels of another type than most; as many of both kinds are no fault of one."""
    kinds = dataset.frame["label_kind"].iloc[rows]
    counts = kinds.value_counts()
    usual = min(counts.index[counts == counts.max()], default="")
    other = rows[(kinds != usual).to_numpy()]
    return findings_table(
        dataset,
        other,
        "label_names.mixed_type",
        score=SCORES["mixed_type"],
        message=[
            f"the label is a {kind}, where most are {usual}"
            for kind in dataset.frame["label_kind"].iloc[other]
        ],
    )


def _flagged(findings: pd.DataFrame, codes: tuple[str, ...]) -> int:
    wanted = findings["code"].isin([f"label_names.{code}" for code in codes])
    return len(findings.loc[wanted, ["source", "line"]].drop_duplicates())


def _imbalance(counts: Mapping[str, int]) -> float:
    """Return one minus the entropy of the labels, over that of equally frequent ones."""
    if len(counts) < 2:
        return 1.0
    shares = np.array(sorted(counts.values()), dtype=float) / sum(counts.values())
    entropy = -float((shares * np.log(shares)).sum()) / float(np.log(len(shares)))
    return min(max(1 - entropy, 0.0), 1.0)


def _note(counts: Mapping[str, int]) -> str:
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    most, least = ranked[0], ranked[-1]
    return (
        f"{len(counts):,} labels, from {counts[least]:,} record(s) ({_shown(least)}) "
        f"to {counts[most]:,} ({_shown(most)})"
    )


def _shown(label: str) -> str:
    return repr(printable(shortened(label, LABEL_CHARACTERS)))
