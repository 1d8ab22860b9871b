"""The doors: of every embedder, and of every model that one kind of embedder runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dataqa.embedding.terms import Corpus


class Embedder(Protocol):
    """Turns texts into vectors whose cosine tells how alike they are."""

    @property
    def name(self) -> str:
        """What results call it."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the last ``embed`` has to say about these texts, for example how many were cut."""
        ...

    def embed(self, corpus: Corpus) -> np.ndarray:
        """Return unit rows, shape (texts, dimensions), float32; a text without content is zeros."""
        ...


@dataclass(frozen=True, eq=False)
class Encoded:
    """Vectors of some texts: unit rows, float32, and the tokens of each text before any cut."""

    vectors: np.ndarray
    tokens: np.ndarray


class Model(Protocol):
    """A sentence model: texts in, vectors out."""

    name: str
    fingerprint: str
    """Hash of everything that decides a vector: weights, tokenizer, settings, library versions."""
    threads: int
    """Threads that may call ``encode`` at once."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """Tokens that the model reads of a text, its special ones included."""
        ...

    def load(self) -> None:
        """Get ready; called once before ``encode`` and ``pieces``."""
        ...

    def encode(self, texts: list[str]) -> Encoded:
        """Embed texts, each cut at ``max_tokens``."""
        ...

    def pieces(self, text: str) -> list[str]:
        """Cut a text into pieces that the model reads whole."""
        ...
