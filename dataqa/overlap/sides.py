"""The two sides of a comparison: training records and evaluation records, as hashed columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xxhash

from dataqa.dataset import Dataset
from dataqa.normalise import EMPTY, RecordGroups
from dataqa.overlap.repeated import repeated_lines, without_lines

BLANK = EMPTY.encode()


@dataclass(frozen=True, eq=False)
class Side:
    """What the records of one side ask and answer.

    A record without a prompt asks what its response says.
    """

    asked: list[str]
    answers: list[str]
    """The responses; empty where there is none, or where it is what the record asks."""
    asked_hash: np.ndarray
    """(records,) hash of the normal form of what each record asks."""
    text_hash: np.ndarray
    """(records,) hash of the normal form of its whole text."""
    pair_hash: np.ndarray
    """(records,) hash of the normal forms of what it asks and answers."""
    core: list[str] = field(default_factory=list)
    """What each record asks, without the lines that many records repeat; see ``with_cores``."""

    def __len__(self) -> int:
        """Count the records."""
        return len(self.asked)

    @property
    def blank(self) -> np.ndarray:
        """(records,) whether the record has no text."""
        return np.asarray(self.asked_hash == BLANK)

    def said(self, row: int) -> str:
        """Return the core of what a record asks, and what it answers, as one text."""
        return "\n\n".join(filter(None, (self.core[row], self.answers[row])))


def make_side(dataset: Dataset, groups: RecordGroups) -> Side:
    """Take what is compared out of a dataset."""
    text, pair, prompt, response = (
        part.hashes.astype("S32")[part.of]
        for part in (groups.text, groups.pair, groups.prompt, groups.response)
    )
    unasked = prompt == BLANK
    swap = unasked.tolist()
    return Side(
        asked=[
            answer if alone else asked
            for asked, answer, alone in zip(dataset.prompts, dataset.responses, swap, strict=True)
        ],
        answers=[
            "" if alone else answer for answer, alone in zip(dataset.responses, swap, strict=True)
        ],
        asked_hash=np.where(unasked, response, prompt),
        text_hash=text,
        pair_hash=pair,
    )


def join_sides(sides: Sequence[Side]) -> Side:
    """Put the records of several files under each other."""
    return Side(
        asked=[text for side in sides for text in side.asked],
        answers=[text for side in sides for text in side.answers],
        asked_hash=np.concatenate([side.asked_hash for side in sides]),
        text_hash=np.concatenate([side.text_hash for side in sides]),
        pair_hash=np.concatenate([side.pair_hash for side in sides]),
    )


def with_cores(train: Side, other: Side, common_share: float) -> tuple[Side, Side]:
    """Find what each record asks beside the instructions and system prompts that many repeat."""
    repeated = repeated_lines(train.asked, common_share) | repeated_lines(other.asked, common_share)
    return (
        replace(train, core=without_lines(train.asked, repeated)),
        replace(other, core=without_lines(other.asked, repeated)),
    )


@dataclass(frozen=True, eq=False)
class Distinct:
    """Rows of a side that differ in a hash, in the order of their hashes."""

    first: np.ndarray
    """(groups,) first row of each group."""
    rows: np.ndarray
    """(rows,) all rows."""
    of: np.ndarray
    """(rows,) group of each row."""

    def spread(self, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the given groups, and for each the position of its group therein."""
        position = np.full(len(self.first), -1)
        position[groups] = np.arange(len(groups))
        found = position[self.of]
        return self.rows[found >= 0], found[found >= 0]


def distinct(hashes: np.ndarray, rows: np.ndarray) -> Distinct:
    """Group the given rows by hash."""
    _, first, of = np.unique(hashes[rows], return_index=True, return_inverse=True)
    return Distinct(rows[first], rows, of)


def distinct_texts(texts: list[str], rows: np.ndarray) -> Distinct:
    """Group the given rows by text, in the order of the texts' hashes."""
    digest = xxhash.xxh3_128_hexdigest
    hashes = [digest(texts[row].encode("utf-8", "surrogatepass")) for row in rows]
    found = distinct(np.array(hashes, dtype="S32"), np.arange(len(rows)))
    return Distinct(rows[found.first], rows, found.of)
