"""CROWDLAB, from cleanlab: a consensus of annotators and models.

Goh, Tkachenko, Mueller, "CROWDLAB", https://arxiv.org/abs/2210.06812.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MOST_CELLS = 50_000_000
"""Records times annotators beyond which its dense table is not built (8 bytes a cell)."""


class Crowd(NamedTuple):
    """What annotators and models together say."""

    label: np.ndarray
    """(n,) class numbers."""
    quality: np.ndarray
    """(n,) 0..1, 1 = the label is surely right."""
    annotator_quality: np.ndarray
    """(annotators,) 0..1, how far the labels of each can be trusted."""


def crowdlab(votes: np.ndarray, probabilities: np.ndarray) -> Crowd:
    """Weigh votes and models by how well each agrees with the others.

    Args:
        votes: (n, annotators) class numbers, NaN where an annotator did not vote. Every record has
            two votes or more, every annotator one, and on some record two agree.
        probabilities: (n, classes) from models that never saw the label of their row.
    """
    from cleanlab.multiannotator import get_label_quality_multiannotator

    found = get_label_quality_multiannotator(votes, probabilities, verbose=False)
    quality = found["label_quality"]
    ranked = found["annotator_stats"].sort_index()
    return Crowd(
        label=quality["consensus_label"].to_numpy(dtype=np.int64),
        quality=np.clip(quality["consensus_quality_score"].to_numpy(dtype=float), 0, 1),
        annotator_quality=np.clip(ranked["annotator_quality"].to_numpy(dtype=float), 0, 1),
    )
