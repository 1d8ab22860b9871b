"""Records that a trainer would refuse, drop or misread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from dataqa.checks.interface import Found, findings_table, join_findings
from dataqa.dataset import Dataset
from dataqa.expectation import Broken, load_suite, validate
from dataqa.formats import SHAPES, UNKNOWN, dominant
from dataqa.result import FINDING_DTYPES
from dataqa.shared import Shared

SCORES = {"critical": 1.0, "warning": 0.5, "info": 0.2}
FAULT_SCORES = {
    "big_number": SCORES["warning"],
    "blank_line": SCORES["info"],
    "byte_order_mark": SCORES["info"],
}
"""Score of what reading found, where the record is usable all the same; 1 for all other codes."""
COLUMNS = ("prompt", "context", "response", "rejected", "label")


@dataclass(frozen=True)
class Schema:
    """Lines that are no records, and records that break the expectations of their shape.

    **What it finds.** Lines that are not JSON or not an object, records without a usable field,
    fields of the wrong type, and every row that breaks an expectation of the Great Expectations
    suite of its record shape: absent or empty prompts, responses and labels. Also what other
    programs read otherwise or refuse: a key that stands twice, numbers beyond 64 bits, a byte order
    mark; and records of another shape than most.

    **Why it hurts fine-tuning.** Trainers drop or truncate such records without a word, or refuse
    the whole file after hours in a queue.

    **Known false alarms.** Responses that are empty on purpose (teach the model to say nothing).

    **Example.** `{"instruction": "Summarise.", "output": ""}` breaks `schema.empty_response`.

    **Settings.** `expectations`: a folder with your own copies of the suites (`SHAPE.json`).
    Columns are `prompt`, `context`, `response`, `rejected`, `label`.

    **Reference.** Great Expectations 1.x, https://docs.greatexpectations.io.
    """

    expectations: str = ""

    name: ClassVar[str] = "schema"
    codes: ClassVar[Mapping[str, str]] = {
        "not_json": "The line is not valid JSON. Write one complete JSON object per line.",
        "not_object": "The line is JSON, but no object. Write the record as {field: value}.",
        "not_utf8": "The row is not UTF-8. Save the file as UTF-8.",
        "line_too_long": "The line is longer than line_megabytes allows and was not read. Look for "
        "a missing line end.",
        "duplicate_key": "A key stands twice in one object: loaders refuse it, or take either. "
        "Keep one.",
        "big_number": "A number is beyond 64 bits and is read rounded. Write it as a string.",
        "byte_order_mark": "The file begins with a UTF-8 byte order mark, which some loaders take "
        "for text. Save it without.",
        "blank_line": "A line is blank, which stops loaders that read line by line. Remove it.",
        "no_usable_fields": "No known field holds the text. Name yours with --text-field.",
        "wrong_type": "A field that should be text is something else. Write it as a string.",
        "minority_shape": "The record is of another shape than most. Trainers expect one shape per "
        "file: convert it, or move it to a file of its own.",
        "missing_prompt": "The prompt is null or absent. Add it or drop the record.",
        "empty_prompt": "The prompt is empty or blank. Fill it or drop the record.",
        "missing_response": "The response is null or absent. Add it or drop the record.",
        "empty_response": "The response is empty or blank. Fill it or drop the record.",
        "missing_rejected": "The rejected answer is null or absent. Add it or drop the pair.",
        "empty_rejected": "The rejected answer is empty or blank. Fill it or drop the pair.",
        "missing_label": "Other records have a label, this one has none. Label it.",
        "empty_label": "The label is empty or blank. Label the record.",
    }
    metrics: ClassVar[tuple[str, ...]] = ("schema.invalid_rate",)
    columns: ClassVar[Mapping[str, str]] = {}

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Validate each shape against its suite.

        ``schema.invalid_rate`` is the share of lines with a critical finding, among the lines
        that hold anything.
        """
        tables = [_fault_findings(dataset), _minority_findings(dataset)]
        for shape in sorted(set(dataset.frame["shape"]) - {UNKNOWN}):
            rows = np.flatnonzero(dataset.frame["shape"] == shape)
            tables.extend(self._broken(dataset, str(shape), rows))
        findings = join_findings(tables)
        critical = findings[(findings["score"] == SCORES["critical"]) & (findings["line"] > 0)]
        invalid = len(critical[["source", "line"]].drop_duplicates())
        return Found(
            findings=findings,
            metrics={"schema.invalid_rate": invalid / (len(dataset) + dataset.unreadable)},
        )

    def _broken(self, dataset: Dataset, shape: str, rows: np.ndarray) -> Iterator[pd.DataFrame]:
        columns = [name for name in COLUMNS if name != "label" or dataset.labeled]
        frame = dataset.frame[columns]
        if len(rows) < len(frame):
            frame = frame.iloc[rows].reset_index(drop=True)
        for broken in validate(frame, load_suite(shape, self.expectations)):
            if broken.rows is None:
                yield _whole_finding(broken, shape)
            else:
                yield _row_findings(dataset, rows[broken.rows], broken)


