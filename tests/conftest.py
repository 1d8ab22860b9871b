"""What several test files need: synthetic tickets, files to read, checks to run."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dataqa import AuditResult, Config, audit
from dataqa.checks import Check, Found
from dataqa.cli import main
from dataqa.dataset import SHARD_RECORDS, Dataset
from dataqa.embedding import choose_embedder
from dataqa.engine import Engine
from dataqa.engine.serial import SerialEngine
from dataqa.progress import Silent
from dataqa.reading import read
from dataqa.shared import Shared

Record = dict[str, Any]
Line = Record | str | bytes

TOPIC_WORDS = {
    "billing": "invoice charge refund payment card price receipt tax amount euro fee bank",
    "login": "password account sign reset email code locked username session browser token",
    "shipping": "parcel courier tracking delivery address late package warehouse customs van",
}
COMMON_WORDS = "please help my the is was today again still cannot with for and".split()  # noqa: SIM905


def make_tickets(n: int = 200, seed: int = 0, flip: float = 0.0) -> list[Record]:
    """Write ``n`` different tickets of three classes, the share ``flip`` of them mislabelled.

    Every class has words of its own; ``truth`` tells the class a flipped ticket belongs to.
    """
    rng = random.Random(seed)  # noqa: S311 - no cryptography
    names = sorted(TOPIC_WORDS)
    records: list[Record] = []
    for number in range(n):
        truth = names[number % len(names)]
        words = rng.choices(TOPIC_WORDS[truth].split(), k=7) + rng.choices(COMMON_WORDS, k=6)
        rng.shuffle(words)
        records.append(
            {"id": f"t{number}", "text": " ".join(words), "label": truth, "truth": truth}
        )
    for record in rng.sample(records, round(flip * n)):
        record["label"] = rng.choice([name for name in names if name != record["truth"]])
    return records


def write_jsonl(folder: Path, lines: Sequence[Line], name: str = "data.jsonl") -> Path:
    """Write one line each; a text or bytes are written as they are, a record as JSON."""
    path = folder / name
    path.write_bytes(b"".join(_encoded(line) + b"\n" for line in lines))
    return path


def _encoded(line: Line) -> bytes:
    if isinstance(line, bytes):
        return line
    return (line if isinstance(line, str) else json.dumps(line)).encode()


@dataclass(frozen=True)
class Bench:
    """Reads, checks and audits lines that a test makes up."""

    folder: Path

    def read(self, lines: Sequence[Line], config: Config | None = None) -> Dataset:
        """Read the lines as a file."""
        return read([write_jsonl(self.folder, lines)], config)

    def shared(
        self,
        dataset: Dataset,
        config: Config | None = None,
        engine: Engine | None = None,
        shard_records: int = SHARD_RECORDS,
    ) -> Shared:
        """Make what checks share, serial and silent unless told otherwise."""
        config = config or Config()
        embedder, _ = choose_embedder(config.embedder, config.seed, config)
        return Shared(
            dataset=dataset,
            config=config,
            embedder=embedder,
            engine=engine or SerialEngine(),
            progress=Silent(),
            shard_records=shard_records,
        )

    def find(self, check: Check, lines: Sequence[Line]) -> Found:
        """Read the lines and run one check."""
        dataset = self.read(lines)
        return check.find(dataset, self.shared(dataset))

    def audit(self, lines: Sequence[Line], **settings: object) -> AuditResult:
        """Audit the lines as a file."""
        return audit(write_jsonl(self.folder, lines), **settings)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep exported models and vectors out of the user's cache, and ``auto`` the same everywhere.

    Otherwise results would depend on the extras that are installed.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("DATAQA_EMBEDDER", "lsa")
        yield


@pytest.fixture(scope="session")
def tickets() -> Callable[..., list[Record]]:
    """``tickets(n=200, seed=0, flip=0.0)`` makes labelled records, see ``make_tickets``."""
    return make_tickets


@pytest.fixture(scope="session")
def jsonl() -> Callable[..., Path]:
    """``jsonl(folder, lines, name="data.jsonl")`` writes a file and returns its path."""
    return write_jsonl


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Read, check and audit lines; every call overwrites the file of the one before."""
    return Bench(tmp_path_factory.mktemp("bench"))


class Ran(NamedTuple):
    """What a run of the command line left behind."""

    code: int | str | None
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""

    def ran(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(stop.value.code, captured.out, captured.err)

    return ran
