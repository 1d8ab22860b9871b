"""Latent semantic analysis: TF-IDF and a truncated SVD; built in, no model file.

Deerwester et al., "Indexing by latent semantic analysis", JASIS 41(6), 1990; the SVD is
scikit-learn's randomised one (Halko, Martinsson, Tropp, 2011). An exact one (ARPACK) takes as long,
ranks wrong labels no better, and where singular values are equal, the last digit of a sum decides
which axes it keeps; the randomised one moves with its seed only.
"""

from __future__ import annotations

import numpy as np

from dataqa.embedding.terms import Corpus

ITERATIONS = 7
FIT_TEXTS = 20_000
"""The axes are fitted on at most this many texts, the first ones by content hash: a sample that
does not depend on row order. Every text is then projected on them."""


class LsaEmbedder:
    """Vectors from word statistics of the dataset itself."""

    name = "lsa"
    notes = ()

    def __init__(self, seed: int = 0, dimensions: int = 256) -> None:
        """Use up to ``dimensions`` axes; small datasets get fewer."""
        self.seed = seed
        self.dimensions = dimensions

    def embed(self, corpus: Corpus) -> np.ndarray:
        """Return unit rows, shape (texts, dimensions), float32."""
        terms = corpus.terms
        size = min(self.dimensions, terms.shape[0] - 1, terms.shape[1] - 1)
        if size < 1 or not terms.nnz:
            return _unit_rows(terms[:, :1].toarray())
        return _unit_rows(terms @ self._axes(terms[:FIT_TEXTS], size))

    def _axes(self, terms: object, size: int) -> np.ndarray:
        from sklearn.decomposition import TruncatedSVD

        svd = TruncatedSVD(size, n_iter=ITERATIONS, random_state=self.seed)
        svd.fit(terms)
        return np.ascontiguousarray(svd.components_.T.astype(np.float32))


def _unit_rows(matrix: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(np.divide(matrix, length, out=np.zeros_like(matrix), where=length > 1e-12))
