"""What can be said of a line that the loader stumbles over or changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

Step = str | int
"""A field, or 0 for the items of a list."""
Path = list[Step]


class Line(NamedTuple):
    """A line that is not blank."""

    number: int
    text: bytes


class Remark(NamedTuple):
    """One line that the loader stumbles over or changes."""

    line: int
    """From 1, or 0 where it is about the whole file."""
    code: str
    """``refused``, ``mixed_types`` or ``changed``."""
    message: str
    field: str = ""


@dataclass
class Verdict:
    """What is known of a file so far."""

    schema: pa.Schema | None = None
    """Of the first batch; it decides for the whole file."""
    as_json: list[Path] = field(default_factory=list)
    """Fields with values of several types, which are kept as JSON texts."""
    remarks: list[Remark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether the loader refuses the whole file."""
        return any(remark.code == "refused" for remark in self.remarks)


def shown(path: Path) -> str:
    """Write a path as people do: ``messages[].content``."""
    return "".join("[]" if step == 0 else f".{step}" for step in path).removeprefix(".")
