"""The embedder around any sentence model: blank, long, known and new texts, threads, progress."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dataqa.embedding.interface import Encoded, Model
from dataqa.embedding.terms import Corpus

BATCH_TEXTS = 256
"""Texts in one call of the model at most: one step of the progress bar, one write to the cache."""
LONG_TEXTS = ("cut", "chunks")


class SentenceEmbedder:
    """Vectors of a sentence model. Each depends on its text alone, not on the others."""

    def __init__(self, model: Model, *, long_texts: str = "cut") -> None:
        """Embed with ``model``; ``long_texts`` is one of ``LONG_TEXTS``."""
        self.model = model
        self.name = model.name
        self.long_texts = long_texts
        self.notes: tuple[str, ...] = ()

    def embed(self, corpus: Corpus) -> np.ndarray:
        """Return unit rows, shape (texts, dimensions), float32; blank texts are zeros."""
        filled = [row for row, text in enumerate(corpus.texts) if text.strip()]
        vectors = np.zeros((len(corpus.texts), self.model.dimensions), dtype=np.float32)
        tokens = np.zeros(len(corpus.texts), dtype=np.int64)
        if filled:
            self.model.load()
        for rows, found in self._encoded(corpus, filled):
            vectors[rows], tokens[rows] = found.vectors, found.tokens
        self.notes = self._told(tokens, len(filled))
        return vectors

    def _encoded(self, corpus: Corpus, rows: list[int]) -> Iterator[tuple[list[int], Encoded]]:
        """Yield the vectors of the given rows, some rows at a time."""
        batches = _batches(corpus.texts, rows, self.model.threads)
        texts = ([corpus.texts[row] for row in batch] for batch in batches)
        pool = ThreadPoolExecutor(self.model.threads)
        try:
            found = zip(batches, pool.map(self._encode, texts), strict=True)
            yield from corpus.progress.track(found, f"embedding ({self.name})", len(batches))
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
