"""The surgery on bytes: only the value of the field changes, whatever the line looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataqa.correcting.csv import cells, plain, quoted
from dataqa.correcting.interface import Edit
from dataqa.correcting.objects import edited
from dataqa.correcting.spans import Span, locate, members, steps, value_at, with_value

TEXTS = st.text(
    st.characters(codec="utf-8") | st.sampled_from('"\\{}[],: \u2028é😀\x00'), max_size=9
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
STYLES = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from(
            [(",", ":"), (", ", ": "), (" ,\t", "  : "), ("\r,", ":\t ")]
        ),
    }
)


@st.composite
def edited_lines(draw: st.DrawFn) -> tuple[bytes, dict[str, Any], str, object]:
    """Draw a line, its record, one of its fields and a new text for it."""
    record = draw(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5))
    name = draw(st.sampled_from(sorted(record)))
    if not isinstance(record[name], str | None):
        record[name] = draw(TEXTS)
    around = draw(st.sampled_from([(b"", b"\n"), (b" ", b"\r\n"), (b"\t", b" ")]))
    line = around[0] + json.dumps(record, **draw(STYLES)).encode() + around[1]
    return line, record, name, draw(TEXTS)


@given(edited_lines())
def test_an_edit_changes_the_bytes_of_one_value(
    drawn: tuple[bytes, dict[str, Any], str, str],
) -> None:
    line, record, name, after = drawn
    new = edited(line, [Edit(name, record[name], after)])
    assert json.loads(new) == {**record, name: after}
    span = locate(line, (name,))
    assert span is not None
    assert new[: span.start] == line[: span.start]
    assert new[len(new) - (len(line) - span.stop) :] == line[span.stop :]
    assert edited(new, [Edit(name, after, record[name])])[: span.start] == line[: span.start]


@given(VALUES, STYLES)
def test_every_value_is_found_at_its_path(value: Any, style: dict[str, Any]) -> None:
    text = b" " + json.dumps(value, **style).encode() + b" "

    def check(expected: Any, path: tuple[str | int, ...]) -> None:
        span = locate(text, path)
        assert span is not None
        assert json.loads(text[span.start : span.stop]) == expected
        inner = expected.items() if isinstance(expected, dict) else []
        for step, below in inner or enumerate(expected if isinstance(expected, list) else []):
            check(below, (*path, step))

    check(value, ())


@given(st.dictionaries(TEXTS, VALUES, max_size=4), TEXTS, TEXTS, STYLES)
def test_an_absent_field_is_added_at_the_end(
    record: dict[str, Any], name: str, after: str, style: dict[str, Any]
) -> None:
    record.pop(name, None)
    line = json.dumps(record, **style).encode()
    try:
        path = steps(name, frozenset(record))
    except ValueError:
        path = ()
    if path != (name,):
        return
    new = edited(line, [Edit(name, None, after)])
    assert json.loads(new) == {**record, name: after}
    assert new.startswith(line[:-1].rstrip() if record else b"{")


def test_the_last_of_repeated_keys_is_the_one_that_parsers_see() -> None:
    line = b'{"a": 1, "label": "x", "l\\u0061bel": "y", "b": {"label": "z"}}'
    assert edited(line, [Edit("label", "y", "new")]) == line.replace(b'"y"', b'"new"')


def test_thirty_digits_stay_thirty_digits() -> None:
    number = b"123456789012345678901234567890"
    line = b'{"n": ' + number + b',"label":"a" , "m" :[' + number + b"]}\r\n"
    assert edited(line, [Edit("label", "a", "b")]) == line.replace(b'"a"', b'"b"')
    assert edited(line, [Edit("n", number.decode(), "7")]) == line.replace(number, b"7", 1)


@pytest.mark.parametrize(
    ("old", "before", "after", "new"),
    [
        (b"3", "3", "10", b"10"),
        (b"3", 3, 10, b"10"),
        (b"1.50", "1.50", "2", b"2"),
        (b"true", "true", "false", b"false"),
        (b"[1, 2]", "[1,2]", "[3]", b"[3]"),
        (b"null", None, "a", b'"a"'),
        (b'"3"', "3", "4", b'"4"'),
        (b'"3"', "3", 4, b"4"),
    ],
)
def test_a_value_keeps_its_kind(old: bytes, before: object, after: object, new: bytes) -> None:
    line = b'{"label":' + old + b"}"
    assert edited(line, [Edit("label", before, after)]) == b'{"label":' + new + b"}"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (Edit("label", "x", "b"), "field 'label' is 'a', the decision was made for 'x'"),
        (Edit("label", None, "b"), "field 'label' is 'a', the decision was made for 'null'"),
        (Edit("stars", "4", "b"), "field 'stars' holds a number, and 'b' is none"),
        (Edit("stars", before=True, after="b"), "the decision was made for 'true'"),
        (Edit("absent", "x", "b"), "has no field 'absent'"),
        (Edit("turns[7].text", None, "b"), r"has no field 'turns\[7\].text'"),
        (Edit("turns[", None, "b"), r"'turns\[' is no field name, path or JSON pointer"),
    ],
)
def test_what_does_not_fit_is_refused(edit: Edit, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        edited(b'{"label": "a", "stars": 4, "turns": [{"text": "t"}]}', [edit])


def test_true_is_not_one() -> None:
    with pytest.raises(ValueError, match="was made for"):
        edited(b'{"label": 1}', [Edit("label", before=True, after=False)])


@pytest.mark.parametrize("field", ["turns[1].text", "/turns/1/text"])
def test_a_turn_is_edited_where_it_stands(field: str) -> None:
    line = b'{"turns": [ {"text": "a"} ,{"who":"b", "text" :"c"}], "text": "c"}'
    assert edited(line, [Edit(field, "c", "d")]) == line.replace(b':"c"', b':"d"', 1)


def test_a_field_whose_name_looks_like_a_path_is_that_field() -> None:
    line = b'{"a": [{"b": 1}], "a[0].b": "x", "/a": "y", "m/n": {"~o": "z"}}'
    assert edited(line, [Edit("a[0].b", "x", "new")]) == line.replace(b'"x"', b'"new"')
    assert edited(line, [Edit("/a", "y", "new")]) == line.replace(b'"y"', b'"new"')
    assert edited(line, [Edit("/m~1n/~0o", "z", "new")]) == line.replace(b'"z"', b'"new"')


def test_escapes_follow_the_line() -> None:
    assert edited(b'{"t": "caf\\u00e9", "l": "a"}', [Edit("l", "a", "\u00e9")]).endswith(
        b'"\\u00e9"}'
    )
    assert edited(b'{"t": "cafe", "l": "a"}', [Edit("l", "a", "\u00e9")]).endswith(b'"\xc3\xa9"}')
    assert edited(b'{"l": "a"}', [Edit("l", "a", "\ud800")]) == b'{"l": "\\ud800"}'


def test_depth_is_no_limit() -> None:
    text = b"[" * 50_000 + b"]" * 50_000
    assert value_at(text, 0) == Span(0, 100_000)


@pytest.mark.parametrize("text", [b"", b"  ", b'{"a": 1', b'"abc', b'{"a": }', b"[1, 2"])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"no JSON value|never closed"):
        list(members(text, value_at(text, 0).start))


ROWS = st.lists(TEXTS.map(lambda text: text.replace("\x00", "")), min_size=1, max_size=5)


@given(ROWS, st.data(), st.sampled_from([b",", b"\t", b";"]))
def test_a_cell_is_replaced_alone(row: list[str], data: st.DataObject, delimiter: bytes) -> None:
    old = [quoted(cell, data.draw(st.sampled_from([b'"', b""])), delimiter) for cell in row]
    line = b"x" + b"\n" + delimiter.join(old) + b"\r\n" + b"y"
    spans, end = cells(line, 2, delimiter)
    assert [plain(line[span.start : span.stop]) for span in spans] == row
    assert line[end:] == b"y"
    number = data.draw(st.integers(0, len(row) - 1))
    after = data.draw(TEXTS)
    new = with_value(line, spans[number], quoted(after, old[number], delimiter))
    found, end = cells(new, 2, delimiter)
    expected = [*row[:number], after, *row[number + 1 :]]
    assert [plain(new[span.start : span.stop]) for span in found] == expected
    assert new[end:] == b"y"
