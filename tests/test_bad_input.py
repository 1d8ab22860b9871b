"""Bad input ends in a finding or in one clear message with exit code 2, never in a traceback."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Ran, Run

GOOD = b'{"text": "Where is my invoice?", "label": "billing"}\n'
NOBODY = 65534


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(run: Run) -> Run:
    """Run the command line; bad input never ends in a traceback or an internal error."""

    def ran(*arguments: object) -> Ran:
        done = run(*arguments)
        assert "Traceback" not in done.out + done.err
        assert "internal error" not in done.err
        return done

    return ran


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file of one good record."""
    path = tmp_path / "good.jsonl"
    path.write_bytes(GOOD)
    return path


@pytest.fixture
def saved(good: Path, run: Run, tmp_path: Path) -> Path:
    """A saved result."""
    assert run("audit", good, "--out", "json=result.json").code == 3
    return tmp_path / "result.json"


def refused(ran: Ran | SimpleNamespace, *parts: str) -> None:
    """Check that a run ended without a verdict and says what, where and what to do."""
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("dataqa: error: ")
    for part in parts:
        assert part in ran.err


# The data


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["is empty (0 bytes)", "check how the file was written"]),
        (b"\n \n\t\r\n\n", ["holds only blank lines", "check how it was written"]),
        (b"\xef\xbb\xbf", ["holds only blank lines"]),
        (b"PK\x03\x04\x00\x00\x00\x08", ["is a ZIP archive", "export it as JSON Lines"]),
        (GOOD.decode().encode("utf-16"), ["is not text", "binary or UTF-16", "UTF-8 text"]),
        (b"a,b\n1,2\n", ["no line is a JSON object", "line 1: not JSON", "one JSON object per"]),
        (b'[{"text": "a"}]\n', ["no line is a JSON object", "line 1: an array, not an object"]),
        (b"null\n\n3\n", ["no line is a JSON object", "line 1: null, not an object"]),
        (b'{"text": "a"', ["no line is a JSON object", "line 1: not JSON"]),
        (
            b'{"body": "a", "stars": 5}\n{"title": "b"}\n',
            ["no record has a field", "'body', 'stars', 'title'", "--text-field", "--format"],
        ),
        (b"{}\n", ["no record has a field", "fields seen: none", "--text-field"]),
    ],
    ids=[
        "empty",
        "blank",
        "only a byte order mark",
        "binary",
        "utf-16",
        "csv",
        "array",
        "scalars",
        "cut",
        "other fields",
        "no fields",
    ],
)
def test_file_without_records_is_refused(
    run: Run, tmp_path: Path, content: bytes, parts: list[str]
) -> None:
    (tmp_path / "bad.jsonl").write_bytes(content)
    refused(run("audit", "bad.jsonl"), "bad.jsonl: ", *parts)


def test_absent_file_is_refused(run: Run) -> None:
    refused(run("audit", "no.jsonl"), "no.jsonl: cannot be read (No such file or directory)")


def test_directory_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    refused(
        run("audit", "folder.jsonl"),
        "folder.jsonl: is a directory without data files",
        "name files",
    )


def test_other_source_format_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data.xlsx").write_bytes(GOOD)
    refused(run("audit", "data.xlsx"), "data.xlsx: file format '.xlsx'", "supported: .jsonl")


