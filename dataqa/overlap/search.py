"""THE FLOW of a comparison: the closest kind of overlap first, the rest goes on to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dataqa.overlap.matches import Settings, Stage, Task, Tools
from dataqa.overlap.passages import find_passages
from dataqa.overlap.rephrased import find_rephrased
from dataqa.overlap.sides import Side, with_cores
from dataqa.overlap.verbatim import find_near, find_verbatim

STAGES: Mapping[str, Stage] = {
    "verbatim": find_verbatim,
    "near": find_near,
    "passage": find_passages,
    "rephrased": find_rephrased,
}
"""Kind of overlap -> what finds it, the closest kind first."""


@dataclass(frozen=True, eq=False)
class Overlap:
    """What each training record shares with the evaluation records."""

    kind: np.ndarray
    """(records,) a name of ``STAGES``, empty where there is no overlap."""
    of: np.ndarray
    """(records,) the row of the other side that it resembles most, -1 where there is none."""
    score: np.ndarray
    """(records,) 0..1, how much is the same; 0 where there is no overlap."""
    train: Side
    other: Side
    notes: tuple[str, ...] = ()
    """What was not done, and why."""

    def rows(self, kind: str) -> np.ndarray:
        """Return the training rows with this kind of overlap."""
        return np.flatnonzero(self.kind == kind)

    def share(self, *kinds: str) -> float:
        """Return the share of training records with one of these kinds of overlap."""
        return float(np.isin(self.kind, kinds).sum() / max(len(self.kind), 1))

    @property
    def seen(self) -> np.ndarray:
        """(evaluation records,) whether it, or one that asks the same, is what some resemble."""
        other = self.other
        matched = other.asked_hash[np.unique(self.of[self.of >= 0])]
        return np.asarray(np.isin(other.asked_hash, matched) & ~other.blank)


def find_overlap(train: Side, other: Side, settings: Settings, tools: Tools) -> Overlap:
    """Compare every training record with every evaluation record."""
    train, other = with_cores(train, other, settings.common_share)
    kind = np.full(len(train), "", dtype="U16")
    of, score = np.full(len(train), -1), np.zeros(len(train))
    notes = []
    for name, stage in STAGES.items():
        rows = np.flatnonzero((kind == "") & ~train.blank)
        found = stage(Task(train, rows, other, settings, tools))
        kind[found.rows], of[found.rows], score[found.rows] = name, found.of, found.score
        notes += [found.note] if found.note else []
    return Overlap(kind, of, score, train, other, tuple(notes))
