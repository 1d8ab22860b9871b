"""The one door of every check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from dataqa.dataset import Dataset, empty_frame
from dataqa.result import DECIMALS, FINDING_DTYPES
from dataqa.shared import Shared
from dataqa.tables import Table

RELATED_LIMIT = 10
"""Other records named in one finding; their full number is in the evidence."""


@dataclass(frozen=True)
class Found:
    """What a check found and measured."""

    findings: pd.DataFrame = field(default_factory=lambda: empty_frame(FINDING_DTYPES))
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    """Number by metric name; ``None`` where it could not be measured, with a ``reason``."""
    columns: Mapping[str, Sequence[Any] | np.ndarray] = field(default_factory=dict)
    """Per-record values by column name, in the order of the dataset."""
    skipped: bool = False
    reason: str | None = None
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


class Check(Protocol):
    """A frozen dataclass whose fields are the settings ``[checks.NAME]``.

    Its docstring is its documentation page.
    """

    name: ClassVar[str]
    codes: ClassVar[Mapping[str, str]]
    """Finding code (without the check's name) -> what it means and what to do."""
    metrics: ClassVar[tuple[str, ...]]
    """Names of its metrics; the first one is its headline."""
    columns: ClassVar[Mapping[str, str]]
    """Per-record columns it adds -> dtype."""

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Look at the whole dataset; never change it, never use the global random state."""
        ...


def findings_table(
    dataset: Dataset,
    rows: np.ndarray,
    code: str,
    *,
    score: np.ndarray | float,
    message: Sequence[str],
    evidence: Sequence[Mapping[str, Any]] | None = None,
    related: Sequence[Sequence[int]] | None = None,
) -> pd.DataFrame:
    """Make one finding for each of the given rows of the dataset.

    ``code`` is the full code (``check.code``); ``related`` holds row numbers of the dataset. With
    several files, the evidence tells in which of them the related lines are.
    """
    place = dataset.frame.iloc[rows]
    named = [list(group)[:RELATED_LIMIT] for group in related or [[]] * len(rows)]
    lines = dataset.frame["line"].to_numpy()
    facts = [dict(fact) for fact in evidence or [{}] * len(rows)]
    if len(dataset.files) > 1:
        sources = dataset.frame["source"].to_numpy()
        for fact, group in zip(facts, named, strict=True):
            fact["related_sources"] = sources[group].tolist()
    return pd.DataFrame(
        {
            "check": pd.Series([code.partition(".")[0]] * len(rows), dtype="str"),
            "code": pd.Series([code] * len(rows), dtype="str"),
            "source": place["source"].array,
            "line": place["line"].array,
            "key": place["key"].array,
            "id": place["id"].array,
            "score": np.round(np.broadcast_to(np.asarray(score, float), len(rows)), DECIMALS),
            "message": pd.Series(list(message), dtype="str"),
            "evidence": pd.Series(facts, dtype="object"),
            "related": pd.Series([lines[group].tolist() for group in named], dtype="object"),
        }
    )


def whole_findings(
    code: str,
    *,
    score: np.ndarray | float,
    message: Sequence[str],
    evidence: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Make findings about the dataset as a whole; they stand at line 0 of no source."""
    count = len(message)
    values: dict[str, Any] = {
        "check": [code.partition(".")[0]] * count,
        "code": [code] * count,
        "source": [""] * count,
        "line": [0] * count,
        "key": [None] * count,
        "id": [None] * count,
        "score": np.round(np.broadcast_to(np.asarray(score, float), count), DECIMALS),
        "message": list(message),
        "evidence": [dict(fact) for fact in evidence],
        "related": [[] for _ in range(count)],
    }
    return pd.DataFrame(
        {name: pd.Series(values[name], dtype=dtype) for name, dtype in FINDING_DTYPES.items()}
    )


def join_findings(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of findings under each other, worst first, then by place."""
    filled = [table for table in tables if len(table)]
    if not filled:
        return empty_frame(FINDING_DTYPES)
    return pd.concat(filled, ignore_index=True).sort_values(
        ["score", "source", "line", "code"],
        ascending=[False, True, True, True],
        kind="stable",
        ignore_index=True,
    )
