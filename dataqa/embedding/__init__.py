"""From texts to vectors. ``EMBEDDERS`` is the only list."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from dataqa.settings import unknown_name

if TYPE_CHECKING:
    from dataqa.embedding.interface import Embedder

__all__ = ["EMBEDDERS", "choose_embedder"]

EMBEDDERS: Mapping[str, str] = {"lsa": "dataqa.embedding.lsa:LsaEmbedder"}
"""Embedder name -> where its class is; loaded when it is chosen."""


def choose_embedder(name: str, seed: int) -> tuple[Embedder, str]:
    """Make the embedder called ``name``; return it with the reason for the choice.

    Raises:
        ConfigError: there is no such embedder.
    """
    if name not in {"auto", *EMBEDDERS}:
        raise unknown_name("embedder", name, ("auto", *EMBEDDERS), "embedder")
    chosen = "lsa" if name == "auto" else name
    reason = "auto: needs no model file" if name == "auto" else "chosen by the user"
    module, _, kind = EMBEDDERS[chosen].partition(":")
    embedder: Embedder = getattr(import_module(module), kind)(seed=seed)
    return embedder, reason
