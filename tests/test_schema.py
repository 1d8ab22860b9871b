"""The schema check, and Great Expectations suites: built in and users' own."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from dataqa import ConfigError
from dataqa.checks.schema import Schema
from dataqa.expectation import load_suite, validate
from dataqa.formats import SHAPES

if TYPE_CHECKING:
    from tests.conftest import Bench, Line, Run

Suite = dict[str, Any]
Copy = Callable[..., Path]


@pytest.fixture
def copy_suites(tmp_path: Path) -> Copy:
    """Copy the built-in suites and add expectations to that of a record shape."""

    def copied(*extra: Suite, to: str = "classification") -> Path:
        for shape in SHAPES:
            suite = load_suite(shape)
            if shape == to:
                suite["expectations"] += extra
            (tmp_path / f"{shape}.json").write_text(json.dumps(suite))
        return tmp_path

    return copied


def codes(bench: Bench, lines: list[Line], folder: Path | str = "") -> list[tuple[str, int]]:
    found = bench.find(Schema(expectations=str(folder)), lines).findings
    return sorted(found[["code", "line"]].itertuples(index=False, name=None))


# Built-in suites


def test_every_shape_has_a_suite_whose_codes_are_documented() -> None:
    for shape in SHAPES:
        expectations = load_suite(shape)["expectations"]
        assert expectations
        assert {item["meta"]["code"] for item in expectations} <= set(Schema.codes)
        assert {item["severity"] for item in expectations} <= {"critical", "warning", "info"}


def test_every_documented_code_can_be_found(bench: Bench) -> None:
    lines: list[Line] = [
        b"\xef\xbb\xbf{",
        "[]",
        " ",
        "x" * (2**24 + 1),
        '{"text": "x", "text": "y", "label": 99999999999999999999}',
        {"body": 1},
        {"text": 1, "label": "a"},
        {"text": None, "label": "a"},
        {"text": " ", "label": "a"},
        {"text": "x"},
        {"text": "x", "label": ""},
        {"instruction": "x", "output": None, "label": "a"},
        {"instruction": "x", "output": "", "label": "a"},
        {"prompt": "x", "chosen": "y", "label": "a"},
        {"prompt": "x", "chosen": "y", "rejected": "", "label": "a"},
    ]
    found = bench.find(Schema(), lines).findings
    only_csv = {"not_utf8"}
    assert set(found["code"]) == {f"schema.{code}" for code in Schema.codes.keys() - only_csv}


def test_the_rate_counts_lines_with_critical_findings_once(bench: Bench) -> None:
    lines: list[Line] = [
        {"text": "fine", "label": "a"},
        {"text": ["x"], "label": ["y"]},
        {"text": "no label"},
        "{",
    ]
    found = bench.find(Schema(), lines)
    assert found.metrics == {"schema.invalid_rate": 2 / 4}
    warning = found.findings[found.findings["code"] == "schema.missing_label"]
    assert warning["score"].to_list() == [0.5]


def test_labels_are_not_missed_where_no_record_has_one(bench: Bench) -> None:
    assert codes(bench, [{"text": "x"}, {"text": "y"}]) == []


def test_an_unreadable_line_has_no_key_and_a_record_has(bench: Bench) -> None:
    found = bench.find(Schema(), ["{", {"body": "x"}, {"text": "x"}]).findings
    assert found["line"].to_list() == [1, 2]
    assert found["key"].isna().to_list() == [True, False]
    assert found["evidence"].to_list() == [{"byte_offset": 0}, {"byte_offset": 2}]


def test_rows_of_two_shapes_are_validated_by_their_own_suite(bench: Bench) -> None:
    lines: list[Line] = [
        {"text": ""},
        {"instruction": "x", "output": ""},
        {"instruction": "", "output": "y"},
    ]
    assert codes(bench, lines) == [
        ("schema.empty_prompt", 1),
        ("schema.empty_prompt", 3),
        ("schema.empty_response", 2),
        ("schema.minority_shape", 1),
    ]


# Users' own suites

SHORT = {
    "type": "expect_column_value_lengths_to_be_between",
    "kwargs": {"column": "prompt", "max_value": 5},
    "severity": "critical",
    "meta": {"code": "too_long", "message": "the text is too long"},
}
LINES: list[Line] = [{"text": "short", "label": "a"}, {"text": "much too long", "label": "b"}]


def test_an_unchanged_copy_changes_nothing(bench: Bench, copy_suites: Copy) -> None:
    lines: list[Line] = [*LINES, {"text": " ", "label": "a"}]
    assert codes(bench, lines, copy_suites()) == codes(bench, lines)


def test_an_added_expectation_is_found_at_its_rows(bench: Bench, copy_suites: Copy) -> None:
    result = bench.audit(LINES, checks={"schema": {"expectations": str(copy_suites(SHORT))}})
    schema = result.findings[result.findings["check"] == "schema"]
    assert schema[["code", "line", "message"]].to_numpy().tolist() == [
        ["schema.too_long", 2, "the text is too long"]
    ]
    assert result.metrics["schema.invalid_rate"] == 0.5


def test_a_pattern_for_responses_changes_the_verdict(bench: Bench, copy_suites: Copy) -> None:
    ends = {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "response", "regex": r"[.!?]$"},
        "severity": "critical",
        "meta": {"code": "no_full_stop", "message": "the answer does not end with a full stop"},
    }
    lines: list[Line] = [
        {"instruction": f"Ask {n}.", "output": "Yes" if n == 3 else "Yes."} for n in range(9)
    ]
    limits = {"schema.invalid_rate": 0.0}
    usual = bench.audit(lines, select=("schema",), limits=limits)
    folder = copy_suites(ends, to="instruction")
    own = bench.audit(lines, select=("schema",), limits=limits, expectations=str(folder))
    assert usual.findings.empty
    assert own.findings[["code", "line"]].to_numpy().tolist() == [["schema.no_full_stop", 4]]
    states = [
        next(reason.state for reason in result.verdict.reasons if "schema" in reason.metric)
        for result in (usual, own)
    ]
    assert states == ["PASS", "FAIL"]


def test_an_expectation_without_code_and_severity_is_critical_and_named_by_its_type(
    bench: Bench, copy_suites: Copy
) -> None:
    bare = {"type": SHORT["type"], "kwargs": SHORT["kwargs"]}
    found = bench.find(Schema(expectations=str(copy_suites(bare))), LINES).findings.iloc[0]
    assert found["code"] == "schema.value_lengths_to_be_between"
    assert found["score"] == 1.0
    assert "max_value=5" in found["message"]


@pytest.mark.parametrize(
    ("severity", "score"), [("critical", 1.0), ("warning", 0.5), ("info", 0.2)]
)
def test_the_severity_is_the_score(
    severity: str, score: float, bench: Bench, copy_suites: Copy
) -> None:
    folder = copy_suites(SHORT | {"severity": severity})
    found = bench.find(Schema(expectations=str(folder)), LINES)
    assert found.findings["score"].to_list() == [score]
    assert found.metrics["schema.invalid_rate"] == (0.5 if severity == "critical" else 0.0)


def test_an_expectation_on_the_label_set(bench: Bench, copy_suites: Copy) -> None:
    known = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "label", "value_set": ["a"]},
        "meta": {"code": "unknown_label"},
    }
    assert codes(bench, LINES, copy_suites(known)) == [("schema.unknown_label", 2)]


def test_an_expectation_about_the_whole_dataset_stands_at_line_0(
    bench: Bench, copy_suites: Copy
) -> None:
    many = {
        "type": "expect_table_row_count_to_be_between",
        "kwargs": {"min_value": 10},
        "meta": {"code": "too_few"},
    }
    result = bench.audit(LINES, checks={"schema": {"expectations": str(copy_suites(many))}})
    assert result.checks["schema"].status == "ok"
    finding = result.findings[result.findings["check"] == "schema"].iloc[0]
    assert (finding["code"], finding["line"], finding["source"]) == ("schema.too_few", 0, "")
    assert result.metrics["schema.invalid_rate"] == 0


def test_a_rate_of_rows_is_allowed_by_mostly(bench: Bench, copy_suites: Copy) -> None:
    half = SHORT | {"kwargs": SHORT["kwargs"] | {"mostly": 0.5}}
    assert codes(bench, LINES, copy_suites(half)) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be used"),
        ("[]", "cannot be used"),
        ("{}", "cannot be used"),
        ('{"expectations": 3}', "cannot be used"),
        ('{"expectations": [{"type": "expect_no_such_thing", "kwargs": {}}]}', "suite"),
        ('{"expectations": [{"kwargs": {}}]}', "suite"),
        ('{"expectations": [3]}', "cannot be used"),
        ('{"expectations": {}}', "cannot be used"),
        ('{"expectations": [{"type": "expect_x", "meta": {"when_present": true}}]}', "suite"),
        ('{"expectations": [{"type": "expect_x", "kwargs": null, "meta": null}]}', "suite"),
        ('{"expectations": [{"type": "expect_x", "kwargs": {}, "colour": 1}]}', "suite"),
        ('{"expectations": [{"type": "expect_column_values_to_not_be_null"}]}', "suite"),
        (
            '{"expectations": [{"type": "expect_column_values_to_not_be_null", "kwargs": {}}]}',
            "suite",
        ),
        (
            '{"expectations": [{"type": "expect_column_values_to_not_be_null",'
            ' "kwargs": {"column": "prompt"}, "severity": "horrible"}]}',
            "suite",
        ),
    ],
)
def test_a_broken_suite_is_refused(
    content: str, message: str, bench: Bench, copy_suites: Copy
) -> None:
    folder = copy_suites()
    (folder / "classification.json").write_text(content)
    with pytest.raises(ConfigError, match=message):
        bench.find(Schema(expectations=str(folder)), LINES)


def test_an_absent_suite_is_refused(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"classification\.json: cannot be used") as caught:
        bench.find(Schema(expectations=str(tmp_path)), LINES)
    assert "copy the built-in suites" in caught.value.hint


def test_an_expectation_on_an_unknown_column_is_refused_with_the_columns(
    bench: Bench, copy_suites: Copy
) -> None:
    other = SHORT | {"kwargs": {"column": "tone", "max_value": 5}}
    with pytest.raises(ConfigError, match="there is no column 'tone'; columns: prompt") as caught:
        bench.find(Schema(expectations=str(copy_suites(other))), LINES)
    assert caught.value.hint == "correct the suite"


def test_an_expectation_that_cannot_be_evaluated_is_refused(
    bench: Bench, copy_suites: Copy
) -> None:
    broken = {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "prompt", "regex": "("},
    }
    with pytest.raises(ConfigError):
        bench.find(Schema(expectations=str(copy_suites(broken))), LINES)


def test_a_users_own_expectation_changes_the_result_of_the_command_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = [{"instruction": f"Count to {n}.", "output": f"{n}" + "." * (n % 2)} for n in range(9)]
    Path("data.jsonl").write_text("".join(json.dumps(record) + "\n" for record in data))
    assert run("init").code == 0
    arguments = ("audit", "data.jsonl", "--select", "schema", "--out", "findings=-")
    copied = (*arguments, "--expectations", "expectations")
    assert run(*arguments).out == run(*copied).out == ""
    suite = json.loads(Path("expectations/instruction.json").read_text())
    suite["expectations"].append(
        {
            "type": "expect_column_values_to_match_regex",
            "kwargs": {"column": "response", "regex": r"\.$"},
            "severity": "warning",
            "meta": {"code": "no_full_stop"},
        }
    )
    Path("expectations/instruction.json").write_text(json.dumps(suite))
    assert run(*arguments).out == ""
    found = [json.loads(line) for line in run(*copied).out.splitlines()]
    assert [row["line"] for row in found] == [1, 3, 5, 7, 9]
    assert {row["code"] for row in found} == {"schema.no_full_stop"}


def test_init_copies_the_suites_and_overwrites_them_only_when_forced(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = Path("expectations/instruction.json")
    own.parent.mkdir()
    own.write_text("mine")
    refused = run("init")
    assert refused.code == 2
    assert "expectations/instruction.json: exists already" in refused.err
    assert own.read_text() == "mine"
    assert not Path("dataqa.toml").exists()
    assert run("init", "--force").code == 0
    assert {path.stem for path in Path("expectations").iterdir()} >= set(SHAPES)
    assert json.loads(own.read_text()) == load_suite("instruction")


# The suites as such


def test_suites_are_package_data() -> None:
    names = {file.name for file in resources.files("dataqa.expectations").iterdir()}
    assert {f"{shape}.json" for shape in SHAPES} <= names


def test_validation_leaves_the_frame_alone_and_tells_every_row() -> None:
    frame = pd.DataFrame({"prompt": pd.Series(["a", None, " ", None] * 30, dtype="str")})
    before = frame.copy()
    broken = {item.code: item.rows for item in validate(frame, load_suite("classification"))}
    assert broken["missing_prompt"].tolist() == [n for n in range(120) if n % 2]
    assert broken["empty_prompt"].tolist() == list(range(2, 120, 4))
    pd.testing.assert_frame_equal(frame, before)


def test_an_empty_frame_breaks_nothing() -> None:
    assert list(validate(pd.DataFrame({"prompt": []}), load_suite("classification"))) == []


def test_an_expectation_for_an_absent_column_may_be_left_out() -> None:
    frame = pd.DataFrame({"prompt": pd.Series(["a"], dtype="str")})
    assert list(validate(frame, load_suite("classification"))) == []
