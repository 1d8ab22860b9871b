"""The whole result as one JSON object, which ``dataqa gate`` and ``dataqa report`` read again."""

from __future__ import annotations

from pathlib import Path

import orjson

from dataqa.errors import ResultError, os_reason
from dataqa.result import AuditResult


def render(result: AuditResult, suffix: str) -> bytes:
    """Return the result as JSON."""
    return orjson.dumps(result.to_dict(), option=orjson.OPT_APPEND_NEWLINE)


def refuse(suffix: str) -> None:
    """Accept every suffix."""


def load(path: Path) -> AuditResult:
    """Read a result that ``render`` wrote.

    Raises:
        ResultError: the file cannot be read, or holds no result.
    """
    try:
        values = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: cannot be read ({os_reason(error)})") from error
    except orjson.JSONDecodeError as error:
        raise ResultError(f"{path}: is not JSON ({error})") from error
    try:
        return AuditResult.from_dict(values)
    except ResultError as error:
        raise ResultError(f"{path}: {error.message}", hint=error.hint) from error
