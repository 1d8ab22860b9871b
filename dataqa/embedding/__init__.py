"""From texts to vectors. ``EMBEDDERS`` is the only list of names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dataqa.config import Config
from dataqa.errors import DataqaError
from dataqa.settings import unknown_name

if TYPE_CHECKING:
    from dataqa.embedding.interface import Embedder, Model

__all__ = ["EMBEDDERS", "choose_embedder"]

PINNED = "DATAQA_EMBEDDER"
"""Environment variable that tells what ``auto`` means, for machines that must agree."""
CHOSEN = "chosen by the user"
Made = tuple["Embedder", str]
"""An embedder, and where it comes from."""


def choose_embedder(name: str, seed: int = 0, config: Config | None = None) -> Made:
    """Make the embedder called ``name``, or of the model ``name``, and say why it is that one.

    Args:
        name: ``auto``, a name of ``EMBEDDERS``, a folder, or a model id of the Hugging Face hub.
        seed: for embedders with chance in them.
        config: threads, cache and downloads; by default nothing is cached or downloaded.

    Raises:
        ConfigError: there is no such embedder or folder, or the folder holds no usable model.
        MissingExtraError: it needs a package or weights that are not installed.
    """
    config = config or Config(seed=seed, cache_dir="off")
    if name == "auto":
        return _auto(config)
    if name in EMBEDDERS:
        embedder, where = EMBEDDERS[name](config)
        return embedder, f"{CHOSEN}{where and f' ({where})'}"
    return _of_model(name, config), CHOSEN


def _auto(config: Config) -> Made:
    """Take the sentence model when everything it needs is on this machine."""
    pinned = os.environ.get(PINNED)
    if pinned and pinned != "auto":
        return choose_embedder(pinned, config.seed, config)[0], f"auto: {PINNED} says so"
    try:
        embedder, where = _minilm(config)
    except DataqaError as error:
        return _lsa(config)[0], f"auto: not minilm, because {error.message}"
    return embedder, f"auto: {where}"


def _lsa(config: Config) -> Made:
    from dataqa.embedding.lsa import LsaEmbedder

    return LsaEmbedder(seed=config.seed), ""


def _minilm(config: Config) -> Made:
    from dataqa.embedding.minilm import minilm

    model, where = minilm(config)
    return _with(model, config), where


def _of_model(name: str, config: Config) -> Embedder:
    from dataqa.embedding.weights import find_model, is_model_id

    folder = Path(name)
    if not folder.is_dir():
        if not is_model_id(name):
            raise unknown_name("embedder", name, ("auto", *EMBEDDERS, "FOLDER"), "embedder")
        folder = find_model(name, allow_download=config.allow_download)
    return _with(model_in(folder, name, config), config)


def model_in(folder: Path, name: str, config: Config) -> Model:
    """Make the model in a folder: an exported one, or one of sentence-transformers."""
    from dataqa.embedding.onnx import MANIFEST, OnnxModel
    from dataqa.engine import workers

    if (folder / MANIFEST).is_file():
        return OnnxModel(folder, threads=workers(config.jobs))
    from dataqa.embedding.sentence_transformers import SentenceTransformerModel

    return SentenceTransformerModel(name, folder, threads=workers(config.jobs))


def _with(model: Model, config: Config) -> Embedder:
    from dataqa.embedding.cache import cache_folder
    from dataqa.embedding.sentences import SentenceEmbedder

    folder = cache_folder(config.cache_dir)
    return SentenceEmbedder(
        model,
        long_texts=config.long_texts,
        cache=folder,
        cache_bytes=config.cache_megabytes * 10**6,
    )


EMBEDDERS: Mapping[str, Callable[[Config], Made]] = {"lsa": _lsa, "minilm": _minilm}
"""Embedder name -> what makes it. A folder or a model id is a model of its own."""
