"""Equal texts and nearly equal ones."""

from __future__ import annotations

import numpy as np

from dataqa.overlap.matches import Matches, Task, best_of
from dataqa.overlap.sides import BLANK, distinct_texts


def find_verbatim(task: Task) -> Matches:
    """Match records that ask the same, or whose whole texts are the same, in normal form.

    The whole text counts, because one file may keep in one field what another keeps in two.
    """
    found = np.full(len(task.rows), -1)
    usable = np.flatnonzero(~task.other.blank)
    for name in ("text_hash", "asked_hash", "pair_hash"):  # the last one found is the closest
        own, known = getattr(task.train, name)[task.rows], getattr(task.other, name)[usable]
        order = np.argsort(known, kind="stable")
        at = np.searchsorted(known[order], own)
        inside = np.flatnonzero(at < len(usable))
        same = inside[(known[order[at[inside]]] == own[inside]) & (own[inside] != BLANK)]
        found[same] = usable[order[at[same]]]
    rows = np.flatnonzero(found >= 0)
    return Matches(task.rows[rows], found[rows], np.ones(len(rows)))


def find_near(task: Task) -> Matches:
    """Match records that ask nearly the same, by the Jaccard similarity of their word n-grams."""
    mine = distinct_texts(task.train.core, task.rows)
    other = distinct_texts(task.other.core, np.flatnonzero(~task.other.blank))
    texts = [task.train.core[row] for row in mine.first]
    texts += [task.other.core[row] for row in other.first]
    border = len(mine.first)
    if not border:
        return Matches.none()
    pairs = task.tools.search.pairs(texts, border)
    best = best_of(pairs.left, other.first[pairs.right - border], pairs.similarity)
    rows, position = mine.spread(best.rows)
    return Matches(rows, best.of[position], best.score[position])
