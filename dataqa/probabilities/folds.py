"""Which records are held out together."""

from __future__ import annotations

import numpy as np

MAX_FOLDS = 50


def assign_folds(label: np.ndarray, group: np.ndarray, rank: np.ndarray, folds: int) -> np.ndarray:
    """Deal groups of alike records to folds, evenly within each class.

    Args:
        label: (n,) class numbers; a group is dealt with the class of its first record.
        group: (n,) group numbers; a group stays in one fold, so that no copy of a record vouches
            for its label.
        rank: (n,) numbers that order the groups, a function of content and seed only.
        folds: how many.

    Returns:
        (n,) fold numbers.
    """
    _, first, of = np.unique(group, return_index=True, return_inverse=True)
    classes = label[first]
    order = np.lexsort((rank[first], classes))
    starts = np.searchsorted(classes[order], classes[order])
    fold = np.empty(len(first), dtype=np.int64)
    fold[order] = (np.arange(len(first)) - starts) % folds
    return fold[of]
