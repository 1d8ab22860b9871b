"""What an audit found: findings, metrics, verdict; plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import pandas as pd

from dataqa.errors import ResultError
from dataqa.tables import Table

SCHEMA_VERSION = 1
DECIMALS = 6
"""Scores and per-record numbers are kept to this many decimals; metrics are not rounded."""

FINDING_DTYPES = {
    "check": "str",
    "code": "str",
    "source": "str",
    "line": "int64",
    "key": "str",
    "id": "str",
    "score": "float64",
    "message": "str",
    "evidence": "object",
    "related": "object",
}
"""Columns of the findings frame. ``score`` is 0..1, 1 = worst; ``evidence`` holds dicts and
``related`` lists of line numbers."""

_NEEDED: tuple[tuple[str, str, type], ...] = (
    *(("dataset", name, int) for name in ("records", "unreadable", "classes")),
    *(("dataset", name, kind) for name, kind in (("paths", list), ("shapes", dict))),
    *(("records", name, list) for name in ("source", "line", "excerpt")),
    *(("dataset", "sha256", str), ("embedder", "name", str), ("config", "limits", dict)),
)
"""(section, name, type) of the plain values that gate and reports rely on."""

Status = Literal["ok", "skipped", "crashed"]
State = Literal["PASS", "FAIL", "UNDECIDED"]
Evidence = Literal["model", "reviewed"]
Severity = Literal["fail", "warn"]


@dataclass(frozen=True)
class CheckResult:
    """What became of one check."""

    name: str
    status: Status
    reason: str | None = None
    """Why it did not run, or why a metric of it is null."""
    seconds: float = 0.0
    findings: int = 0
    flagged: int = 0
    """Lines with at least one finding of this check."""
    headline: str = ""
    """The metric that sums the check up."""
    about: str = ""
    """One sentence on what the check finds."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Full finding code -> what it means and what to do."""
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    """What it counted, for the reports."""


@dataclass(frozen=True)
class Reason:
    """How one limit was judged."""

    metric: str
    value: float | None
    low: float | None
    high: float | None
    limit: float
    state: State
    message: str
    evidence: Evidence = "model"
    """``reviewed`` when a certificate decided; value, low and high are the certificate's then."""
    severity: Severity = "fail"
    """``warn`` when the verdict does not depend on it."""


@dataclass(frozen=True)
class Verdict:
    """PASS, FAIL or UNDECIDED, and why."""

    state: State
    certified: bool
    """Whether a certificate, not a model, decided the mislabel rate that the state rests on."""
    reasons: tuple[Reason, ...]

    @property
    def exit_code(self) -> int:
        """Exit code of the command line: 0 PASS, 1 FAIL, 3 UNDECIDED."""
        return {"PASS": 0, "FAIL": 1, "UNDECIDED": 3}[self.state]


