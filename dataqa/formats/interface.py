"""What every record shape is made of, and what every record becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Record = Mapping[str, Any]


class WrongType(NamedTuple):
    """A field whose JSON type is not the one that its shape needs."""

    field: str
    found: str
    expected: str = "text"


class Canonical(NamedTuple):
    """One record in canonical columns; ``None`` where the record has nothing."""

    key: str
    """128-bit content hash as 32 hexadecimal digits; ``id`` and place do not enter it."""
    id: str | None
    shape: str
    prompt: str | None
    context: str | None
    response: str | None
    label: str | None
    rejected: str | None
    messages: str | None
    """Turns of a conversation as canonical JSON: a list of objects with role and content."""
    label_kind: str | None
    """JSON type of the label: ``text``, ``number``, ``boolean``, ``list`` or ``object``."""
    wrong_types: tuple[WrongType, ...] = ()


class Parts(NamedTuple):
    """What a shape takes out of one record; the label and the id are the same for all shapes."""

    prompt: str | None
    context: str | None
    response: str | None
    wrong_types: list[WrongType]
    rejected: str | None = None
    messages: str | None = None
    hashed: tuple[str | None, ...] | None = None
    """What the content key covers beside the label; the three texts where it is absent."""


@dataclass(frozen=True)
class Shape:
    """Where one record shape keeps its parts: field names of the source."""

    name: str
    marks: tuple[str, ...]
    """Fields of which any one marks a record of this shape."""
    take: Callable[[Record, Shape], Parts]
    """Module-level function that takes the parts out of a record."""
    title: str
    """What people call many of them."""
    prompt: str = "prompt"
    context: str | None = None
    response: str | None = None
    rejected: str | None = None
    label: str = "label"
    id: str = "id"
    label_marks: bool = False
    """Whether a record needs a boolean label, too, to be of this shape."""
    label_expected: str | None = None
    """The only kind of label that the shape allows, or any but an object."""

    def fits(self, record: Record) -> bool:
        """Tell whether a record is of this shape."""
        for name in self.marks:
            if name in record:
                return not self.label_marks or type(record.get(self.label)) is bool
        return False
