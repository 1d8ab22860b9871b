"""One JSON object from bytes, or the exact reason why there is none."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import Any, NamedTuple

import orjson

from dataqa.quoting import LABEL_CHARACTERS, shortened

DEEPEST = 1000
"""Levels of nesting that are read."""
_BEYOND = 2.0**63
"""The parser turns integers beyond 64 bits into numbers of at least this size."""

_KINDS = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
_SPACED_COLON = re.compile(rb'"[ \t\r\n]+:')
_TOKEN = re.compile(
    rb'(?P<text>"[^"\\]*(?:\\.[^"\\]*)*")(?P<colon>[ \t\r\n]*:)?'
    rb"|(?P<number>-?[0-9]+)(?P<rest>[.eE0-9+-]*)"
    rb"|(?P<open>[\[{])|(?P<close>[\]}])",
    re.DOTALL,
)
_NO_NUMBER = re.compile(rb"NaN\b|Infinity\b")
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|u(?P<unit>[0-9a-fA-F]{4})|.)",
    re.DOTALL,
)


class Doubt(NamedTuple):
    """What other programs would read otherwise, or not at all."""

    code: str
    message: str


def record(text: bytes) -> tuple[dict[str, Any], list[Doubt]]:
    """Read one object, and what is doubtful about it.

    Raises:
        ValueError: there is none; its arguments are finding code and message.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError("not_json", _reason(text, error)) from None
    if type(value) is not dict:
        kind = _KINDS.get(type(value), "a number")
        raise ValueError(
            "not_object", f"{kind}, not an object; write the record as {{field: value}}"
        )
    return value, [] if _plain(text, value) else _doubts(text)


def _plain(text: bytes, value: dict[str, Any]) -> bool:
    """Tell that nothing is doubtful, by counting; ``False`` means that it has to be looked at."""
    keys = _count_keys(value)
    if text.count(b":") != keys and (
        text.count(b'":') != keys or _SPACED_COLON.search(text) is not None
    ):
        return False  # every key is followed by a colon, so one that counts twice is one too many
    return len(text) <= 2 * DEEPEST or text.count(b"[") + text.count(b"{") <= DEEPEST


def _count_keys(value: dict[str, Any]) -> int:
    """Count the keys of all objects in a value; -1 where a number is beyond 64 bits."""
    keys, waiting = 0, [value]
    while waiting:
        inner: Any = waiting.pop()
        if type(inner) is dict:
            keys += len(inner)
            inner = inner.values()
        for item in inner:
            kind = type(item)
            if kind is dict or kind is list:
                waiting.append(item)
            elif kind is float and not -_BEYOND < item < _BEYOND:
                return -1
    return keys


def _doubts(text: bytes) -> list[Doubt]:
    """Look at every key and number of a text that is JSON.

    Raises:
        ValueError: it is nested too deeply.
    """
    found: list[Doubt] = []
    names: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token["open"]:
            names.append(set())
            if len(names) > DEEPEST:
                raise ValueError("not_json", _too_deep(token.start()))
        elif token["close"]:
            names.pop()
        elif token["colon"]:
            name = orjson.loads(token["text"])
            if name in names[-1]:
                found.append(Doubt("duplicate_key", _twice(name, token.start())))
            names[-1].add(name)
        elif token["number"] and _is_beyond(token["number"], token["rest"]):
            found.append(Doubt("big_number", _beyond(token.group(), token.start())))
    return found


def _is_beyond(number: bytes, rest: bytes) -> bool:
    if rest:
        return abs(float(number + rest)) == float("inf")
    return len(number) > 18 and not -(2**63) <= int(number[:40]) < 2**64


def _reason(text: bytes, error: orjson.JSONDecodeError) -> str:
    """Say why a text is no JSON, with the byte, and what to do."""
    said = error.msg
    if "recursion" in said:
        return _too_deep(None)
    advice = "write one complete JSON object on this line"
    try:
        at = len(text.decode()[: error.pos].encode())
    except UnicodeDecodeError as damage:
        at, said = damage.start, f"byte 0x{text[damage.start]:02x} is not UTF-8"
        advice = "save the file as UTF-8"
    if number := _NO_NUMBER.match(text, at):
        said, advice = (
            f"{number[0].decode()} is no JSON value",
            "write null, or leave the field out",
        )
    if text.startswith(BOM_UTF8):
        at, said = 0, "a byte order mark, as where files were put together"
        advice = "remove it"
    elif "surrogate" in said:
        at = _lone_surrogate(text, at)
        said, advice = "a surrogate escape without its other half", "write the character itself"
    return f"not JSON at byte {at + 1} of the line: {said}; {advice}"


def _lone_surrogate(text: bytes, otherwise: int) -> int:
    """Return where the first escape is that needs another half and has none."""
    for escape in _ESCAPE.finditer(text):
        unit = int(escape["unit"] or b"0", 16)
        if 0xD800 <= unit < 0xE000 and not escape["pair"]:
            return escape.start()
    return otherwise


def _too_deep(at: int | None) -> str:
    where = "" if at is None else f" at byte {at + 1} of the line"
    return f"nested more than {DEEPEST:,} levels deep{where}; flatten the record"


def _twice(name: str, at: int) -> str:
    shown = shortened(name, LABEL_CHARACTERS)
    return (
        f"the key {shown!r} stands twice in one object, again at byte {at + 1} of the line; here "
        "the last one counts, other programs take the first or refuse the file; keep one"
    )


def _beyond(number: bytes, at: int) -> str:
    shown = shortened(number.decode(), LABEL_CHARACTERS)
    return (
        f"the number {shown} at byte {at + 1} of the line is beyond 64 bits and is read rounded; "
        "write it as a string"
    )
