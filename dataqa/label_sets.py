"""Labels that are lists: the set of labels of every record, as one sparse table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import orjson
import pandas as pd
from scipy import sparse

from dataqa.formats.content import as_text, json_type, to_json


class Row(NamedTuple):
    """The labels that one record lists, and what is wrong with the list."""

    labels: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class LabelSets:
    """The label sets of a dataset. A record with an empty set has a label field without labels."""

    members: sparse.csr_matrix
    """(records, labels) 1 where the record has the label."""
    names: tuple[str, ...]
    """Labels, sorted; positions ``#0``, ``#1`` in their order where lists are ``[0, 1, 0]``."""
    readable: np.ndarray
    """(records,) whether the record has a set of labels, be it empty."""
    problems: pd.Series
    """(records,) what is wrong with the label of a record, null where nothing is."""
    indicators: bool
    """Whether the lists are ``[0, 1, 0]``: a number for every label that there is."""

    def written(self, chosen: Sequence[int]) -> str:
        """Write a set of labels, by their numbers, as the source writes it: as JSON."""
        if self.indicators:
            return to_json([int(number in set(chosen)) for number in range(len(self.names))])
        return to_json([self.names[number] for number in chosen])


def read_label_sets(label: pd.Series, kind: pd.Series) -> LabelSets:
    """Read labels by their kind: lists become sets, a text, number or boolean a set of one.

    Equal labels are read once. Lists and objects within a list are problems, and so are null and
    blank labels; such a record has no readable set.
    """
    keys = pd.MultiIndex.from_arrays([label.fillna(""), kind.fillna("")])
    codes, distinct = pd.factorize(keys)
    lists = {
        at: value
        for at, (text, what) in enumerate(distinct)
        if what == "list" and isinstance(value := orjson.loads(text), list)
    }
    width = _indicator_width(list(lists.values()))
    rows = [
        _listed(lists[at], width) if at in lists else _single(text, what)
        for at, (text, what) in enumerate(distinct)
    ]
    if width:
        names = tuple(f"#{number}" for number in range(width))
    else:
        names = tuple(sorted({name for row in rows for name in row.labels}))
    number = {name: at for at, name in enumerate(names)}
    table = sparse.csr_matrix(
        (
            np.ones(sum(len(row.labels) for row in rows)),
            np.array([number[name] for row in rows for name in row.labels], dtype=np.int64),
            np.cumsum([0, *(len(row.labels) for row in rows)]),
        ),
        shape=(len(rows), len(names)),
    )
    problems = np.array([row.problem for row in rows], dtype=object)[codes]
    return LabelSets(
        members=sparse.csr_matrix(table[codes]),
        names=names,
        readable=np.array([problem is None for problem in problems], dtype=bool),
        problems=pd.Series(problems, dtype="str"),
        indicators=bool(width),
    )


def _indicator_width(lists: list[list[object]]) -> int:
    """Return the length of the lists when they are indicators, else 0.

    Indicators are equally long, hold nothing but 0 and 1, and repeat one of them somewhere, which
    a list of different labels never does.
    """
    widths = {len(value) for value in lists}
    if len(widths) != 1:
        return 0
    plain = all(type(item) in {int, bool} and item in {0, 1} for value in lists for item in value)
    repeats = any(len(set(value)) < len(value) for value in lists)
    return widths.pop() if plain and repeats else 0


def _listed(value: list[object], width: int) -> Row:
    if width:
        return Row(tuple(f"#{at}" for at, item in enumerate(value) if item))
    odd = next((item for item in value if _unusable(item)), value)
    if odd is not value:
        what = "a blank text" if isinstance(odd, str) else f"JSON type {json_type(odd)}"
        return Row((), f"the list of labels holds {what}, which is no label")
    return Row(tuple(sorted({as_text(item) for item in value})))


def _unusable(item: object) -> bool:
    return item is None or isinstance(item, list | dict) or not as_text(item).strip()


def _single(text: str, kind: str) -> Row:
    if not text.strip():
        return Row((), "there is no label")
    if kind == "object":
        return Row((), "the label is an object, not a list of labels")
    return Row((text,))
