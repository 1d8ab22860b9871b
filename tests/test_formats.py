"""Record shapes: from the object on a line to the canonical columns."""

from __future__ import annotations

from typing import Any

import pytest

from dataqa.errors import ConfigError
from dataqa.formats import SHAPES, UNKNOWN, Canonical, canonical, choose_shapes


def read_record(record: dict[str, Any], **fields: str) -> Canonical:
    names: dict[str, Any] = {"text_field": None, "label_field": None, "id_field": None}
    return canonical(record, choose_shapes(fields.pop("format_name", "auto"), **names | fields))


def test_an_instruction_record_has_prompt_context_and_response() -> None:
    found = read_record({"instruction": "Sum", "input": "1 2", "output": "3", "label": "maths"})
    assert found.shape == "instruction"
    assert (found.prompt, found.context, found.response) == ("Sum", "1 2", "3")
    assert found.label == "maths"


def test_a_classification_record_has_text_and_label() -> None:
    found = read_record({"text": "late again", "label": "shipping", "id": 7})
    assert (found.shape, found.prompt, found.label) == (
        "classification",
        "late again",
        "shipping",
    )
    assert (found.context, found.response, found.id) == (None, None, "7")


def test_the_first_shape_whose_field_is_there_is_taken() -> None:
    assert read_record({"text": "x", "instruction": "y"}).shape == "instruction"
    assert read_record({"text": "x", "instruction": None}).shape == "instruction"


def test_a_chosen_format_looks_for_its_own_fields_only() -> None:
    record = {"text": "x", "instruction": "y"}
    assert read_record(record, format_name="classification").prompt == "x"
    assert read_record({"text": "x"}, format_name="instruction").shape == UNKNOWN


def test_named_fields_replace_the_usual_ones() -> None:
    found = read_record(
        {"body": "hello", "topic": "greeting", "nr": "a1", "text": "no", "label": "no"},
        text_field="body",
        label_field="topic",
        id_field="nr",
    )
    assert (found.prompt, found.label, found.id) == ("hello", "greeting", "a1")


def test_a_named_text_field_makes_every_record_a_classification_record() -> None:
    found = read_record({"instruction": "x", "body": "y"}, text_field="body")
    assert (found.shape, found.prompt) == ("classification", "y")


@pytest.mark.parametrize(
    ("label", "text"), [(3, "3"), (1.5, "1.5"), (True, "true"), (False, "false"), (0, "0")]
)
def test_a_plain_value_is_a_label(label: object, text: str) -> None:
    found = read_record({"text": "x", "label": label})
    assert found.label == text
    assert found.wrong_types == ()


@pytest.mark.parametrize(("label", "kind"), [(["a", "b"], "array"), ({"a": 1}, "object")])
def test_several_values_are_no_label(label: object, kind: str) -> None:
    assert read_record({"text": "x", "label": label}).wrong_types == (("label", kind),)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(5, "number"), (0.5, "number"), (True, "boolean"), (["x"], "array"), ({}, "object")],
)
def test_a_text_of_another_type_is_named(value: object, kind: str) -> None:
    assert read_record({"text": value, "label": "a"}).wrong_types == (("text", kind),)
    found = read_record({"instruction": "x", "output": value})
    assert found.wrong_types == (("output", kind),)


def test_null_and_absent_are_the_same() -> None:
    assert read_record({"text": None, "label": None}) == read_record({"text": None})


def test_a_record_that_no_shape_fits_keeps_a_key_of_its_content() -> None:
    one, same, other = (
        read_record(record) for record in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2, "b": 1})
    )
    assert one.shape == UNKNOWN
    assert one.key == same.key != other.key


def test_the_key_is_content_alone() -> None:
    record = {"text": "x", "label": "a"}
    assert read_record(record).key == read_record(record | {"id": 9, "extra": 1}).key
    assert len(read_record(record).key) == 32


def test_every_part_enters_the_key() -> None:
    record = {"instruction": "i", "input": "c", "output": "o", "label": "l"}
    keys = {read_record(record | {name: "other"}).key for name in record}
    keys |= {read_record(record | {name: None}).key for name in record}
    assert len(keys | {read_record(record).key}) == 9


def test_what_moves_between_fields_changes_the_key() -> None:
    one = read_record({"instruction": "a", "input": "b", "output": "c"})
    other = read_record({"instruction": "a", "input": "", "output": "bc"})
    assert one.key != other.key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"instruction": "a\x1fb", "input": "c"}, {"instruction": "a", "input": "b\x1fc"}),
        ({"instruction": "a", "input": None}, {"instruction": "a", "input": "\x00"}),
    ],
)
def test_separators_in_the_text_do_not_make_keys_equal(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert read_record(one).key != read_record(other).key


def test_an_unknown_format_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match="unknown format 'chta'") as caught:
        choose_shapes("chta", None, None, None)
    assert all(name in caught.value.hint for name in ("auto", *SHAPES))
