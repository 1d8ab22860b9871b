"""The sample data as acceptance tests, through the real command line."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dataqa import audit

SAMPLES = Path(__file__).parents[1] / "sample_data"
FOLDERS = sorted(path.parent.name for path in SAMPLES.glob("*/expected.json"))
SEEDS = range(5)


@dataclass(frozen=True)
class Sample:
    """A folder of sample data, and what the command line made of it."""

    folder: Path
    expected: dict[str, Any]
    code: int
    printed: str
    result: dict[str, Any]
    findings: list[dict[str, Any]]
    records: list[dict[str, Any]]

    def lines(self, code: str) -> set[int]:
        """Lines that were reported with a finding code."""
        return {row["line"] for row in self.findings if row["code"] == code}


@pytest.fixture(scope="module", params=FOLDERS)
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = SAMPLES / request.param
    expected = json.loads((folder / "expected.json").read_bytes())
    out = tmp_path_factory.mktemp(request.param)
    paths = {"json": "result.json", "findings": "findings.jsonl", "records": "records.jsonl"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dataqa", "audit", folder / "data.jsonl"),
            *(folder / name if name.endswith(".jsonl") else name for name in expected["args"]),
            *(f"--out={name}={out / path}" for name, path in paths.items()),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    findings, records = (
        [json.loads(line) for line in (out / paths[name]).read_bytes().splitlines()]
        for name in ("findings", "records")
    )
    result = json.loads((out / "result.json").read_bytes())
    return Sample(folder, expected, done.returncode, done.stdout, result, findings, records)


def test_there_are_samples() -> None:
    assert {"clean", "noisy", "schema", "lines", "loading", "duplicates", "leakage"} <= set(FOLDERS)


def test_sample_gets_its_verdict(sample: Sample) -> None:
    state = sample.result["verdict"]["state"]
    assert sample.code in sample.expected["exit_codes"]
    assert state in sample.expected["states"]
    assert sample.code == {"PASS": 0, "FAIL": 1, "UNDECIDED": 3}[state]
    assert sample.printed.startswith(f"{state} ")


def test_sample_checks_ran_or_say_why_not(sample: Sample) -> None:
    checks = sample.result["checks"]
    assert {checks[name]["status"] for name in sample.expected["ran"]} == {"ok"}
    assert {check["status"] for check in checks.values()} <= {"ok", "skipped"}
    assert all(check["reason"] for check in checks.values() if check["status"] == "skipped")


def test_sample_findings_are_at_the_planted_lines(sample: Sample) -> None:
    for code, wanted in sample.expected["findings"].items():
        planted, reported = set(wanted["lines"]), sample.lines(code)
        if wanted.get("exact"):
            assert reported == planted, code
            continue
        hits = len(planted & reported)
        assert hits >= wanted["min_recall"] * len(planted), code
        assert hits >= wanted["min_precision"] * len(reported), code


def test_sample_records_are_complete(sample: Sample) -> None:
    unreadable = sample.lines("schema.not_json") | sample.lines("schema.not_object")
    content = (sample.folder / "data.jsonl").read_bytes().splitlines()
    filled = [number for number, line in enumerate(content, 1) if line.strip()]
    assert [row["line"] for row in sample.records] == [
        number for number in filled if number not in unreadable
    ]
    assert len(sample.records) == sample.result["dataset"]["records"]


def test_sample_tells_why_it_is_undecided(sample: Sample) -> None:
    undecided = [
        reason for reason in sample.result["verdict"]["reasons"] if reason["state"] == "UNDECIDED"
    ]
    assert bool(undecided) == (sample.result["verdict"]["state"] == "UNDECIDED")
    assert all(len(reason["message"]) > 20 for reason in undecided)


@pytest.mark.parametrize("seed", SEEDS)
def test_noisy_never_passes(seed: int) -> None:
    assert audit(SAMPLES / "noisy" / "data.jsonl", seed=seed).verdict.state != "PASS"


def test_noisy_never_passes_when_it_is_drawn_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SAMPLES))
    make = importlib.import_module("make")
    for seed in SEEDS:
        make.write_folder(tmp_path, make.FOLDERS["noisy"]._replace(seed=1000 + seed))
        assert audit(tmp_path / "data.jsonl").verdict.state != "PASS", seed


def test_samples_are_made_again_to_the_byte(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "make.py", "--out", tmp_path], check=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.glob("*/*")}
    kept = {path: (SAMPLES / path).read_bytes() for path in made}
    assert sorted({path.parts[0] for path in made}) == FOLDERS
    assert made == kept
