"""Near-duplicates of texts: the shell that reads texts and runs the stages on an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from dataqa.dataset import cuts
from dataqa.engine import Engine
from dataqa.near.candidates import Pairs, compare_candidates
from dataqa.near.minhash import Scheme, Signatures, merge, sign
from dataqa.near.shingles import MAX_TEXTS, find_shingles
from dataqa.near.words import find_words
from dataqa.normalise import Cleaning
from dataqa.progress import Progress

BLOCK_PAIRS = MAX_TEXTS // 2


@dataclass(frozen=True, eq=False)
class SimilarPairs:
    """Pairs of texts whose similarity reaches the threshold; ``left < right``, sorted."""

    left: np.ndarray
    right: np.ndarray
    similarity: np.ndarray
    """(pairs,) exact Jaccard similarity of word n-grams."""
    compared: int
    """How many pairs were compared."""


@dataclass(frozen=True)
class Block:
    """Texts and the pairs of them to compare; what travels to a worker."""

    texts: list[str]
    left: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class Search:
    """Finds similar pairs of texts."""

    scheme: Scheme
    cleaning: Cleaning
    engine: Engine
    progress: Progress
    shard_records: int

    def pairs(
        self, texts: Sequence[str], border: int = 0, parts: np.ndarray | None = None
    ) -> SimilarPairs:
        """Find all pairs of ``texts`` that are similar.

        Args:
            texts: different texts, in an order that depends on nothing but them.
            border: with a border, only texts below this number and texts from it on are pairs.
            parts: (texts,) numbers; texts of different parts are never pairs.
        """
        signatures = self._sign(texts)
        pairs = Pairs(len(texts), partial(self._compare, texts), border, parts)
        compare_candidates(signatures, self.scheme, pairs)
        similar = pairs.similarity >= self.scheme.threshold
        codes = pairs.codes[similar]
        return SimilarPairs(
            left=codes // len(texts) if len(codes) else codes,
            right=codes % len(texts) if len(codes) else codes,
            similarity=pairs.similarity[similar],
            compared=len(pairs.codes),
        )

    def _sign(self, texts: Sequence[str]) -> Signatures:
        shards = cuts(len(texts), min(self.shard_records, MAX_TEXTS))
        stage = partial(sign_stage, scheme=self.scheme, cleaning=self.cleaning)
        parts = self.engine.map(stage, (list(texts[cut]) for cut in shards))
        return merge(list(self.progress.track(parts, "signing texts", len(shards))), self.scheme)

    def _compare(self, texts: Sequence[str], left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the similarity of pairs, block by block; connected pairs share a block."""
        order = _by_component(len(texts), left, right)
        blocks = [order[cut] for cut in cuts(len(order), BLOCK_PAIRS)]
        stage = partial(compare_stage, scheme=self.scheme, cleaning=self.cleaning)
        found = self.engine.map(stage, (_block(texts, left[at], right[at]) for at in blocks))
        similarity = np.empty(len(order))
        for at, part in self.progress.track(
            zip(blocks, found, strict=True), "comparing texts", len(blocks)
        ):
            similarity[at] = part
        return similarity


def sign_stage(texts: list[str], scheme: Scheme, cleaning: Cleaning) -> Signatures:
    """Sign the texts of one shard."""
    return sign(find_words(texts, cleaning), scheme)


def compare_stage(block: Block, scheme: Scheme, cleaning: Cleaning) -> np.ndarray:
    """Return the exact Jaccard similarity of the pairs of one block."""
    words = find_words(block.texts, cleaning)
    own = scheme.n_of(words.counts)
    used = np.minimum(own[block.left], own[block.right])
    similarity = np.zeros(len(used))
    for n in np.unique(used[used > 0]):
        at = np.flatnonzero(used == n)
        involved, place = np.unique(
            np.concatenate([block.left[at], block.right[at]]), return_inverse=True
        )
        shingles = find_shingles(words.of(involved), int(n))
        similarity[at] = shingles.jaccard(place[: len(at)], place[len(at) :])
    return similarity


def word_overlap(
    texts: Sequence[str], left: np.ndarray, right: np.ndarray, cleaning: Cleaning
) -> np.ndarray:
    """Return the Jaccard similarity of the words of pairs of texts, whatever their order."""
    blocks = (_block(texts, left[cut], right[cut]) for cut in cuts(len(left), BLOCK_PAIRS))
    parts = [compare_stage(block, Scheme(longest=1), cleaning) for block in blocks]
    return np.concatenate([np.empty(0), *parts])


def _block(texts: Sequence[str], left: np.ndarray, right: np.ndarray) -> Block:
    involved, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    return Block([texts[row] for row in involved], place[: len(left)], place[len(left) :])


def _by_component(texts: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Order pairs so that those with common texts stand together."""
    links = sparse.coo_array((np.ones(len(left), dtype=np.int8), (left, right)), (texts, texts))
    component = connected_components(links, directed=False)[1]
    return np.lexsort((right, left, component[left]))
