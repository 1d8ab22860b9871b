"""Findings of the label check: what is given, what is suggested, and what speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from dataqa.checks.interface import findings_table
from dataqa.checks.label_scores import LabelScores
from dataqa.dataset import Dataset
from dataqa.quoting import LABEL_CHARACTERS, shortened
from dataqa.result import plain_values
from dataqa.shared import Shared

NEAREST = 3


def label_findings(dataset: Dataset, shared: Shared, scores: LabelScores) -> pd.DataFrame:
    """Make a finding for every flagged record."""
    chosen = np.flatnonzero(scores.flagged)
    model = scores.model
    rows = model.rows[chosen]
    names = np.array([shortened(name, LABEL_CHARACTERS) for name in model.classes], dtype=object)
    given, suggested = names[model.label[chosen]], names[scores.suggested[chosen]]
    related, theirs = _neighbour_labels(dataset, shared, rows)
    evidence = [
        {
            "given": one,
            "suggested": other,
            "probability": round(float(share), 4),
            "neighbour_labels": labels,
            "votes": votes,
        }
        for one, other, share, labels, votes in zip(
            given,
            suggested,
            scores.probability[chosen],
            theirs,
            _votes(scores, chosen, names),
            strict=True,
        )
    ]
    for fact, copies in zip(evidence, _copies(scores, chosen, names), strict=True):
        if len(copies) > 1:
            fact["labels_of_copies"] = copies
    return findings_table(
        dataset,
        rows,
        "labels.likely_mislabeled",
        score=1 - scores.quality[chosen],
        message=[_message(fact) for fact in evidence],
        evidence=evidence,
        related=related,
    )


def _message(fact: Mapping[str, Any]) -> str:
    if fact["suggested"] != fact["given"]:
        return (
            f"labelled {fact['given']!r}, models say {fact['suggested']!r} "
            f"({fact['probability']:.0%})"
        )
    copies = ", ".join(f"{name!r}: {count}" for name, count in fact["labels_of_copies"].items())
    return f"labelled {fact['given']!r}, but the same text has other labels, too ({copies})"


def _votes(scores: LabelScores, chosen: np.ndarray, names: np.ndarray) -> list[dict[str, str]]:
    """Tell what each model takes for the most likely class."""
    votes = {name: names[vote[chosen]] for name, vote in scores.model.predictions.votes.items()}
    return [dict(zip(votes, row, strict=True)) for row in zip(*votes.values(), strict=True)]


def _copies(scores: LabelScores, chosen: np.ndarray, names: np.ndarray) -> list[dict[str, int]]:
    """Count the labels of the records with the same text; nothing where they agree."""
    conflicts = np.flatnonzero(scores.share < 1)
    text, label = scores.text[conflicts], scores.model.label[conflicts]
    counts: dict[int, dict[str, int]] = {}
    pairs, sizes = np.unique(np.column_stack([text, label]), axis=0, return_counts=True)
    for (at, code), size in zip(pairs.tolist(), sizes.tolist(), strict=True):
        counts.setdefault(at, {})[names[code]] = size
    return [counts.get(int(at), {}) for at in scores.text[chosen]]


def _neighbour_labels(
    dataset: Dataset, shared: Shared, rows: np.ndarray
) -> tuple[list[list[int]], list[list[str]]]:
    """Find the three nearest other texts of each row: their rows and their labels."""
    if not len(rows):
        return [], []
    groups = shared.text_groups
    nearest = shared.neighbours.index[groups.of[rows], :NEAREST]
    labels = plain_values(dataset.frame["label"])
    related = [[int(groups.first[other]) for other in others if other >= 0] for others in nearest]
    return related, [
        [shortened(labels[row] or "", LABEL_CHARACTERS) for row in others] for others in related
    ]
