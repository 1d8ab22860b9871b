"""Sentence embeddings by the sentence-transformers library (Reimers, Gurevych, EMNLP 2019)."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dataqa.embedding.interface import Encoded
from dataqa.embedding.onnx import cut_at, encodable, sha256
from dataqa.embedding.weights import refuse_unsafe
from dataqa.errors import ConfigError, MissingExtraError

GPU_BATCH = 64


class SentenceTransformerModel:
    """A model in a local folder; nothing is downloaded, no code of the model is run.

    With torch the last digits of a vector depend on the texts that share its batch. So each text is
    a batch of its own on a CPU, in single-threaded torch, and several threads do that at once: as
    fast as batches there, because nothing is padded. A GPU needs batches; vectors from there are
    equal to about six digits, and those in the cache are taken as they are.
    """

    def __init__(self, name: str, folder: Path, threads: int = 1) -> None:
        """Check that the model can be used; it is loaded when texts are embedded.

        Raises:
            MissingExtraError: sentence-transformers is not installed.
            ConfigError: the folder holds no model in safetensors.
        """
        self.name = name
        self.folder = folder
        self.threads = threads
        refuse_unsafe(folder)
        if find_spec("sentence_transformers") is None:
            raise MissingExtraError(
                f"embedder {name!r} needs sentence-transformers, which is not installed",
                hint='pip install "dataqa[models]"',
            )
        self.fingerprint = _fingerprint(folder)
        self._model: Any = None
        self._whole: Any = None
        self._batch = 1
        self._torch_threads = 1

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
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        self._torch_threads = torch.get_num_threads()
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
        if self._model.device.type != "cpu":
            self.threads, self._batch = 1, GPU_BATCH
        # One tokenizer that cuts and one that does not: changing the settings of one while another
        # thread uses it fails. The first call makes these settings.
        self._whole = copy.deepcopy(self._model.tokenizer)
        self._model.encode(["x"], show_progress_bar=False)

    def encode(self, texts: list[str]) -> Encoded:
        """Embed texts, each cut at ``max_tokens``."""
        texts = [encodable(text) for text in texts]
        with _one_torch_thread(self._torch_threads):
            vectors = self._model.encode(
                texts,
                batch_size=self._batch,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        counted = self._whole(texts, truncation=False, verbose=False)["input_ids"]
        tokens = np.array([len(ids) for ids in counted])
        return Encoded(np.asarray(vectors, dtype=np.float32), tokens)

    def pieces(self, text: str) -> list[str]:
        """Cut a text into pieces that the model reads whole."""
        text = encodable(text)
        read = self._whole(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        special = len(self._whole("")["input_ids"])
        return cut_at(text, read["offset_mapping"], self.max_tokens - special)


@contextmanager
def _one_torch_thread(after: int) -> Iterator[None]:
    """Let this thread compute alone; new threads of the program get ``after`` again."""
    import torch

    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(after)


def _fingerprint(folder: Path) -> str:
    """Hash the files of a model, by name, and the versions of the libraries."""
    libraries = [f"{name} {version(name)}" for name in ("sentence-transformers", "torch")]
    digest = hashlib.sha256(" ".join(libraries).encode())
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".json", ".txt", ".safetensors", ".model"} and path.is_file():
            digest.update(f"{path.relative_to(folder)}\0{sha256(path)}\n".encode())
    return digest.hexdigest()
