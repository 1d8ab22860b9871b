"""Findings about answers: equal prompts that are answered differently, equal answers to many."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dataqa.checks.duplicate_findings import others_of
from dataqa.checks.interface import findings_table
from dataqa.conflicts import Conflicts, closed_answers, conflicts, is_short
from dataqa.dataset import Dataset
from dataqa.normalise import Cleaning, Groups
from dataqa.shared import Shared

MANY_PROMPTS = 10
"""An answer to so many different prompts is reported."""
USUAL = 0.1
"""When more records than this share have a prompt with several answers, that is the design."""
PAIRED_SHAPES = ("preference", "kto")
"""Record shapes in which a prompt comes with several answers."""


def answered(dataset: Dataset, shared: Shared) -> np.ndarray:
    """Return the rows of records with a prompt and an answer of its own, and no label."""
    groups = shared.groups
    blank = groups.prompt.empty[groups.prompt.of] | groups.response.empty[groups.response.of]
    paired = dataset.frame["shape"].isin(PAIRED_SHAPES).to_numpy()
    return np.flatnonzero(dataset.whole & ~blank & ~paired)


def contradicting_answers(dataset: Dataset, shared: Shared, rows: np.ndarray) -> Conflicts:
    """Find equal prompts among ``rows`` with short answers that exclude each other."""
    prompt, response = shared.groups.prompt, shared.groups.response
    asked = rows[_variants(prompt, response, rows)[prompt.of[rows]] > 1]
    answers, place = np.unique(response.of[asked], return_inverse=True)
    cleaning = Cleaning(shared.config.normalise)
    closed = closed_answers(
        [cleaning.form(dataset.responses[row]) for row in response.first[answers]],
        _variants(response, prompt, rows)[answers],
    )
    value = pd.factorize(pd.Series(closed, dtype="str"), sort=True)[0]
    kinds = [name and name.partition(":")[0] for name in closed]
    kind = pd.factorize(pd.Series(kinds, dtype="str"), sort=True)[0]
    of, label = np.full((2, len(dataset)), -1)
    of[asked] = prompt.of[asked] * (kind.max(initial=0) + 1) + kind[place]
    label[asked] = value[place]
    return conflicts(of, label)


def prompt_findings(
    dataset: Dataset, shared: Shared, rows: np.ndarray
) -> tuple[pd.DataFrame, str | None]:
    """Report equal prompts with several answers, or say that this is the design of the data."""
    prompt, response = shared.groups.prompt, shared.groups.response
    variants = _variants(prompt, response, rows)[prompt.of[rows]]
    several, counts = rows[variants > 1], variants[variants > 1]
    note = None
    if len(several) > USUAL * len(dataset):
        note = f"{len(several):,} records have a prompt with several answers; taken as meant"
        several, counts = several[:0], counts[:0]
    return findings_table(
        dataset,
        several,
        "duplicates.same_prompt",
        score=0.3,
        message=[f"the same prompt has {count} different answers" for count in counts.tolist()],
        evidence=[{"answers": count} for count in counts.tolist()],
        related=others_of(prompt.of, several),
    ), note


def answer_findings(dataset: Dataset, shared: Shared, rows: np.ndarray) -> pd.DataFrame:
    """Report long answers that many different prompts get."""
    prompt, response = shared.groups.prompt, shared.groups.response
    prompts = _variants(response, prompt, rows)
    often = np.flatnonzero(prompts >= MANY_PROMPTS)
    long = often[~is_short([dataset.responses[row] for row in response.first[often]])]
    repeated = rows[np.isin(response.of[rows], long)]
    counts = prompts[response.of[repeated]].tolist()
    return findings_table(
        dataset,
        repeated,
        "duplicates.same_answer",
        score=0.3,
        message=[f"{count} different prompts have this answer" for count in counts],
        evidence=[{"prompts": count} for count in counts],
        related=others_of(response.of, repeated),
    )


def _variants(groups: Groups, others: Groups, rows: np.ndarray) -> np.ndarray:
    """Count for every group of ``groups`` the different groups of ``others`` of its records."""
    count = len(others.sizes)
    pairs = np.unique(groups.of[rows] * count + others.of[rows]) // count
    return np.bincount(pairs, minlength=len(groups.sizes))
