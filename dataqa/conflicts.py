"""Records that say the same and are labelled or answered differently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

ANSWER_CHARACTERS = 40
"""Longer answers are never closed ones."""
CLASS_PROMPTS = 10
"""An answer of few words that so many different prompts get is one of a fixed choice."""
SHORT_WORDS = 3
POLARITY = {
    **dict.fromkeys(("yes", "true", "correct"), "yes"),
    **dict.fromkeys(("no", "false", "incorrect"), "no"),
}
_NUMBER = re.compile(r"[-+]?[$€£]?(\d[\d,]*(?:\.\d+)?|\.\d+)%?")
_OPTION = re.compile(r"\(?([a-e])\)?")


@dataclass(frozen=True, eq=False)
class Conflicts:
    """Rows of groups that hold several labels."""

    rows: np.ndarray
    """(n,) rows of the dataset."""
    group: np.ndarray
    """(n,) their group."""
    label: np.ndarray
    """(n,) number of their label; labels that differ in case or outer spaces are one."""


@dataclass(frozen=True, eq=False)
class Minority:
    """What conflicts prove about labels: of equal records with different labels some are wrong."""

    rows: np.ndarray
    """(n,) rows of the dataset whose label is outvoted by equal records."""
    certain: int
    """At least so many labels are wrong: of each group all but the most frequent label."""


def label_codes(labels: pd.Series) -> np.ndarray:
    """Number the labels (records,) of a dataset; -1 where there is none or a blank one."""
    plain = labels.str.strip().str.casefold()
    codes, _ = pd.factorize(plain.mask(plain == ""), sort=True)
    return np.asarray(codes)


def conflicts(of: np.ndarray, label: np.ndarray) -> Conflicts:
    """Find the rows of groups with several labels.

    Args:
        of: (records,) group of each record; -1 for those that take no part.
        label: (records,) number of the label; -1 where there is none.
    """
    rows = np.flatnonzero((of >= 0) & (label >= 0))
    group, place = np.unique(of[rows], return_inverse=True)
    distinct = np.unique(place * (label.max(initial=0) + 1) + label[rows])
    several = np.bincount(distinct // (label.max(initial=0) + 1), minlength=len(group)) > 1
    rows = rows[several[place]]
    return Conflicts(rows, of[rows], label[rows])


def minority(found: Conflicts) -> Minority:
    """Return the outvoted rows of conflicts, and how many labels must be wrong."""
    table = pd.DataFrame({"group": found.group, "label": found.label})
    votes = table.groupby(["group", "label"])["label"].transform("size").to_numpy()
    most = pd.Series(votes).groupby(found.group).transform("max").to_numpy()
    size = pd.Series(votes).groupby(found.group).transform("size").to_numpy()
    first = ~table["group"].duplicated().to_numpy()
    return Minority(found.rows[votes < most], int((size - most)[first].sum()))


def is_short(answers: Sequence[str]) -> np.ndarray:
    """Return which answers are so short that one other word makes them another answer."""
    short = (
        len(answer) <= ANSWER_CHARACTERS and 0 < len(answer.split()) <= SHORT_WORDS
        for answer in answers
    )
    return np.fromiter(short, dtype=bool, count=len(answers))


def closed_answers(answers: Sequence[str], prompts: np.ndarray) -> list[str | None]:
    """Say which answers are one of a fixed choice, so that two of them contradict each other.

    Args:
        answers: different answers in normal form.
        prompts: (answers,) how many different prompts get each answer.

    Returns:
        ``kind:value`` for yes and no, numbers, options of a list and answers like a class name;
        ``None`` for others. Different values of one kind contradict each other.
    """
    return [
        _closed(answer, int(count)) if len(answer) <= ANSWER_CHARACTERS else None
        for answer, count in zip(answers, prompts, strict=True)
    ]


def _closed(answer: str, prompts: int) -> str | None:
    if answer in POLARITY:
        return f"polarity:{POLARITY[answer]}"
    if number := _NUMBER.fullmatch(answer):
        sign = "-" if answer.startswith("-") else ""
        return f"number:{sign}{float(number[1].replace(',', ''))}"
    if option := _OPTION.fullmatch(answer):
        return f"option:{option[1]}"
    if prompts >= CLASS_PROMPTS and len(answer.split()) <= SHORT_WORDS:
        return f"class:{answer}"
    return None
