"""Which records and classes can be modelled, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

MAX_CLASSES = 1000
MAX_VALUES = 2**28
"""Probabilities in memory at once (records times classes); above it, only the largest classes are
modelled."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """The records to model: ``rows`` (n,) of the dataset, ``label`` (n,) numbers into ``names``."""

    names: tuple[str, ...]
    rows: np.ndarray
    label: np.ndarray
    rare: int
    """Records of classes with too few different texts."""
    rare_classes: int
    crowded: int
    """Records of classes beyond the number that is modelled at once."""
    crowded_classes: int


def choose(labels: pd.Series, usable: np.ndarray, group: np.ndarray, min_texts: int) -> Chosen:
    """Choose the classes with at least ``min_texts`` groups of texts, the largest ones first.

    Args:
        labels: (records,) texts.
        usable: (records,) whether a record has a label and something to see.
        group: (records,) number of its group of alike texts, which one fold holds.
        min_texts: how many groups a class needs.
    """
    rows = np.flatnonzero(usable)
    codes, names = pd.factorize(labels.iloc[rows].to_numpy(dtype=object), sort=True)
    texts = _texts_by_class(codes, group[rows], len(names))
    enough = texts >= min_texts
    modelled = _largest(np.where(enough, texts, 0), _room(len(rows)))
    rare, crowded = ~enough, enough & ~modelled
    kept = modelled[codes]
    return Chosen(
        names=tuple(str(name) for name in names[modelled]),
        rows=rows[kept],
        label=(np.cumsum(modelled) - 1)[codes[kept]],
        rare=int(rare[codes].sum()),
        rare_classes=int(rare.sum()),
        crowded=int(crowded[codes].sum()),
        crowded_classes=int(crowded.sum()),
    )


def _texts_by_class(codes: np.ndarray, group: np.ndarray, classes: int) -> np.ndarray:
    """Count the different texts of every class."""
    if not len(codes):
        return np.zeros(classes, dtype=np.int64)
    pairs = np.unique(codes * (int(group.max()) + 1) + group)
    return np.bincount(pairs // (int(group.max()) + 1), minlength=classes)


def _room(records: int) -> int:
    return min(MAX_CLASSES, max(MAX_VALUES // max(records, 1), 2))


def _largest(texts: np.ndarray, most: int) -> np.ndarray:
    """Mark the ``most`` classes with most texts; equal ones by name."""
    marked = np.zeros(len(texts), dtype=bool)
    marked[np.argsort(-texts, kind="stable")[:most]] = True
    return marked & (texts > 0)
