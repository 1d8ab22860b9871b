"""Findings of the duplicates check: groups of copies, and pairs that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dataqa.checks.interface import RELATED_LIMIT, findings_table
from dataqa.conflicts import Conflicts
from dataqa.dataset import Dataset
from dataqa.quoting import LABEL_CHARACTERS, shortened
from dataqa.redundancy import Copies

SAYINGS: Mapping[str, tuple[float, str]] = {
    "conflict": (1.0, "label {own!r}, but the same text is also labelled {others}"),
    "near_conflict": (0.5, "label {own!r}, but nearly the same text is labelled {others}"),
    "semantic_conflict": (
        0.4,
        "label {own!r}, but a text that means the same is labelled {others}",
    ),
    "contradiction": (0.9, "answer {own!r}, but the same prompt is also answered {others}"),
}
"""Code -> score and message of records that contradict others."""


COPIES: Mapping[str, tuple[float, str]] = {
    "exact": (1.0, "says the same as {others} other record(s)"),
    "near": (0.8, "says nearly the same as {others} other record(s)"),
    "semantic": (0.4, "means the same as {others} other record(s)"),
}
"""Code -> score and message of records of which one is enough."""


def copy_findings(
    dataset: Dataset, code: str, copies: Copies, kept: np.ndarray, facts: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Report the members of groups of copies.

    Args:
        dataset: the records.
        code: what kind of copies they are.
        copies: their groups.
        kept: (records,) which records stay.
        facts: numbers (records,) to tell as evidence.
    """
    score, saying = COPIES[code]
    rows = np.flatnonzero(copies.repeated)
    others = others_of(copies.of, rows, kept)
    lines = dataset.frame["line"].to_numpy()
    sizes, stays = copies.sizes[copies.of[rows]].tolist(), kept[rows].tolist()
    after = [
        "keep this one" if stay else f"keep line {lines[nearby[0]]}"
        for stay, nearby in zip(stays, others, strict=True)
    ]
    columns = {
        "group": copies.names[copies.of[rows]].tolist(),
        "copies": sizes,
        "keep": stays,
        **{name: np.round(values[rows], 4).tolist() for name, values in facts.items()},
    }
    return findings_table(
        dataset,
        rows,
        f"duplicates.{code}",
        score=score,
        message=[
            f"{saying.format(others=size - 1)}; {end}"
            for size, end in zip(sizes, after, strict=True)
        ],
        evidence=[
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ],
        related=others,
    )


def others_of(of: np.ndarray, rows: np.ndarray, first: np.ndarray | None = None) -> list[list[int]]:
    """List the other rows of each row's group, at most a handful.

    ``of`` (records,) is the group of each record, ``first`` (records,) tells who is named first.
    """
    late = np.zeros(len(rows), dtype=bool) if first is None else ~first[rows]
    order = rows[np.lexsort((rows, late, of[rows]))]
    borders = np.flatnonzero(np.diff(of[order])) + 1
    nearby = {
        int(of[members[0]]): members[: RELATED_LIMIT + 1].tolist()
        for members in np.split(order, borders)
        if len(members)
    }
    return [[other for other in nearby[int(of[row])] if other != row] for row in rows]


def conflict_findings(
    dataset: Dataset,
    found: Conflicts,
    names: np.ndarray,
    code: str,
    wanted: np.ndarray | None = None,
) -> pd.DataFrame:
    """Report rows of groups with several labels, each with records that are labelled otherwise.

    ``names`` (records,) is what each label is called; ``wanted`` tells which of the conflicts'
    rows to report, all of them where it is absent.
    """
    score, saying = SAYINGS[code]
    opposed, distinct = _opposed(found)
    chosen = np.arange(len(found.rows)) if wanted is None else np.flatnonzero(wanted)
    messages, evidence = [], []
    for at in chosen.tolist():
        own, *theirs = (_shown(names, row) for row in (found.rows[at], *opposed[at]))
        messages.append(saying.format(own=own, others=", ".join(map(repr, theirs))))
        evidence.append({"label": own, "related_labels": theirs, "distinct": distinct[at]})
    return findings_table(
        dataset,
        found.rows[chosen],
        f"duplicates.{code}",
        score=score,
        message=messages,
        evidence=evidence,
        related=[opposed[at] for at in chosen],
    )


def _shown(names: np.ndarray, row: int) -> str:
    return shortened(str(names[row]), LABEL_CHARACTERS)


def _opposed(found: Conflicts) -> tuple[list[list[int]], list[int]]:
    """List for each row one record of every other label of its group; count the group's labels."""
    table = pd.DataFrame({"row": found.rows, "group": found.group, "label": found.label})
    one_each = table.drop_duplicates(["group", "label"])
    distinct = one_each.groupby("group").size()
    first = one_each.groupby("group").head(RELATED_LIMIT + 1)
    opposed: dict[int, list[tuple[int, int]]] = {}
    for row, group, label in first.itertuples(index=False):
        opposed.setdefault(group, []).append((label, row))
    others = [
        [row for other, row in opposed[group] if other != label][:RELATED_LIMIT]
        for group, label in zip(found.group.tolist(), found.label.tolist(), strict=True)
    ]
    return others, distinct.loc[found.group].tolist()
