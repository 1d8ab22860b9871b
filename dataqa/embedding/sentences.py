"""The embedder around any sentence model: blank, long, known and new texts, threads, progress."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from dataqa.embedding.cache import Cache
from dataqa.embedding.interface import Encoded, Model
from dataqa.embedding.terms import Corpus

BATCH_TEXTS = 256
"""Texts in one call of the model at most: one step of the progress bar, one write to the cache."""


class SentenceEmbedder:
    """Vectors of a sentence model. Each depends on its text alone, not on the others."""

    def __init__(
        self,
        model: Model,
        *,
        long_texts: str = "cut",
        cache: Path | None = None,
        cache_bytes: int = 2**31,
    ) -> None:
        """Embed with ``model``, and look up in the folder ``cache`` what is known already."""
        self.model = model
        self.name = model.name
        self.long_texts = long_texts
        self.cache = cache
        self.cache_bytes = cache_bytes
        self.notes: tuple[str, ...] = ()
        self.computed = 0
        """Texts that went through the model in the last ``embed``."""

    def embed(self, corpus: Corpus) -> np.ndarray:
        """Return unit rows, shape (texts, dimensions), float32; blank texts are zeros."""
        filled = [row for row, text in enumerate(corpus.texts) if text.strip()]
        known = Encoded(
            np.zeros((len(corpus.texts), self.model.dimensions), dtype=np.float32),
            np.zeros(len(corpus.texts), dtype=np.int64),
        )
        cache = Cache(self.cache, self._key, self.cache_bytes)
        try:
            new = cache.fill(corpus.texts, filled, known)
            for rows, found in self._encoded(corpus, new):
                known.vectors[rows], known.tokens[rows] = found.vectors, found.tokens
                cache.store([corpus.texts[row] for row in rows], found)
        finally:
            cache.close()
        self.computed = len(new)
        for note in cache.notes:
            corpus.progress.note(note)
        self.notes = self._told(known.tokens, len(filled))
        return known.vectors

    @property
    def _key(self) -> bytes:
        return hashlib.sha256(f"{self.model.fingerprint} {self.long_texts}".encode()).digest()[:16]

    def _encoded(self, corpus: Corpus, rows: list[int]) -> Iterator[tuple[Sequence[int], Encoded]]:
        """Yield the vectors of the given rows, some rows at a time."""
        if not rows:
            return
        self.model.load()
        batches = _batches(corpus.texts, rows, self.model.threads)
        texts = ([corpus.texts[row] for row in batch] for batch in batches)
        pool = ThreadPoolExecutor(self.model.threads)
        try:
            found = zip(batches, pool.map(self._encode, texts), strict=True)
            yield from corpus.progress.records(found, f"embedding ({self.name})", len(rows))
        finally:
            pool.shutdown(cancel_futures=True)

    def _encode(self, texts: list[str]) -> Encoded:
        found = self.model.encode(texts)
        if self.long_texts == "chunks":
            for row in np.flatnonzero(found.tokens > self.model.max_tokens):
                found.vectors[row] = self._pooled(texts[row])
        return found

    def _pooled(self, text: str) -> np.ndarray:
        """Average the vectors of the pieces of a long text, each weighted by its tokens."""
        parts = self.model.encode(self.model.pieces(text))
        total = np.average(parts.vectors, axis=0, weights=parts.tokens)
        return np.asarray(total / max(np.linalg.norm(total), 1e-12), dtype=np.float32)

    def _told(self, tokens: np.ndarray, filled: int) -> tuple[str, ...]:
        long = int((tokens > self.model.max_tokens).sum())
        if not long:
            return ()
        done = {"cut": "cut there", "chunks": "embedded by chunks and averaged"}[self.long_texts]
        return (
            f"{long:,} of {filled:,} texts ({long / filled:.1%}) are longer than the "
            f"{self.model.max_tokens} tokens that {self.name} reads, and were {done}",
        )


def _batches(texts: list[str], rows: list[int], threads: int) -> list[list[int]]:
    """Cut rows into batches of texts of like length, in an order that mixes the lengths.

    Alike lengths save a model that pads its batches work; the mixed order keeps the time left
    that is told honest.
    """
    ordered = sorted(rows, key=lambda row: (len(texts[row]), row))
    size = min(BATCH_TEXTS, max(-(-len(rows) // (4 * threads)), 1))
    batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [batches[place] for place in np.random.default_rng(0).permutation(len(batches))]
