"""The command line: exit codes, what goes where, and that saved results can be used again."""

from __future__ import annotations

import csv
import json
import os
import pty
import random
import re
import select
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd
import pytest

from dataqa.checks import CHECKS
from dataqa.checks.duplicates import Duplicates
from dataqa.cli import main
from dataqa.config import GATE_NAMES, Config, load_config
from dataqa.result import FINDING_DTYPES
from dataqa.settings import construct, is_count

if TYPE_CHECKING:
    from tests.conftest import Run

SAMPLES = Path(__file__).parents[1] / "sample_data"
CLEAN = SAMPLES / "clean" / "data.jsonl"
NOISY = SAMPLES / "noisy" / "data.jsonl"
FORMATS = {
    "text": "report.txt",
    "json": "result.json",
    "findings": "findings.jsonl",
    "records": "records.jsonl",
    "html": "report.html",
}
NAMES = [
    name
    for kind in CHECKS.values()
    for name in (kind.name, *(f"{kind.name}.{code}" for code in kind.codes), *kind.metrics)
]


def outs(folder: Path) -> list[str]:
    return [f"--out={name}={folder / path}" for name, path in FORMATS.items()]


def audited(folder: Path, *arguments: object) -> Path:
    """Audit into a folder that then holds a file of every format."""
    with pytest.raises(SystemExit) as stop:
        main(["audit", *map(str, arguments), *outs(folder)])
    assert stop.value.code in {0, 1, 3}
    return folder


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the audit of sample_data/noisy in every format."""
    return audited(tmp_path_factory.mktemp("noisy"), NOISY)


@pytest.fixture(scope="module")
def mixed(
    tickets: Callable[..., list[Any]],
    jsonl: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with 240 tickets, some of them mislabelled, and their audit."""
    folder = tmp_path_factory.mktemp("mixed")
    return audited(folder, jsonl(folder, tickets(240, flip=0.1)))


@pytest.fixture
def small(tickets: Callable[..., list[Any]], jsonl: Callable[..., Path], tmp_path: Path) -> Path:
    """120 good tickets."""
    return jsonl(tmp_path, tickets(120), "small.jsonl")


def result(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / FORMATS["json"]).read_bytes())
    return content


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FORMATS[name]).read_bytes().splitlines()]


def crash(kind: type[BaseException]) -> Callable[..., NoReturn]:
    def find(*arguments: object) -> NoReturn:
        raise kind("boom")

    return find


def python(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, text=True, check=False, **{"stderr": subprocess.PIPE, **options})


# Exit codes


