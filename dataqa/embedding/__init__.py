"""From texts to vectors. ``EMBEDDERS`` is the only list of names."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from dataqa.settings import unknown_name

if TYPE_CHECKING:
    from dataqa.embedding.interface import Embedder

__all__ = ["EMBEDDERS", "choose_embedder"]

EMBEDDERS: Mapping[str, str] = {
    "lsa": "dataqa.embedding.lsa:LsaEmbedder",
    "minilm": "dataqa.embedding.sentence_transformers:minilm",
}
"""Embedder name -> where it is made; loaded when it is chosen. A folder is a model of its own."""


def choose_embedder(name: str, seed: int) -> tuple[Embedder, str]:
    """Make the embedder called ``name``, or that of the model folder ``name``, and say why it.

    Raises:
        ConfigError: there is no such embedder or folder, or the folder holds no usable model.
        MissingExtraError: it needs a package that is not installed.
    """
    if name == "auto":
        return _made("lsa", seed), "auto: needs no model file"
    if name in EMBEDDERS:
        return _made(name, seed), "chosen by the user"
    if not Path(name).is_dir():
        raise unknown_name("embedder", name, ("auto", *EMBEDDERS, "FOLDER"), "embedder")
    from dataqa.embedding.sentence_transformers import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(name, Path(name)), "chosen by the user"


def _made(name: str, seed: int) -> Embedder:
    module, _, maker = EMBEDDERS[name].partition(":")
    embedder: Embedder = getattr(import_module(module), maker)(seed=seed)
    return embedder
