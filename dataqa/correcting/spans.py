"""Where in the bytes of a JSON text a value stands, so that it alone can be replaced.

Own scanner: no JSON library tells the byte span of a value. It presumes valid JSON, takes the last
of repeated keys as parsers do, and never recurses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

Text = bytes
Step = str | int
"""One step of a path: a key of an object or a position in an array."""

_SPACE = re.compile(rb"[ \t\n\r]*")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\]}\[{\"]+")
_MARK = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_NAMED_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class Span(NamedTuple):
    """The bytes from ``start`` up to ``stop``."""

    start: int
    stop: int


class Member(NamedTuple):
    """One member of an object, or one element of an array (its key has no bytes then)."""

    key: Step
    name: Span
    value: Span


def steps(field: str, keys: frozenset[str]) -> tuple[Step, ...]:
    """Read the name of a field as a path.

    A name among ``keys``, the fields of the record, is that field, whatever signs it holds. Others
    are a JSON pointer (``/messages/2/content``, RFC 6901) or a path (``messages[2].content``).

    Raises:
        ValueError: the name is neither.
    """
    if field in keys:
        return (field,)
    if field.startswith("/"):
        return tuple(
            part.replace("~1", "/").replace("~0", "~")
            for part in field.removeprefix("/").split("/")
        )
    found, position = [], 0
    while position < len(field):
        match = _NAMED_STEP.match(field, position)
        if match is None:
            raise ValueError(f"{field!r} is no field name, path or JSON pointer")
        found.append(int(match[2]) if match[2] else match[1])
        position = match.end()
    return tuple(found) or (field,)


def locate(text: Text, path: tuple[Step, ...], start: int = 0) -> Span | None:
    """Return where the value at ``path`` stands, ``None`` where there is none.

    Raises:
        ValueError: the text is no JSON.
    """
    span = value_at(text, start)
    for step in path:
        found = None
        for member in members(text, span.start):
            if member.key == step or (isinstance(member.key, int) and str(member.key) == step):
                found = member.value
        if found is None:
            return None
        span = found
    return span


def value_at(text: Text, start: int) -> Span:
    """Return the span of the value that starts at or after ``start``, without space around it.

    Raises:
        ValueError: no complete value is there.
    """
    start = after_space(text, start)
    first = text[start : start + 1]
    if first in (b"{", b"["):
        return Span(start, _closed(text, start))
    match = (_STRING if first == b'"' else _SCALAR).match(text, start)
    if match is None:
        raise ValueError(f"no JSON value at byte {start + 1}")
    return Span(start, match.end())


def members(text: Text, start: int) -> Iterator[Member]:
    """Yield the members of the object, or the elements of the array, that begins at ``start``.

    Any other value has none.

    Raises:
        ValueError: the text is no JSON.
    """
    kind = text[start : start + 1]
    if kind not in (b"{", b"["):
        return
    position = after_space(text, start + 1)
    number = 0
    while text[position : position + 1] not in (b"}", b"]"):
        key: Step = number
        name = Span(position, position)
        if kind == b"{":
            name = value_at(text, position)
            key = json.loads(text[name.start : name.stop])
            position = after_space(text, name.stop) + 1  # the colon
        value = value_at(text, position)
        yield Member(key, name, value)
        position = after_space(text, value.stop)
        if text[position : position + 1] == b",":
            position = after_space(text, position + 1)
        number += 1


def after_space(text: Text, start: int) -> int:
    """Return where the next byte that is no space stands."""
    match = _SPACE.match(text, start)
    return match.end() if match else start


def before_space(text: Text, stop: int) -> int:
    """Return the end of what stands before ``stop``, without the space after it."""
    while stop and text[stop - 1 : stop] in (b" ", b"\t", b"\r", b"\n"):
        stop -= 1
    return stop


def with_value(text: Text, span: Span, value: Text) -> Text:
    """Return the text with other bytes in the place of ``span``."""
    return bytes(text[: span.start]) + value + bytes(text[span.stop :])


def with_member(text: Text, key: str, value: Text, start: int = 0) -> Text:
    """Return the text with one more member at the end of its object, spaced like the others."""
    span = value_at(text, start)
    name = encoded(key, text)
    own = list(members(text, span.start))
    if not own:
        return with_value(text, Span(span.start + 1, span.start + 1), name + b": " + value)
    colon = bytes(text[own[-1].name.stop : own[-1].value.start])
    comma = bytes(text[own[-2].value.stop : own[-1].name.start]) if len(own) > 1 else b", "
    end = own[-1].value.stop
    return with_value(text, Span(end, end), comma + name + colon + value)


def encoded(value: object, near: Text) -> Text:
    """Return a value as JSON, escaping what is not ASCII where the text nearby does so, too."""
    escapes = near.isascii() and b"\\u" in near
    try:
        return json.dumps(value, ensure_ascii=escapes).encode()
    except UnicodeEncodeError:  # half a surrogate pair exists only as an escape
        return json.dumps(value).encode()


def _closed(text: Text, start: int) -> int:
    depth = 0
    for mark in _MARK.finditer(text, start):
        sign = mark[0][:1]
        depth += (sign in b"[{") - (sign in b"]}")
        if depth == 0:
            return mark.end()
    raise ValueError(f"the bracket at byte {start + 1} is never closed")
