"""What reviewers said, one decision a line in a file that survives a killed process."""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from dataqa.errors import InputError, OutputError, os_reason

DECISION_SCHEMA = 1
ACTIONS: Mapping[str, str] = {
    "keep": "right",
    "relabel": "wrong",
    "edit": "wrong",
    "drop": "wrong",
    "unsure": "unsure",
}
"""Action -> what it says of the record as it stands."""

_RENAMED = {"from_": "from"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LISTED = 10
"""Faults named in one error."""


@dataclass(frozen=True)
class Decision:
    """What one reviewer said of one record; a line of ``decisions.jsonl``."""

    dataset_sha256: str
    """Hash of the dataset that the reviewer had before them."""
    key: str
    """Content key of the record."""
    line: int
    """Line of the record, for people; the key is what counts."""
    action: str
    """One of ``ACTIONS``."""
    reviewer: str
    at: str
    """ISO 8601 time with a time zone. Of two decisions by one reviewer on one record the later
    one counts, wherever it stands in the file."""
    draw: int | None = None
    """Number of the draw in the review plan; null when the record came from the queue."""
    field: str | None = None
    """Field that ``relabel`` and ``edit`` change."""
    from_: Any = None
    """Value before; ``from`` in the file."""
    to: Any = None
    """Value after."""
    note: str | None = None
    schema: int = DECISION_SCHEMA

    @property
    def judgement(self) -> str:
        """What the action says of the record: ``right``, ``wrong`` or ``unsure``."""
        return ACTIONS[self.action]

    def to_dict(self) -> dict[str, Any]:
        """Return the values in the order and with the names of the file."""
        return {name: getattr(self, attribute) for name, attribute in _NAMES.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Decision:
        """Build a decision from the values of one line.

        Raises:
            ValueError: a name or value is not what a decision has.
        """
        fault = _fault(values)
        if fault:
            raise ValueError(fault)
        return cls(**{attribute: values[name] for name, attribute in _NAMES.items()})


@dataclass(frozen=True)
class DecisionFile:
    """What a decisions file holds, in the order of its lines."""

    decisions: tuple[Decision, ...]
    lines: tuple[int, ...]
    """Line number of each decision."""
    torn: int | None = None
    """Line number of an incomplete last line, which a killed process left behind."""


def parse_decisions(content: bytes, source: str) -> DecisionFile:
    """Read decisions strictly.

    Blank lines are skipped. Only a last line without line end may be damaged: it is left out and
    reported as ``torn``.

    Raises:
        InputError: a line is no decision; the first faults are listed with their lines.
    """
    *whole, last = content.removeprefix(BOM_UTF8).split(b"\n")
    decisions, lines, faults, torn = [], [], [], None
    for number, line in enumerate([*whole, last], 1):
        if not line.strip():
            continue
        try:
            decisions.append(_decision(line))
            lines.append(number)
        except ValueError as error:
            if number > len(whole) and isinstance(error, orjson.JSONDecodeError):
                torn = number
            else:
                faults.append(f"line {number}: {error}")
    if faults:
        raise refusal(source, faults)
    return DecisionFile(tuple(decisions), tuple(lines), torn)


def read_decisions(path: str | os.PathLike[str]) -> DecisionFile:
    """Read a decisions file, see ``parse_decisions``.

    Raises:
        InputError: the file cannot be read, or a line is no decision.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({os_reason(error)})") from error
    return parse_decisions(content, os.fspath(path))


def append_decisions(path: str | os.PathLike[str], decisions: Iterable[Decision]) -> None:
    """Add decisions at the end of the file and wait until they are on the disk.

    A torn last line, left by a process that was killed while writing, is cut off first.

    Raises:
        OutputError: the file cannot be written.
    """
    content = b"".join(orjson.dumps(item.to_dict()) + b"\n" for item in decisions)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _cut_torn_line(handle)
            os.lseek(handle, 0, os.SEEK_END)
            _write_all(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({os_reason(error)})") from error


def refusal(source: str, faults: Sequence[str], hint: str = "") -> InputError:
    """Build the error that lists what is wrong with a decisions file."""
    more = f"; and {len(faults) - _LISTED} more" if len(faults) > _LISTED else ""
    return InputError(
        f"{source}: {'; '.join(faults[:_LISTED])}{more}",
        hint=hint or "a decision has: " + ", ".join(_NAMES),
    )


def _decision(line: bytes) -> Decision:
    values = orjson.loads(line)
    if not isinstance(values, dict):
        raise ValueError("is no JSON object")
    return Decision.from_dict(values)


def _fault(values: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the values of a decision, or nothing."""
    absent = [name for name in _NAMES if name not in values]
    unknown = [name for name in values if name not in _NAMES]
    if absent or unknown:
        return f"{'absent' if absent else 'unknown'}: {', '.join(absent or unknown)}"
    return next(
        (
            f"{name}: {values[name]!r} is not {wanted}"
            for name, (wanted, fits) in _FITTING.items()
            if not fits(values[name])
        ),
        None,
    )


def _is_number(value: object) -> bool:
    return type(value) is int and value >= 1


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


_FITTING: Mapping[str, tuple[str, Any]] = {
    "schema": (str(DECISION_SCHEMA), lambda value: value == DECISION_SCHEMA),
    "dataset_sha256": (
        "a SHA-256 in hexadecimal",
        lambda value: isinstance(value, str) and bool(_SHA256.fullmatch(value)),
    ),
    "key": ("a key", _is_text),
    "line": ("a line number", _is_number),
    "draw": ("a draw number or null", lambda value: value is None or _is_number(value)),
    "action": (f"one of {', '.join(ACTIONS)}", lambda value: value in list(ACTIONS)),
    "field": ("a text or null", lambda value: value is None or isinstance(value, str)),
    "reviewer": ("a name", _is_text),
    "at": ("an ISO 8601 time with a time zone", _is_time),
    "note": ("a text or null", lambda value: value is None or isinstance(value, str)),
}
_ORDER = "schema dataset_sha256 key line draw action field from to reviewer at note"
_NAMES: Mapping[str, str] = {
    name: {new: old for old, new in _RENAMED.items()}.get(name, name) for name in _ORDER.split()
}
"""Name in the file -> attribute of ``Decision``, in the order of the file."""


def _cut_torn_line(handle: int) -> None:
    """End the file with a whole line: complete one that only lacks its end, cut a torn one."""
    size = os.lseek(handle, 0, os.SEEK_END)
    content = os.pread(handle, size, 0)
    end = content.rfind(b"\n") + 1
    if end == size:
        return
    try:
        orjson.loads(content[end:])
    except orjson.JSONDecodeError:
        os.ftruncate(handle, end)
    else:
        os.lseek(handle, 0, os.SEEK_END)
        _write_all(handle, b"\n")


def _write_all(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]
