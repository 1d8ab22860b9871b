"""The door of every source format that can be corrected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class Edit:
    """A field of a record and the value it gets."""

    field: str
    """Name of the field in the source, a path (``messages[2].content``) or a JSON pointer."""
    before: object
    """The value that the reviewer saw; another one in the data is a mismatch."""
    after: object
    action: str = "edit"
    """``edit`` or ``relabel``."""


@dataclass(frozen=True)
class Change:
    """What becomes of one record."""

    line: int
    """Its place as reports name it, from 1."""
    offset: int
    """Its first byte in the uncompressed file, where the format has one."""
    key: str | None = None
    """Content key; none for a line that holds no record."""
    edits: tuple[Edit, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why the record goes; empty for a record that stays."""


@dataclass(frozen=True)
class Outcome:
    """What became of one record: its text before and after, or why it cannot be changed."""

    change: Change
    before: str
    """The record as the file has it, or as JSON where the file is no text."""
    after: str | None = None
    """``None`` where the record is gone."""
    record: bytes = b""
    """The record as one JSON value before the change, where it is one."""
    problem: str = ""


class Format(Protocol):
    """Writes a file again with changes in it; everything else stays as it is."""

    def rewrite(self, source: Path, sink: BinaryIO, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Write ``source`` to ``sink``, record by record of ``changes`` (in order of lines).

        Yields one outcome per change. After an outcome with a problem the sink holds nothing of
        use.
        """
        ...


def same_value(seen: object, found: object, text: str) -> bool:
    """Tell whether the value that a reviewer saw is the value that the data has.

    Reviewers see numbers, truth values and lists as text: ``text`` is the one that the file has.
    """
    if type(seen) is type(found) and seen == found:
        return True
    return isinstance(seen, str) and not isinstance(found, str) and seen == text
