"""Nearest neighbours: what the texts most like a text are labelled.

A text never votes for itself, nor do its copies and near-copies: the search for neighbours leaves
them out. So no folds are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

PRIOR_VOTES = 1.0
"""Votes that the classes share by their sizes, before any neighbour votes."""

FLOOR = 1e-12
"""Votes of a class that no text has."""


@dataclass(frozen=True, eq=False)
class Nearby:
    """Texts and their neighbours.

    ``index`` (texts, k) are numbers of texts, -1 where there is no neighbour; ``text`` (n,) is the
    number of the text of each record.
    """

    index: np.ndarray
    text: np.ndarray


def text_labels(text: np.ndarray, label: np.ndarray, texts: int, classes: int) -> sparse.csr_matrix:
    """Return what share of the copies of each text has each label, shape (texts, classes)."""
    sizes = np.bincount(text, minlength=texts)
    return sparse.csr_matrix((1 / sizes[text], (text, label)), shape=(texts, classes))


def score(nearby: Nearby, rows: np.ndarray, labels: sparse.csr_matrix) -> np.ndarray:
    """Return log shares of the votes for records, shape (rows, classes)."""
    index = nearby.index[nearby.text[rows]]
    voters = np.flatnonzero(index >= 0)
    width = max(index.shape[1], 1)
    links = sparse.csr_matrix(
        (np.ones(len(voters)), (voters // width, index.ravel()[voters])),
        shape=(len(rows), labels.shape[0]),
    )
    votes = (links @ labels).toarray()
    prior = np.asarray(labels.sum(axis=0)).ravel()
    total = votes.sum(axis=1, keepdims=True) + PRIOR_VOTES
    expected = np.maximum(PRIOR_VOTES * prior / prior.sum(), FLOOR)
    return np.asarray(np.log((votes + expected) / total))