def _minority_findings(dataset: Dataset) -> pd.DataFrame:
    """Report records of another shape than most."""
    shapes = dataset.frame["shape"]
    counts = {str(name): int(count) for name, count in shapes.value_counts().items()}
    most = dominant(counts)
    rows = np.flatnonzero(~shapes.isin([most, UNKNOWN]))
    own = shapes.iloc[rows].to_list()
    rest = f"but {counts[most]:,} of {len(dataset):,} records are {_title(most)}"
    return findings_table(
        dataset,
        rows,
        "schema.minority_shape",
        score=SCORES["warning"],
        message=[f"read as {_title(name)}, {rest}" for name in own],
        evidence=[{"shape": name, "dominant": most} for name in own],
    )


def _title(shape: str) -> str:
    return SHAPES[shape].title if shape in SHAPES else shape


def _row_findings(dataset: Dataset, rows: np.ndarray, broken: Broken) -> pd.DataFrame:
    return findings_table(
        dataset,
        rows,
        f"schema.{broken.code}",
        score=SCORES[broken.severity],
        message=[broken.message] * len(rows),
        evidence=[{"expectation": broken.expectation, "column": broken.column}] * len(rows),
    )


def _whole_finding(broken: Broken, shape: str) -> pd.DataFrame:
    """Report an expectation about the whole dataset; its finding stands at line 0."""
    return _table(
        code=[f"schema.{broken.code}"],
        source=[""],
        line=[0],
        score=[SCORES[broken.severity]],
        message=[broken.message],
        evidence=[{"expectation": broken.expectation, "shape": shape}],
    )


def _fault_findings(dataset: Dataset) -> pd.DataFrame:
    """Report what reading found, with the identity of the record where there is one."""
    faults = dataset.faults
    known = dataset.frame[["source", "line", "key", "id"]]
    joined = faults.merge(known, on=["source", "line"], how="left")
    return _table(
        code=("schema." + joined["code"]).to_list(),
        source=joined["source"].to_list(),
        line=joined["line"].to_list(),
        score=joined["code"].map(FAULT_SCORES).fillna(SCORES["critical"]).to_list(),
        message=joined["message"].to_list(),
        evidence=[{"byte_offset": at} if at >= 0 else {} for at in joined["offset"].to_list()],
        key=joined["key"].to_list(),
        id=joined["id"].to_list(),
    )


def _table(**columns: list[Any]) -> pd.DataFrame:
    count = len(columns["code"])
    given: dict[str, list[Any]] = {
        "check": ["schema"] * count,
        "key": [None] * count,
        "id": [None] * count,
        "related": [[] for _ in range(count)],
        **columns,
    }
    return pd.DataFrame(
        {name: pd.Series(given[name], dtype=dtype) for name, dtype in FINDING_DTYPES.items()}
    )
