"""The door of every renderer."""

from __future__ import annotations

from typing import Protocol

from dataqa.result import AuditResult


class Renderer(Protocol):
    """A pure function of the result: no clock, no disk, no network; same result, same bytes."""

    def render(self, result: AuditResult, suffix: str) -> bytes:
        """Return the report; ``suffix`` is that of the file it goes to, in lower case."""
        ...

    def refuse(self, suffix: str) -> None:
        """Raise ``OutputError`` when a file with this suffix cannot be made."""
        ...
