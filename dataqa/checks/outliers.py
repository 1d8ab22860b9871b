"""Records that are unlike all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

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
        distance = np.clip(1 - neighbours.similarity.mean(axis=1), 0, 1)
        strangeness = 1 - shared.corpus.familiarity
        far = _beyond(distance, scored, self.fence)
        unfamiliar = _beyond(strangeness, scored, self.fence)
        unscored = float((~scored[groups.of]).mean())
        lone = ~scored & ~groups.empty & (unscored <= MAX_UNSCORED)
        score = np.where(scored, 1 - (1 - strangeness) * (1 - distance), np.where(lone, 1, np.nan))
        rows = np.flatnonzero((far | unfamiliar | lone)[groups.of])
        texts = groups.of[rows]
        quoted = shared.config.show_text == "full"
        words = [shared.corpus.unfamiliar_words(text) if quoted else [] for text in texts]
        rate = len(rows) / len(dataset) if unscored <= MAX_UNSCORED else None
        return Found(
            findings=findings_table(
                dataset,
                rows,
                "outliers.far",
                score=score[texts],
                message=[
                    _message(
                        distance[text] if far[text] else None, lone=bool(lone[text]), words=rare
                    )
                    for text, rare in zip(texts, words, strict=True)
                ],
                evidence=[
                    {
                        "distance": round(float(distance[text]), 4),
                        "familiarity": round(float(1 - strangeness[text]), 4),
                    }
                    for text in texts
                ],
                related=[
                    [] if lone[text] else groups.first[neighbours.index[text, :3]].tolist()
                    for text in texts
                ],
            ),
            metrics={"outliers.rate": rate},
            columns={"outlier_score": score[groups.of]},
            reason=None
            if rate is not None
            else f"{unscored:.0%} of the records share no word with others and cannot be compared",
            notes=_notes(
                int(np.isnan(score[groups.of]).sum()),
                neighbours.candidates,
                int((neighbours.index[:, 0] >= 0).sum()),
            ),
        )


def _beyond(values: np.ndarray, scored: np.ndarray, fence: float) -> np.ndarray:
    """Return which scored values lie beyond the fence of all scored values."""
    low, high = np.quantile(values[scored], [0.25, 0.75])
    return np.asarray(scored & (values > high + fence * max(high - low, MIN_SPREAD)))


def _message(distance: float | None, *, lone: bool, words: list[str]) -> str:
    reasons = []
    if lone:
        reasons.append("shares no word with any other text")
    elif distance is not None:
        reasons.append(f"far from its {NEIGHBOURS} nearest texts (mean distance {distance:.2f})")
    if words:
        reasons.append(f"words that no other text has: {', '.join(words)}")
    return "; ".join(reasons) or "made of words that few other texts have"


def _notes(unscored: int, candidates: int, texts: int) -> tuple[str, ...]:
    notes = []
    if unscored:
        notes.append(f"{unscored:,} records without comparable words have no score")
    if candidates < texts:
        notes.append(f"neighbours were sought among {candidates:,} of {texts:,} different texts")
    return tuple(notes)
