"""What a stage gets and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dataqa.embedding.interface import Embedder
from dataqa.near.search import Search
from dataqa.overlap.sides import Side


@dataclass(frozen=True)
class Settings:
    """What counts as overlap."""

    ngram_words: int = 13
    """A passage of this many words is one that two texts do not share by chance."""
    common_share: float = 0.001
    """What stands in more than this share of the texts of a side is a template."""
    rephrased: bool = True
    """Whether to look for the same question in other words."""
    closeness: float = 0.0
    """How close these must be; 0: what suits the embedder."""


@dataclass(frozen=True, eq=False)
class Tools:
    """What stages work with."""

    search: Search
    """Finds near-duplicates; has engine, progress and cleaning of the run."""
    embedder: Embedder
    threads: int


@dataclass(frozen=True, eq=False)
class Task:
    """Training rows that no earlier stage matched, and what to compare them with."""

    train: Side
    rows: np.ndarray
    """Rows of ``train`` with text."""
    other: Side
    settings: Settings
    tools: Tools


@dataclass(frozen=True, eq=False)
class Matches:
    """Training rows that overlap an evaluation record, each with the one that it resembles most."""

    rows: np.ndarray
    of: np.ndarray
    """(rows,) rows of the other side."""
    score: np.ndarray
    """(rows,) how much of the record is the same, 0..1."""
    note: str = ""
    """What was not done, and why."""

    @classmethod
    def none(cls, note: str = "") -> Matches:
        """Match nothing."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), note)


Stage = Callable[[Task], Matches]


def best_of(rows: np.ndarray, of: np.ndarray, score: np.ndarray) -> Matches:
    """Keep for every row the match with the largest score, the first one among equals."""
    order = np.lexsort((of, -score, rows))
    first = order[np.unique(rows[order], return_index=True)[1]]
    return Matches(rows[first], of[first], score[first])
