"""Record shapes: from the object on a line to the canonical columns."""

from __future__ import annotations

import json
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


def test_a_list_of_labels_is_a_label() -> None:
    found = read_record({"text": "x", "label": ["b", "a"]})
    assert (found.label, found.label_kind, found.wrong_types) == ('["b","a"]', "list", ())


def test_an_object_is_no_label() -> None:
    found = read_record({"text": "x", "label": {"a": 1}})
    assert (found.label_kind, found.wrong_types) == ("object", (("label", "object", "text"),))


@pytest.mark.parametrize(
    ("value", "kind"),
    [(5, "number"), (0.5, "number"), (True, "boolean"), (["x"], "array"), ({}, "object")],
)
def test_a_text_of_another_type_is_named(value: object, kind: str) -> None:
    assert read_record({"text": value, "label": "a"}).wrong_types == (("text", kind, "text"),)
    found = read_record({"instruction": "x", "output": value})
    assert found.wrong_types == (("output", kind, "text"),)


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


# Conversations, pairs, judgements

ASKED = {"role": "user", "content": "two and two?"}
ANSWERED = {"role": "assistant", "content": "four"}
BAD = {"role": "assistant", "content": "five"}


@pytest.mark.parametrize(
    ("record", "shape"),
    [
        ({"text": "x", "label": 1}, "classification"),
        ({"instruction": "x", "output": "y", "text": "both"}, "instruction"),
        ({"prompt": "x", "completion": "y"}, "prompt_completion"),
        ({"prompt": "x", "completion": "y", "label": "maths"}, "prompt_completion"),
        ({"prompt": "x", "completion": "y", "label": False}, "kto"),
        ({"prompt": "x"}, "prompt_completion"),
        ({"prompt": "x", "chosen": "y"}, "preference"),
        ({"chosen": [ASKED, ANSWERED], "rejected": [ASKED, BAD]}, "preference"),
        ({"prompt": "x", "chosen": [], "rejected": [], "messages": []}, "preference"),
        ({"messages": [ASKED]}, "chat"),
        ({"messages": None, "text": "x"}, "chat"),
        ({"conversations": []}, "sharegpt"),
        ({"question": "x"}, UNKNOWN),
    ],
)
def test_a_record_is_of_the_shape_that_its_fields_mark(record: dict[str, Any], shape: str) -> None:
    assert read_record(record).shape == shape


def turns(found: Canonical) -> list[dict[str, Any]]:
    assert found.messages is not None
    return [dict(turn) for turn in json.loads(found.messages)]


def test_the_last_answer_of_a_chat_is_the_response() -> None:
    system = {"role": "system", "content": "Be brief."}
    found = read_record({"messages": [system, ASKED, BAD, ASKED, ANSWERED, ASKED]})
    assert found.prompt == "Be brief.\n\ntwo and two?\n\nfive\n\ntwo and two?"
    assert (found.response, found.context, found.label) == ("four", None, None)
    assert turns(found) == [system, ASKED, BAD, ASKED, ANSWERED, ASKED]


def test_sharegpt_turns_become_chat_turns() -> None:
    found = read_record(
        {
            "system": "Be brief.",
            "conversations": [
                {"from": "human", "value": "weather?"},
                {"from": "function_call", "value": '{"name": "weather"}'},
                {"from": "observation", "value": "rain"},
                {"from": "gpt", "value": "It rains.", "weight": 0},
                {"from": "narrator", "value": "End."},
            ],
        }
    )
    assert turns(found) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": None, "tool_calls": '{"name": "weather"}'},
        {"role": "tool", "content": "rain"},
        {"role": "assistant", "content": "It rains.", "weight": 0},
        {"role": "narrator", "content": "End."},
    ]
    assert (found.response, found.wrong_types) == ("It rains.", ())


def test_tool_calls_are_the_response_where_nothing_is_said() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    assert read_record({"messages": [ASKED, call]}).response == '[{"id":"1"}]'


def test_text_parts_of_a_content_are_joined() -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "x"}}]
    found = read_record({"messages": [{"role": "user", "content": parts}, ANSWERED]})
    assert (found.prompt, found.wrong_types) == ("look", ())


