"""From decisions to one judgement per record, and per draw."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

import numpy as np

from dataqa.review.decisions import Decision
from dataqa.review.plan import Plan

UNSURE = "unsure"


@dataclass(frozen=True)
class Judged:
    """The draws of a plan with what reviewers said of them."""

    counted: int
    """Draws before the first undecided one."""
    surely_wrong: np.ndarray
    """(draws,) 1 where judged wrong."""
    maybe_wrong: np.ndarray
    """(draws,) 1 where judged wrong or unsure."""
    all_wrong: np.ndarray
    """(draws,) 1 where judged wrong or not judged."""
    first: list[int]
    """Positions of the draws that count and are the first of their record."""
    open_keys: list[str | None]
    """Key of every draw that is not judged, else ``None``."""
    beyond_gap: int
    from_queue: int
    reviewers: int
    twice: int
    agreement: float | None
    kappa: float | None

    @property
    def counts(self) -> dict[str, Any]:
        """Fields of a certificate that are the same for every method."""
        return {
            "n_reviewed": len(self.first),
            "n_wrong": int(self.surely_wrong[self.first].sum()),
            "n_unsure": int((self.maybe_wrong - self.surely_wrong)[self.first].sum()),
            "beyond_gap": self.beyond_gap,
            "from_queue": self.from_queue,
            "reviewers": self.reviewers,
            "twice": self.twice,
            "agreement": self.agreement,
            "kappa": self.kappa,
        }


def judge(plan: Plan, decisions: Sequence[Decision]) -> Judged:
    """Give every draw the judgement of its record.

    A record has one judgement, which serves all its draws: of one reviewer the latest (two at the
    same time that differ are *unsure*), of several the one they share, else *unsure*.
    """
    drawn = [item for item in decisions if item.draw is not None]
    latest = _latest(drawn)
    by_record = _by_record(latest)
    verdicts = {key: _shared(list(said.values())) for key, said in by_record.items()}
    keys = [draw["key"] for draw in plan.draws]
    said = [verdicts.get(key) for key in keys]
    counted = next((at for at, word in enumerate(said) if word is None), len(said))
    known = [at for at, word in enumerate(said) if word is not None]
    rows = known if plan.fixed else range(counted)
    firsts = {keys[at]: at for at in reversed(rows)}
    seen = sorted(firsts, key=firsts.__getitem__)
    both = [by_record[key] for key in seen if len(by_record[key]) > 1]
    wrong = _mask(said, {"wrong"})
    return Judged(
        counted=counted,
        surely_wrong=wrong,
        maybe_wrong=_mask(said, {"wrong", UNSURE}),
        all_wrong=_mask(said, {"wrong", None}),
        first=sorted(firsts.values()),
        open_keys=[key if word is None else None for key, word in zip(keys, said, strict=True)],
        beyond_gap=len({keys[at] for at in known} - firsts.keys()),
        from_queue=len(decisions) - len(drawn),
        reviewers=len({name for key in seen for name in by_record[key]}),
        twice=len(both),
        agreement=_mean([len(set(said.values())) == 1 for said in both]),
        kappa=_kappa(both),
    )


def _latest(decisions: Iterable[Decision]) -> dict[tuple[str, str], str]:
    """Return (key, reviewer) -> judgement, the latest by time."""
    newest: dict[tuple[str, str], tuple[datetime, str]] = {}
    for item in decisions:
        who, when = (item.key, item.reviewer), datetime.fromisoformat(item.at)
        at, word = newest.get(who, (when, item.judgement))
        if when > at:
            newest[who] = (when, item.judgement)
        elif when == at:
            newest[who] = (when, word if word == item.judgement else UNSURE)
    return {who: word for who, (_, word) in newest.items()}


def _by_record(latest: Mapping[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    records: dict[str, dict[str, str]] = defaultdict(dict)
    for (key, reviewer), word in latest.items():
        records[key][reviewer] = word
    return records


def _shared(words: Sequence[str]) -> str:
    return words[0] if len(set(words)) == 1 else UNSURE


def _mask(words: Sequence[str | None], wanted: set[str | None]) -> np.ndarray:
    return np.array([word in wanted for word in words], dtype=np.float64)


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _kappa(records: Sequence[Mapping[str, str]]) -> float | None:
    """Return Cohen's kappa of the two reviewers with most records in common.

    Null without common records, or when chance alone would make them agree always.
    """
    pairs = Counter(pair for said in records for pair in combinations(sorted(said), 2))
    if not pairs:
        return None
    one, other = max(sorted(pairs), key=pairs.__getitem__)
    words = [(said[one], said[other]) for said in records if one in said and other in said]
    same = sum(a == b for a, b in words) / len(words)
    left, right = (Counter(column) for column in zip(*words, strict=True))
    chance = sum(left[word] * right[word] for word in left) / len(words) ** 2
    return None if chance == 1 else (same - chance) / (1 - chance)
