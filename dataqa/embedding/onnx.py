"""Run an exported model with onnxruntime and tokenizers alone.

Texts go through one at a time: the integer kernels quantize activations with one scale per call, so
that a text's vector would otherwise depend on the texts beside it. Nothing is padded, and threads
share one session; on a CPU that is as fast as batches.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dataqa.embedding.interface import Encoded
from dataqa.errors import ConfigError, MissingExtraError, os_reason

MANIFEST = "manifest.json"
GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"
FORMAT = 1
INSTALL = 'pip install "dataqa[onnx]"'
NEEDED: Mapping[str, type] = {
    "name": str,
    "dimensions": int,
    "max_tokens": int,
    "inputs": list,
    "prompt": str,
    "files": dict,
}
"""Manifest key -> type, of what running the model needs."""


class OnnxModel:
    """A folder that ``dataqa model export`` wrote."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Check the folder against its manifest; the session is made on first use.

        Raises:
            MissingExtraError: onnxruntime or tokenizers is not installed.
            ConfigError: the folder is incomplete or damaged.
        """
        for package in ("onnxruntime", "tokenizers"):
            if find_spec(package) is None:
                raise MissingExtraError(
                    f"the model in {str(folder)!r} needs {package}, which is not installed",
                    hint=INSTALL,
                )
        manifest = read_manifest(folder)
        self.folder = folder
        self.threads = threads
        self.name: str = manifest["name"]
        self.dimensions: int = manifest["dimensions"]
        self.max_tokens: int = manifest["max_tokens"]
        self._inputs: list[str] = manifest["inputs"]
        self._prompt: str = manifest["prompt"]
        self.fingerprint = _fingerprint(manifest)
        self._whole: Any = None
        self._cut: Any = None
        self._session: Any = None

    def load(self) -> None:
        """Make session and tokenizer.

        Raises:
            ConfigError: onnxruntime or tokenizers cannot read the files.
        """
        if self._session is not None:
            return
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # every length of text would plan its own
        options.log_severity_level = 3
        try:
            self._whole = Tokenizer.from_file(str(self.folder / TOKENIZER))
            self._cut = Tokenizer.from_file(str(self.folder / TOKENIZER))
            self._session = onnxruntime.InferenceSession(
                self.folder / GRAPH, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # both libraries raise bare Exceptions
            raise ConfigError(
                f"the model in {str(self.folder)!r} cannot be loaded: {str(error)[:200]}",
                hint="export it again: dataqa model export FOLDER",
            ) from error
        self._whole.no_truncation()
        self._cut.enable_truncation(self.max_tokens)
        for tokenizer in (self._whole, self._cut):
            tokenizer.no_padding()
        self._special = len(self._whole.encode("").ids)

    def encode(self, texts: list[str]) -> Encoded:
        """Embed texts, each cut at ``max_tokens``."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        tokens = np.empty(len(texts), dtype=np.int64)
        for row, text in enumerate(texts):
            read = self._cut.encode(self._prompt + encodable(text))
            beyond = sum(len(rest.ids) - self._special for rest in read.overflowing)
            tokens[row] = len(read.ids) + beyond
            vectors[row] = self._session.run(None, self._feed(read.ids))[0][0]
        return Encoded(vectors, tokens)

    def pieces(self, text: str) -> list[str]:
        """Cut a text into pieces that the model reads whole."""
        text = encodable(text)
        spans = self._whole.encode(text, add_special_tokens=False).offsets
        return cut_at(text, spans, self.max_tokens - len(self._whole.encode(self._prompt).ids))

    def _feed(self, ids: list[int]) -> dict[str, np.ndarray]:
        row = np.array([ids], dtype=np.int64)
        values = {
            "input_ids": row,
            "attention_mask": np.ones_like(row),
            "token_type_ids": np.zeros_like(row),
        }
        return {name: values[name] for name in self._inputs}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of an exported folder, and check the hashes of its files.

    Raises:
        ConfigError: a file is absent, unreadable or not the one that was exported.
    """
    where = f"embedder {str(folder)!r}"
    again = "export it again: dataqa model export FOLDER"
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise ConfigError(f"{where}: {MANIFEST} is not of format {FORMAT}", hint=again)
        for name, kind in NEEDED.items():
            if not isinstance(manifest.get(name), kind):
                raise ConfigError(f"{where}: {MANIFEST} has no usable {name!r}", hint=again)
        for name in (GRAPH, TOKENIZER):
            if sha256(folder / name) != manifest["files"].get(name):
                raise ConfigError(f"{where}: {name} is damaged (SHA-256 differs)", hint=again)
    except OSError as error:
        name = Path(error.filename or folder).name
        raise ConfigError(f"{where}: {name}: {os_reason(error)}", hint=again) from error
    except ValueError as error:
        raise ConfigError(f"{where}: {MANIFEST} is no JSON ({error})", hint=again) from error
    return manifest


def sha256(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def encodable(text: str) -> str:
    """Replace lone surrogates, which no tokenizer accepts."""
    return text.encode("utf-8", "replace").decode()


def cut_at(text: str, spans: list[tuple[int, int]], room: int) -> list[str]:
    """Cut a text into pieces of at most ``room`` tokens; ``spans`` are those of its tokens."""
    room = max(room, 1)
    starts = [spans[first][0] for first in range(0, len(spans), room)] or [0]
    ends = [*starts[1:], len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _fingerprint(manifest: Mapping[str, Any]) -> str:
    decisive = {name: manifest[name] for name in NEEDED}
    decisive["onnxruntime"] = version("onnxruntime")
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
