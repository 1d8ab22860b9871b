"""Values of a record as text, and the key of its content."""

from __future__ import annotations

import orjson
import xxhash

KINDS = {
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
}
"""Python type of a parsed value -> kind of label."""


def content_key(*parts: str | None) -> str:
    """Hash the parts with their lengths, so that no text can imitate a border between them."""
    framed = "".join(["-" if part is None else f"{len(part)}:{part}" for part in parts])
    return xxhash.xxh3_128_hexdigest(framed.encode("utf-8", "surrogatepass"))


def as_text(value: object) -> str:
    """Return a text as it is and any other value as canonical JSON."""
    return value if isinstance(value, str) else to_json(value)


def optional_text(value: object) -> str | None:
    """Return ``as_text``, and nothing for nothing."""
    return None if value is None else as_text(value)


def to_json(value: object) -> str:
    """Return canonical JSON: keys sorted, no spaces.

    Raises:
        ValueError: the value is nested too deeply; its arguments are finding code and message.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError as error:  # it reads 1,024 levels and writes 254
        raise ValueError("not_json", "nested too deeply; flatten the record") from error


def json_type(value: object) -> str:
    """Name the JSON type of a parsed value."""
    names = {str: "string", list: "array", type(None): "null"}
    return names.get(type(value)) or KINDS[type(value)]
