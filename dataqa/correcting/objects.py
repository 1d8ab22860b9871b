"""Edit the fields of one JSON object in its own bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import orjson

from dataqa.correcting.interface import Edit, same_value
from dataqa.correcting.spans import (
    Span,
    encoded,
    locate,
    members,
    steps,
    value_at,
    with_member,
    with_value,
)
from dataqa.quoting import LABEL_CHARACTERS, shortened


def edited(text: bytes, edits: Sequence[Edit]) -> bytes:
    """Return the object with the values of its fields replaced, all other bytes as they are.

    Raises:
        ValueError: a field is absent, or holds something else than the reviewer saw.
    """
    for edit in edits:
        text = _edited(text, edit)
    return text


def _edited(text: bytes, edit: Edit) -> bytes:
    keys = frozenset(str(member.key) for member in members(text, value_at(text, 0).start))
    path = steps(edit.field, keys)
    span = locate(text, path)
    if span is None:
        if len(path) > 1 or edit.before is not None:
            raise ValueError(f"has no field {edit.field!r}")
        return with_member(text, str(path[0]), encoded(edit.after, text))
    found, plain = _value(text, span)
    if not same_value(edit.before, found, plain):
        raise ValueError(differs(edit, plain))
    return with_value(text, span, literal(found, edit, text))


def differs(edit: Edit, found: str) -> str:
    """Say that a field holds something else than the reviewer saw."""
    seen = edit.before if isinstance(edit.before, str) else json.dumps(edit.before)
    return (
        f"field {edit.field!r} is {shortened(found, LABEL_CHARACTERS)!r}, "
        f"the decision was made for {shortened(seen, LABEL_CHARACTERS)!r}"
    )


def literal(found: object, edit: Edit, near: bytes) -> bytes:
    """Return the new value as JSON in the kind of the old one: a number stays a number.

    Raises:
        ValueError: the new value is a text that does not read as that kind.
    """
    after = edit.after
    if found is None or isinstance(found, str) or not isinstance(after, str):
        return encoded(after, near)
    try:
        value: object = orjson.loads(after)
    except orjson.JSONDecodeError:
        value = after
    if _kind(value) != _kind(found):
        named = shortened(after, LABEL_CHARACTERS)
        raise ValueError(f"field {edit.field!r} holds a {_kind(found)}, and {named!r} is none")
    return after.strip().encode()


def _kind(value: object) -> str:
    names = {bool: "truth value", int: "number", float: "number", list: "list", dict: "object"}
    return names.get(type(value), "text")


def _value(text: bytes, span: Span) -> tuple[object, str]:
    """Return a value and its canonical text, which for a number is the one in the file."""
    raw = text[span.start : span.stop]
    value = orjson.loads(raw)
    if isinstance(value, str):
        return value, value
    if isinstance(value, int | float):
        return value, raw.decode()
    return value, orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
