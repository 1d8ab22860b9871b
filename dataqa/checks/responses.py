"""Responses in another format than the one that nearly all others have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa import answer_forms
from dataqa.answer_forms import EMPTY
from dataqa.checks.interface import Found, findings_table, join_findings
from dataqa.checks.response_formats import (
    Answers,
    Broken,
    Norm,
    Usual,
    broken_formats,
    usual_formats,
)
from dataqa.dataset import Dataset
from dataqa.quoting import LABEL_CHARACTERS, excerpt, shortened
from dataqa.shared import Shared

SIGNS: Mapping[str, tuple[float, str]] = {
    "same_pair": (0.9, "both answers of the pair are the same"),
    "broken_json": (0.9, "does not parse"),
    "off_format": (0.7, "is of another form"),
    "missing_field": (0.7, "a field is absent"),
    "field_type": (0.6, "a field has another type"),
    "unknown_label": (0.5, "is none of them"),
    "extra_field": (0.4, "has a field that others do not have"),
}
"""Code -> score and what to say of the response."""


@dataclass(frozen=True)
class Responses:
    """Responses that break the output format of the set, pairs of equal answers.

    **What it finds.** Where at least `dominant_share` of the responses have one format (JSON
    object, JSON array, code, list, number, one of a few labels), the responses that do not: another
    format, JSON that does not parse, JSON objects without a field that nearly all have, with
    another type in it, or with a field that hardly any has, and labels that hardly any other
    response has. Where no format is usual in the whole set, each prompt that is repeated with
    different inputs is a task that may have one. Where free text is usual there is nothing to
    break. Also preference pairs whose two answers are the same.

    **Why it hurts fine-tuning.** A program reads the answers of the tuned model. It has learned
    to answer in prose as often as the set does.

    **Known false alarms.** A question that cannot be answered in the format ("I do not know");
    optional fields of JSON objects that are rare; labels that are rare, but right.

    **Example.** `positive` and `negative` in 990 responses, `I think it is positive.` in one:
    `responses.off_format`.

    **Settings.** `dominant_share`: share of the responses that makes a format the usual one.
    `min_records`: fewer responses (of a task) have no usual format. `max_labels`: more different
    short responses are no labels.

    **Reference.** OpenAI, "Supervised fine-tuning: best practices" (consistent examples).
    """

    dominant_share: float = 0.9
    min_records: int = 50
    max_labels: int = 100

    name: ClassVar[str] = "responses"
    codes: ClassVar[Mapping[str, str]] = {
        "same_pair": "Both answers of the pair are the same: nothing to prefer. Drop it.",
        "off_format": "The response has another format than nearly all. Bring it to that one.",
        "broken_json": "The response is meant to be JSON and does not parse. Correct it.",
        "missing_field": "A field that nearly all JSON responses have is absent. Add it.",
        "field_type": "A field of the JSON response has an unusual type. Convert it.",
        "extra_field": "The JSON response has a field that hardly any other has. See why.",
        "unknown_label": "The response is a label that hardly any other has. Correct it.",
    }
    metrics: ClassVar[tuple[str, ...]] = ("responses.off_format_rate", "responses.dominant_share")
    columns: ClassVar[Mapping[str, str]] = {"response_format": "str"}

    def __post_init__(self) -> None:
        """Refuse a share under which two formats could be the usual one."""
        if not 0.5 < self.dominant_share <= 1:
            raise ValueError(f"dominant_share {self.dominant_share} is not between 0.5 and 1")

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Compare each response with the usual format.

        ``responses.off_format_rate`` is the share of the responses with a finding,
        ``responses.dominant_share`` that of the most frequent form.
        """
        answers = _answers(dataset, shared)
        rows = np.flatnonzero(answers.form != EMPTY)
        if not len(rows):
            return Found(
                metrics=dict.fromkeys(self.metrics), skipped=True, reason="no record has a response"
            )
        norm = Norm(self.dominant_share, self.min_records, self.max_labels)
        tasks = usual_formats(answers, dataset.frame["prompt"], rows, norm)
        tables = [
            _findings(dataset, answers, task, broken, shared.config.show_text)
            for task in tasks
            for broken in broken_formats(answers, task, norm)
        ]
        tables.append(_same_pairs(dataset, answers.text))
        findings = join_findings(tables)
        flagged = len(findings[["source", "line"]].drop_duplicates())
        most = pd.Series(answers.form[rows]).value_counts().iloc[0]
        return Found(
            findings=findings,
            metrics={
                "responses.off_format_rate": flagged / len(rows),
                "responses.dominant_share": float(most / len(rows)),
            },
            columns={"response_format": [form or None for form in answers.form]},
            notes=tuple(_notes(tasks, len(rows))),
        )


def _answers(dataset: Dataset, shared: Shared) -> Answers:
    forms: list[str] = []
    fields: list[answer_forms.Fields] = []
    stage = answer_forms.form_stage
    for _, part in shared.over_columns(stage, ("response",), "reading responses"):
        forms += part.form
        fields += part.fields
    text = dataset.frame["response"].fillna("").str.strip()
    form = np.array(forms, dtype=object)
    form[dataset.malformed] = EMPTY  # the schema check tells of them
    return Answers(text, form, fields)


def _findings(
    dataset: Dataset,
    answers: Answers,
    usual: Usual,
    broken: Broken,
    show_text: str,
) -> pd.DataFrame:
    score, saying = SIGNS[broken.code]
    rows, seen = broken.rows, broken.seen
    seen = answers.text.iloc[rows].to_list() if seen is None else seen
    return findings_table(
        dataset,
        rows,
        f"responses.{broken.code}",
        score=score,
        message=[f"{saying}; {usual.share:.1%} of the responses are: {usual.form}"] * len(rows),
        evidence=[
            {
                "form": form,
                "usual": usual.form,
                "share": round(usual.share, 4),
                "seen": excerpt(shortened(text, LABEL_CHARACTERS), show_text),
            }
            for form, text in zip(answers.form[rows], seen, strict=True)
        ],
    )


def _same_pairs(dataset: Dataset, text: pd.Series) -> pd.DataFrame:
    """Report preference pairs whose answers differ in nothing but blanks around them."""
    rejected = dataset.frame["rejected"]
    same = rejected.notna() & (rejected.fillna("").str.strip() == text) & (text != "")
    score, saying = SIGNS["same_pair"]
    rows = np.flatnonzero(same)
    return findings_table(
        dataset, rows, "responses.same_pair", score=score, message=[saying] * len(rows)
    )


def _notes(tasks: list[Usual], responses: int) -> Iterator[str]:
    if not tasks:
        yield "no format is usual, so that none can be broken"
    elif len(tasks) == 1 and len(tasks[0].rows) == responses:
        yield f"{tasks[0].share:.1%} of the responses are: {tasks[0].form}"
    else:
        yield f"{len(tasks):,} prompts that are repeated have a usual format each"
