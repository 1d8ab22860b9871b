"""Which records repeat others: exactly, nearly, in other words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dataqa.conflicts import is_short
from dataqa.dataset import Dataset
from dataqa.near.search import word_overlap
from dataqa.near.stars import stars
from dataqa.normalise import Cleaning, Groups, joined
from dataqa.redundancy import Copies, exact_copies, near_copies, semantic_copies
from dataqa.semantic import agreeing, close_pairs, known_threshold
from dataqa.shared import Shared

Facts = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Paraphrases:
    """Records that mean the same, or why nobody looked for them."""

    groups: Groups | None = None
    """Records whose texts mean the same, whatever their answers."""
    copies: Copies | None = None
    facts: Facts = field(default_factory=dict)
    """``cosine`` and ``word_overlap`` (records,) with the record of the group to compare with."""
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Repeats:
    """Records that repeat others."""

    exact: Copies
    near: Copies
    near_facts: Facts
    """``similarity`` (records,) with the record of the group to compare with."""
    paraphrases: Paraphrases


def find_repeats(dataset: Dataset, shared: Shared, threshold: float | None) -> Repeats:
    """Group the records; ``threshold`` is the least cosine of paraphrases, if it is not usual."""
    pairs, responses = shared.pair_groups, shared.groups.response
    decisive = ~dataset.whole | is_short(dataset.responses)
    near = near_copies(shared.near_groups, pairs, responses, decisive)
    return Repeats(
        exact=exact_copies(pairs),
        near=near,
        near_facts={"similarity": shared.near_stars.closeness[shared.text_groups.of]},
        paraphrases=_paraphrases(dataset, shared, threshold, near, decisive),
    )


def _paraphrases(
    dataset: Dataset, shared: Shared, threshold: float | None, near: Copies, decisive: np.ndarray
) -> Paraphrases:
    least = threshold or known_threshold(shared.embedder.name)
    if reason := _why_not(dataset, shared, least):
        return Paraphrases(reason=reason)
    found = close_pairs(shared.neighbours.index, shared.neighbours.similarity, least or 1)
    found = agreeing(found, shared.distinct_texts).between(shared.near_stars.of)
    chosen = stars(len(shared.distinct_texts), found.left, found.right, found.cosine)
    leader, of = shared.near_stars.of, shared.text_groups.of
    groups = joined(shared.text_groups, chosen.of[leader])
    involved = np.flatnonzero(chosen.partner != np.arange(len(leader)))
    overlap = np.ones(len(leader))
    overlap[involved] = word_overlap(
        shared.distinct_texts,
        involved,
        chosen.partner[involved],
        Cleaning(shared.config.normalise),
    )
    copies = semantic_copies(groups, near, shared.pair_groups, shared.groups.response, decisive)
    facts = {"cosine": chosen.closeness[leader][of], "word_overlap": overlap[leader][of]}
    return Paraphrases(groups, copies, facts)


def _why_not(dataset: Dataset, shared: Shared, threshold: float | None) -> str | None:
    if threshold is None:
        name = shared.embedder.name
        return f"no cosine is known from which {name!r} tells paraphrases; set semantic_threshold"
    if dataset.templated:
        return "the records repeat a prompt, which makes all their vectors alike"
    return None
