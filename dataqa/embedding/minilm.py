"""all-MiniLM-L6-v2: through onnxruntime where it is installed, else sentence-transformers."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from importlib.util import find_spec
from pathlib import Path

from dataqa.config import Config
from dataqa.embedding.cache import cache_folder
from dataqa.embedding.export import REVISION, export
from dataqa.embedding.interface import Model
from dataqa.embedding.onnx import OnnxModel
from dataqa.embedding.sentence_transformers import SentenceTransformerModel
from dataqa.embedding.weights import MINILM_SHA256, checked_minilm
from dataqa.engine import workers
from dataqa.errors import ConfigError, MissingExtraError, OutputError

NAME = "minilm"
ONNX = "its weights are on this machine, run by onnxruntime in 8 bits"
TORCH = "its weights are on this machine, run by sentence-transformers"
RUNNING = ("onnxruntime", "tokenizers")
WRITING = ("onnx", "safetensors")


def minilm(config: Config) -> tuple[Model, str]:
    """Return the model, and how it runs; whether it was exported before makes no difference.

    Raises:
        MissingExtraError: a package or the weights are not installed.
        ConfigError: the weights are not the published ones.
    """
    folder = cache_folder(config.cache_dir)
    runs = all(find_spec(package) for package in RUNNING)
    known = folder and folder / "models" / f"{NAME}-{MINILM_SHA256[:12]}-{REVISION}"
    if runs and known and (model := _usable(known, config)):
        return model, ONNX
    if not runs and find_spec("sentence_transformers") is None:
        raise MissingExtraError(
            "neither onnxruntime with tokenizers nor sentence-transformers is installed",
            hint='pip install "dataqa[onnx,offline]"',
        )
    source, _ = checked_minilm(allow_download=config.allow_download)
    if runs and all(find_spec(package) for package in WRITING):
        return _exported(source, known, config), ONNX
    return SentenceTransformerModel(NAME, source, threads=workers(config.jobs)), TORCH


def _usable(folder: Path, config: Config) -> OnnxModel | None:
    """Return the model exported before; a damaged folder is deleted."""
    if not folder.is_dir():
        return None
    try:
        return OnnxModel(folder, threads=workers(config.jobs))
    except ConfigError:
        shutil.rmtree(folder, ignore_errors=True)
        return None


def _exported(source: Path, target: Path | None, config: Config) -> OnnxModel:
    """Export into the cache; where that cannot be written, for this run only."""
    if target is not None:
        try:
            export(source, target, NAME)
            return OnnxModel(target, threads=workers(config.jobs))
        except OutputError:  # a full or read-only disk must not stop the audit
            pass
    scratch = Path(tempfile.mkdtemp(prefix="dataqa-"))
    export(source, scratch / NAME, NAME)
    model = OnnxModel(scratch / NAME, threads=workers(config.jobs))
    weakref.finalize(model, shutil.rmtree, scratch, ignore_errors=True)
    return model