def test_module_passes_clean_data() -> None:
    done = python("-m", "dataqa", "audit", CLEAN, "-q", stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("PASS ")


@pytest.mark.parametrize(
    ("limit", "code", "state"), [("10%", 1, "FAIL"), ("15%", 3, "UNDECIDED"), ("0.5", 0, "PASS")]
)
def test_exit_code_tells_the_verdict(run: Run, limit: str, code: int, state: str) -> None:
    ran = run("audit", NOISY, "--max-mislabel-rate", limit)
    assert (ran.code, ran.err) == (code, "")
    assert ran.out.startswith(f"{state} ")


@pytest.mark.parametrize("limit", ["10%", "15%", "50%"])
def test_exit_zero_silences_every_verdict(run: Run, limit: str) -> None:
    assert run("audit", NOISY, "-q", "--max-mislabel-rate", limit, "--exit-zero").code == 0


def test_exit_zero_never_silences_an_error(run: Run, tmp_path: Path) -> None:
    assert run("audit", tmp_path / "absent.jsonl", "--exit-zero").code == 2
    assert run("gate", tmp_path / "absent.json", "--exit-zero").code == 2


@pytest.mark.parametrize(
    "arguments",
    [["bogus"], ["audit"], ["audit", CLEAN, "--bogus"], ["audit", CLEAN, "--jobs", "two"], []],
    ids=str,
)
def test_usage_error_is_exit_2(run: Run, arguments: list[object]) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: dataqa" in ran.err


def test_help_and_version_are_exit_0(run: Run) -> None:
    assert run("--help").code == 0
    assert "Exit codes:" in run("audit", "-h").out
    assert re.fullmatch(r"dataqa, version \d+\.\d+\.\d+\n", run("--version").out)


@pytest.mark.parametrize("kind", [RuntimeError, MemoryError, RecursionError, AssertionError])
def test_crashed_check_cannot_pass(
    run: Run, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    monkeypatch.setattr(Duplicates, "find", crash(kind))
    ran = run("audit", CLEAN)
    assert ran.code == 3
    assert ran.out.startswith("UNDECIDED")
    assert f"duplicates: {kind.__name__}: boom" in ran.out
    assert "Traceback" not in ran.out + ran.err


def test_crashed_check_is_told_in_quiet_mode(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Duplicates, "find", crash(RuntimeError))
    assert "check crashed: duplicates" in run("audit", CLEAN, "-q").out


def test_crashed_check_does_not_hide_a_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Duplicates, "find", crash(RuntimeError))
    assert run("audit", NOISY, "--max-mislabel-rate", "10%").code == 1


def test_interrupt_is_exit_2(run: Run, monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    monkeypatch.setattr(Duplicates, "find", crash(KeyboardInterrupt))
    ran = run("audit", small, "--exit-zero")
    assert ran.code == 2
    assert "dataqa: error: stopped by the user; nothing was judged\n" in ran.err


def test_internal_error_is_exit_2_with_traceback_only_when_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    monkeypatch.setattr("dataqa.gate.decide", crash(RuntimeError))
    plain, verbose = run("audit", small), run("audit", small, "-v")
    assert (plain.code, verbose.code) == (2, 2)
    assert plain.err.startswith("dataqa: error: internal error: RuntimeError: boom\n")
    assert "run again with -v" in plain.err
    assert "Traceback" not in plain.err
    assert "Traceback" in verbose.err


# Where output goes


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "labels"],
        ["audit", CLEAN, "--ignore", "schema"],
        ["audit", CLEAN, "--ignore", "schema", "--out", "json=-"],
    ],
    ids=["explain", "report", "json"],
)
def test_closed_pipe_is_exit_2(arguments: list[object]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = python("-m", "dataqa", *arguments, stdout=writer)
    finally:
        os.close(writer)
    assert done.returncode == 2
    assert done.stderr.startswith("dataqa: error: standard output was closed")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the full device of Linux")
def test_full_disk_is_exit_2() -> None:
    with Path("/dev/full").open("w") as full:
        done = python("-m", "dataqa", "audit", CLEAN, "--select", "duplicates", stdout=full)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", FORMATS)
def test_out_to_stdout_prints_that_format_only(run: Run, noisy: Path, name: str) -> None:
    ran = run("report", noisy / "result.json", "--out", f"{name}=-")
    assert ran == (0, (noisy / FORMATS[name]).read_text(encoding="utf-8"), "")


def test_audit_to_stdout_prints_no_report_beside_it(run: Run, small: Path) -> None:
    ran = run("audit", small, "--out", "json=-", "-v")
    assert json.loads(ran.out)["dataset"]["records"] == 120


def test_every_out_is_written_and_told(run: Run, small: Path, tmp_path: Path) -> None:
    ran = run("audit", small, *outs(tmp_path))
    for name, path in FORMATS.items():
        assert f"wrote {name}: {tmp_path / path}\n" in ran.out
        assert (tmp_path / path).is_file()


def test_quiet_prints_the_verdict_only(run: Run, tmp_path: Path) -> None:
    ran = run("audit", NOISY, "-q", "--out", f"html={tmp_path / 'a.html'}")
    assert re.fullmatch(r"UNDECIDED  mislabel rate .+\n", ran.out)
    assert ran.err == ""


def test_verbose_tells_settings_and_timings(run: Run, small: Path) -> None:
    out = run("audit", small, "-v", "--seed", "7").out
    assert "\nseed: 7\n" in out
    assert re.search(r"^seconds for labels: [\d.]+$", out, re.MULTILINE)


def test_printed_report_is_the_text_format(run: Run, noisy: Path) -> None:
    printed = [line.rstrip() for line in run("audit", NOISY).out.splitlines()]
    assert printed == (noisy / "report.txt").read_text(encoding="utf-8").splitlines()


def test_output_without_terminal_has_no_escapes(run: Run) -> None:
    ran = run("audit", NOISY)
    assert "\x1b" not in ran.out
    assert ran.err == ""


def on_terminals(arguments: list[object], environment: Mapping[str, str]) -> tuple[str, str]:
    """Run with stdout and stderr on a pseudo-terminal each, and return what they showed."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    }
    (out, out_end), (err, err_end) = pty.openpty(), pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dataqa", *map(str, arguments)],
        stdout=out_end,
        stderr=err_end,
        env={**inherited, "TERM": "xterm-256color", **environment},
    )
    os.close(out_end)
    os.close(err_end)
    shown = {out: b"", err: b""}
    open_ends = {out, err}
    while open_ends:
        for end in select.select(list(open_ends), [], [])[0]:
            try:
                content = os.read(end, 65536)
            except OSError:  # Linux reports the closed other end of a terminal as an error
                content = b""
            shown[end] += content
            if not content:
                open_ends.remove(end)
                os.close(end)
    process.wait()
    return shown[out].decode(), shown[err].decode()


COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3\d|4\d|9\d)")


def test_terminal_gets_colours_on_stdout_and_bars_on_stderr_only() -> None:
    out, err = on_terminals(["audit", CLEAN, "--ignore", "schema"], {})
    assert COLOUR.search(out)
    assert "PASS" in out
    assert "reading" not in out
    assert "reading" in err
    assert "PASS" not in err


def test_no_color_and_quiet_are_respected_on_a_terminal() -> None:
    out, err = on_terminals(["audit", CLEAN, "--ignore", "schema", "-q"], {"NO_COLOR": "1"})
    assert "PASS" in out
    assert not COLOUR.search(out)
    assert err == ""


# Saved results


@pytest.mark.parametrize("limit", ["1%", "10%", "15%", "23%", "50%"])
def test_gate_gives_the_verdict_of_a_fresh_audit(
    run: Run, mixed: Path, tmp_path: Path, limit: str
) -> None:
    arguments = ["--max-mislabel-rate", limit, "-q"]
    places = [tmp_path / "fresh.json", tmp_path / "again.json"]
    fresh = run("audit", mixed / "data.jsonl", *arguments, f"--out=json={places[0]}")
    again = run("gate", mixed / "result.json", *arguments, f"--out=json={places[1]}")
    assert again == fresh
    fresh_result, again_result = (json.loads(place.read_bytes()) for place in places)
    for section in ("verdict", "config", "metrics", "dataset"):
        assert again_result[section] == fresh_result[section]


def test_gate_keeps_the_limit_of_the_result(run: Run, mixed: Path, tmp_path: Path) -> None:
    data, saved = mixed / "data.jsonl", tmp_path / "r.json"
    fresh = run("audit", data, "--max-mislabel-rate=1%", "--out", f"json={saved}")
    assert fresh.code == run("gate", saved).code == 1


def test_gate_needs_neither_the_data_nor_the_checks(small: Path, tmp_path: Path) -> None:
    audited(tmp_path, small)
    small.unlink()
    script = (
        "import sys\nfrom dataqa.cli import main\n"
        f"try: main(['gate', {str(tmp_path / 'result.json')!r}])\n"
        "except SystemExit as stop: print('exit', stop.code)\n"
        "print(*sys.modules)"
    )
    done = python("-c", script, stdout=subprocess.PIPE)
    assert re.search(r"^exit [03]$", done.stdout, re.MULTILINE), done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {
        "dataqa.checks",
        "dataqa.reading",
        "great_expectations",
        "cleanlab",
        "sklearn",
    }


@pytest.mark.parametrize("name", FORMATS)
def test_report_renders_the_bytes_of_the_audit(
    run: Run, noisy: Path, tmp_path: Path, name: str
) -> None:
    target = tmp_path / FORMATS[name]
    assert run("report", noisy / "result.json", "--out", f"{name}={target}") == (0, "", "")
    assert target.read_bytes() == (noisy / FORMATS[name]).read_bytes()


def test_records_say_the_same_in_every_format(run: Run, noisy: Path, tmp_path: Path) -> None:
    table, parquet = tmp_path / "records.csv", tmp_path / "records.parquet"
    run("report", noisy / "result.json", "--out", f"records={table}", f"--out=records={parquet}")
    expected = rows(noisy, "records")
    with table.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [(row["source"], int(row["line"]), row["key"]) for row in read] == [
        (row["source"], row["line"], row["key"]) for row in expected
    ]
    frame = pd.read_parquet(parquet)
    assert list(frame.columns) == list(read[0]) == list(expected[0])
    assert frame["label"].to_list() == [row["label"] for row in expected]


# Names and settings


@pytest.mark.parametrize("name", NAMES)
def test_explain_knows_every_name(run: Run, name: str) -> None:
    ran = run("explain", name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(name)
    assert "What it finds." in ran.out


def test_explain_suggests_the_nearest_name(run: Run) -> None:
    ran = run("explain", "labels.likely_mislabelled")
    assert (ran.code, ran.out) == (2, "")
    assert "unknown name 'labels.likely_mislabelled'" in ran.err
    assert "did you mean 'labels.likely_mislabeled'?" in ran.err


def test_checks_lists_everything(run: Run) -> None:
    ran = run("checks")
    assert ran.code == 0
    assert all(name.removeprefix(name.partition(".")[0] + ".") in ran.out for name in NAMES)


@pytest.fixture
def starter(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that init writes, in the current folder."""
    monkeypatch.chdir(tmp_path)
    ran = run("init")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("wrote dataqa.toml and expectations/")
    return tmp_path / "dataqa.toml"


def test_init_writes_the_defaults(starter: Path) -> None:
    assert load_config() == Config(checks={name: {} for name in CHECKS})
    assert starter.read_text(encoding="utf-8").count("\n# ") > 20


def test_init_overwrites_only_when_forced(run: Run, starter: Path) -> None:
    starter.write_text("seed = 3\n", encoding="utf-8")
    refused = run("init")
    assert refused.code == 2
    assert "dataqa.toml: exists already" in refused.err
    assert "--force" in refused.err
    assert starter.read_text(encoding="utf-8") == "seed = 3\n"
    assert run("init", "--force").code == 0
    assert "seed = 0" in starter.read_text(encoding="utf-8")


def test_init_shows_every_default_of_the_config(starter: Path) -> None:
    commented = starter.read_text(encoding="utf-8")
    content = re.sub(r'^# ((?:\w+|"[^"]+") = .+)$', r"\1", commented, flags=re.MULTILINE)
    table = tomllib.loads(content)
    starter.write_text(content, encoding="utf-8")
    loaded, default = load_config().to_dict(), Config().to_dict()
    assert set(table) == set(default) - {*GATE_NAMES} | {"gate"}
    shown = {name: loaded[name] or None for name in table if name not in {"gate", "checks"}}
    assert shown == {name: default[name] or None for name in shown}
    assert loaded["limits"].items() >= default["limits"].items()
    assert set(table["gate"]) == {"max_mislabel_rate", *GATE_NAMES}
    for name in ("risk", "require_certificate"):
        assert loaded[name] == default[name]
    for name, kind in CHECKS.items():
        assert construct(kind, table["checks"][name], name) == kind()
        given = {setting for setting, value in vars(kind()).items() if value is not None}
        assert set(table["checks"][name]) == given


def config_of(run: Run, data: Path, *arguments: object) -> dict[str, Any]:
    ran = run("audit", data, "--select", "duplicates", "--out", "json=-", *arguments)
    assert ran.err == ""
    content: dict[str, Any] = json.loads(ran.out)["config"]
    return content


def test_option_beats_file_beats_default(
    run: Run, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.dataqa]\nseed = 5\n", encoding="utf-8")
    assert config_of(run, small)["seed"] == 5
    (tmp_path / "dataqa.toml").write_text(
        'seed = 6\nshow_text = "never"\n[gate]\nmax_mislabel_rate = "9%"\n', encoding="utf-8"
    )
    config = config_of(run, small)
    assert (config["seed"], config["show_text"], config["jobs"]) == (6, "never", 0)
    assert config["limits"] == {"labels.mislabel_rate": 0.09}
    config = config_of(run, small, "--seed", "7", "--max-mislabel-rate", "8%")
    assert (config["seed"], config["show_text"]) == (7, "never")
    assert config["limits"] == {"labels.mislabel_rate": 0.08}
    (tmp_path / "other.toml").write_text("seed = 8\n", encoding="utf-8")
    config = config_of(run, small, "--config", tmp_path / "other.toml")
    assert (config["seed"], config["show_text"]) == (8, "full")


@pytest.mark.parametrize(
    ("content", "wrong", "known"),
    [
        ("sed = 1", "unknown key 'sed'", "seed"),
        ("[gate]\nmax_rate = 1", "unknown key 'max_rate'", "max_mislabel_rate"),
        ('[gate.limits]\n"labels.rate" = 0.1', "unknown metric 'labels.rate'", "outliers.rate"),
        ("[checks.label]", "unknown check 'label'", "labels"),
        ("[checks.labels]\nfold = 3", "unknown setting 'fold'", "min_agreement"),
        ("[checks.labels]\nfolds = 1", "folds 1 is not between 2 and 50", "checks.labels"),
        ('seed = "one"', "seed: 'one' is not a whole number", "dataqa.toml"),
        ("gate = 3", "3 is not a table", "dataqa.toml"),
        ("seed = ", "not valid TOML", "dataqa.toml"),
    ],
    ids=lambda value: value.splitlines()[-1],
)
def test_unusable_settings_name_the_usable_ones(
    run: Run,
    small: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str,
    wrong: str,
    known: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dataqa.toml").write_text(content, encoding="utf-8")
    ran = run("audit", small)
    assert (ran.code, ran.out) == (2, "")
    assert wrong in ran.err
    assert known in ran.err


def test_select_and_ignore_choose_the_checks(run: Run, small: Path) -> None:
    def checks(*arguments: str) -> list[str]:
        return list(json.loads(run("audit", small, "--out", "json=-", *arguments).out)["checks"])

    assert checks("--select", "labels", "--select", "duplicates") == ["duplicates", "labels"]
    assert checks("--ignore", "schema") == [name for name in CHECKS if name != "schema"]
    ran = run("audit", small, "--select", "labels", "--ignore", "labels")
    assert ran.code == 2
    assert "no check is left to run" in ran.err


def test_limit_on_an_ignored_check_is_undecided(run: Run) -> None:
    ran = run("audit", CLEAN, "--ignore", "labels", "-q")
    assert ran.code == 3
    assert "mislabel rate was not measured: check 'labels' was left out of this run" in ran.out


# Same input, same output


def test_engines_give_the_same_bytes(noisy: Path, tmp_path: Path) -> None:
    audited(tmp_path, NOISY, "--engine", "processes", "--jobs", "2")
    for name in ("text", "findings", "records", "html"):
        assert (tmp_path / FORMATS[name]).read_bytes() == (noisy / FORMATS[name]).read_bytes()


def without_times(values: dict[str, Any]) -> dict[str, Any]:
    for check in values["checks"].values():
        del check["seconds"]
    del values["timings"]
    return values


def test_runs_repeat_to_the_byte(noisy: Path, tmp_path: Path) -> None:
    audited(tmp_path, NOISY)
    for name in ("text", "findings", "records", "html"):
        assert (tmp_path / FORMATS[name]).read_bytes() == (noisy / FORMATS[name]).read_bytes()
    assert without_times(result(tmp_path)) == without_times(result(noisy))


def test_row_order_does_not_change_the_verdict(run: Run, mixed: Path, tmp_path: Path) -> None:
    data = mixed / "data.jsonl"
    lines = data.read_bytes().splitlines(keepends=True)
    random.Random(4).shuffle(lines)  # noqa: S311 - no cryptography
    shuffled = tmp_path / "shuffled.jsonl"
    shuffled.write_bytes(b"".join(lines))
    assert run("audit", shuffled, "-q") == run("audit", data, "-q")


# The contract of the files

CONTRACT = {
    "schema_version": int,
    "dataset": dict,
    "config": dict,
    "embedder": dict,
    "checks": dict,
    "metrics": dict,
    "verdict": dict,
    "certificate": (dict, type(None)),
    "review_plan": list,
    "sampling": dict,
    "timings": dict,
}


def test_json_holds_the_contract(noisy: Path) -> None:
    values = result(noisy)
    assert {
        name: type(values[name]) for name, kind in CONTRACT.items() if isinstance(kind, type)
    } == {name: kind for name, kind in CONTRACT.items() if isinstance(kind, type)}
    assert isinstance(values["certificate"], CONTRACT["certificate"])
    assert {"paths", "sha256", "records", "format"} <= set(values["dataset"])
    assert values["dataset"]["paths"] == [str(NOISY)]
    assert values["dataset"]["records"] == 1600
    assert set(values["checks"]) == set(CHECKS)
    for check in values["checks"].values():
        assert check["status"] in {"ok", "skipped", "crashed"}
        assert isinstance(check["seconds"], float)
        assert "reason" in check
    assert set(values["metrics"]) == {name for kind in CHECKS.values() for name in kind.metrics}
    shares = [value for name, value in values["metrics"].items() if not is_count(name)]
    assert all(value is None or 0 <= value <= 1 for value in shares)


def test_json_verdict_holds_the_contract(noisy: Path) -> None:
    verdict = result(noisy)["verdict"]
    assert set(verdict) == {"state", "certified", "reasons"}
    assert verdict["state"] in {"PASS", "FAIL", "UNDECIDED"}
    assert verdict["certified"] is False
    fields = {"metric", "value", "low", "high", "limit", "state", "message"}
    fields |= {"evidence", "severity"}
    assert [set(reason) for reason in verdict["reasons"]] == [fields]


def test_review_plan_holds_the_contract(noisy: Path) -> None:
    plan, records = result(noisy)["review_plan"], rows(noisy, "records")
    keys = {(row["source"], row["line"]): row["key"] for row in records}
    assert [draw["draw"] for draw in plan] == list(range(1, 1001))
    assert all(keys[draw["source"], draw["line"]] == draw["key"] for draw in plan)
    assert all(0 < draw["probability"] <= 1 for draw in plan)


def test_findings_hold_the_contract(noisy: Path) -> None:
    findings = rows(noisy, "findings")
    assert findings
    assert {tuple(row) for row in findings} == {tuple(FINDING_DTYPES)}
    for row in findings:
        assert row["code"].startswith(f"{row['check']}.")
        assert 0 <= row["score"] <= 1
        assert isinstance(row["evidence"], dict)
        assert all(isinstance(line, int) for line in row["related"])
    assert [row["score"] for row in findings] == sorted(
        (row["score"] for row in findings), reverse=True
    )


def test_records_hold_every_input_line_in_order(noisy: Path) -> None:
    records = rows(noisy, "records")
    given = [json.loads(line) for line in NOISY.read_bytes().splitlines()]
    assert list(records[0])[:4] == ["source", "line", "key", "id"]
    assert [row["line"] for row in records] == list(range(1, 1601))
    assert [(row["id"], row["label"]) for row in records] == [
        (record["id"], record["label"]) for record in given
    ]
    columns = {name for kind in CHECKS.values() for name in kind.columns}
    assert columns | {"excerpt"} <= set(records[0])


SECRETS = ("carol.jones@example.org", "https://example.org/secret", "0171 5550199")


@pytest.mark.parametrize(
    ("mode", "words", "secrets"),
    [("full", True, True), ("redacted", True, False), ("never", False, False)],
)
def test_show_text_limits_what_is_quoted(
    tickets: Callable[..., list[Any]],
    jsonl: Callable[..., Path],
    tmp_path: Path,
    mode: str,
    words: bool,
    secrets: bool,
) -> None:
    text = f"Zeppelin umbrella {' and '.join(SECRETS)} xylophone"
    twins = [{"text": text, "label": "billing"}, {"text": text, "label": "login"}]
    audited(tmp_path, jsonl(tmp_path, [*tickets(120), *twins]), "--show-text", mode)
    for path in FORMATS.values():
        content = (tmp_path / path).read_text(encoding="utf-8").lower()
        quotes = path != FORMATS["findings"]
        assert ("umbrella" in content and quotes) == (words and quotes), path
        assert any(secret in content for secret in SECRETS) == (secrets and quotes), path
        if not words:
            assert not any(word in content for word in ("zeppelin", "umbrella", "xylophone")), path


def test_unlabelled_data_can_be_gated_on_another_metric(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "one"}\n{"text": "two"}\n{"text": 3}\n', encoding="utf-8")
    config = tmp_path / "limits.toml"
    config.write_text('[gate.limits]\n"schema.invalid_rate" = "40%"\n', encoding="utf-8")
    assert run("audit", path, "-q", "--config", config).code == 3
    done = run("audit", path, "-q", "--config", config, "--max-mislabel-rate", "off")
    assert done.code == 0
    assert "schema invalid rate 33.33%, limit 40%" in done.out
