"""Records that say the same thing again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from dataqa.checks.duplicates import Duplicates
from dataqa.result import FINDING_DTYPES

if TYPE_CHECKING:
    from dataqa.checks import Found
    from tests.conftest import Bench, Line

EXACT, CONFLICT = "duplicates.exact", "duplicates.conflict"


def lines_with(found: Found, code: str) -> list[int]:
    return sorted(found.findings.loc[found.findings["code"] == code, "line"])


def test_copies_are_one_group_whatever_their_spelling(bench: Bench) -> None:
    lines: list[Line] = [
        {"text": "Where is my order?", "label": "a"},
        {"text": "Something else", "label": "a"},
        {"text": "where is my  ORDER", "label": "a"},
        {"text": "Where is my order...", "label": "a"},
    ]
    dataset = bench.read(lines)
    found = Duplicates().find(dataset, bench.shared(dataset))
    assert lines_with(found, EXACT) == [1, 3, 4]
    assert found.metrics == {"duplicates.exact_rate": 2 / 4, "duplicates.conflict_rate": 0.0}
    groups = pd.Series(found.columns["duplicate_group"], index=dataset.frame["line"])
    assert groups[[1, 3, 4]].nunique() == 1
    assert pd.isna(groups[2])
    related = dict(zip(found.findings["line"], found.findings["related"], strict=True))
    assert {line: sorted(others) for line, others in related.items()} == {
        1: [3, 4],
        3: [1, 4],
        4: [1, 3],
    }


def test_equal_prompts_with_different_answers_are_no_copies(bench: Bench) -> None:
    record = {"instruction": "Name a fruit", "output": "apple"}
    found = bench.find(Duplicates(), [record, record | {"output": "pear"}])
    assert found.findings.empty
    assert found.findings.dtypes.astype(str).to_dict() == FINDING_DTYPES


def test_equal_prompts_with_equal_answers_are_copies(bench: Bench) -> None:
    record = {"instruction": "Name a fruit", "output": "apple"}
    found = bench.find(Duplicates(), [record, record | {"output": "Apple."}])
    assert lines_with(found, EXACT) == [1, 2]
    assert found.metrics["duplicates.conflict_rate"] is None
    assert found.reason == "conflicts need labels to compare"


def test_equal_texts_with_different_labels_are_a_conflict(bench: Bench) -> None:
    lines: list[Line] = [
        {"text": "charged twice", "label": "billing"},
        {"text": "Charged twice!", "label": "login"},
        {"text": "charged twice", "label": None},
        {"text": "parcel late", "label": "shipping"},
    ]
    found = bench.find(Duplicates(), lines)
    assert lines_with(found, CONFLICT) == [1, 2]
    assert lines_with(found, EXACT) == [1, 2, 3]
    assert found.metrics["duplicates.conflict_rate"] == pytest.approx(2 / 3)
    conflict = found.findings[found.findings["code"] == CONFLICT].iloc[0]
    assert conflict["message"] == "label 'billing', but the same text is also labelled 'login'"
    assert conflict["evidence"] == {"labels": ["billing", "login"], "distinct": 2}


def test_conflicts_may_be_left_out(bench: Bench) -> None:
    lines: list[Line] = [{"text": "x y", "label": "a"}, {"text": "x y", "label": "b"}]
    found = bench.find(Duplicates(report_conflicts=False), lines)
    assert lines_with(found, CONFLICT) == []
    assert found.metrics["duplicates.conflict_rate"] is None
    assert found.reason == "conflicts were left out by the setting report_conflicts"


@pytest.mark.parametrize("text", ["", "  ", "\t\n"])
def test_empty_texts_are_no_copies_of_each_other(bench: Bench, text: str) -> None:
    found = bench.find(Duplicates(), [{"text": text, "label": name} for name in "abc"])
    assert found.findings.empty
    assert found.metrics == {"duplicates.exact_rate": 0.0, "duplicates.conflict_rate": 0.0}


def test_a_large_group_names_ten_others_and_counts_all(bench: Bench) -> None:
    found = bench.find(Duplicates(), [{"text": "the same", "label": "a"}] * 40)
    assert len(found.findings) == 40
    assert set(found.findings["related"].map(len)) == {10}
    assert all(
        line not in related
        for line, related in zip(found.findings["line"], found.findings["related"], strict=True)
    )
    assert {evidence["copies"] for evidence in found.findings["evidence"]} == {40}
    assert found.metrics["duplicates.exact_rate"] == 39 / 40
    assert found.notes == ("39 records are redundant copies",)


def test_a_conflict_among_many_labels_names_ten(bench: Bench) -> None:
    found = bench.find(Duplicates(), [{"text": "the same", "label": f"l{n}"} for n in range(30)])
    conflicts = found.findings[found.findings["code"] == CONFLICT]
    assert {message.count("'") for message in conflicts["message"]} == {2 + 2 * 10}
    assert {evidence["distinct"] for evidence in conflicts["evidence"]} == {30}


def test_a_copy_in_another_file_is_found(bench: Bench) -> None:
    from dataqa import audit

    paths = [bench.folder / f"{name}.jsonl" for name in "ab"]
    for path in paths:
        path.write_text('{"text": "hello there", "label": "a"}\n')
    findings = audit(*paths, select=("duplicates",)).findings
    assert set(findings["source"]) == {str(path) for path in paths}
