"""The output format that the responses of a set, or of each task in it, have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from dataqa import answer_forms
from dataqa.answer_forms import ARRAY, BROKEN, MEANT, NUMBER, OBJECT, SHORT

KNOWN_FROM = 5
"""Responses with the same few words that make these a label."""
RARE_FIELD = 0.01
"""Share of the JSON objects up to which a field is one that the others do not have."""


class Answers(NamedTuple):
    """All responses, one row per record."""

    text: pd.Series
    form: np.ndarray
    fields: list[answer_forms.Fields]


class Usual(NamedTuple):
    """The format that nearly all responses of a task have."""

    rows: np.ndarray
    form: str
    share: float
    labels: frozenset[str] = frozenset()


class Norm(NamedTuple):
    """From when on a format is the usual one; the settings of the check."""

    dominant_share: float
    min_records: int
    max_labels: int


class Broken(NamedTuple):
    """Responses that are not as usual in one way."""

    code: str
    rows: np.ndarray
    seen: list[str] | None = None
    """The field in question of each, where it is about a field."""


def usual_formats(
    answers: Answers, prompts: pd.Series, rows: np.ndarray, norm: Norm
) -> list[Usual]:
    """Return the usual format of the whole set, or else that of each repeated prompt with one."""
    whole = _usual(answers, rows, norm)
    if whole:
        return [whole]
    task, names = pd.factorize(prompts.iloc[rows].fillna("").to_numpy(object), sort=True)
    sizes = np.bincount(task, minlength=len(names))
    order, ends = np.argsort(task, kind="stable"), np.cumsum(sizes)
    found = (
        _usual(answers, rows[order[ends[at] - sizes[at] : ends[at]]], norm)
        for at in np.flatnonzero(sizes >= norm.min_records)
    )
    return [usual for usual in found if usual]


def _usual(answers: Answers, rows: np.ndarray, norm: Norm) -> Usual | None:
    """Return the format that nearly all of these responses have."""
    needed = norm.dominant_share * len(rows)
    if len(rows) < norm.min_records:
        return None
    forms = pd.Series(answers.form[rows]).value_counts()
    if forms.index[0] in MEANT and forms.iloc[0] >= needed:
        return Usual(rows, str(forms.index[0]), float(forms.iloc[0] / len(rows)))
    values = answers.text.iloc[rows[_short(answers.form[rows])]].value_counts()
    labels = values[values >= KNOWN_FROM]
    if 1 < len(labels) <= norm.max_labels and labels.sum() >= needed:
        share = float(labels.sum() / len(rows))
        return Usual(rows, f"one of {len(labels)} labels", share, frozenset(labels.index))
    return None


def broken_formats(answers: Answers, usual: Usual, norm: Norm) -> Iterator[Broken]:
    """Find the responses of a task that are not as usual."""
    rows = usual.rows
    form = answers.form[rows]
    if usual.labels:
        known = answers.text.iloc[rows].isin(usual.labels).to_numpy()
        yield Broken("unknown_label", rows[~known & _short(form)])
        yield Broken("off_format", rows[~known & ~_short(form)])
        return
    other = form != usual.form
    broken = other & (form == BROKEN) & (usual.form in {OBJECT, ARRAY})
    yield Broken("broken_json", rows[broken])
    yield Broken("off_format", rows[other & ~broken])
    if usual.form == OBJECT:
        yield from _broken_fields(answers, rows[~other], norm)


def _broken_fields(answers: Answers, rows: np.ndarray, norm: Norm) -> Iterator[Broken]:
    """Compare JSON objects with what nearly all of them have."""
    counts = Counter(answers.fields[row] for row in rows)
    shape = answer_forms.object_shape(counts, norm.dominant_share, RARE_FIELD)
    faults = {fields: shape.fault(fields) for fields in counts}
    found = [(row, *faults[answers.fields[row]]) for row in rows.tolist()]
    for code in ("missing_field", "field_type", "extra_field"):
        here = [(row, name) for row, fault, name in found if fault == code]
        yield Broken(code, np.array([row for row, _ in here], int), [name for _, name in here])


def _short(form: np.ndarray) -> np.ndarray:
    """Tell which forms a label may have."""
    return np.asarray((form == SHORT) | (form == NUMBER), dtype=bool)
