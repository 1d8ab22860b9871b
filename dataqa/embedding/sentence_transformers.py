"""Sentence embeddings by the sentence-transformers library (Reimers, Gurevych, EMNLP 2019)."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dataqa.embedding.interface import Encoded
from dataqa.embedding.onnx import cut_at, encodable, sha256
from dataqa.embedding.weights import refuse_unsafe
from dataqa.errors import ConfigError, MissingExtraError


class SentenceTransformerModel:
    """A model in a local folder; nothing is downloaded, no code of the model is run.

    The last digits of a vector depend on the texts that share its batch, as always with torch.
    """

    threads = 1

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
        refuse_unsafe(folder)
        self.fingerprint = _fingerprint(folder)
        self._model: Any = None

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        self.load()
        return int(self._model.get_embedding_dimension())

    @property
    def max_tokens(self) -> int:
        """Tokens that the model reads of a text; very many where the model has no limit."""
        self.load()
        return int(self._model.max_seq_length or 2**31)

    def load(self) -> None:
        """Load the model.

        Raises:
            ConfigError: the library cannot read it.
        """
        if self._model is not None:
            return
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            self._model = SentenceTransformer(
                str(self.folder),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:  # whatever its libraries raise on broken files
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"embedder {str(self.folder)!r}: the model cannot be loaded: {reason}",
                hint="copy or save the model again",
            ) from error

    def encode(self, texts: list[str]) -> Encoded:
        """Embed texts, each cut at ``max_tokens``."""
        texts = [encodable(text) for text in texts]
        vectors = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        counted = self._model.tokenizer(texts, truncation=False, verbose=False)["input_ids"]
        tokens = np.array([len(ids) for ids in counted])
        return Encoded(np.asarray(vectors, dtype=np.float32), tokens)

    def pieces(self, text: str) -> list[str]:
        """Cut a text into pieces that the model reads whole."""
        text = encodable(text)
        read = self._model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        special = len(self._model.tokenizer("")["input_ids"])
        return cut_at(text, read["offset_mapping"], self.max_tokens - special)


def _fingerprint(folder: Path) -> str:
    """Hash the files of a model, by name, and the version of the library."""
    digest = hashlib.sha256(version("sentence-transformers").encode())
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".json", ".txt", ".safetensors", ".model"} and path.is_file():
            digest.update(f"{path.relative_to(folder)}\0{sha256(path)}\n".encode())
    return digest.hexdigest()