@dataclass(frozen=True, eq=False)
class AuditResult:
    """Everything an audit measured and how the gate judged it.

    Two results are equal when they hold the same values.
    """

    dataset: Mapping[str, Any]
    config: Mapping[str, Any]
    embedder: Mapping[str, Any]
    checks: Mapping[str, CheckResult]
    metrics: Mapping[str, float | None]
    findings: pd.DataFrame
    """One problem per row, columns ``FINDING_DTYPES``."""
    records: pd.DataFrame
    """One input record per row, in input order, with every per-record score."""
    verdict: Verdict
    review_plan: Sequence[Mapping[str, Any]] = ()
    """Draws in the order in which to judge them."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """How the plan was drawn; what weighs a judgement. Empty in results of earlier versions."""
    certificate: Mapping[str, Any] | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def __eq__(self, other: object) -> bool:
        """Compare values."""
        return isinstance(other, AuditResult) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash by the input and the settings."""
        return hash((self.dataset.get("sha256"), repr(self.config)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; the content of ``--out json``. Frames become lists by column."""
        return {
            "schema_version": self.schema_version,
            "dataset": dict(self.dataset),
            "config": dict(self.config),
            "embedder": dict(self.embedder),
            "verdict": _plain(asdict(self.verdict)),
            "certificate": None if self.certificate is None else dict(self.certificate),
            "metrics": dict(self.metrics),
            "checks": {name: _check_values(check) for name, check in self.checks.items()},
            "timings": dict(self.timings),
            "review_plan": [dict(draw) for draw in self.review_plan],
            "sampling": dict(self.sampling),
            "findings": columns_of(self.findings),
            "records": columns_of(self.records),
            "record_types": {name: str(kind) for name, kind in self.records.dtypes.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AuditResult:
        """Rebuild a result from ``to_dict`` values.

        Raises:
            ResultError: the values are of another schema version, or no result at all.
        """
        version = values.get("schema_version") if isinstance(values, Mapping) else None
        if version != SCHEMA_VERSION:
            raise ResultError(
                f"not a dataqa result of schema version {SCHEMA_VERSION} (found: {version!r})",
                hint="make one with: dataqa audit DATA --out json=result.json",
            )
        try:
            return cls._rebuilt(values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ResultError(f"the result is damaged ({type(error).__name__}: {error})") from error

    @classmethod
    def _rebuilt(cls, values: Mapping[str, Any]) -> AuditResult:
        for section, name, kind in _NEEDED:
            if not isinstance(values[section][name], kind):
                raise TypeError(f"{section}.{name} is no {kind.__name__}")
        verdict = dict(values["verdict"])
        verdict["reasons"] = tuple(Reason(**reason) for reason in verdict["reasons"])
        return cls(
            dataset=dict(values["dataset"]),
            config=dict(values["config"]),
            embedder=dict(values["embedder"]),
            checks={name: _check(name, item) for name, item in values["checks"].items()},
            metrics=dict(values["metrics"]),
            findings=_frame(values["findings"], FINDING_DTYPES),
            records=_records(values["records"], values.get("record_types", {})),
            verdict=Verdict(**verdict),
            review_plan=list(values["review_plan"]),
            sampling=dict(values.get("sampling", {})),
            certificate=values["certificate"],
            timings=dict(values["timings"]),
        )


def columns_of(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns of a frame as lists of plain values, missing ones as ``None``."""
    return {str(name): plain_values(frame[name]) for name in frame.columns}


def plain_values(column: pd.Series) -> list[Any]:
    """Return a column as plain Python values, missing ones as ``None``."""
    missing = column.isna().to_numpy()
    values = column.to_list()
    return [None if gone else value for value, gone in zip(values, missing, strict=True)]


def _check_values(check: CheckResult) -> dict[str, Any]:
    values = _plain(asdict(check)) | {"tables": [table.plain for table in check.tables]}
    del values["name"]
    return values


def _check(name: str, values: Mapping[str, Any]) -> CheckResult:
    if values["status"] not in get_args(Status):
        raise ValueError(f"checks.{name}.status is {values['status']!r}")
    tables = tuple(Table.of(table) for table in values.get("tables", ()))
    return CheckResult(name=name, **{**values, "notes": tuple(values["notes"]), "tables": tables})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def _records(columns: Mapping[str, list[Any]], types: Mapping[str, str]) -> pd.DataFrame:
    """Rebuild the records; results of earlier versions do not tell the types of the columns."""
    return _frame(columns, {name: types.get(name) or _dtype(columns[name]) for name in columns})


def _frame(columns: Mapping[str, list[Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    if list(columns) != list(dtypes):
        raise ValueError(f"columns {list(columns)}")
    if len({len(values) for values in columns.values()}) > 1:
        raise ValueError("columns of different lengths")
    return pd.DataFrame(
        {name: pd.Series(values, dtype=dtypes[name]) for name, values in columns.items()}
    )


def _dtype(values: list[Any]) -> str:
    """Choose the dtype of a records column by the first value it has."""
    first = next((value for value in values if value is not None), None)
    kinds = {bool: "boolean", int: "int64", float: "float64"}
    if isinstance(first, int) and None in values:
        return "Int64"
    return kinds.get(type(first), "str")