@pytest.mark.parametrize(
    ("messages", "field", "found", "expected"),
    [
        ("hello", "messages", "string", "array"),
        ({"role": "user"}, "messages", "object", "array"),
        (["hello"], "messages[0]", "string", "object"),
        ([ASKED, {"role": 3, "content": "x"}], "messages[1].role", "number", "string"),
        ([{"role": "user", "content": {"a": 1}}], "messages[0].content", "object", "text"),
        ([{"content": "x"}], "messages[0].role", "null", "string"),
    ],
)
def test_a_part_of_a_chat_of_the_wrong_type_is_named(
    messages: object, field: str, found: str, expected: str
) -> None:
    assert read_record({"messages": messages}).wrong_types == ((field, found, expected),)


def test_a_chat_without_an_answer_has_no_response() -> None:
    found = read_record({"messages": [ASKED]})
    assert (found.prompt, found.response) == ("two and two?", None)
    assert read_record({"messages": []}).prompt is None


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "two and two?", "chosen": "four", "rejected": "five"},
        {"prompt": "two and two?", "chosen": [ANSWERED], "rejected": [BAD]},
        {"prompt": [ASKED], "chosen": [ANSWERED], "rejected": [BAD]},
        {"chosen": [ASKED, ANSWERED], "rejected": [ASKED, BAD]},
        {"prompt": "two and two?", "chosen": [ASKED, ANSWERED], "rejected": [ASKED, BAD]},
    ],
)
def test_a_pair_has_prompt_response_and_rejected(record: dict[str, Any]) -> None:
    found = read_record(record)
    assert (found.prompt, found.response, found.rejected) == ("two and two?", "four", "five")
    assert found.wrong_types == ()
    if found.messages:
        assert turns(found) == [ASKED, ANSWERED]


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "two and two?", "completion": "four"},
        {"prompt": [ASKED], "completion": [ANSWERED]},
        {"prompt": "two and two?", "completion": [ANSWERED]},
    ],
)
def test_a_completion_may_be_a_text_or_turns(record: dict[str, Any]) -> None:
    found = read_record(record)
    assert (found.prompt, found.response) == ("two and two?", "four")


def test_a_judgement_must_be_true_or_false() -> None:
    record = {"prompt": "x", "completion": "y"}
    right = read_record(record | {"label": True}, format_name="kto")
    wrong = read_record(record | {"label": "yes"}, format_name="kto")
    assert (right.label, right.label_kind, right.wrong_types) == ("true", "boolean", ())
    assert wrong.wrong_types == (("label", "string", "boolean"),)


CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"prompt": "x", "chosen": "y", "rejected": "z"}, {"rejected": "other"}),
    ({"prompt": "x", "chosen": "y", "rejected": "z"}, {"chosen": "z", "rejected": "y"}),
    ({"prompt": "x", "chosen": [ANSWERED], "rejected": [BAD]}, {"rejected": [ANSWERED]}),
    ({"messages": [ASKED, ANSWERED]}, {"messages": [ASKED, ANSWERED | {"weight": 0}]}),
    ({"messages": [ASKED, ANSWERED]}, {"messages": [ASKED | {"role": "system"}, ANSWERED]}),
    ({"messages": [ASKED, ANSWERED]}, {"tools": [{"name": "clock"}]}),
    ({"conversations": []}, {"system": "Be brief."}),
    ({"prompt": "x", "completion": "y", "label": True}, {"label": False}),
    ({"prompt": [ASKED], "completion": [ANSWERED]}, {"completion": [BAD]}),
]


@pytest.mark.parametrize(("record", "change"), CHANGES)
def test_everything_that_is_trained_on_enters_the_key(
    record: dict[str, Any], change: dict[str, Any]
) -> None:
    assert read_record(record).key != read_record(record | change).key
    assert read_record(record).key == read_record(record | {"id": 7, "source": "web"}).key


def test_turns_without_values_are_equal_to_turns_without_fields() -> None:
    empty = {"tool_calls": None, "name": None}
    one, other = (
        read_record({"messages": [ASKED, answer]}) for answer in (ANSWERED, ANSWERED | empty)
    )
    assert one.key == other.key