def test_same_file_twice_is_refused(run: Run, good: Path, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(good)
    refused(run("audit", good, "link.jsonl"), "the same file is named twice", "every input file")


def test_pipe_is_refused_instead_of_waited_for(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    other_end = os.open(pipe, os.O_RDWR)
    refused(run("audit", "pipe.jsonl"), "pipe.jsonl: is not a regular file")
    os.close(other_end)


def test_undecodable_file_name_is_refused(run: Run, good: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jsonl")
    good.rename(good.with_name(name))
    refused(run("audit", name), "caf\\udce9.jsonl", "is not UTF-8", "rename")


@pytest.mark.parametrize("bad", [b"{broken", b"[1, 2]", b"\xff\xfe\xfa", b"{" * 3000, b"NaN"])
def test_bad_line_is_a_finding_and_the_others_are_audited(
    run: Run, tmp_path: Path, bad: bytes
) -> None:
    (tmp_path / "mixed.jsonl").write_bytes(GOOD + bad + b"\n" + GOOD)
    ran = run("audit", "mixed.jsonl", "--out", "json=mixed.json")
    assert (ran.code, ran.err) == (3, "")
    values = json.loads((tmp_path / "mixed.json").read_bytes())
    assert (values["dataset"]["records"], values["dataset"]["unreadable"]) == (2, 1)
    assert values["records"]["line"] == [1, 3]
    schema = [
        line
        for line, check in zip(values["findings"]["line"], values["findings"]["check"], strict=True)
        if check == "schema"
    ]
    assert schema == [2]
    assert "1 unreadable lines" in ran.out


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([b'{"text": "Where is my invoice?"}'] * 3, "no record has a label"),
        ([GOOD], "one class ('billing')"),
        ([GOOD, b'{"text": "Hello", "label": "login"}'], "2 classes, but 0 with at least 5"),
        ([b'{"text": "", "label": ""}', b'{"text": " ", "label": " "}'], "not measured"),
    ],
    ids=["no labels", "one record", "two records", "all blank"],
)
def test_too_little_data_is_undecided_with_a_reason(
    run: Run, jsonl: Callable[..., Path], tmp_path: Path, lines: list[bytes], reason: str
) -> None:
    ran = run("audit", jsonl(tmp_path, lines))
    assert (ran.code, ran.err) == (3, "")
    assert ran.out.startswith("UNDECIDED  mislabel rate was not measured: ")
    assert reason in ran.out


def test_one_class_is_undecided_with_a_reason(
    run: Run, jsonl: Callable[..., Path], tickets: Callable[..., list[Any]], tmp_path: Path
) -> None:
    records = [{**ticket, "label": "ticket"} for ticket in tickets(120)]
    ran = run("audit", jsonl(tmp_path, records))
    assert ran.code == 3
    assert "one class ('ticket'); there is nothing to compare" in ran.out


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Give up the rights of root, who may read everything, in a folder that all may enter."""
    user = os.geteuid()
    if user == 0:
        for place in (folder, *list(folder.parents)[:3]):
            place.chmod(place.stat().st_mode | 0o055)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_unreadable_file_is_refused(run: Run, good: Path, tmp_path: Path) -> None:
    run("audit", good, "-q")
    good.chmod(0)
    with as_nobody(tmp_path):
        refused(run("audit", good), "good.jsonl: cannot be read (Permission denied)")


def test_unreadable_folder_is_refused(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "data.jsonl").write_bytes(GOOD)
    folder.chmod(0)
    with as_nobody(tmp_path):
        ran = run("audit", folder / "data.jsonl")
    folder.chmod(0o700)
    refused(ran, "data.jsonl: cannot be read (Permission denied)")


# Options


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--max-mislabel-rate", "15"], ["max_mislabel_rate: '15' is not a rate", "15% or 0.15"]),
        (["--max-mislabel-rate", "-1%"], ["'-1%' is not a rate"]),
        (["--max-mislabel-rate", "101%"], ["'101%' is not a rate"]),
        (["--max-mislabel-rate", "nan"], ["'nan' is not a rate"]),
        (["--max-mislabel-rate", ""], ["'' is not a rate"]),
        (["--format", "chatt"], ["unknown format 'chatt'", "instruction"]),
        (["--embedder", "lsaa"], ["unknown embedder 'lsaa'", "did you mean 'lsa'"]),
        (["--engine", "serail"], ["unknown engine 'serail'", "did you mean 'serial'"]),
        (["--select", "label"], ["unknown check 'label'", "did you mean 'labels'"]),
        (["--ignore", "label"], ["unknown check 'label'", "did you mean 'labels'"]),
        (["--show-text", "some"], ["unknown value 'some'", "full, never, redacted"]),
        (["--jobs", "-1"], ["jobs: -1 is below 0", "one per core"]),
        (["--seed", "-1"], ["seed: -1 is not between 0 and"]),
        (["--config", "no.toml"], ["no.toml: cannot be read (No such file or directory)"]),
        (["--out", "json"], ["--out json: no path", "--out json=PATH"]),
        (["--out", "html="], ["--out html=: no path", "--out html=PATH"]),
        (["--out", "htm=a.html"], ["unknown format 'htm'", "did you mean 'html'"]),
        (["--out", "html=no/a.html"], ["no/a.html: there is no directory", "make it"]),
        (["--out", "html=good.jsonl/a.html"], ["there is no directory"]),
        (["--out", "html=."], ["--out .: is a directory", "name a file in it"]),
        (["--out", "records=a.xlsx"], ["cannot write '.xlsx'", ".jsonl, .csv or .parquet"]),
        (["--out", "findings=a.csv"], ["cannot write '.csv'", "use .jsonl"]),
        (["--id-field", "number"], ["no record has the field 'number' of --id-field"]),
        (["--out", "html=a", "--out", "text=./a"], ["is written twice", "another path"]),
        (["--out", "html=-", "--out", "text=-"], ["is written twice", "another path"]),
        (["--out", "records=good.jsonl"], ["is an input file", "another path"]),
        (["--out", "records=sub/../good.jsonl"], ["is an input file", "another path"]),
        (["--out", "records=link.jsonl"], ["is an input file", "another path"]),
        (["--out", "records=linked/good.jsonl"], ["is an input file", "another path"]),
        (["--out", "html=pipe"], ["pipe: is not a regular file"]),
        (["--out", "html=/dev/null"], ["/dev/null: is not a regular file"]),
    ],
    ids=" ".join,
)
def test_unusable_option_is_refused_before_anything_is_written(
    run: Run, good: Path, tmp_path: Path, arguments: list[str], parts: list[str]
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path)
    (tmp_path / "link.jsonl").symlink_to(good)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "old.html").write_bytes(b"old")
    before = sorted(tmp_path.iterdir())
    refused(run("audit", "good.jsonl", "--out", "html=old.html", *arguments), *parts)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "old.html").read_bytes() == b"old"
    assert good.read_bytes() == GOOD
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("data", ["no.jsonl", "bad.jsonl"])
def test_failed_audit_leaves_old_outputs_alone(run: Run, tmp_path: Path, data: str) -> None:
    (tmp_path / "bad.jsonl").write_bytes(b"no json\n")
    (tmp_path / "old.html").write_bytes(b"old")
    refused(run("audit", data, "--out", "html=old.html"), data)
    assert (tmp_path / "old.html").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jsonl", "old.html"]


def test_output_through_a_link_keeps_the_link(run: Run, good: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.html").symlink_to("folder/real.html")
    assert run("audit", good, "--out", "html=link.html").code == 3
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "folder" / "real.html").read_bytes().startswith(b"<!doctype html>")


def test_folder_without_write_permission_is_refused(run: Run, good: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o555)
    run("audit", good, "-q")
    with as_nobody(tmp_path):
        ran = run("audit", good, "--out", "html=out/a.html")
    refused(ran, "out/a.html: cannot be written (Permission denied)")
    assert not list((tmp_path / "out").iterdir())


def test_file_that_does_not_fit_leaves_the_old_one(good: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.html"
    old.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-m", "dataqa", "audit", good, "--ignore=schema", f"--out=html={old}"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    refused(
        SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr),
        f"{old}: cannot be written (File too large)",
    )
    assert old.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [good, old]


# Saved results


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["is not JSON"]),
        (b"\x00\xff", ["is not JSON"]),
        (b'{"schema_version": 1', ["is not JSON"]),
        (b"[" * 100_000, ["is not JSON"]),
        (GOOD, ["not a dataqa result of schema version 1 (found: None)", "--out json="]),
        (b"[]", ["not a dataqa result", "--out json="]),
        (b"null", ["not a dataqa result"]),
        (b'{"schema_version": 2}', ["schema version 1 (found: 2)", "--out json="]),
        (b'{"schema_version": 1}', ["damaged"]),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("command", ["gate", "report"])
def test_file_that_is_no_result_is_refused(
    run: Run, tmp_path: Path, command: str, content: bytes, parts: list[str]
) -> None:
    (tmp_path / "result.json").write_bytes(content)
    ran = run(command, "result.json", "--out", "html=a.html")
    refused(ran, "result.json: ", *parts)
    assert not (tmp_path / "a.html").exists()


def test_absent_result_is_refused(run: Run) -> None:
    refused(run("gate", "no.json"), "no.json: cannot be read (No such file or directory)")


def test_directory_as_result_is_refused(run: Run) -> None:
    refused(run("gate", "."), "cannot be read (Is a directory)")


PARTS = [
    ("dataset",),
    ("dataset", "records"),
    ("dataset", "paths"),
    ("config",),
    ("config", "limits"),
    ("embedder",),
    ("embedder", "name"),
    ("verdict",),
    ("verdict", "state"),
    ("verdict", "reasons"),
    ("metrics",),
    ("checks",),
    ("checks", "labels", "status"),
    ("findings",),
    ("findings", "line"),
    ("records",),
    ("records", "line"),
    ("review_plan",),
]


@pytest.mark.parametrize("path", PARTS, ids=".".join)
@pytest.mark.parametrize("value", [None, "wrong", ["wrong"]], ids=["absent", "text", "list"])
def test_damaged_result_is_refused_or_used(
    run: Run, saved: Path, path: tuple[str, ...], value: object
) -> None:
    values = json.loads(saved.read_bytes())
    *parents, last = path
    place = values
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    saved.write_text(json.dumps(values), encoding="utf-8")
    for arguments in (["gate", saved], ["report", saved, "--out", "html=a.html"]):
        ran = run(*arguments)
        if ran.code == 2:
            refused(ran, "result.json: ")
        else:
            assert ran.code in {0, 3}


@pytest.mark.parametrize("command", ["gate", "report"])
def test_result_is_never_overwritten_by_another_format(run: Run, saved: Path, command: str) -> None:
    before = saved.read_bytes()
    refused(run(command, saved, "--out", "html=./result.json"), "is an input file", "another path")
    assert saved.read_bytes() == before
