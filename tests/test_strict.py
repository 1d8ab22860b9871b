"""JSON Lines to the letter: what is refused, what is doubtful, and at which byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import audit, read
from dataqa.reading import strict

GOOD = b'{"text": "hello", "label": "a"}\n'


def refusal(text: bytes) -> tuple[str, str]:
    with pytest.raises(ValueError, match=r"^\(") as caught:
        strict.record(text)
    code, message = caught.value.args
    return code, message


@pytest.mark.parametrize(
    ("text", "byte", "reason"),
    [
        (b'{"a": NaN}', 7, "NaN is no JSON value; write null"),
        (b'{"a": [1, -Infinity]}', 12, "Infinity is no JSON value; write null"),
        (b'{"a": "NaN", "b": }', 19, "unexpected character"),
        (b'{"a": "\\ud800"}', 8, "surrogate escape without its other half"),
        (b'{"a": "\\ud83d\\ude00 \\\\udc00 \\udc00"}', 29, "surrogate escape without"),
        (b'{"a": "\\ud83d\\ud83d"}', 8, "surrogate escape without"),
        (b'{"a": "\xff"}', 8, "byte 0xff is not UTF-8; save the file as UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', 8, "byte 0xed is not UTF-8"),
        ('{"é": x}'.encode(), 8, "unexpected character"),
        (b'{"a": 1} {"b": 2}', 10, "unexpected content after document"),
        (b"{'a': 1}", 2, "expected"),
        (b'{"a": 1', 7, "unexpected end"),
        (b'{"a": 1e999}', 7, "infinity"),
        (b'{"a": "x\ty"}', 9, "control character"),
    ],
)
def test_refusal_names_byte_and_reason(text: bytes, byte: int, reason: str) -> None:
    code, message = refusal(text)
    assert code == "not_json"
    assert reason in message
    named = int(message.partition("at byte ")[2].partition(" ")[0])
    assert abs(named - byte) <= 1


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("levels", [1000, 1001, 1023, 1024, 1025, 5000, 100_000])
def test_nesting_has_a_limit(opening: bytes, levels: int) -> None:
    closing = b"]" if opening == b"[" else b"}"
    text = b'{"text":' + opening * (levels - 1) + b"1" + closing * (levels - 1) + b"}"
    if levels <= strict.DEEPEST:
        assert strict.record(text)[1] == []
    else:
        code, message = refusal(text)
        assert code == "not_json"
        assert "nested more than 1,000 levels deep" in message


@pytest.mark.parametrize(
    ("text", "doubts"),
    [
        (b'{"a": 1, "a": 2}', [("duplicate_key", "'a' stands twice", 10)]),
        (b'{"a" :1,"a":2}', [("duplicate_key", "'a'", 9)]),
        (b'{"a"\t\r\n:1,"b": ":", "a"\n:2}', [("duplicate_key", "'a'", 21)]),
        (b'{"a": 1, "\\u0061": 2}', [("duplicate_key", "'a'", 10)]),
        (b'{"x": [{"k": 1, "k": 1}], "y": {"k": 1}}', [("duplicate_key", "'k'", 17)]),
        (b'{"a":1,"a":2,"a":3}', [("duplicate_key", "'a'", 8), ("duplicate_key", "'a'", 14)]),
        (b'{"a": 18446744073709551616}', [("big_number", "18446744073709551616", 7)]),
        (b'{"a": [-9223372036854775809]}', [("big_number", "-9223372036854775809", 8)]),
        (b'{"a": 1' + b"0" * 200 + b"}", [("big_number", "1000", 7)]),
        (
            b'{"a": 1, "a": 99999999999999999999}',
            [("duplicate_key", "'a'", 10), ("big_number", "9", 15)],
        ),
        (b'{"a": 18446744073709551615, "b": -9223372036854775808}', []),
        (b'{"a": 1e300, "b": 123456789012345678901.5}', []),
        (b'{"a": "{\\"a\\": 1, \\"a\\": 2}"}', []),
        (b'{"a": "18446744073709551616", "b": "x\\\\"}', []),
        (b'{"a": {"b": 1}, "b": {"a": 1}}', []),
        (b'{"a": "b\\\\", "b": "\\":"}', []),
    ],
)
def test_doubts_name_key_or_number_and_byte(
    text: bytes, doubts: list[tuple[str, str, int]]
) -> None:
    value, found = strict.record(text)
    assert value == json.loads(text) or "big_number" in {doubt.code for doubt in found}
    assert [doubt.code for doubt in found] == [code for code, _, _ in doubts]
    for doubt, (_, part, byte) in zip(found, doubts, strict=True):
        assert part in doubt.message
        assert f"at byte {byte} of the line" in doubt.message


class Pairs(list[tuple[str, Any]]):
    """An object as it is written: a key may stand twice."""


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**66), 2**66)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('a":\\ {}[],é'), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.tuples(st.sampled_from(["a", "b", '"', "a:"]), inner), max_size=3).map(Pairs)
    ),
    max_leaves=8,
)


def written(value: object, space: str) -> str:
    if isinstance(value, Pairs):
        members = [f"{json.dumps(key)}{space}:{space}{written(item, space)}" for key, item in value]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(item, space) for item in value) + "]"
    return json.dumps(value)


def twice(value: object) -> int:
    """Count the keys that stand again, the slow way."""
    if isinstance(value, Pairs):
        again = len(value) - len({key for key, _ in value})
        return again + sum(twice(item) for _, item in value)
    return sum(map(twice, value)) if isinstance(value, list) else 0


def beyond(value: object) -> int:
    if isinstance(value, Pairs):
        return sum(beyond(item) for _, item in value)
    if isinstance(value, list):
        return sum(map(beyond, value))
    return int(type(value) is int and not -(2**63) <= value < 2**64)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(
    members=st.lists(st.tuples(st.sampled_from(["a", "b", '"', "a:"]), JSON), max_size=4),
    space=st.sampled_from(["", " ", "\t", " \r\n"]),
)
def test_counting_finds_what_looking_at_every_key_finds(
    members: list[tuple[str, Any]], space: str
) -> None:
    whole = Pairs(members)
    text = written(whole, space).encode()
    value, found = strict.record(text)
    assert value == orjson.loads(text)
    codes = [doubt.code for doubt in found]
    assert codes.count("duplicate_key") == twice(whole)
    if twice(whole):
        assert codes.count("big_number") == beyond(whole)
    else:
        assert bool(codes.count("big_number")) == bool(beyond(whole))


# In a file


def test_line_in_another_encoding_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(GOOD + GOOD.decode().encode("utf-16") + b"\n" + GOOD)
    dataset = read([path])
    assert sorted(dataset.frame["line"]) == [1, 4]
    assert set(dataset.faults["line"]) == {2, 3}


def test_doubtful_records_are_read_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(
        b"\xef\xbb\xbf"
        + GOOD
        + b'{"text": "x", "text": "y", "label": "a"}\n'
        + b'{"text": "z", "label": 99999999999999999999}\n'
        + GOOD
    )
    dataset = read([path])
    assert (len(dataset), dataset.unreadable) == (4, 0)
    result = audit(path, select=("schema",))
    rows = result.findings[["line", "code", "score"]].sort_values("line").to_numpy().tolist()
    assert rows == [
        [1, "schema.byte_order_mark", 0.2],
        [2, "schema.duplicate_key", 1.0],
        [3, "schema.big_number", 0.5],
    ]
    assert result.metrics["schema.invalid_rate"] == pytest.approx(1 / 4)


def test_dominant_shape_is_told_and_others_are_found(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    chat = b'{"messages": [{"role": "user", "content": "hi %d"}]}\n'
    path.write_bytes(b"".join(chat % n for n in range(1500)) + GOOD + b'{"foo": 1}\n{broken\n')
    result = audit(path, select=("schema",))
    assert result.dataset["format"] == "chat"
    assert result.dataset["detected"] == "chat messages, 1,500 of 1,502 records"
    minority = result.findings[result.findings["code"] == "schema.minority_shape"]
    assert minority["line"].to_list() == [1501]
    assert "texts to classify, but 1,500 of 1,502 records are chat" in minority["message"].iloc[0]
    assert minority["evidence"].iloc[0] == {"shape": "classification", "dominant": "chat"}


def test_a_shape_that_is_forced_has_no_minority(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(GOOD + b'{"text": "x", "messages": []}\n')
    codes = set(audit(path, format="classification", select=("schema",)).findings["code"])
    assert "schema.minority_shape" not in codes
