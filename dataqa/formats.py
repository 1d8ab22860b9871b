"""Record shapes: from the object on a line to the canonical columns.

Every shape tells which of its fields make up the canonical *prompt*, *context*, *response* and
*label*. To support a new shape, add a row to ``SHAPES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
import xxhash

from dataqa.settings import unknown_name

UNKNOWN = "unknown"
"""Shape of a record in which no shape finds its fields."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """Where one record shape keeps its parts: field names of the source."""

    name: str
    prompt: str
    """The field that must be there: it marks the shape."""
    context: str | None = None
    response: str | None = None
    label: str = "label"
    id: str = "id"

    def fields(self) -> dict[str, str]:
        """Map canonical column names to the field names of this shape."""
        named = {
            "prompt": self.prompt,
            "context": self.context,
            "response": self.response,
            "label": self.label,
        }
        return {column: name for column, name in named.items() if name is not None}


SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape("instruction", prompt="instruction", context="input", response="output"),
        Shape("classification", prompt="text"),
    )
}
"""Known shapes; with ``auto`` the first one whose marking field a record has is taken."""


@dataclass(frozen=True)
class Canonical:
    """One record in canonical columns; ``None`` where the record has nothing."""

    shape: str
    prompt: str | None
    context: str | None
    response: str | None
    label: str | None
    id: str | None
    key: str
    """128-bit content hash as 32 hexadecimal digits; ``id`` and place do not enter it."""
    wrong_types: tuple[tuple[str, str], ...]
    """(field, JSON type found) for every field that should be text and is not."""


def choose_shapes(
    format_name: str, text_field: str | None, label_field: str | None, id_field: str | None
) -> tuple[Shape, ...]:
    """Return the shapes that a run looks for, in order, with the user's field names in them.

    Raises:
        ConfigError: ``format_name`` is neither ``auto`` nor a known shape.
    """
    if format_name not in {"auto", *SHAPES}:
        raise unknown_name("format", format_name, ("auto", *SHAPES), "format")
    shapes = tuple(SHAPES.values()) if format_name == "auto" else (SHAPES[format_name],)
    if text_field and format_name == "auto":
        shapes = (SHAPES["classification"],)
    return tuple(
        replace(
            shape,
            prompt=text_field or shape.prompt,
            label=label_field or shape.label,
            id=id_field or shape.id,
        )
        for shape in shapes
    )


def canonical(record: Record, shapes: tuple[Shape, ...]) -> Canonical:
    """Bring one record to canonical columns, by the first shape that fits it.

    Raises:
        ValueError: a value is nested too deeply; its arguments are finding code and message.
    """
    shape = next((shape for shape in shapes if shape.prompt in record), None)
    if shape is None:
        key = xxhash.xxh3_128_hexdigest(_json(record))
        return Canonical(UNKNOWN, None, None, None, None, None, key, ())
    values: dict[str, str | None] = dict.fromkeys(("prompt", "context", "response", "label"))
    wrong: list[tuple[str, str]] = []
    for column, name in shape.fields().items():
        value = record.get(name)
        if value is None or isinstance(value, str):
            values[column] = value
        else:
            values[column] = _json(value).decode()
            if column != "label" or isinstance(value, list | dict):
                wrong.append((name, _json_type(value)))
    identifier = record.get(shape.id)
    return Canonical(
        shape=shape.name,
        **values,
        id=None if identifier is None else _as_text(identifier),
        key=_content_key(shape.name, *values.values()),
        wrong_types=tuple(wrong),
    )


def _content_key(*parts: str | None) -> str:
    """Hash the parts with their lengths, so that no text can imitate a border between them."""
    framed = "".join("-" if part is None else f"{len(part)}:{part}" for part in parts)
    return xxhash.xxh3_128_hexdigest(framed.encode("utf-8", "surrogatepass"))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else _json(value).decode()


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:  # it reads 1,024 levels and writes 254
        raise ValueError("not_json", "nested too deeply; flatten the record") from error


def _json_type(value: object) -> str:
    names = {bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
    return names[type(value)]
