"""The order in which a reviewer judges records: random draws that anyone can draw again."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataqa.dataset import Dataset

DRAWS = 1000


def review_plan(dataset: Dataset, seed: int) -> list[dict[str, Any]]:
    """Draw records uniformly with replacement.

    Depends on the content of the records and the seed, not on their order. Each draw tells the
    probability with which its record is drawn.
    """
    rows = np.random.default_rng(seed).integers(0, len(dataset), DRAWS)
    places = dataset.frame.iloc[rows]
    return [
        {"draw": draw, "key": key, "source": source, "line": line, "probability": 1 / len(dataset)}
        for draw, (key, source, line) in enumerate(
            zip(
                places["key"].to_list(),
                places["source"].to_list(),
                places["line"].to_list(),
                strict=True,
            ),
            start=1,
        )
    ]
