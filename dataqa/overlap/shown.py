"""Which words two texts share, to be shown."""

from __future__ import annotations

import re

SEED_WORDS = 4
"""Shorter runs of words are not looked for."""
_WORD = re.compile(r"\w+")


def shared_passage(one: str, other: str) -> str:
    """Return the longest run of words of ``one`` that ``other`` has, too; as it stands in ``one``.

    Case and marks do not count. The first one among equals; empty below ``SEED_WORDS`` words.
    """
    spans = [match.span() for match in _WORD.finditer(one)]
    left = [one[start:end].casefold() for start, end in spans]
    right = [word.casefold() for word in _WORD.findall(other)]
    place, length = _longest_run(left, right)
    return one[spans[place][0] : spans[place + length - 1][1]] if length else ""


def _longest_run(left: list[str], right: list[str]) -> tuple[int, int]:
    """Return where in ``left`` the longest common run begins, and its length."""
    seeds: dict[tuple[str, ...], int] = {}
    for at in range(len(right) - SEED_WORDS + 1):
        seeds.setdefault(tuple(right[at : at + SEED_WORDS]), at)
    best, length, at = 0, 0, 0
    while at <= len(left) - SEED_WORDS:
        known = seeds.get(tuple(left[at : at + SEED_WORDS]))
        run = 0 if known is None else _run(left, at, right, known)
        if run > length:
            best, length = at, run
        at += max(run - SEED_WORDS + 1, 1)
    return best, length


def _run(left: list[str], at: int, right: list[str], known: int) -> int:
    most = min(len(left) - at, len(right) - known)
    return next((step for step in range(most) if left[at + step] != right[known + step]), most)
