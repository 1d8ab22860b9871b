"""The door of every embedder."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from dataqa.embedding.terms import Corpus


class Embedder(Protocol):
    """Turns texts into vectors whose cosine tells how alike they are."""

    name: str

    def embed(self, corpus: Corpus) -> np.ndarray:
        """Return unit rows, shape (texts, dimensions), float32; a text without content is zeros."""
        ...
