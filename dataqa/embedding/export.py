"""Turn a sentence-transformers model into a portable folder: ONNX with 8-bit weights, a manifest.

The folder is accepted only when its vectors agree with those of the original on ``PROBES``; it
appears under its name at once or not at all.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dataqa.embedding.bert import bert_graph, buildable
from dataqa.embedding.onnx import FORMAT, GRAPH, INSTALL, MANIFEST, TOKENIZER, OnnxModel, sha256
from dataqa.embedding.probes import PROBES
from dataqa.embedding.weights import WEIGHTS, read_json, refuse_unsafe
from dataqa.errors import ConfigError, MissingExtraError, OutputError, os_reason

REVISION = 1
"""Counts the ways in which models were written; exports of another one are made again."""
MIN_COSINE = 0.99
"""Mean cosine to the original on the probes, below which an export is refused."""


def export(source: Path, target: Path, name: str) -> dict[str, Any]:
    """Write the model in ``source`` as the folder ``target``, and return its manifest.

    Raises:
        MissingExtraError: a package that writes the model is not installed.
        ConfigError: the model cannot be exported, or loses too much by it.
        OutputError: the folder exists already or cannot be written.
    """
    for package in ("onnx", "onnxruntime", "safetensors", "tokenizers"):
        if find_spec(package) is None:
            raise MissingExtraError(
                f"exporting a model needs {package}, which is not installed", hint=INSTALL
            )
    refuse_unsafe(source)
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        raise OutputError(f"{target}: exists already", hint="name a new folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=target.parent) as scratch:
            made = Path(scratch) / "model"
            made.mkdir()
            manifest = _write(source, made, name)
            _move(made, target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({os_reason(error)})") from error
    return manifest


def _move(made: Path, target: Path) -> None:
    """Rename into place; when another run was first, its folder is as good."""
    try:
        made.rename(target)
    except OSError:
        if not (target / MANIFEST).is_file():
            raise


def _write(source: Path, folder: Path, name: str) -> dict[str, Any]:
    settings = _settings(source)
    (folder / "original").mkdir()
    for place, quantized in ((folder / "original", False), (folder, True)):
        graph = bert_graph(source, settings["pooling"], quantized=quantized)
        (place / GRAPH).write_bytes(graph.SerializeToString())
        shutil.copyfile(source / TOKENIZER, place / TOKENIZER)
        _describe(place, {**settings, "name": name})
    agreement = _compare(folder / "original", folder)
    shutil.rmtree(folder / "original")
    weights = {WEIGHTS: sha256(source / WEIGHTS)}
    return _describe(folder, {**settings, "name": name, "source": weights, "probe": agreement})


def _describe(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    files = {name: sha256(folder / name) for name in (GRAPH, TOKENIZER)}
    manifest = {"format": FORMAT, **settings, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


def _settings(source: Path) -> dict[str, Any]:
    """Read what decides a vector beside the weights.

    Raises:
        ConfigError: the model is of a kind that cannot be written.
    """
    config = read_json(source / "config.json")
    pooling = read_json(source / "1_Pooling" / "config.json")
    modes = {mode for mode in ("mean_tokens", "cls_token") if pooling.get(f"pooling_mode_{mode}")}
    kinds = [module["type"].rpartition(".")[2] for module in read_json(source / "modules.json")]
    if (
        not buildable(config)
        or len(modes) != 1
        or kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
    ):
        raise ConfigError(
            f"embedder {str(source)!r}: only BERT encoders with mean or CLS pooling are exported",
            hint="use the folder itself as --embedder",
        )
    own = read_json(source / "sentence_bert_config.json")
    prompts = read_json(source / "config_sentence_transformers.json")
    return {
        "dimensions": config["hidden_size"],
        "max_tokens": own.get("max_seq_length") or config["max_position_embeddings"],
        "pooling": {"mean_tokens": "mean", "cls_token": "cls"}[modes.pop()],
        "prompt": (prompts.get("prompts") or {}).get(prompts.get("default_prompt_name"), ""),
        "inputs": ["input_ids"],
        "weights": "int8, one scale per column, 7 bits",
    }


def _compare(original: Path, made: Path) -> dict[str, Any]:
    """Return how well the vectors of two folders agree on the probes.

    Raises:
        ConfigError: not well enough.
    """
    vectors = []
    for folder in (original, made):
        model = OnnxModel(folder, threads=1)
        model.load()
        vectors.append(model.encode(list(PROBES)).vectors)
    cosine = np.sum(vectors[0] * vectors[1], axis=1)
    if not cosine.mean() >= MIN_COSINE:  # also when it is no number
        raise ConfigError(
            f"the exported model is not accepted: mean cosine {cosine.mean():.4f} to the original "
            f"on {len(PROBES)} probe texts, {MIN_COSINE} is needed"
        )
    mean, least = round(float(cosine.mean()), 6), round(float(cosine.min()), 6)
    return {"texts": len(PROBES), "mean_cosine": mean, "min_cosine": least}
