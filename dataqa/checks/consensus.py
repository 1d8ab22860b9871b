"""The label that several annotators, and models where they help, settle on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dataqa.crowd import Crowd, Panel, crowdlab
from dataqa.probabilities.label_model import LabelModel
from dataqa.shared import Shared
from dataqa.votes import Votes, majority, tied

FOLDS, MIN_CLASS_RECORDS = 5, 5
LEAST_VOTES = 3
"""Votes a record needs before models have a say in its consensus."""


@dataclass(frozen=True, eq=False)
class Consensus:
    """What the annotators of each record settle on, in the order of the dataset.

    The majority; on records with three votes or more that the models know, CROWDLAB's label.
    """

    label: np.ndarray
    """(records,) numbers into ``Votes.labels``; -1 where there is no vote or an even split."""
    quality: np.ndarray
    """(records,) 0..1; CROWDLAB's, else the share of the votes; NaN with fewer than two votes."""
    leader: np.ndarray
    """(records,) label with most votes, -1 where there is none; of equal ones the rarer."""
    share: np.ndarray
    """(records,) share of the votes that the leader has."""
    modelled: np.ndarray
    """(records,) whether models had a say."""
    annotators: np.ndarray
    """(annotators,) quality by CROWDLAB, NaN where it was not used."""
    reason: str | None
    """Why models had no say anywhere."""


def find_consensus(votes: Votes, shared: Shared) -> Consensus:
    """Settle the votes of every record."""
    leader, share = majority(votes)
    label = np.where(tied(votes), -1, leader)
    quality = np.where(votes.sizes > 1, share, np.nan)
    modelled = np.zeros(votes.records, dtype=bool)
    annotators = np.full(len(votes.annotators), np.nan)
    model = _model(votes, leader, label, shared)
    rows = _rows(votes, model)
    reason = _refusal(votes, model, rows)
    if reason is None:
        crowd, seen = _weighed(votes, model, rows)
        enough = votes.sizes[rows] >= LEAST_VOTES
        modelled[rows[enough]] = True
        code = pd.Index(votes.labels).get_indexer(pd.Index(model.classes))
        label[rows[enough]] = code[crowd.label[enough]]
        quality[rows[enough]] = crowd.quality[enough]
        annotators[seen] = crowd.annotator_quality
    return Consensus(label, quality, leader, share, modelled, annotators, reason)


def _model(votes: Votes, leader: np.ndarray, label: np.ndarray, shared: Shared) -> LabelModel:
    """Model the leading labels; where these are the labels of the dataset, the usual model."""
    if shared.dataset.majority_of and (leader == label).all():
        return shared.label_model(FOLDS, MIN_CLASS_RECORDS)
    names = np.array([*votes.labels, None], dtype=object)
    other = shared.relabelled(pd.Series(names[leader], dtype="str"))
    return other.label_model(FOLDS, MIN_CLASS_RECORDS)


def _rows(votes: Votes, model: LabelModel) -> np.ndarray:
    """Return the records with several votes, all for classes that the models know."""
    known = np.isin(np.array(votes.labels, dtype=object), np.array(model.classes, dtype=object))
    foreign = np.bincount(votes.item, weights=~known[votes.label], minlength=votes.records)
    usable = np.zeros(votes.records, dtype=bool)
    usable[model.rows] = True
    return np.flatnonzero(usable & (votes.sizes > 1) & (foreign == 0))


def _refusal(votes: Votes, model: LabelModel, rows: np.ndarray) -> str | None:
    """Say why CROWDLAB cannot be used, or nothing."""
    if len(model.classes) < 2:
        return "too few classes with enough different texts for a model"
    if not (votes.sizes[rows] >= LEAST_VOTES).any():
        return f"no record that the models know has {LEAST_VOTES} votes"
    if not (votes.support[np.isin(votes.item, rows)] > 1).any():
        return "on no record do two annotators agree"
    return None


def _weighed(votes: Votes, model: LabelModel, rows: np.ndarray) -> tuple[Crowd, np.ndarray]:
    """Run CROWDLAB on some records; return what it says, and the annotators it saw."""
    position = np.full(votes.records, -1)
    position[rows] = np.arange(len(rows))
    kept = position[votes.item] >= 0
    seen, column = np.unique(votes.annotator[kept], return_inverse=True)
    code = pd.Index(model.classes).get_indexer(pd.Index(votes.labels))
    place = np.full(votes.records, -1)
    place[model.rows] = np.arange(len(model.rows))
    panel = Panel(
        item=position[votes.item[kept]],
        annotator=column,
        label=code[votes.label[kept]],
        probabilities=model.probabilities[place[rows]].astype(np.float64),
    )
    return crowdlab(panel), seen
