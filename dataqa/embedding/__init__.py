"""From texts to vectors. ``EMBEDDERS`` is the only list of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dataqa.config import Config
from dataqa.settings import unknown_name

if TYPE_CHECKING:
    from dataqa.embedding.interface import Embedder, Model

__all__ = ["EMBEDDERS", "choose_embedder"]


def choose_embedder(name: str, seed: int = 0, config: Config | None = None) -> tuple[Embedder, str]:
    """Make the embedder called ``name``, or that of the model folder ``name``, and say why it.

    Raises:
        ConfigError: there is no such embedder or folder, or the folder holds no usable model.
        MissingExtraError: it needs a package that is not installed.
    """
    config = config or Config(seed=seed)
    if name == "auto":
        return _lsa(config), "auto: needs no model file"
    if name in EMBEDDERS:
        return EMBEDDERS[name](config), "chosen by the user"
    if not Path(name).is_dir():
        raise unknown_name("embedder", name, ("auto", *EMBEDDERS, "FOLDER"), "embedder")
    return _with(_model_in(Path(name), name, config)), "chosen by the user"


def _lsa(config: Config) -> Embedder:
    from dataqa.embedding.lsa import LsaEmbedder

    return LsaEmbedder(seed=config.seed)


def _minilm(config: Config) -> Embedder:
    """Through onnxruntime where it is installed, else through sentence-transformers."""
    from dataqa.embedding.export import cache_home, cached_export
    from dataqa.embedding.weights import checked_minilm

    folder, _ = checked_minilm()
    if find_spec("onnxruntime") and find_spec("tokenizers") and find_spec("onnx"):
        folder = cached_export(folder, cache_home(), "minilm")
    return _with(_model_in(folder, "minilm", config))


def _model_in(folder: Path, name: str, config: Config) -> Model:
    from dataqa.embedding.onnx import MANIFEST, OnnxModel
    from dataqa.engine import workers

    if (folder / MANIFEST).is_file():
        return OnnxModel(folder, threads=workers(config.jobs))
    from dataqa.embedding.sentence_transformers import SentenceTransformerModel

    return SentenceTransformerModel(name, folder)


def _with(model: Model) -> Embedder:
    from dataqa.embedding.sentences import SentenceEmbedder

    return SentenceEmbedder(model)


EMBEDDERS: Mapping[str, Callable[[Config], Embedder]] = {"lsa": _lsa, "minilm": _minilm}
"""Embedder name -> what makes it. A folder is a model of its own."""
