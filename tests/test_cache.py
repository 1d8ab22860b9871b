"""Vectors are computed once: what is found again, what is not, and what happens when it breaks."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.embedding.cache import NAME, Cache, cache_folder
from dataqa.embedding.interface import Encoded
from dataqa.embedding.sentences import SentenceEmbedder
from dataqa.embedding.terms import Corpus
from dataqa.engine.serial import SerialEngine
from dataqa.progress import Silent

MODEL = b"m" * 16
DIMENSIONS = 4


class Letters:
    """A sentence model in three lines: how often a text has each of four letters."""

    name = "letters"
    fingerprint = "letters 1"
    threads = 2
    dimensions = DIMENSIONS
    max_tokens = 6

    def load(self) -> None:
        """Be ready."""

    def encode(self, texts: list[str]) -> Encoded:
        """Count letters of the first six characters."""
        counts = [
            [1 + text[: self.max_tokens].count(letter) for letter in "abcd"] for text in texts
        ]
        vectors = np.array(counts, dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Encoded(vectors, np.array([len(text) for text in texts]))

    def pieces(self, text: str) -> list[str]:
        """Cut into sixes."""
        return [text[start : start + 6] for start in range(0, len(text), 6)]


class Notes(Silent):
    """Keeps notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep it."""
        self.notes.append(text)


def embed(texts: list[str], folder: Path | None, **kind: object) -> tuple[np.ndarray, int, list]:
    """Return vectors, texts that the model saw, and notes."""
    embedder, progress = SentenceEmbedder(Letters(), cache=folder, **kind), Notes()
    vectors = embedder.embed(Corpus(texts, SerialEngine(), progress, 8192))
    return vectors, embedder.computed, progress.notes


TEXTS = [f"text {number} of {number % 7} {'abcd'[number % 4] * 3}" for number in range(1000)]


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A cache folder that knows ``TEXTS``."""
    assert embed(TEXTS, tmp_path)[1:] == (1000, [])
    return tmp_path


def test_a_second_run_computes_nothing_and_gives_the_same_bytes(full: Path) -> None:
    vectors, computed, notes = embed(TEXTS, full)
    assert (computed, notes) == (0, [])
    np.testing.assert_array_equal(vectors, embed(TEXTS, None)[0])


def test_one_percent_of_new_texts_is_one_percent_of_the_work(full: Path) -> None:
    new = [f"new {number}" for number in range(10)]
    vectors, computed, _ = embed(new + TEXTS[10:], full)
    assert computed == 10
    np.testing.assert_array_equal(vectors, embed(new + TEXTS[10:], None)[0])


def test_without_a_folder_everything_is_computed(tmp_path: Path) -> None:
    assert [embed(TEXTS, None)[1] for _ in range(2)] == [1000, 1000]
    assert not list(tmp_path.iterdir())


def test_another_way_with_long_texts_has_entries_of_its_own(full: Path) -> None:
    _, computed, _ = embed(TEXTS, full, long_texts="chunks")
    assert computed == 1000


def test_blank_texts_are_neither_computed_nor_kept(tmp_path: Path) -> None:
    assert embed(["", " ", "a"], tmp_path)[1] == 1
    assert embed(["", "\n", "a"], tmp_path)[1] == 0


def test_the_share_of_cut_texts_is_told_from_the_cache_too(full: Path) -> None:
    embedder = SentenceEmbedder(Letters(), cache=full)
    embedder.embed(Corpus(TEXTS, SerialEngine(), Silent(), 8192))
    assert embedder.notes[0].startswith("1,000 of 1,000 texts (100.0%) are longer than the 6 tok")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=20), unique=True, max_size=30), st.data())
def test_any_part_that_is_known_changes_nothing(texts: list[str], data: st.DataObject) -> None:
    part = data.draw(st.lists(st.sampled_from(texts), unique=True) if texts else st.just([]))
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "part"
    shutil.rmtree(folder, ignore_errors=True)
    embed(part, folder)
    vectors, computed, notes = embed(texts, folder)
    np.testing.assert_array_equal(vectors, embed(texts, None)[0])
    assert computed == sum(bool(text.strip()) for text in set(texts) - set(part))
    assert notes == []


