"""Labels that several annotators gave to the same records, as columns: one row per vote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import orjson
import pandas as pd

from dataqa.formats.content import json_type, optional_text
from dataqa.quoting import LABEL_CHARACTERS, shortened


class Ballot(NamedTuple):
    """What one record's field holds: (annotator, label) of every vote, and what is wrong."""

    votes: tuple[tuple[str, str], ...]
    problem: str | None = None


class Tally(NamedTuple):
    """How many votes each label of each record has; one row per record and label with votes."""

    item: np.ndarray
    label: np.ndarray
    votes: np.ndarray


@dataclass(frozen=True, eq=False)
class Votes:
    """All votes of a dataset; ``item`` is the row number of the record a vote is about."""

    records: int
    item: np.ndarray
    annotator: np.ndarray
    """(votes,) numbers into ``annotators``."""
    label: np.ndarray
    """(votes,) numbers into ``labels``."""
    annotators: tuple[str, ...]
    """Names; ``#1`` is the first position of records that give a list."""
    labels: tuple[str, ...]
    problems: pd.Series
    """(records,) what is wrong with the field of a record, null where nothing is."""

    @cached_property
    def sizes(self) -> np.ndarray:
        """(records,) how many votes each record has."""
        return np.bincount(self.item, minlength=self.records)

    @cached_property
    def tally(self) -> Tally:
        """Votes per record and label, by record, then by label."""
        width = max(len(self.labels), 1)
        cell, count = np.unique(self.item * width + self.label, return_counts=True)
        return Tally(cell // width, cell % width, count)

    @cached_property
    def support(self) -> np.ndarray:
        """(votes,) how many votes of the same record, itself among them, are for the same label."""
        width = max(len(self.labels), 1)
        _, of, count = np.unique(
            self.item * width + self.label, return_inverse=True, return_counts=True
        )
        return count[of]


def read_votes(column: pd.Series) -> Votes:
    """Read a kept field: the text of a JSON list of labels, or of an object by annotator.

    Null and blank labels are abstentions. What is neither list nor object, and labels that are
    lists or objects themselves, are problems and no votes. Equal texts are read once.
    """
    codes, texts = pd.factorize(column)
    ballots = [_ballot(text) for text in texts]
    annotator, annotators = _numbered(name for ballot in ballots for name, _ in ballot.votes)
    label, labels = _numbered(label for ballot in ballots for _, label in ballot.votes)
    lengths = np.array([len(ballot.votes) for ballot in ballots] + [0], dtype=np.int64)
    sizes = lengths[codes]  # a record without the field has the code -1
    ends = np.cumsum(sizes)
    item = np.repeat(np.arange(len(codes)), sizes)
    starts = np.cumsum(lengths) - lengths
    vote = np.arange(len(item)) - np.repeat(ends - sizes - starts[codes], sizes)
    problems = np.array([ballot.problem for ballot in ballots] + [None], dtype=object)
    return Votes(
        records=len(codes),
        item=item,
        annotator=annotator[vote],
        label=label[vote],
        annotators=annotators,
        labels=labels,
        problems=pd.Series(problems[codes], dtype="str"),
    )


def majority(votes: Votes) -> tuple[np.ndarray, np.ndarray]:
    """Return the label with most votes, and the share of the votes that it has, by record.

    A record without votes has the label -1 and the share 0. Of labels with equally many votes it
    is the one that has fewer votes in the whole dataset; such a share is at most one half, but so
    may be that of a label that leads alone (2 of 5): ``tied`` tells them apart.
    """
    tally = votes.tally
    frequency = np.bincount(votes.label, minlength=len(votes.labels))
    order = np.lexsort((frequency[tally.label], -tally.votes, tally.item))
    item, first = np.unique(tally.item[order], return_index=True)
    leader = np.full(votes.records, -1)
    share = np.zeros(votes.records)
    leader[item] = tally.label[order][first]
    share[item] = tally.votes[order][first] / votes.sizes[item]
    return leader, share


def tied(votes: Votes) -> np.ndarray:
    """Tell which records have two labels or more with the most votes: (records,) bool."""
    tally = votes.tally
    most = np.zeros(votes.records, dtype=np.int64)
    np.maximum.at(most, tally.item, tally.votes)
    leading = tally.item[tally.votes == most[tally.item]]
    return np.asarray(np.bincount(leading, minlength=votes.records) > 1)


def majority_labels(column: pd.Series) -> pd.Series:
    """Return the label that most annotators gave, by record; null where there is a tie or none."""
    votes = read_votes(column)
    leader, _ = majority(votes)
    names = np.array([*votes.labels, None], dtype=object)
    return pd.Series(names[np.where(tied(votes), -1, leader)], dtype="str")


def _numbered(names: Iterable[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    codes, unique = pd.factorize(np.array([*names], dtype=object), sort=True)
    return codes, tuple(str(name) for name in unique)


def _ballot(text: str) -> Ballot:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = text
    if isinstance(value, list):
        given = {f"#{number}": label for number, label in enumerate(value, start=1)}
    elif isinstance(value, dict):
        given = value
    else:
        return Ballot(
            (), f"is a {json_type(value)}, not a list of labels or an object by annotator"
        )
    votes = tuple(_usable(given.items()))
    nested = [name for name, label in given.items() if isinstance(label, list | dict)]
    if not nested:
        return Ballot(votes)
    kind = json_type(given[nested[0]])
    return Ballot(
        votes, f"has no label of {shortened(nested[0], LABEL_CHARACTERS)!r} but an {kind}"
    )


def _usable(given: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    for name, value in given:
        label = None if isinstance(value, list | dict) else optional_text(value)
        if label and label.strip():
            yield name, label
