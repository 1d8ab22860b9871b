"""The responses check: usual formats, and what breaks them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.answer_forms import (
    ARRAY,
    BROKEN,
    CODE,
    EMPTY,
    LIST,
    NUMBER,
    OBJECT,
    SHORT,
    TEXT,
    form_stage,
)
from dataqa.checks.responses import SIGNS, Responses

if TYPE_CHECKING:
    from tests.conftest import Bench

PROSE = "The parcel left the warehouse this morning and arrives in two days, as the courier says."

FORMS = [
    ('{"a": 1}', OBJECT),
    (' {"a": {"b": []}}\n', OBJECT),
    ('```json\n{"a": 1}\n```', OBJECT),
    ("[1, 2]", ARRAY),
    ('{"a": 1', BROKEN),
    ("{'a': 1}", BROKEN),
    ('{"a": NaN}', BROKEN),
    ("[Name] lives in [City] and this is a longer text than a label would ever be.", TEXT),
    ("```python\nprint(1)\n```", CODE),
    ("```\na\n```\nThis prints a, which is what you wanted to have, as far as I can see.", TEXT),
    ("- one\n- two\n", LIST),
    ("1. one\n2) two\n\n3. three", LIST),
    ("Here they are:\n* one\n* two\n* three", LIST),
    ("42", NUMBER),
    ("-1,234.5 %", NUMBER),
    ("$12.", NUMBER),
    ("1e-5", NUMBER),
    ("2nd", SHORT),
    ("Paris", SHORT),
    (PROSE, TEXT),
    ("one\ntwo", TEXT),
    ("", EMPTY),
    (" \n", EMPTY),
]


def lines(answers: list[str], prompt: str = "Ask {}.") -> list[dict[str, str]]:
    return [
        {"instruction": prompt.format(n), "input": f"ticket {n}", "output": text}
        for n, text in enumerate(answers)
    ]


def found(bench: Bench, answers: list[str], **given: Any) -> list[tuple[int, str]]:
    findings = bench.find(Responses(**given), lines(answers)).findings
    return sorted(zip(findings["line"], findings["code"], strict=True))


def ticket(**change: Any) -> str:
    return json.dumps({"queue": "billing", "urgent": True, "order": 17} | change)


@pytest.mark.parametrize(("text", "form"), FORMS)
def test_a_form_is_told(text: str, form: str) -> None:
    assert form_stage(([text],)).form == [form]


@settings(deadline=None, max_examples=300, derandomize=True)
@given(text=st.text(alphabet="{}[]\"':,1a-. \n`*", max_size=40))
def test_any_text_has_a_form(text: str) -> None:
    (form,) = form_stage(([text],)).form
    assert (form == EMPTY) == (not text.strip())


def test_where_json_is_usual_the_rest_is_reported(bench: Bench) -> None:
    usual = [ticket(order=n) for n in range(95)]
    broken = [PROSE, ticket()[:-1], "[1]"]
    assert found(bench, usual + broken) == [
        (96, "responses.off_format"),
        (97, "responses.broken_json"),
        (98, "responses.off_format"),
    ]


def test_json_objects_are_compared_with_each_other(bench: Bench) -> None:
    usual = [ticket(order=n) for n in range(300)]
    usual += [ticket(note="a")] * 20 + [ticket(urgent=None)] * 3
    odd = [ticket(urgent="yes"), ticket(extra=1), json.dumps({"queue": "billing"})]
    assert found(bench, usual + odd) == [
        (324, "responses.field_type"),
        (325, "responses.extra_field"),
        (326, "responses.missing_field"),
    ]


def test_where_labels_are_usual_other_answers_are_reported(bench: Bench) -> None:
    usual = ["positive", "negative", "1"] * 40
    odd = [
        "Positive",
        "5",
        "I think that it is positive, but the writer does not say it so clearly.",
    ]
    assert found(bench, usual + odd) == [
        (121, "responses.unknown_label"),
        (122, "responses.unknown_label"),
        (123, "responses.off_format"),
    ]


@pytest.mark.parametrize(
    "answers",
    [
        [PROSE] * 95 + ["42", "- a\n- b", '{"a": 1}'],
        [PROSE] * 50 + ["42"] * 45,
        [f"name {n}" for n in range(100)],
        [ticket()] * 40 + [PROSE],
        ["positive"] * 99 + ["negative"],
        [f"label {n % 200}" for n in range(1200)] + [PROSE],
    ],
    ids=["prose", "two formats", "all different", "few", "one label", "many labels"],
)
def test_without_a_usual_format_nothing_is_reported(answers: list[str], bench: Bench) -> None:
    assert found(bench, answers) == []


def test_a_repeated_prompt_is_a_task_with_its_own_format(bench: Bench) -> None:
    numbers = lines([str(n) for n in range(60)] + ["many"], prompt="Count.")
    prose = lines([PROSE] * 60 + ["7"], prompt="Explain.")
    result = bench.find(Responses(), [*numbers, *prose])
    assert result.findings[["line", "code"]].to_numpy().tolist() == [[61, "responses.off_format"]]
    assert result.notes == ("1 prompts that are repeated have a usual format each",)
    assert result.metrics == {
        "responses.off_format_rate": 1 / 122,
        "responses.dominant_share": 61 / 122,
    }


def test_a_pair_of_equal_answers_is_reported(bench: Bench) -> None:
    pairs = [
        {"prompt": "Ask.", "chosen": "Yes. ", "rejected": "Yes."},
        {"prompt": "Ask.", "chosen": "Yes.", "rejected": "No."},
        {"prompt": "Ask.", "chosen": "", "rejected": ""},
    ]
    findings = bench.find(Responses(), pairs).findings
    assert findings[["line", "code"]].to_numpy().tolist() == [[1, "responses.same_pair"]]


def test_every_code_has_a_score() -> None:
    assert set(SIGNS) == set(Responses.codes)


def test_the_form_of_each_response_is_a_column(bench: Bench) -> None:
    result = bench.audit(lines(["42", PROSE, ""]), select=("responses",))
    assert result.records["response_format"].fillna("none").to_list() == [
        "number",
        "free text",
        "none",
    ]


def test_without_responses_the_check_is_skipped(bench: Bench) -> None:
    assert bench.find(Responses(), [{"text": "hello"}]).reason == "no record has a response"


def test_a_share_that_two_formats_can_have_is_refused() -> None:
    with pytest.raises(ValueError, match="is not between"):
        Responses(dominant_share=0.5)


def test_nothing_of_a_text_is_shown_when_it_must_not_be(bench: Bench) -> None:
    answers = [ticket(order=n) for n in range(200)] + ["secret", ticket(secret=1)]
    result = bench.audit(lines(answers), select=("responses",), show_text="never")
    assert len(result.findings) == 2
    assert "secret" not in str(result.to_dict()["findings"])
