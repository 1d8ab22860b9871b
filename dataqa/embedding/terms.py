"""Words and word pairs of texts, weighted by TF-IDF.

Terms are hashed (Weinberger et al., 2009) instead of looked up in a vocabulary: counting one
shard then needs nothing from the others, and the counts of shards simply stand under each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from dataqa.dataset import cuts
from dataqa.engine import Engine
from dataqa.progress import Progress

HASH_BITS = 20
MAX_TERMS = 2**16
"""Terms kept: the ones in most texts. Bounds the memory of models with a weight per term."""
MAX_SHARE = 0.9
"""A term in more texts than this says nothing about any of them."""


_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts written without spaces (Thai, Lao, Burmese, Khmer, Japanese, Chinese): every character
is a word, and pairs of them are the word pairs."""
_JOINED = r"\u0300-\u036f\u064b-\u065f\u0900-\u0dff"
"""Combining and vowel signs, which belong to the word (Arabic, Indic scripts)."""
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:[^\W{_UNSPACED}]|[{_JOINED}])+")


@dataclass(frozen=True, eq=False)
class Corpus:
    """Distinct texts to embed, and what several embedders, models and checks need of them."""

    texts: list[str]
    engine: Engine
    progress: Progress
    shard_records: int

    @property
    def terms(self) -> sparse.csr_matrix:
        """TF-IDF weights, shape (texts, terms), unit rows, float32."""
        return self._weights.terms

    @property
    def familiarity(self) -> np.ndarray:
        """(texts,) share 0..1 of a text's squared TF-IDF weight that other texts use, too."""
        return self._weights.familiarity

    def unfamiliar_words(self, text: int, most: int = 5) -> list[str]:
        """List words that only this text has, in order of appearance."""
        words = list(dict.fromkeys(_words(self.texts[text])))
        if not words:
            return []
        columns = count_terms(words).indices
        alone = self._weights.frequency[columns] == 1
        return [word for word, rare in zip(words, alone, strict=True) if rare][:most]

    @cached_property
    def _weights(self) -> Weights:
        shards = cuts(len(self.texts), self.shard_records)
        counts = self.progress.track(
            self.engine.map(count_terms, (self.texts[cut] for cut in shards)),
            "counting terms",
            len(shards),
        )
        return weigh(sparse.vstack(list(counts), format="csr"))


@dataclass(frozen=True, eq=False)
class Weights:
    """What the term counts of all texts say."""

    terms: sparse.csr_matrix
    familiarity: np.ndarray
    frequency: np.ndarray
    """(2 ** HASH_BITS,) number of texts that have each hashed term."""


def count_terms(texts: list[str]) -> sparse.csr_matrix:
    """Count hashed words and word pairs of one shard, shape (texts, 2 ** HASH_BITS)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        ngram_range=(1, 2),
        n_features=2**HASH_BITS,
        token_pattern=_TOKEN.pattern,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    return sparse.csr_matrix(vectorizer.transform(texts))


def _words(text: str) -> list[str]:
    """Split a text into single words as the vectorizer does; each is a text of one term."""
    return _TOKEN.findall(text.lower())


def weigh(counts: sparse.csr_matrix) -> Weights:
    """Weigh counts by sublinear TF-IDF with unit rows, over the terms worth keeping."""
    from sklearn.feature_extraction.text import TfidfTransformer

    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = counts[:, _kept_terms(frequency, counts.shape[0])]
    if kept.shape[1]:
        kept = sparse.csr_matrix(TfidfTransformer(sublinear_tf=True).fit_transform(kept))
    return Weights(kept, _familiarity(counts, frequency), frequency)


def _familiarity(counts: sparse.csr_matrix, frequency: np.ndarray) -> np.ndarray:
    inverse = np.log((1 + counts.shape[0]) / (1 + frequency)) + 1
    squared = ((1 + np.log(counts.data)) * inverse[counts.indices]) ** 2
    energy = sparse.csr_matrix((squared, counts.indices, counts.indptr), shape=counts.shape)
    total = np.asarray(energy.sum(axis=1)).ravel()
    known = energy @ (frequency > 1).astype(np.float64)
    return np.asarray(np.divide(known, total, out=np.zeros_like(total), where=total > 0))


def _kept_terms(frequency: np.ndarray, texts: int) -> np.ndarray:
    """Choose columns: in at least two texts (one, where no term is in two), not in nearly all."""
    upper = max(MAX_SHARE * texts, 1)
    chosen = np.flatnonzero((frequency >= 2) & (frequency <= upper))
    if not len(chosen):
        chosen = np.flatnonzero(frequency)
    if len(chosen) > MAX_TERMS:
        order = np.argsort(-frequency[chosen], kind="stable")[:MAX_TERMS]
        chosen = np.sort(chosen[order])
    return chosen
