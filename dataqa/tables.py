"""Small tables that a check adds to its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Rows of plain values under column names; a float is a share 0..1, a whole number a count."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    @property
    def plain(self) -> dict[str, Any]:
        """The table as JSON has it."""
        rows = [list(row) for row in self.rows]
        return {"title": self.title, "columns": list(self.columns), "rows": rows}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Table:
        """Rebuild a table from plain values.

        Raises:
            ValueError: a row is not as long as the columns.
        """
        columns = tuple(str(name) for name in values["columns"])
        rows = tuple(tuple(row) for row in values["rows"])
        if any(len(row) != len(columns) for row in rows):
            raise ValueError(f"table {values['title']!r} has rows of another length than its head")
        return cls(str(values["title"]), columns, rows)
