"""The form of answers: JSON, a list, code, a number, a label or free text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

OBJECT, ARRAY, BROKEN = "JSON object", "JSON array", "broken JSON"
CODE, LIST, NUMBER = "code block", "list", "number"
SHORT, TEXT, EMPTY = "short text", "free text", ""
MEANT = (OBJECT, ARRAY, CODE, LIST, NUMBER)
"""Forms that somebody must have wanted; texts come in any form."""
NULL = "null"
SHORT_CHARACTERS = 60
ITEM_SHARE = 0.6
"""Share of the lines that must be items, in a list."""

_NUMBER = re.compile(r"[-+]?[$€£]?\d[\d.,]*(?:[eE][-+]?\d+)?\s?[%°$€£]?\.?")
_ITEM = re.compile(r"\s*(?:[-*•–]|\(?\d{1,3}[.):]|\(?[a-zA-Z][.)])\s")
_FENCED = re.compile(r"```[\w+-]*\n(.*?)\n?\s*```", re.DOTALL)
_TYPES: Mapping[type, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): NULL,
}


Fields = tuple[tuple[str, str], ...]
"""Name and JSON type of the fields of an object, by name."""
Fault = tuple[str, str]
"""Finding code, and the field that it is about."""


@dataclass(frozen=True)
class Forms:
    """Form of each answer of a slice, and what the JSON objects among them hold."""

    form: list[str] = field(default_factory=list)
    fields: list[Fields] = field(default_factory=list)
    """Empty where the answer is no object; equal ones are one object."""


def form_stage(shard: tuple[list[str], ...]) -> Forms:
    """Look at the answers of a slice."""
    forms = Forms()
    known: dict[Fields, Fields] = {}
    for text in shard[0]:
        form, fields = _form(text.strip())
        forms.form.append(form)
        forms.fields.append(known.setdefault(fields, fields))
    return forms


def _form(text: str) -> tuple[str, Fields]:
    """Name the form of a text, and the fields of an object."""
    if not text:
        return EMPTY, ()
    inner = _FENCED.fullmatch(text) if text.startswith("```") else None
    body = inner[1].strip() if inner else text
    if body[:1] in {"{", "["} and (found := _json(body)):
        return found
    if inner:
        return CODE, ()
    if _NUMBER.fullmatch(text):
        return NUMBER, ()
    lines = [line for line in text.splitlines() if line.strip()] if "\n" in text else []
    if len(lines) > 1 and sum(map(bool, map(_ITEM.match, lines))) >= ITEM_SHARE * len(lines):
        return LIST, ()
    short = len(text) <= SHORT_CHARACTERS and not lines
    return (SHORT if short else TEXT), ()


def _json(text: str) -> tuple[str, Fields] | None:
    """Read a text as JSON; what only begins so is broken, or no JSON at all."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        looks = re.match(r"\{\s*(?:\"|'|\})|\[\s*(?:[\[{\"'\d]|\])", text)
        return (BROKEN, ()) if looks else None
    if isinstance(value, dict):
        return OBJECT, tuple(sorted((name, _TYPES[type(item)]) for name, item in value.items()))
    return ARRAY, ()


@dataclass(frozen=True)
class ObjectShape:
    """What nearly all JSON objects of a set have in common."""

    types: Mapping[str, str]
    """Usual type by field that nearly all have."""
    known: frozenset[str]
    """Fields that more than a few have."""

    def fault(self, fields: Fields) -> Fault:
        """Tell how an object differs, two empty texts when it fits."""
        given = dict(fields)
        missing = sorted(self.types.keys() - given.keys())
        other = [name for name, kind in self.types.items() if given.get(name) not in {kind, NULL}]
        extra = sorted(given.keys() - self.known)
        for code, names in (
            ("missing_field", missing),
            ("field_type", other),
            ("extra_field", extra),
        ):
            if names:
                return code, names[0]
        return "", ""


def object_shape(objects: Mapping[Fields, int], most: float, few: float) -> ObjectShape:
    """Learn what objects have in common from the number of those that have the same fields.

    A field belongs to them when at least the share ``most`` have it with one type (or null), and
    is known when more than the share ``few`` have it.
    """
    total = sum(objects.values())
    seen: Counter[str] = Counter()
    typed: Counter[tuple[str, str]] = Counter()
    for fields, count in objects.items():
        for name, kind in fields:
            seen[name] += count
            typed[name, kind] += count
    types = {
        name: kind
        for (name, kind), count in sorted(typed.items())
        if kind != NULL and count + typed[name, NULL] >= most * total
    }
    known = {name for name, count in seen.items() if count > few * total}
    return ObjectShape(types, frozenset(known))
