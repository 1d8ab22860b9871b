"""Results: plain values out, the same result back in, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd
import pytest

from dataqa import AuditResult, audit
from dataqa.errors import InputError, ResultError
from dataqa.result import FINDING_DTYPES, SCHEMA_VERSION, columns_of

if TYPE_CHECKING:
    from tests.conftest import Bench, Line

Tickets = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def result(bench: Bench, tickets: Tickets) -> AuditResult:
    lines: list[Line] = [*tickets(150, flip=0.1), "", "{broken", {"text": " ", "label": "login"}]
    return bench.audit([*lines, lines[0]], limits={"schema.invalid_rate": 0.5})


def test_a_result_comes_back_equal(result: AuditResult) -> None:
    values = result.to_dict()
    again = AuditResult.from_dict(values)
    assert again == result
    assert again.to_dict() == values
    assert hash(again) == hash(result)


def test_frames_come_back_with_their_dtypes(result: AuditResult) -> None:
    again = AuditResult.from_dict(orjson.loads(orjson.dumps(result.to_dict())))
    pd.testing.assert_frame_equal(again.findings, result.findings)
    pd.testing.assert_frame_equal(again.records, result.records)


def test_results_differ_by_any_value(result: AuditResult) -> None:
    values = result.to_dict()
    changed = values | {"metrics": values["metrics"] | {"outliers.rate": 0.5}}
    assert AuditResult.from_dict(changed) != result
    assert result != values


def test_values_are_plain_json(result: AuditResult) -> None:
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False)) == result.to_dict()


def test_values_have_the_promised_sections(result: AuditResult) -> None:
    values = result.to_dict()
    assert values["schema_version"] == SCHEMA_VERSION
    assert list(values) == [
        "schema_version",
        "dataset",
        "config",
        "embedder",
        "verdict",
        "certificate",
        "metrics",
        "checks",
        "timings",
        "review_plan",
        "sampling",
        "findings",
        "records",
        "record_types",
    ]
    assert list(values["findings"]) == list(FINDING_DTYPES)


def test_records_stand_in_input_order_with_all_columns(result: AuditResult) -> None:
    assert result.records["line"].to_list() == [*range(1, 151), 153, 154]
    assert list(result.records.columns)[:5] == ["source", "line", "key", "id", "label"]
    scores = {"duplicate_group", "outlier_score", "suggested_label", "label_quality", "excerpt"}
    assert scores <= set(result.records.columns)


def test_the_dataset_is_described(result: AuditResult) -> None:
    described = result.dataset
    assert (described["records"], described["unreadable"]) == (152, 1)
    assert (described["format"], described["classes"]) == ("classification", 3)
    assert described["files"][0]["records"] == 152
    assert described["files"][0]["sha256"] == described["sha256"]


def test_findings_stand_worst_first(result: AuditResult) -> None:
    assert result.findings["score"].is_monotonic_decreasing


def test_check_results_count_findings_and_lines(result: AuditResult) -> None:
    schema = result.checks["schema"]
    assert (schema.findings, schema.flagged) == (3, 3)
    assert schema.headline == "schema.invalid_rate"
    assert schema.about
    assert set(schema.codes) >= set(result.findings.query("check == 'schema'")["code"])


@pytest.mark.parametrize(("mode", "quoted"), [("full", True), ("redacted", True), ("never", False)])
def test_only_records_with_findings_are_quoted(
    mode: str, quoted: bool, bench: Bench, tickets: Tickets
) -> None:
    records = tickets(60)
    shown = bench.audit([*records, records[0]], show_text=mode).records["excerpt"]
    assert shown.notna().to_list() == [quoted, *[False] * 59, quoted]


@pytest.mark.parametrize("mode", ["redacted", "never"])
def test_what_is_hidden_is_nowhere_in_the_result(mode: str, bench: Bench, tickets: Tickets) -> None:
    secret = {"text": "write to ann.secret@example.org or call 0171 5556667", "label": "login"}
    result = bench.audit([*tickets(120), secret, secret], show_text=mode)
    text = json.dumps(result.to_dict())
    assert "ann.secret" not in text
    assert "5556667" not in text


def test_columns_without_a_value_survive(bench: Bench) -> None:
    result = bench.audit([{"text": "hello there"}, {"text": "good bye"}])
    again = AuditResult.from_dict(result.to_dict())
    assert again == result
    assert again.records["label_quality"].isna().all()


@pytest.mark.parametrize("values", [{}, {"schema_version": 99}, None, [], "x", 3])
def test_another_version_is_refused(values: Any) -> None:
    with pytest.raises(ResultError, match=r"not a dataqa result of schema version 1"):
        AuditResult.from_dict(values)


@pytest.mark.parametrize(
    "damage",
    [
        {"verdict": None},
        {"verdict": {"state": "PASS"}},
        {"checks": None},
        {"checks": {"labels": {"status": "ok"}}},
        {"findings": {"check": []}},
        {"findings": {name: ["x"] for name in FINDING_DTYPES}},
        {"records": {"line": [1], "key": []}},
        {"records": None},
        {"metrics": 3},
        {"review_plan": None},
    ],
    ids=str,
)
def test_a_damaged_result_is_refused(result: AuditResult, damage: dict[str, Any]) -> None:
    with pytest.raises(ResultError, match="the result is damaged"):
        AuditResult.from_dict(result.to_dict() | damage)


@pytest.mark.parametrize("name", ["dataset", "config", "metrics", "records", "timings"])
def test_a_missing_section_is_refused(result: AuditResult, name: str) -> None:
    values = result.to_dict()
    del values[name]
    with pytest.raises(ResultError, match=name):
        AuditResult.from_dict(values)


def test_columns_are_plain_values_with_none_for_missing() -> None:
    frame = pd.DataFrame(
        {
            "a": pd.Series([1.5, None], dtype="float64"),
            "b": pd.Series(["x", None], dtype="str"),
            "c": pd.Series([[1], []], dtype="object"),
        }
    )
    assert columns_of(frame) == {"a": [1.5, None], "b": ["x", None], "c": [[1], []]}


def test_an_audit_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="no input file was named"):
        audit()


def test_timings_name_reading_every_check_and_the_total(result: AuditResult) -> None:
    assert set(result.timings) == {"read", "total", *result.checks}
