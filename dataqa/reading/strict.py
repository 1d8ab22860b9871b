"""One JSON object from bytes, or the exact reason why there is none."""

from __future__ import annotations

import re
from typing import Any

import orjson

_POSITION = re.compile(r": line \d+ column \d+ \(char (\d+)\)$")
_KINDS = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def record(text: bytes) -> dict[str, Any]:
    """Read one object.

    Raises:
        ValueError: there is none; its arguments are finding code and message.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        found = _POSITION.search(str(error))
        reason = str(error)[: found.start()] if found else str(error)
        where = f" at byte {_byte(text, int(found[1])) + 1} of the line" if found else ""
        raise ValueError(
            "not_json",
            f"not JSON{where}: {reason}; write one complete JSON object on this line",
        ) from None
    if not isinstance(value, dict):
        kind = _KINDS.get(type(value), "a number")
        raise ValueError(
            "not_object", f"{kind}, not an object; write the record as {{field: value}}"
        )
    return value


def _byte(text: bytes, characters: int) -> int:
    return len(text.decode("utf-8", "replace")[:characters].encode("utf-8"))
