"""Records that say the same thing again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dataqa.checks.contradictions import LEFT_OUT, contradictions
from dataqa.checks.duplicate_findings import copy_findings
from dataqa.checks.interface import Found, join_findings
from dataqa.conflicts import is_short
from dataqa.dataset import Dataset
from dataqa.keeping import KEEP, ranks
from dataqa.redundancy import exact_copies, near_copies
from dataqa.settings import unknown_name
from dataqa.shared import Shared


@dataclass(frozen=True)
class Duplicates:
    """Exact and near-duplicates, equal texts with different labels, repeated answers.

    **What it finds.** *Copies*: records whose text and response are equal after Unicode NFKC, lower
    case, collapsed spaces and dropped sentence marks (`duplicates.exact`), and records that share
    most of their word n-grams with the representative of their group (`duplicates.near`); an answer
    of up to three words, or one beside a label, has to be equal then.
    *Conflicts*: equal texts with different labels (`duplicates.conflict`), nearly equal ones
    (`duplicates.near_conflict`), and, in data without labels, equal prompts whose short answers
    exclude each other: yes and no, two numbers, two options, two classes
    (`duplicates.contradiction`). *Answers*: one prompt with several answers
    (`duplicates.same_prompt`) and one long answer to many prompts (`duplicates.same_answer`).

    Every member of a group gets a finding that names the others, and which one to keep; the columns
    `duplicate_group`, `near_group` and `duplicate_keep` (`keep`, `drop_exact`, `drop_near`) say the
    same for every record.

    **Why it hurts fine-tuning.** Copies spend budget and over-weight what they say; a copy in the
    evaluation set makes the score a lie. Two different labels for one text cannot both be right.

    **Known false alarms.** Short texts that people really do send again ("hi", "thanks"). Texts
    that differ in one decisive word or number are near-duplicates, too. Prompts that ask for a
    random number have contradictory answers, and several answers are right where variety is wanted.

    **Example.** Line 12 `Where is my order?` and line 80 `where is my  order` are one group.

    **Settings.** `report_conflicts`: whether to report different labels and answers.
    `keep`: which record of a group stays, `longest` or `first`. What counts as equal or
    nearly equal is set for all checks: `normalise`, `near_threshold`, `near_words`.

    **Reference.** Lee et al., "Deduplicating Training Data Makes Language Models Better",
    ACL 2022; Broder, "On the Resemblance and Containment of Documents", 1997.
    """

    report_conflicts: bool = True
    keep: str = "longest"

    name: ClassVar[str] = "duplicates"
    codes: ClassVar[Mapping[str, str]] = {
        "exact": "The record says the same as others. Keep one of the group.",
        "near": "The record says nearly the same as others. Keep one of the group.",
        "conflict": "The same text has different labels. Decide which label is right.",
        "near_conflict": "Nearly the same text has different labels. See whether both are right.",
        "contradiction": "The same prompt has answers that exclude each other. Find the right one.",
        "same_prompt": "The same prompt has several answers. Keep them only if variety is meant.",
        "same_answer": "One long answer is given to many prompts. See whether it answers them.",
    }
    metrics: ClassVar[tuple[str, ...]] = (
        "duplicates.exact_rate",
        "duplicates.near_rate",
        "duplicates.conflict_rate",
        "duplicates.near_conflict_rate",
    )
    columns: ClassVar[Mapping[str, str]] = {
        "duplicate_group": "str",
        "near_group": "str",
        "duplicate_keep": "str",
    }

    def __post_init__(self) -> None:
        """Refuse an unknown policy."""
        if self.keep not in KEEP:
            raise ValueError(unknown_name("policy", self.keep, KEEP, "keep"))

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Report groups of equal and nearly equal records, and what contradicts itself in them.

        ``duplicates.exact_rate`` is the share of records that could go without loss (all members
        of a group but one), ``duplicates.near_rate`` that of different records that could go
        besides; ``duplicates.conflict_rate`` the share of labelled records in a group of equal
        texts with more than one label (without labels: of answered records with contradictory
        answers), ``duplicates.near_conflict_rate`` the same for nearly equal texts only.
        """
        rank = ranks(dataset, self.keep)
        exact = exact_copies(shared.pair_groups)
        near = near_copies(
            shared.near_groups,
            shared.pair_groups,
            shared.groups.response,
            decisive=~dataset.whole | is_short(dataset.responses),
        )
        copied, alike = exact.sizes[exact.of] > 1, near.wordings[near.of] > 1
        kept_exact, kept_near = exact.kept(rank), near.kept(rank)
        tables = [
            copy_findings(dataset, exact, np.flatnonzero(copied), kept_exact),
            copy_findings(dataset, near, np.flatnonzero(alike), kept_near, _closeness(shared)),
        ]
        against = contradictions(dataset, shared) if self.report_conflicts else LEFT_OUT
        redundant = int((~kept_exact).sum()), int((kept_exact & ~kept_near).sum())
        return Found(
            findings=join_findings([*tables, *against.tables]),
            metrics={
                "duplicates.exact_rate": redundant[0] / len(dataset),
                "duplicates.near_rate": redundant[1] / len(dataset),
                "duplicates.conflict_rate": against.rate,
                "duplicates.near_conflict_rate": against.near_rate,
            },
            columns={
                "duplicate_group": _where(copied, exact.names[exact.of]),
                "near_group": _where(alike, near.names[near.of]),
                "duplicate_keep": _keeping(copied | alike, kept_exact, kept_near),
            },
            reason=against.reason,
            notes=(*_redundancy(*redundant), *against.notes),
        )


def _closeness(shared: Shared) -> np.ndarray:
    """(records,) similarity to the representative; of it, that of the one most like it."""
    of, similarity = shared.near_stars.of, shared.near_stars.similarity.copy()
    led = np.flatnonzero(of != np.arange(len(of)))
    nearest = np.zeros(len(of))
    np.maximum.at(nearest, of[led], similarity[led])
    leads = nearest > 0
    similarity[leads] = nearest[leads]
    return np.asarray(similarity[shared.text_groups.of])


def _keeping(member: np.ndarray, kept_exact: np.ndarray, kept_near: np.ndarray) -> np.ndarray:
    """(records,) what becomes of the members of groups; nothing for others."""
    goes = np.where(kept_exact, np.where(kept_near, "keep", "drop_near"), "drop_exact")
    return _where(member, goes)


def _where(wanted: np.ndarray, names: np.ndarray) -> np.ndarray:
    chosen = names.astype(object)
    chosen[~wanted] = None
    return chosen


def _redundancy(exact: int, near: int) -> Iterator[str]:
    if exact:
        yield f"{exact:,} records are redundant copies"
    if near:
        yield f"{near:,} more are near-duplicates of others"
