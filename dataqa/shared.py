"""What several checks need, computed once, on first use.

Everything here is a pure function of the dataset, the config and its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from dataqa.config import Config
from dataqa.conflicts import Minority, conflicts, label_codes, minority
from dataqa.dataset import SHARD_RECORDS, Dataset, cuts
from dataqa.embedding.interface import Embedder
from dataqa.embedding.terms import Corpus
from dataqa.engine import Engine, workers
from dataqa.near.minhash import Scheme
from dataqa.near.search import Search, SimilarPairs
from dataqa.near.stars import Stars, stars
from dataqa.neighbours import Neighbours, nearest
from dataqa.normalise import Cleaning, Groups, RecordGroups, find_groups, joined
from dataqa.overlap.evaluation import Evaluation
from dataqa.probabilities import (
    Labeled,
    Nearby,
    Predictions,
    assign_folds,
    merge,
    out_of_fold,
    sum_stage,
)
from dataqa.probabilities.classes import Chosen, choose
from dataqa.probabilities.label_model import LabelModel
from dataqa.progress import Progress

NEIGHBOURS = 10
P = TypeVar("P")
OF_TEXTS = ("groups", "corpus", "embeddings", "near_stars", "neighbours")
"""Cached properties that labels do not enter."""


@dataclass(eq=False)
class Shared:
    """Offers embeddings, neighbours, groups and label probabilities to checks."""

    dataset: Dataset
    config: Config
    embedder: Embedder
    engine: Engine
    progress: Progress
    shard_records: int = SHARD_RECORDS
    evaluations: tuple[Evaluation, ...] = ()
    """The evaluation files of the run."""
    _known: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def once(self, key: Hashable, make: Callable[[], P]) -> P:
        """Return what ``make`` returned when the key was first asked for."""
        if key not in self._known:
            self._known[key] = make()
        return cast(P, self._known[key])

    @cached_property
    def groups(self) -> RecordGroups:
        """Records that are equal after normalising, by each part of them."""
        return self.groups_of(self.dataset)

    def groups_of(self, dataset: Dataset) -> RecordGroups:
        """Group the records of any dataset under the settings of this run."""
        cleaning = Cleaning(self.config.normalise)
        return find_groups(dataset, cleaning, self.engine, self.progress, self.shard_records)

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
        """Pairs of text groups whose texts are near-duplicates.

        A prompt that many records repeat would make all of them alike: it is left out of the
        comparison, and has to be equal.
        """
        first = self.text_groups.first
        texts = [self.dataset.contents[row] for row in first]
        if not self.dataset.templated:
            return self.near_search.pairs(texts)
        task = pd.factorize(self.dataset.frame["prompt"])[0][first]
        return self.near_search.pairs(texts, parts=task)

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
    def conflict_minority(self) -> Minority:
        """Records that equal texts with another label outvote: proof of wrong labels, no guess."""
        text = self.text_groups
        of = np.where(text.empty[text.of], -1, text.of)
        return minority(conflicts(of, label_codes(self.dataset.frame["label"])))

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

    def relabelled(self, labels: pd.Series) -> Shared:
        """Offer the same for the same texts under other labels; what is of texts is taken over."""
        dataset = replace(self.dataset, frame=self.dataset.frame.assign(label=labels))
        other = replace(self, dataset=dataset, _known={})
        vars(other).update({name: getattr(self, name) for name in OF_TEXTS})
        return other

    def label_model(self, folds: int, min_class_records: int) -> LabelModel:
        """Model the classes with at least ``min_class_records`` texts, near-copies as one."""
        key = ("label model", folds, min_class_records)
        return self.once(key, lambda: self._model_labels(folds, min_class_records))

    def _model_labels(self, folds: int, min_class_records: int) -> LabelModel:
        labels, group = self.dataset.frame["label"], self.text_groups.of
        labeled = self.dataset.has_label
        usable = labeled & self._visible[group] & ~self.dataset.malformed
        chosen = choose(labels, usable, self.near_groups.of, min_class_records)
        return LabelModel(
            chosen=chosen,
            predictions=self.predictions(chosen, folds),
            texts=len(np.unique(group[chosen.rows])),
            unlabeled=int((~labeled).sum()),
            unseen=int((labeled & ~usable).sum()),
        )

    @property
    def _visible(self) -> np.ndarray:
        """(text groups,) whether the models see anything of the text."""
        return np.asarray(self.embeddings.any(axis=1) | (np.diff(self.corpus.terms.indptr) > 0))

    def predictions(self, chosen: Chosen, folds: int, deal: int = 0) -> Predictions:
        """Ask the models; every ``deal`` holds out other records together."""
        classes = len(chosen.names)
        if classes < 2:
            return Predictions(np.empty((len(chosen.rows), 0), dtype=np.float32), {})
        text, near = self.text_groups.of[chosen.rows], self.near_groups.of[chosen.rows]
        rank = np.random.default_rng([self.config.seed, deal]).permutation(
            len(self.text_groups.sizes)
        )
        records = Labeled(
            vectors=self.embeddings[text],
            terms=self.corpus.terms[text],
            label=chosen.label,
            fold=assign_folds(chosen.label, near, rank[near], folds),
        )
        stage = partial(sum_stage, folds=folds, classes=classes)
        shards = cuts(len(records), self.shard_records)
        sums = self.progress.track(
            self.engine.map(stage, (records[cut] for cut in shards)),
            "fitting label models",
            len(shards),
        )
        return out_of_fold(records, merge(sums), Nearby(self.neighbours.index, text))
