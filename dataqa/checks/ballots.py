"""What the votes of single records show: splits, outvoted annotators, labels beside the votes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from dataqa.checks.consensus import Consensus
from dataqa.checks.interface import findings_table
from dataqa.dataset import Dataset
from dataqa.quoting import LABEL_CHARACTERS, shortened
from dataqa.votes import Votes

NAMED_LABELS = 10
"""Labels whose votes one finding lists."""


@dataclass(frozen=True, eq=False)
class Ballots:
    """Compares the votes of each record with each other and with its label."""

    dataset: Dataset
    votes: Votes
    consensus: Consensus

    @cached_property
    def split(self) -> np.ndarray:
        """(records,) whether there are several votes, and no label has more than half of them."""
        return np.asarray((self.votes.sizes > 1) & (self.consensus.share <= 0.5))

    @cached_property
    def outvoted(self) -> np.ndarray:
        """(records,) whether a majority outvotes somebody."""
        share = self.consensus.share
        return np.asarray((share > 0.5) & (share < 1))

    @cached_property
    def given(self) -> np.ndarray:
        """(records,) the record's own label as a number into ``Votes.labels``; -1 for none.

        Labels that nobody voted for get -2. All are -1 where the majority is the label.
        """
        if self.dataset.majority_of:
            return np.full(len(self.dataset), -1)
        own = self.dataset.frame["label"]
        code = pd.Index(self.votes.labels, dtype="str").get_indexer(pd.Index(own))
        return np.where(own.isna(), -1, np.where(code < 0, -2, code))

    @cached_property
    def comparable(self) -> np.ndarray:
        """(records,) whether a label of its own stands beside a consensus of several votes."""
        if not (self.given >= 0).any():
            return np.zeros(len(self.dataset), dtype=bool)
        settled = (self.votes.sizes > 1) & (self.consensus.label >= 0)
        return np.asarray(settled & (self.given != -1))

    @property
    def why_not_comparable(self) -> str:
        """Say why no label can be compared with the votes."""
        if (self.given == -1).all():
            return "no record has a label of its own to compare with the consensus"
        if not (self.given >= 0).any():
            return "labels and votes have no value in common, so they were not compared"
        return "no record has a label and a consensus of several votes"

    @cached_property
    def differs(self) -> np.ndarray:
        """(records,) whether the record's own label is not the consensus."""
        return np.asarray(self.comparable & (self.given != self.consensus.label))

    def columns(self) -> dict[str, Any]:
        """Return the per-record columns."""
        label = self.consensus.label
        names = np.array([*self.votes.labels, None], dtype=object)
        votes, sizes = self.votes, self.votes.sizes
        won = np.bincount(
            votes.item, weights=votes.label == label[votes.item], minlength=votes.records
        )
        agreement = np.divide(won, sizes, out=np.full(len(label), np.nan), where=sizes > 1)
        return {
            "consensus_label": names[label],
            "consensus_quality": self.consensus.quality,
            "annotator_agreement": np.where(label >= 0, agreement, np.nan),
        }

    def findings(self) -> Iterator[pd.DataFrame]:
        """Yield the findings about records, one table a code."""
        doubt = 1 - self.consensus.quality
        for code, chosen in (("split", self.split), ("outvoted", self.outvoted)):
            rows = np.flatnonzero(chosen)
            yield self._table(code, rows, doubt[rows], [self._told(row) for row in rows.tolist()])
        rows = np.flatnonzero(self.differs)
        own = self.dataset.frame["label"].to_numpy(dtype=object)[rows]
        yield self._table(
            "label_differs",
            rows,
            self.consensus.quality[rows],
            [
                f"labelled {shortened(label, LABEL_CHARACTERS)!r}; {self._told(row)}"
                for label, row in zip(own, rows.tolist(), strict=True)
            ],
        )
        rows = self._unknown
        message = [
            f"a vote is for a label that no record has; {self._told(row)}" for row in rows.tolist()
        ]
        yield self._table("unknown_label", rows, np.full(len(rows), 0.5), message)

    @property
    def _unknown(self) -> np.ndarray:
        """Records with a vote for a label that no record has, where records have labels."""
        own = np.unique(self.given[self.given >= 0])
        if not len(own):
            return np.empty(0, dtype=np.int64)
        return np.unique(self.votes.item[~np.isin(self.votes.label, own)])

    def _table(
        self, code: str, rows: np.ndarray, score: np.ndarray, message: list[str]
    ) -> pd.DataFrame:
        return findings_table(
            self.dataset,
            rows,
            f"annotators.{code}",
            score=score,
            message=message,
            evidence=[self._facts(row) for row in rows.tolist()],
        )

    @cached_property
    def _names(self) -> list[str]:
        return [shortened(name, LABEL_CHARACTERS) for name in self.votes.labels]

    @cached_property
    def _starts(self) -> np.ndarray:
        """(records + 1,) where the tally of each record begins."""
        return np.searchsorted(self.votes.tally.item, np.arange(len(self.dataset) + 1))

    def _counts(self, row: int) -> dict[str, int]:
        """Count the votes of a record by label, most first."""
        cut = slice(self._starts[row], self._starts[row + 1])
        label, count = self.votes.tally.label[cut], self.votes.tally.votes[cut]
        order = np.argsort(-count, kind="stable")[:NAMED_LABELS]
        return {self._names[label[at]]: int(count[at]) for at in order}

    def _told(self, row: int) -> str:
        counts = ", ".join(f"{name!r} {count}" for name, count in self._counts(row).items())
        label = self.consensus.label[row]
        if label < 0:
            return f"votes: {counts}; no consensus"
        by = "annotators and models" if self.consensus.modelled[row] else "the majority"
        return f"votes: {counts}; {by} say {self._names[label]!r}"

    def _facts(self, row: int) -> dict[str, Any]:
        label = self.consensus.label[row]
        return {
            "votes": self._counts(row),
            "consensus": self._names[label] if label >= 0 else None,
            "quality": round(float(self.consensus.quality[row]), 4),
        }
