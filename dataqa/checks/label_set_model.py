"""What models that never saw a record say about each label of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from dataqa import one_vs_rest
from dataqa.confident_learning import cohen_kappa, flag_label_sets
from dataqa.dataset import cuts
from dataqa.label_sets import LabelSets
from dataqa.one_vs_rest import Marked
from dataqa.shared import Shared

MOST_CELLS = 100_000_000
"""Records times labels that are modelled at once; rarer labels beyond it are not checked."""


@dataclass(frozen=True, eq=False)
class LabelSetModel:
    """Out-of-fold probabilities and what contradicts them; n records by m labels."""

    rows: np.ndarray
    """(n,) row numbers of the records that could be modelled."""
    labels: np.ndarray
    """(m,) numbers of the labels that could be modelled."""
    members: np.ndarray
    """(n, m) whether the record lists the label."""
    probabilities: np.ndarray
    """(n, m) that it should."""
    flagged: np.ndarray
    """(n, m) whether the two contradict each other with confidence."""
    quality: np.ndarray
    """(n,) 0..1, 0 = the set is surely wrong."""
    texts: int
    """Different texts among the records."""
    checked: np.ndarray
    """Positions among the m labels of those that the models can predict."""

    @property
    def differs(self) -> np.ndarray:
        """(n, m) whether the models would decide otherwise; only for labels that are checked."""
        other = (self.probabilities > 0.5) != self.members
        return np.asarray(other & np.isin(np.arange(len(self.labels)), self.checked))

    def trusted(self, min_agreement: float) -> LabelSetModel:
        """Return the model with findings and scores of labels that it can predict only."""
        predicted = (self.probabilities > 0.5).astype(np.int64)
        kappa = np.array(
            [
                cohen_kappa(self.members[:, at].astype(np.int64), predicted[:, at], 2)
                for at in range(len(self.labels))
            ]
        )
        checked = np.flatnonzero(kappa >= min_agreement)
        if not len(checked):
            return replace(self, checked=checked)
        flagged = np.zeros_like(self.members)
        flagged[:, checked], quality = flag_label_sets(
            self.members[:, checked], self.probabilities[:, checked].astype(float)
        )
        return replace(self, flagged=flagged, quality=quality, checked=checked)


def model_label_sets(
    sets: LabelSets, shared: Shared, folds: int, min_label_records: int
) -> LabelSetModel:
    """Model all labels that enough different texts have, and enough have not."""
    groups = shared.text_groups
    visible = np.asarray(shared.embeddings.any(axis=1))[groups.of]
    rows = np.flatnonzero(sets.readable & visible & ~shared.dataset.malformed)
    group = groups.of[rows]
    labels = _common(sets, rows, group, min_label_records)
    members = np.asarray(sets.members[rows][:, labels].toarray() > 0)
    probabilities = np.empty(members.shape, dtype=np.float32)
    if len(labels):
        rank = np.random.default_rng(shared.config.seed).permutation(len(groups.sizes))
        near = shared.near_groups.of[rows]  # no near-copy of a record vouches for its labels
        records = Marked(
            shared.embeddings[group], shared.corpus.terms[group], members, rank[near] % folds
        )
        stage = partial(one_vs_rest.sum_stage, folds=folds)
        shards = cuts(len(records), shared.shard_records)
        partials = shared.engine.map(stage, (records[cut] for cut in shards))
        sums = one_vs_rest.merge(
            shared.progress.track(partials, "fitting label models", len(shards))
        )
        probabilities = one_vs_rest.out_of_fold(records, sums)
    return LabelSetModel(
        rows=rows,
        labels=labels,
        members=members,
        probabilities=probabilities,
        flagged=np.zeros_like(members),
        quality=np.full(len(rows), np.nan),
        texts=len(np.unique(group)),
        checked=np.empty(0, dtype=np.int64),
    )


def _common(sets: LabelSets, rows: np.ndarray, group: np.ndarray, least: int) -> np.ndarray:
    """Return the labels that enough different texts list, and enough do not.

    Where there are too many for one table, the most common ones.
    """
    table = sets.members[rows].tocoo()
    width = max(len(sets.names), 1)
    listed = np.unique(group[table.row] * width + table.col) % width
    texts = np.bincount(listed, minlength=len(sets.names))
    without = len(np.unique(group)) - texts
    labels = np.flatnonzero((texts >= least) & (without >= least))
    most = MOST_CELLS // max(len(rows), 1)
    return np.sort(labels[np.argsort(-texts[labels], kind="stable")][:most])
