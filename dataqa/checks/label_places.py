"""Where the wrong labels are: by class, by confused pair, by file, by any field of the records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dataqa.checks.label_scores import LabelScores
from dataqa.dataset import Dataset
from dataqa.quoting import shortened
from dataqa.tables import Table, Value

SHOWN = 20
"""Rows of a table; the title tells how many there are in all."""
NAME_CHARACTERS = 120
"""Labels, values and paths are cut here."""
OVERLAP = 0.1
"""Two classes are merge candidates when of each at least this share looks like the other."""
LEAST = 5
"""Records of a pair that looks like the other class, from which on it is worth a row."""
Z = 1.645
"""Normal quantile; groups are ordered by the low end of Wilson's 90 % interval, so that a group of
three records does not lead."""
COUNTED = ("records", "flagged", "flagged share", "not supported")


def label_tables(
    dataset: Dataset, scores: LabelScores, group_by: tuple[str, ...]
) -> tuple[Table, ...]:
    """Count flagged and unsupported labels by everything that may explain them."""
    if not scores.flagged.any():
        return ()
    rows = scores.model.rows
    classes = np.array(scores.model.classes, dtype=object)
    tables = [_table("wrong labels by class", "label", classes[scores.model.label], scores)]
    if pairs := _pairs(scores):
        tables.append(pairs)
    if len(dataset.files) > 1:
        source = dataset.frame["source"].to_numpy(dtype=object)[rows]
        tables.append(_table("wrong labels by file", "file", source, scores))
    for name in group_by:
        values = dataset.extra[name].fillna("(none)").to_numpy(dtype=object)[rows]
        tables.append(_table(f"wrong labels by {name}", name, values, scores))
    return tuple(tables)


def _table(title: str, column: str, values: np.ndarray, scores: LabelScores) -> Table:
    codes, names = pd.factorize(values, sort=True)
    records = np.bincount(codes, minlength=len(names))
    flagged = np.bincount(codes[scores.flagged], minlength=len(names))
    doubted = np.bincount(codes[scores.unsupported], minlength=len(names))
    order = np.argsort(-_least_share(flagged, records), kind="stable")
    order = order[flagged[order] > 0][:SHOWN]
    if len(names) > len(order):
        title += f" ({len(order):,} of {len(names):,})"
    return Table(
        title,
        (shortened(column, NAME_CHARACTERS), *COUNTED),
        tuple(
            (
                shortened(str(names[at]), NAME_CHARACTERS),
                int(records[at]),
                int(flagged[at]),
                _share(flagged[at], records[at]),
                _share(doubted[at], records[at]),
            )
            for at in order
        ),
    )


def _least_share(count: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return the low end of Wilson's interval of a share (Wilson, JASA 22, 1927)."""
    share, z = count / of, Z**2
    spread = Z * np.sqrt(share * (1 - share) / of + z / (4 * of**2))
    return np.asarray((share + z / (2 * of) - spread) / (1 + z / of))


def _pairs(scores: LabelScores) -> Table | None:
    """Count which classes look like which others, both ways."""
    model = scores.model
    names, size = model.classes, np.bincount(model.label, minlength=len(model.classes))
    found = np.flatnonzero(scores.differs)
    given, other = model.label[found], scores.suggested[found]
    codes = np.minimum(given, other) * len(names) + np.maximum(given, other)
    pairs, at = np.unique(codes, return_inverse=True)
    forth = np.bincount(at[given < other], minlength=len(pairs))
    back = np.bincount(at[given > other], minlength=len(pairs))
    flagged = np.bincount(at[scores.flagged[found]], minlength=len(pairs))
    left, right = pairs // len(names), pairs % len(names)
    order = np.argsort(-(forth + back), kind="stable")
    order = order[(forth + back)[order] >= LEAST]
    if not len(order):
        return None
    merge = np.minimum(forth / size[left], back / size[right]) >= OVERLAP
    rows: Iterator[tuple[Value, ...]] = (
        (
            shortened(names[left[pair]], NAME_CHARACTERS),
            shortened(names[right[pair]], NAME_CHARACTERS),
            int(forth[pair]),
            int(back[pair]),
            int(flagged[pair]),
            "merge, or tell them apart" if merge[pair] else "",
        )
        for pair in order[:SHOWN]
    )
    title = "classes that look alike" + (f" ({SHOWN} of {len(order):,})" * (len(order) > SHOWN))
    return Table(title, ("a", "b", "a like b", "b like a", "flagged", "candidates to"), tuple(rows))


def _share(count: int, of: int) -> float:
    return float(count / of)
