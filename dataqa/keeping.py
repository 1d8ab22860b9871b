"""Which record of a group of copies stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from dataqa.dataset import Dataset

Policy = Callable[[Dataset], np.ndarray]
"""Takes a dataset, returns how much is against keeping each record: the least stays."""


def _place(dataset: Dataset) -> np.ndarray:
    """(records,) position in the input."""
    position = np.empty(len(dataset), dtype=np.int64)
    position[dataset.input_order] = np.arange(len(dataset))
    return position


def _shortness(dataset: Dataset) -> np.ndarray:
    """(records,) minus the number of characters, spaces left out of account at the ends."""
    pairs = zip(dataset.prompts, dataset.responses, strict=True)
    lengths = (len(prompt.strip()) + len(answer.strip()) for prompt, answer in pairs)
    return -np.fromiter(lengths, dtype=np.int64, count=len(dataset))


KEEP: Mapping[str, Policy] = {"longest": _shortness, "first": _place}
"""Policy by name. Only ``first`` depends on the order of the input."""


def ranks(dataset: Dataset, keep: str) -> np.ndarray:
    """Rank the records (records,) by what is against keeping them; equal ones by content key."""
    rank = np.empty(len(dataset), dtype=np.int64)
    rank[np.argsort(KEEP[keep](dataset), kind="stable")] = np.arange(len(dataset))
    return rank
