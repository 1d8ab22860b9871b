"""Names that are probably one name written in several ways."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

MIN_LETTERS = 5
"""Shorter names often differ in one letter and mean something else."""
MIN_WORD = 3
"""A letter in a shorter word of a name ("type a", "type b") tells names apart on purpose."""
_MARKS = re.compile(r"[\s_\-–—.,;:!?'\"/()]+")
_NUMBER = re.compile(r"[-+]?[\d.,]+")


class Variant(NamedTuple):
    """A name, and the more frequent one that it probably stands for."""

    name: str
    usual: str


def bare(name: str) -> str:
    """Return a name without case, marks and spaces around its words; a number stays as it is."""
    if _NUMBER.fullmatch(name.strip()):
        return name.strip()
    return _MARKS.sub(" ", unicodedata.normalize("NFKC", name).casefold()).strip()


def same_names(counts: Mapping[str, int]) -> list[Variant]:
    """Find names that differ from a more frequent one only in case, marks or spaces."""
    groups: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        groups.setdefault(bare(name), []).append(name)
    return [
        Variant(name, usual) for key, (usual, *others) in groups.items() if key for name in others
    ]


def near_names(counts: Mapping[str, int], rare_share: float) -> list[Variant]:
    """Find rare names that are one letter away from one that is much more frequent.

    A name is rare when it has at most the share ``rare_share`` of the records of the other.
    """
    totals: dict[str, int] = {}
    spelled: dict[str, str] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        key = bare(name)
        spelled.setdefault(key, name)
        totals[key] = totals.get(key, 0) + counts[name]
    best: dict[str, str] = {}
    for one, other in _close_pairs([key for key in totals if len(key) >= MIN_LETTERS]):
        rare, usual = sorted((one, other), key=lambda key: (totals[key], key))
        known = best.get(rare)
        if totals[rare] <= rare_share * totals[usual] and totals[usual] > totals.get(
            known or "", 0
        ):
            best[rare] = usual
    return [Variant(spelled[rare], spelled[usual]) for rare, usual in sorted(best.items())]


def _close_pairs(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs that are one edit apart; names that share a part are compared only.

    Two names are one edit apart only if they are equal after one letter is left out of each.
    """
    parts: dict[str, list[str]] = {}
    for name in names:
        for part in {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}:
            parts.setdefault(part, []).append(name)
    close = {pair for group in parts.values() for pair in combinations(sorted(group), 2)}
    yield from (pair for pair in sorted(close) if _one_slip(*pair))


def _one_slip(one: str, other: str) -> bool:
    """Tell whether one letter is added, left out, replaced or swapped, as a slip would do it."""
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    start = min(len(one), len(other)) if start is None else start
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    is_slip = max(len(left), len(right)) <= 1 or (len(left) == 2 and left == right[::-1])
    words = [_word_at(name, start) for name in (one, other)]
    return (
        is_slip
        and start > 0
        and not any(map(str.isdigit, left + right))
        and min(map(len, words)) >= MIN_WORD
    )


def _word_at(name: str, at: int) -> str:
    """Return the word of a name that holds, or ends at, a position."""
    return name[name.rfind(" ", 0, at) + 1 :].partition(" ")[0]
