"""From decisions to changes of places in files; whatever does not fit the data is a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from dataqa.correcting.interface import Change, Edit
from dataqa.correcting.settling import Settled
from dataqa.dataset import Dataset
from dataqa.formats import Shape
from dataqa.review.decisions import Decision

Place = tuple[str, int]
"""Source and line."""


@dataclass(frozen=True)
class Problem:
    """Why the decisions do not fit the data, with the place."""

    source: str
    line: int
    reason: str


@dataclass(frozen=True)
class Matched:
    """Changes by place, and what did not fit."""

    changes: dict[Place, Change] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unused: int = 0
    """Records of another dataset that are not in this one (only where that is allowed)."""


def match(dataset: Dataset, settled: Settled, shapes: Sequence[Shape]) -> Matched:
    """Find the records that the decisions are about.

    Equal records are one record to a reviewer: ``relabel`` and ``edit`` change all records of the
    key, ``drop`` only the named line. Decisions on another dataset fit by key alone: their lines
    mean nothing here, and their records may be absent.
    """
    frame = dataset.frame[dataset.frame["key"].isin(settled.changes)]
    by_key = {str(key): rows for key, rows in frame.groupby("key", sort=False)}
    found = Matched()
    labels = {shape.name: shape.label for shape in shapes}
    for key, decisions in settled.changes.items():
        rows = by_key.get(key)
        foreign = all(item.dataset_sha256 != dataset.sha256 for item in decisions)
        if rows is None and foreign:
            found = replace(found, unused=found.unused + 1)
            continue
        fitting = []
        for decision in decisions:
            reason = _fault(decision) or _misplaced(decision, rows, foreign=foreign)
            if reason:
                found.problems.append(Problem(dataset.files[0].path, decision.line, reason))
            else:
                fitting.append(decision)
        if rows is not None:
            _add(found.changes, rows, fitting, labels, foreign=foreign)
    return found


def _misplaced(decision: Decision, rows: pd.DataFrame | None, *, foreign: bool) -> str:
    if rows is None:
        return f"no record has the key {decision.key} of the decision"
    if foreign and decision.action == "drop" and len(rows) > 1:
        return f"{len(rows)} equal records could be meant by this drop for another dataset"
    if not foreign and decision.line not in set(rows["line"]):
        lines = ", ".join(str(line) for line in rows["line"][:5])
        return f"the record with the key {decision.key} is on line {lines}"
    return ""


def _fault(decision: Decision) -> str:
    if decision.action == "edit" and not decision.field:
        return "the edit names no field"
    if decision.action == "relabel" and decision.to is None:
        return "the decision names no new label"
    return ""


def _add(
    changes: dict[Place, Change],
    rows: pd.DataFrame,
    decisions: Sequence[Decision],
    label_fields: Mapping[str, str],
    *,
    foreign: bool,
) -> None:
    named = {item.line for item in decisions if item.action == "drop"}
    goes = rows["line"].isin(named) & ~rows.duplicated("line") | (bool(named) and foreign)
    for row, gone in zip(rows.to_dict("records"), goes, strict=True):
        edits = tuple(
            Edit(
                item.field or label_fields.get(row["shape"], "label"),
                item.from_,
                item.to,
                item.action,
            )
            for item in decisions
            if item.action != "drop" and item.to != item.from_
        )
        reasons = ("decision",) if gone else ()
        if edits or reasons:
            changes[row["source"], row["line"]] = Change(
                line=row["line"],
                offset=row["offset"],
                key=row["key"],
                edits=edits,
                reasons=reasons,
            )
