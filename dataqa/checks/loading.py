"""Will it load: what the JSON loader of Hugging Face ``datasets`` makes of the files."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pandas as pd

from dataqa.checks.interface import Found, join_findings
from dataqa.dataset import Dataset
from dataqa.errors import InputError
from dataqa.loading import Remark, Verdict, judge, judge_array
from dataqa.reading import again
from dataqa.reading.sources import STDIN
from dataqa.result import FINDING_DTYPES
from dataqa.shared import Shared

SCORES: Mapping[str, float] = {"refused": 1.0, "mixed_types": 0.9, "changed": 0.4}
NAMED = 1000
"""Lines that are named for one code and field of a file; a note counts the others."""


@dataclass(frozen=True)
class Loading:
    """Lines for which `datasets.load_dataset("json", …)` refuses or changes a file.

    **What it finds.** The lines because of which the loader refuses the whole file: broken JSON,
    a key that stands twice, a value that is no object, bytes that are not UTF-8; after the first
    10 MiB also a new field, a value of another type, or the first value of a field that was null
    until then; blank lines in a file with mixed types. Then fields with values of several types,
    which versions before 5 refuse and version 5 keeps as JSON. Then what changes without a word:
    texts that all look like dates become timestamps, whole numbers floating-point ones, a line
    with two objects two records, `null` a record of nulls.

    **Why it hurts fine-tuning.** TRL, Axolotl and LLaMA-Factory load through this loader. It stops
    at the first fault, after hours in a queue, and names neither file nor line; what it changes
    nobody sees.

    **Known false alarms.** None where you load the file in another way. The verdict is that of
    `datasets` 5 with default settings, for each file alone; of several files the first one decides
    names and types of all.

    **Example.** `{"text": "b", "score": "high"}` after `{"text": "a", "score": 1}`:
    `loading.mixed_types`.

    **Settings.** None.

    **Reference.** https://huggingface.co/docs/datasets/loading#json; pyarrow's JSON reader, which
    this check and the loader both use.
    """

    name: ClassVar[str] = "loading"
    codes: ClassVar[Mapping[str, str]] = {
        "refused": "The loader refuses the whole file for this line. Correct or drop it.",
        "mixed_types": "A field holds another type than in most records: datasets before 5 refuses "
        "the file. Write one type.",
        "changed": "The loader takes it and makes something else of it. Write it as meant.",
    }
    metrics: ClassVar[tuple[str, ...]] = ("loading.refused_rate",)
    columns: ClassVar[Mapping[str, str]] = {}

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Judge each JSON file.

        ``loading.refused_rate`` is the share of records in files that the loader refuses.
        """
        tables, notes, refused, judged = [], [], 0, 0
        for file in dataset.files:
            verdict, why = _verdict(file.path, dataset, shared)
            if verdict is None:
                notes.append(f"{file.path}: not judged, because {why}")
                continue
            judged += file.records
            refused += file.records * verdict.refused
            remarks, more = _named(verdict.remarks)
            notes += [f"{file.path}: {note}" for note in (*verdict.notes, *more)]
            tables.append(_table(dataset, file.path, remarks))
        if not tables:
            return Found(
                metrics={"loading.refused_rate": None}, skipped=True, reason="; ".join(notes)
            )
        rate = refused / judged if judged else 1.0
        return Found(join_findings(tables), {"loading.refused_rate": rate}, notes=tuple(notes))


def _verdict(source: str, dataset: Dataset, shared: Shared) -> tuple[Verdict | None, str]:
    """Return the verdict on a file, or why there is none."""
    if source == STDIN:
        return None, "standard input cannot be read twice; save it to a file"
    faults = dataset.faults
    if ((faults["source"] == source) & (faults["code"] == "line_too_long")).any():
        return None, "a line is too long; see schema.line_too_long"
    try:
        with TemporaryDirectory(prefix="dataqa-") as folder:
            file = again(source, Path(folder), shared.config)
            if file.suffix in {".jsonl", ".ndjson"}:
                with file.path.open("rb") as stream:
                    return judge(stream), ""
            text = file.path.read_bytes() if file.suffix == ".json" else b""
    except (InputError, OSError) as error:
        return None, str(error)
    if text.removeprefix(BOM_UTF8).startswith(b"["):
        return judge_array(text), ""
    return None, "it holds no JSON Lines and no JSON array"


def _named(remarks: list[Remark]) -> tuple[list[Remark], list[str]]:
    """Return the remarks to report, and a note on those of which there are too many."""
    counts: Counter[tuple[str, str]] = Counter()
    kept = []
    for remark in remarks:
        counts[remark.code, remark.field] += 1
        if counts[remark.code, remark.field] <= NAMED:
            kept.append(remark)
    notes = [
        f"{count - NAMED:,} more lines are {code} ({field or 'the whole line'})"
        for (code, field), count in counts.items()
        if count > NAMED
    ]
    return kept, notes


def _table(dataset: Dataset, source: str, remarks: list[Remark]) -> pd.DataFrame:
    """Make findings, with the identity of the record where the line holds one."""
    own = dataset.frame.loc[dataset.frame["source"] == source, ["line", "key", "id"]]
    lines = pd.DataFrame({"line": pd.Series([remark.line for remark in remarks], dtype="int64")})
    known = lines.merge(own, on="line", how="left")
    columns = {
        "check": ["loading"] * len(remarks),
        "code": [f"loading.{remark.code}" for remark in remarks],
        "source": [source] * len(remarks),
        "line": known["line"].to_list(),
        "key": known["key"].to_list(),
        "id": known["id"].to_list(),
        "score": [SCORES[remark.code] for remark in remarks],
        "message": [remark.message for remark in remarks],
        "evidence": [{"field": remark.field} if remark.field else {} for remark in remarks],
        "related": [[] for _ in remarks],
    }
    return pd.DataFrame(
        {name: pd.Series(columns[name], dtype=dtype) for name, dtype in FINDING_DTYPES.items()}
    )
