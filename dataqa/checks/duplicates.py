"""Records that say the same thing again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dataqa.checks.contradictions import LEFT_OUT, contradictions
from dataqa.checks.duplicate_findings import copy_findings
from dataqa.checks.interface import Found, join_findings
from dataqa.checks.keeping import KEEP, ranks
from dataqa.checks.repeats import find_repeats
from dataqa.dataset import Dataset
from dataqa.settings import unknown_name
from dataqa.shared import Shared


@dataclass(frozen=True)
class Duplicates:
    """Exact and near-duplicates, equal texts with different labels, repeated answers.

    **What it finds.** *Copies*: records whose text and response are equal after Unicode NFKC, lower
    case, collapsed spaces and dropped sentence marks (`duplicates.exact`), and records that share
    most of their word n-grams with the representative of their group (`duplicates.near`); an answer
    of up to three words, or one beside a label, has to be equal then. *Paraphrases*: records whose
    vectors are closer than `semantic_threshold` and that agree in numbers and negation, but share
    fewer words (`duplicates.semantic`, with the cosine and the share of common words).
    *Conflicts*: different labels of equal texts (`duplicates.conflict`), of nearly equal ones
    (`duplicates.near_conflict`), of paraphrases (`duplicates.semantic_conflict`), and, in data
    without labels, equal prompts whose short answers exclude each other: yes and no, two numbers,
    two options, two classes (`duplicates.contradiction`). *Answers*: one prompt with several
    answers (`duplicates.same_prompt`) and one long answer to many prompts
    (`duplicates.same_answer`).

    Every member of a group gets a finding that names the others, and which one to keep; the columns
    `duplicate_group`, `near_group`, `semantic_group` and `duplicate_keep` (`keep`, `drop_exact`,
    `drop_near`) say the same for every record. Paraphrases are never dropped unasked.

    **Why it hurts fine-tuning.** Copies spend budget and over-weight what they say; a copy in the
    evaluation set makes the score a lie. Two different labels for one text cannot both be right.

    **Known false alarms.** Short texts that people really do send again ("hi", "thanks"). Texts
    that differ in one decisive word or number are near-duplicates, too. Prompts that ask for a
    random number have contradictory answers, and several answers are right where variety is wanted.
    Data of short queries with few intents consists of paraphrases; that is its purpose.

    **Example.** Line 12 `Where is my order?` and line 80 `where is my  order` are one group.

    **Settings.** `report_conflicts`: whether to report different labels and answers.
    `keep`: which record of a group stays: `longest`, `first` of the input, or `best-quality`
    (fewest faults of content, label not outvoted by equal texts, then longest).
    `semantic_threshold`: least cosine of paraphrases; without it, what was measured for the
    embedder (0.9 for `minilm`; none for `lsa`, which knows words only). What counts as equal or
    nearly equal is set for all checks: `normalise`, `near_threshold`, `near_words`.

    **Reference.** Lee et al., "Deduplicating Training Data Makes Language Models Better",
    ACL 2022; Broder, "On the Resemblance and Containment of Documents", 1997.
    """

    report_conflicts: bool = True
    keep: str = "longest"
    semantic_threshold: float | None = None

    name: ClassVar[str] = "duplicates"
    codes: ClassVar[Mapping[str, str]] = {
        "exact": "The record says the same as others. Keep one of the group.",
        "near": "The record says nearly the same as others. Keep one of the group.",
        "semantic": "The record means the same as others. Keep it if variety is meant.",
        "conflict": "The same text has different labels. Decide which label is right.",
        "near_conflict": "Nearly the same text has different labels. See whether both are right.",
        "semantic_conflict": "Texts that mean the same have different labels. See which is right.",
        "contradiction": "The same prompt has answers that exclude each other. Find the right one.",
        "same_prompt": "The same prompt has several answers. Keep them only if variety is meant.",
        "same_answer": "One long answer is given to many prompts. See whether it answers them.",
    }
    metrics: ClassVar[tuple[str, ...]] = (
        "duplicates.exact_rate",
        "duplicates.near_rate",
        "duplicates.semantic_rate",
        "duplicates.conflict_rate",
        "duplicates.near_conflict_rate",
    )
    columns: ClassVar[Mapping[str, str]] = {
        "duplicate_group": "str",
        "near_group": "str",
        "semantic_group": "str",
        "duplicate_keep": "str",
    }

    def __post_init__(self) -> None:
        """Refuse an unknown policy."""
        if self.keep not in KEEP:
            raise ValueError(unknown_name("policy", self.keep, KEEP, "keep"))
        if self.semantic_threshold is not None and not 0 < self.semantic_threshold <= 1:
            raise ValueError(f"semantic_threshold {self.semantic_threshold} is not in (0, 1]")

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Report groups of equal and nearly equal records, and what contradicts itself in them.

        Shares of records that could go without loss, all members of a group but one:
        ``duplicates.exact_rate``, besides those ``duplicates.near_rate``, and besides both
        ``duplicates.semantic_rate``. ``duplicates.conflict_rate`` is the share of labelled records
        among equal texts with more than one label (without labels: of answered records with
        contradictory answers), ``duplicates.near_conflict_rate`` the same for nearly equal ones.
        """
        repeats = find_repeats(dataset, shared, self.semantic_threshold)
        against = contradictions(dataset, shared, repeats) if self.report_conflicts else LEFT_OUT
        exact, near, alike = repeats.exact, repeats.near, repeats.paraphrases
        members = exact.repeated | near.repeated
        if alike.copies:
            members |= alike.copies.repeated
        rank = ranks(dataset, shared, np.flatnonzero(members), self.keep)
        kept_exact, kept_near = exact.kept(rank), near.kept(rank)
        tables = [
            copy_findings(dataset, "exact", exact, kept_exact, {}),
            copy_findings(dataset, "near", near, kept_near, repeats.near_facts),
        ]
        if alike.copies:
            kept = alike.copies.kept(rank)
            tables.append(copy_findings(dataset, "semantic", alike.copies, kept, alike.facts))
        counts = [
            None if copies is None else int(copies.surplus.sum())
            for copies in (exact, near, alike.copies)
        ]
        rates = [None if count is None else count / len(dataset) for count in counts]
        return Found(
            findings=join_findings([*tables, *against.tables]),
            metrics=dict(zip(self.metrics, (*rates, against.rate, against.near_rate), strict=True)),
            columns={
                "duplicate_group": exact.named,
                "near_group": near.named,
                "semantic_group": alike.copies.named if alike.copies else [None] * len(dataset),
                "duplicate_keep": _keeping(exact.repeated | near.repeated, kept_exact, kept_near),
            },
            reason="; ".join(filter(None, (alike.reason, against.reason))) or None,
            notes=(*_redundancy(counts), *against.notes),
        )


def _keeping(member: np.ndarray, kept_exact: np.ndarray, kept_near: np.ndarray) -> np.ndarray:
    """(records,) what becomes of the members of groups; nothing for others."""
    goes = np.where(kept_exact, np.where(kept_near, "keep", "drop_near"), "drop_exact")
    goes = goes.astype(object)
    goes[~member] = None
    return goes


SURPLUS = (
    "{:,} records are redundant copies",
    "{:,} more are near-duplicates of others",
    "{:,} more mean the same as others",
)


def _redundancy(counts: Sequence[int | None]) -> Iterator[str]:
    """Tell how many records could go, by kind."""
    for count, saying in zip(counts, SURPLUS, strict=True):
        if count:
            yield saying.format(count)
