"""What the leakage check reports of one kind of evaluation files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dataqa.checks.interface import findings_table
from dataqa.dataset import Dataset
from dataqa.overlap.evaluation import BENCHMARK, EVAL, Evaluation
from dataqa.overlap.search import STAGES, Overlap
from dataqa.overlap.shown import shared_passage
from dataqa.quoting import excerpt
from dataqa.result import DECIMALS
from dataqa.shared import Shared

RATES: Mapping[str, tuple[str, ...]] = {
    "rate": tuple(STAGES),
    "verbatim_rate": ("verbatim", "near", "passage"),
    "rephrased_rate": ("rephrased",),
}
"""Name of a rate -> the kinds of overlap that it counts."""
SEEN = "seen_rate"
PREFIX: Mapping[str, str] = {EVAL: "leakage.", BENCHMARK: "leakage.contamination_"}
FILES: Mapping[str, str] = {EVAL: "evaluation file", BENCHMARK: "benchmark"}
COLUMNS: Mapping[str, str] = {EVAL: "leakage", BENCHMARK: "contamination"}
"""Kind of file -> column that tells the kind of overlap of each record."""
MESSAGES: Mapping[str, str] = {
    "verbatim": "asks the same as",
    "near": "asks nearly the same as",
    "passage": "shares a passage with",
    "rephrased": "asks in other words what is asked in",
}


@dataclass(frozen=True, eq=False)
class Compared:
    """The training records beside the files of one kind."""

    kind: str
    files: list[Evaluation]
    overlap: Overlap

    @property
    def metrics(self) -> dict[str, float | None]:
        """The numbers, by metric name."""
        prefix = PREFIX[self.kind]
        rates = {f"{prefix}{name}": self.overlap.share(*kinds) for name, kinds in RATES.items()}
        return {**rates, f"{prefix}{SEEN}": float(self.overlap.seen.mean())}

    @property
    def column(self) -> np.ndarray:
        """(records,) what kind of overlap each training record has."""
        kind = self.overlap.kind.astype(object)
        kind[kind == ""] = None
        return kind

    @property
    def notes(self) -> list[str]:
        """What was compared, and what could not be."""
        seen = self.overlap.seen
        notes, start = [], 0
        for given in self.files:
            records = len(given.dataset)
            found = int(seen[start : start + records].sum())
            start += records
            ignored = f" ({given.ignored:,} lines hold nothing to compare)" if given.ignored else ""
            notes.append(
                f"{given.path} ({self.kind}): {found:,} of {records:,} records are in the "
                f"training data{ignored}"
            )
        return [*notes, *self.overlap.notes]

    def findings(self, dataset: Dataset, shared: Shared) -> list[pd.DataFrame]:
        """Make the findings, a table for each code."""
        places = pd.concat([given.dataset.frame for given in self.files], ignore_index=True)
        return [
            self._table(dataset, kind, rows, places, shared.config.show_text)
            for kind in STAGES
            if len(rows := self.overlap.rows(kind))
        ]

    def _table(
        self, dataset: Dataset, kind: str, rows: np.ndarray, places: pd.DataFrame, show_text: str
    ) -> pd.DataFrame:
        matched = self.overlap.of[rows]
        place = places.iloc[matched]
        sources, lines = place["source"].to_list(), place["line"].to_list()
        return findings_table(
            dataset,
            rows,
            f"leakage.{kind}",
            score=self.overlap.score[rows],
            message=[
                f"{MESSAGES[kind]} line {line} of the {FILES[self.kind]} {source}"
                for source, line in zip(sources, lines, strict=True)
            ],
            evidence=[
                {
                    "set": self.kind,
                    "matched_source": source,
                    "matched_line": line,
                    "similarity": round(score, DECIMALS),
                    **self._quotes(kind, row, other, show_text),
                }
                for row, other, source, line, score in zip(
                    rows.tolist(),
                    matched.tolist(),
                    sources,
                    lines,
                    self.overlap.score[rows].tolist(),
                    strict=True,
                )
            ],
        )

    def _quotes(self, kind: str, row: int, other: int, show_text: str) -> dict[str, Any]:
        """Quote both texts, and the passage that they share."""
        train, matched = self.overlap.train, self.overlap.other.core[other]
        quotes = {
            "text": excerpt(train.core[row], show_text),
            "matched_text": excerpt(matched, show_text),
        }
        if kind == "passage":
            passage = shared_passage(train.said(row), matched)
            quotes["passage"] = excerpt(passage, show_text)
        return quotes