def test_damaged_entries_are_computed_again_and_told(full: Path) -> None:
    file = sqlite3.connect(full / NAME)
    with file:
        file.execute("UPDATE vectors SET entry = zeroblob(24) WHERE rowid <= 3")
        file.execute("UPDATE vectors SET entry = x'' WHERE rowid = 4")
        file.execute(
            "UPDATE vectors SET entry = (SELECT entry FROM vectors WHERE rowid = 9) WHERE rowid = 5"
        )
    file.close()
    vectors, computed, notes = embed(TEXTS, full)
    assert computed == 5
    assert "5 damaged entries" in " ".join(notes)
    np.testing.assert_array_equal(vectors, embed(TEXTS, None)[0])
    assert embed(TEXTS, full)[1:] == (0, [])


@pytest.mark.parametrize("place", [0, 4096 + 100])
def test_a_damaged_file_is_deleted_and_told(full: Path, place: int) -> None:
    with (full / NAME).open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 8192)
    vectors, _, notes = embed(TEXTS, full)
    np.testing.assert_array_equal(vectors, embed(TEXTS, None)[0])
    assert "damaged" in " ".join(notes)
    assert embed(TEXTS, full)[1:] == (1000, [])
    assert embed(TEXTS, full)[1:] == (0, [])


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    vectors, computed, notes = embed(TEXTS, tmp_path / "file" / "cache")
    assert computed == len(vectors) == 1000
    assert len(notes) == 1
    assert "not used" in notes[0]


def test_a_full_disk_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from test_cache import TEXTS, embed\n"
        "vectors, computed, notes = embed(TEXTS * 1, Path(sys.argv[1]))\n"
        "assert computed == 1000 and len(notes) == 1, notes\n"
        "print(notes[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert done.returncode == 0, done.stderr
    assert "not used any further" in done.stdout
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


def test_the_longest_unused_entries_are_dropped(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    embed(TEXTS[:500], folder)
    file = sqlite3.connect(folder / NAME)
    with file:
        file.execute("UPDATE vectors SET used = used - 10")
    file.close()
    embed(TEXTS[500:], folder)
    size = (folder / NAME).stat().st_size
    embed(TEXTS[:10], folder, cache_bytes=size // 2)
    assert (folder / NAME).stat().st_size < 0.7 * size
    assert embed(TEXTS[10:200], folder)[1] == 190
    assert embed(TEXTS[900:], folder)[1] == 0


def test_two_runs_at_once_both_finish(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom test_cache import TEXTS, embed\n"
        "for start in range(0, 1000, 50):\n"
        "    _, _, notes = embed(TEXTS[start:] + TEXTS[:start], Path(sys.argv[1]))\n"
        "    assert notes == [], notes\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=environment)
        for _ in range(2)
    ]
    assert [run.wait() for run in runs] == [0, 0]
    assert embed(TEXTS, tmp_path)[1:] == (0, [])


@pytest.fixture
def slowly() -> str:
    """Code that stores one vector after the other, for ever."""
    return (
        "import sys\nfrom pathlib import Path\nfrom test_cache import *\n"
        "cache = Cache(Path(sys.argv[1]), MODEL)\n"
        "while True:\n"
        "    for text in TEXTS:\n"
        "        cache.store([text], Letters().encode([text]))\n"
        "        print(text, flush=True)\n"
    )


def test_a_killed_run_leaves_whole_entries(tmp_path: Path, slowly: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    stored: set[str] = set()
    for number in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", slowly, str(tmp_path)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as run:
            assert run.stdout is not None
            stored.add(run.stdout.readline().strip())
            time.sleep(0.01 * number)
            run.send_signal(signal.SIGKILL)
    known = Encoded(np.zeros((1000, 4), np.float32), np.zeros(1000, np.int64))
    cache = Cache(tmp_path, MODEL)
    missing = set(cache.fill(TEXTS, list(range(1000)), known))
    assert cache.notes == []
    assert stored <= {text for row, text in enumerate(TEXTS) if row not in missing}
    found = [row for row in range(1000) if row not in missing]
    np.testing.assert_array_equal(known.vectors[found], Letters().encode(TEXTS).vectors[found])


def test_long_texts_are_averaged_over_their_pieces() -> None:
    cut, _, _ = embed(["aaaaaadddddd"], None)
    whole, _, _ = embed(["aaaaaadddddd"], None, long_texts="chunks")
    assert cut[0, 3] < 0.2
    assert whole[0, 0] == pytest.approx(whole[0, 3])
    assert np.linalg.norm(whole) == pytest.approx(1)


def test_the_folder_follows_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder("") == Path("/x/dataqa")
    assert cache_folder("here") == Path("here")
    assert cache_folder("off") is None
