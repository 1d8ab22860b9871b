"""Records that are unlike all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa.checks.interface import Found, findings_table
from dataqa.dataset import Dataset
from dataqa.shared import NEIGHBOURS, Shared

MIN_TEXTS = 3 * NEIGHBOURS
MAX_UNSCORED = 0.05
"""With a larger share of records that cannot be compared, there is no rate."""
MIN_SPREAD = 0.02
"""The interquartile range counts as at least this, so that near-equal texts have no outliers."""


@dataclass(frozen=True)
class Outliers:
    """Texts that are unlike all others.

    **What it finds.** Records whose text is far from the ten most similar other texts, or is made
    of words that no other text has (`outliers.far`). `outlier_score` is 1 − familiarity × mean
    cosine similarity to the ten neighbours, where familiarity is the share of the text's TF-IDF
    weight that other texts use, too. A record is reported when its distance or its unfamiliarity
    lies beyond the fence *third quartile + `fence` × interquartile range* of all texts, or when it
    shares no word with any other text. Where more than 5 % of the records share no word with
    others, there is no rate.

    **Why it hurts fine-tuning.** A recipe among support tickets, a scraped menu, a wrong file:
    the model learns from it all the same.

    **Known false alarms.** The only record of a rare but legitimate kind; texts full of names.

    **Example.** `Preheat the oven to 180 degrees ...` labelled `billing`.

    **Settings.** `fence`: how many interquartile ranges above the third quartile (default 3).

    **Reference.** Ramaswamy, Rastogi, Shim, "Efficient algorithms for mining outliers from large
    data sets", SIGMOD 2000; Tukey, *Exploratory Data Analysis*, 1977 (far-out fence).
    """

    fence: float = 3.0

    name: ClassVar[str] = "outliers"
    codes: ClassVar[Mapping[str, str]] = {
        "far": "The text is unlike all others. Check that it belongs in this dataset.",
    }
    metrics: ClassVar[tuple[str, ...]] = ("outliers.rate",)
    columns: ClassVar[Mapping[str, str]] = {"outlier_score": "float64"}

    def __post_init__(self) -> None:
        """Refuse a fence inside the middle half."""
        if not self.fence >= 0:
            raise ValueError(f"fence {self.fence} is not 0 or more")

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Score every record that has text; ``outliers.rate`` is the share of those reported."""
        groups, neighbours = shared.text_groups, shared.neighbours
        scored = np.all(neighbours.index >= 0, axis=1, keepdims=True)[:, 0]
        if scored.sum() < MIN_TEXTS:
            return Found(
                metrics={"outliers.rate": None},
                skipped=True,
                reason=f"{int(scored.sum())} different texts with words; "
                f"neighbours mean little below {MIN_TEXTS}",
            )
        scores = self._scores(dataset, shared, scored)
        unscored = float((~scored[groups.of]).mean())
        rows = np.flatnonzero((scores.far | scores.unfamiliar | scores.lone)[groups.of])
        rate = len(rows) / len(dataset) if unscored <= MAX_UNSCORED else None
        per_record = scores.score[groups.of]
        return Found(
            findings=_findings(dataset, shared, scores, rows),
            metrics={"outliers.rate": rate},
            columns={"outlier_score": per_record},
            reason=None
            if rate is not None
            else f"{unscored:.0%} of the records share no word with others and cannot be compared",
            notes=_notes(int(np.isnan(per_record).sum()), neighbours.note),
        )

    def _scores(self, dataset: Dataset, shared: Shared, scored: np.ndarray) -> Scores:
        distance = np.clip(1 - shared.neighbours.similarity.mean(axis=1), 0, 1)
        familiarity = shared.corpus.familiarity
        few = (~scored[shared.text_groups.of]).sum() <= MAX_UNSCORED * len(dataset)
        lone = ~scored & ~shared.text_groups.empty & few
        return Scores(
            distance=distance,
            familiarity=familiarity,
            far=_beyond(distance, scored, self.fence),
            unfamiliar=_beyond(1 - familiarity, scored, self.fence),
            lone=lone,
            score=np.where(scored, 1 - familiarity * (1 - distance), np.where(lone, 1, np.nan)),
        )


@dataclass(frozen=True, eq=False)
class Scores:
    """How unlike the others each text is, and why; arrays over text groups."""

    distance: np.ndarray
    """Mean cosine distance to the nearest texts, 0..1."""
    familiarity: np.ndarray
    """Share 0..1 of the text's weight that other texts use, too."""
    far: np.ndarray
    unfamiliar: np.ndarray
    lone: np.ndarray
    """Whether the text shares no word with others, while nearly all others do."""
    score: np.ndarray
    """0..1, 1 = worst; NaN where the text could not be compared."""

    def reason(self, text: int, words: list[str]) -> str:
        """Say why a text is reported; ``words`` are those that no other text has."""
        reasons = []
        if self.lone[text]:
            reasons.append("shares no word with any other text")
        elif self.far[text]:
            mean = f"mean distance {self.distance[text]:.2f}"
            reasons.append(f"far from its {NEIGHBOURS} nearest texts ({mean})")
        if words:
            reasons.append(f"words that no other text has: {', '.join(words)}")
        return "; ".join(reasons) or "made of words that few other texts have"


def _findings(dataset: Dataset, shared: Shared, scores: Scores, rows: np.ndarray) -> pd.DataFrame:
    groups = shared.text_groups
    texts = groups.of[rows]
    quoted = shared.config.show_text == "full"
    words = [shared.corpus.unfamiliar_words(text) if quoted else [] for text in texts]
    nearest = shared.neighbours.index[texts, :3]
    return findings_table(
        dataset,
        rows,
        "outliers.far",
        score=scores.score[texts],
        message=[scores.reason(text, rare) for text, rare in zip(texts, words, strict=True)],
        evidence=[
            {
                "distance": round(float(scores.distance[text]), 4),
                "familiarity": round(float(scores.familiarity[text]), 4),
            }
            for text in texts
        ],
        related=[groups.first[others[others >= 0]].tolist() for others in nearest],
    )


def _beyond(values: np.ndarray, scored: np.ndarray, fence: float) -> np.ndarray:
    """Return which scored values lie beyond the fence of all scored values."""
    low, high = np.quantile(values[scored], [0.25, 0.75])
    return np.asarray(scored & (values > high + fence * max(high - low, MIN_SPREAD)))


def _notes(unscored: int, search: str | None) -> tuple[str, ...]:
    unseen = f"{unscored:,} records without comparable words have no score" if unscored else None
    return tuple(note for note in (unseen, search) if note)
