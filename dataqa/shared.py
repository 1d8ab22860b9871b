"""What several checks need, computed once, on first use.

Everything here is a pure function of the dataset, the config and its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TypeVar

import numpy as np

from dataqa import probabilities
from dataqa.config import Config
from dataqa.dataset import SHARD_RECORDS, Dataset, cuts
from dataqa.embedding.interface import Embedder
from dataqa.embedding.terms import Corpus
from dataqa.engine import Engine, workers
from dataqa.near.minhash import Scheme
from dataqa.near.search import Search, SimilarPairs
from dataqa.near.stars import Stars, stars
from dataqa.neighbours import Neighbours, nearest
from dataqa.normalise import Cleaning, Groups, RecordGroups, find_groups, joined
from dataqa.probabilities import Labeled
from dataqa.progress import Progress

NEIGHBOURS = 10
P = TypeVar("P")


@dataclass(frozen=True, eq=False)
class LabelModel:
    """Out-of-fold probabilities for the records whose label could be modelled.

    ``rows`` (n,) are row numbers of the dataset, ``label`` (n,) numbers into ``classes``,
    ``probabilities`` (n, classes). With fewer than two classes ``probabilities`` is empty.
    """

    classes: tuple[str, ...]
    rows: np.ndarray
    label: np.ndarray
    probabilities: np.ndarray
    texts: int
    """Different texts among the rows."""
    unlabeled: int
    """Records without a label, or with a blank one."""
    unseen: int
    """Labelled records of which the models see nothing: no word that other texts have."""
    rare: int
    """Records whose class has too few different texts to be modelled."""
    rare_classes: int


@dataclass(eq=False)
class Shared:
    """Offers embeddings, neighbours, groups and label probabilities to checks."""

    dataset: Dataset
    config: Config
    embedder: Embedder
    engine: Engine
    progress: Progress
    shard_records: int = SHARD_RECORDS
    _models: dict[tuple[int, int], LabelModel] = field(default_factory=dict, repr=False)

    @cached_property
    def groups(self) -> RecordGroups:
        """Records that are equal after normalising, by each part of them."""
        return find_groups(
            self.dataset,
            Cleaning(self.config.normalise),
            self.engine,
            self.progress,
            self.shard_records,
        )

    def over_columns(
        self, stage: Callable[[tuple[list[str], ...]], P], names: Sequence[str], doing: str
    ) -> Iterator[tuple[int, P]]:
        """Run a stage on slices of text columns; yield the first row of each and what came out."""
        shards = cuts(len(self.dataset), self.shard_records)
        partials = self.engine.map(stage, self.dataset.columns(names, self.shard_records))
        for shard, outcome in zip(
            shards, self.progress.track(partials, doing, len(shards)), strict=True
        ):
            yield shard.start, outcome

    @property
    def text_groups(self) -> Groups:
        """Records that say the same; vectors and neighbours are computed once per group."""
        return self.groups.text

    @property
    def pair_groups(self) -> Groups:
        """Records that say the same and answer the same."""
        return self.groups.pair

    @cached_property
    def distinct_texts(self) -> list[str]:
        """One text per text group."""
        return [self.dataset.texts[row] for row in self.text_groups.first]

    @property
    def near_search(self) -> Search:
        """Finds near-duplicates of texts under the settings of this run."""
        return Search(
            Scheme(self.config.near_threshold, self.config.near_words),
            Cleaning(self.config.normalise),
            self.engine,
            self.progress,
            self.shard_records,
        )

    @cached_property
    def near_pairs(self) -> SimilarPairs:
        """Pairs of text groups whose texts are near-duplicates."""
        return self.near_search.pairs(self.distinct_texts)

    @cached_property
    def near_stars(self) -> Stars:
        """For every text group the one that represents it among its near-duplicates."""
        pairs = self.near_pairs
        return stars(len(self.text_groups.sizes), pairs.left, pairs.right, pairs.similarity)

    @cached_property
    def near_groups(self) -> Groups:
        """Records that say the same or nearly the same; every text resembles the group's first."""
        return joined(self.text_groups, self.near_stars.of)

    @cached_property
    def corpus(self) -> Corpus:
        """The distinct texts, one per text group."""
        return Corpus(self.distinct_texts, self.engine, self.progress, self.shard_records)

    @cached_property
    def embeddings(self) -> np.ndarray:
        """Unit vectors, shape (text groups, dimensions), float32."""
        return self.embedder.embed(self.corpus)

    @cached_property
    def neighbours(self) -> Neighbours:
        """The nearest other text groups of each text group, near-copies of it left out."""
        threads = workers(self.config.jobs)
        apart = self.near_stars.of
        return nearest(self.embeddings, NEIGHBOURS, self.progress, threads=threads, groups=apart)

    def label_model(self, folds: int, min_class_records: int) -> LabelModel:
        """Model the labels of all classes with at least ``min_class_records`` different texts."""
        settings = (folds, min_class_records)
        if settings not in self._models:
            self._models[settings] = self._model_labels(folds, min_class_records)
        return self._models[settings]

    def _model_labels(self, folds: int, min_class_records: int) -> LabelModel:
        labels = self.dataset.frame["label"]
        labeled = (labels.notna() & (labels.str.strip() != "")).to_numpy()
        usable = labeled & self._visible[self.text_groups.of] & ~self.dataset.malformed
        names, codes = np.unique(labels[usable].to_numpy(dtype=object), return_inverse=True)
        group = self.text_groups.of[usable]
        distinct = np.unique(np.column_stack([codes, group]), axis=0)
        common = np.bincount(distinct[:, 0], minlength=len(names)) >= min_class_records
        kept = common[codes]
        rows = np.flatnonzero(usable)[kept]
        label = (np.cumsum(common) - 1)[codes[kept]]
        classes = tuple(str(name) for name in names[common])
        return LabelModel(
            classes=classes,
            rows=rows,
            label=label,
            probabilities=self._probabilities(rows, label, len(classes), folds),
            texts=len(np.unique(group[kept])),
            unlabeled=int((~labeled).sum()),
            unseen=int((labeled & ~usable).sum()),
            rare=int((~kept).sum()),
            rare_classes=int((~common).sum()),
        )

    @property
    def _visible(self) -> np.ndarray:
        """(text groups,) whether the models see anything of the text."""
        return np.asarray(self.embeddings.any(axis=1) | (np.diff(self.corpus.terms.indptr) > 0))

    def _probabilities(
        self, rows: np.ndarray, label: np.ndarray, classes: int, folds: int
    ) -> np.ndarray:
        if classes < 2:
            return np.empty((len(rows), 0))
        group = self.text_groups.of[rows]
        rank = np.random.default_rng(self.config.seed).permutation(len(self.text_groups.sizes))
        records = Labeled(
            vectors=self.embeddings[group],
            terms=self.corpus.terms[group],
            label=label,
            fold=probabilities.assign_folds(label, group, rank[group], folds),
        )
        stage = partial(probabilities.sum_stage, folds=folds, classes=classes)
        shards = cuts(len(records), self.shard_records)
        sums = self.progress.track(
            self.engine.map(stage, (records[cut] for cut in shards)),
            "fitting label models",
            len(shards),
        )
        return probabilities.out_of_fold(records, probabilities.merge(sums))
