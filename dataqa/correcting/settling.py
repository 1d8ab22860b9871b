"""From what reviewers said to what happens to each record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dataqa.review.decisions import Decision

Slot = tuple[str, object]
"""What a decision settles: a field, the stay of one line, or the record as a whole."""
Wants = dict[Slot, Decision]
"""Everything that one reviewer wants done to a record."""

CHANGING = ("relabel", "edit", "drop")
"""Actions that change data; ``keep`` and ``unsure`` do not."""


@dataclass(frozen=True)
class Settled:
    """What is to be done, by content key, and which keys reviewers disagree about."""

    changes: Mapping[str, tuple[Decision, ...]]
    judged: frozenset[str]
    """Keys of records that a person judged right or wrong."""
    unsure: frozenset[str]
    """Keys of records of which every reviewer is unsure."""
    conflicts: Mapping[str, tuple[Decision, ...]]


def settle(decisions: Iterable[Decision], rule: str) -> Settled:
    """Put the decisions on each record together; their order does not matter.

    Of one reviewer's decisions on a record the last one counts, but edits of several fields and
    drops of several equal lines add up when they do not come from draws. Who is ``unsure`` leaves
    it to the others. Reviewers who want different things are a conflict, resolved by ``rule``,
    one of ``RULES``.
    """
    by_key: dict[str, dict[str, Wants]] = {}
    for decision in sorted(decisions, key=_when):
        wants = by_key.setdefault(decision.key, {}).setdefault(decision.reviewer, {})
        _update(wants, decision)
    changes, conflicts, judged = {}, {}, set()
    for key, by_reviewer in by_key.items():
        opinions = [wants for wants in by_reviewer.values() if not _unsure(wants)]
        if not opinions:
            continue
        judged.add(key)
        if len({_meaning(wants) for wants in opinions}) > 1:
            chosen = RULES[rule](opinions)
            if chosen is None:
                conflicts[key] = tuple(item for wants in opinions for item in wants.values())
                continue
            opinions = [chosen]
        doing = tuple(sorted(_changing(opinions[0]), key=_when))
        if doing:
            changes[key] = doing
    return Settled(changes, frozenset(judged), frozenset(by_key.keys() - judged), conflicts)


def _when(decision: Decision) -> tuple[datetime, str]:
    """Order decisions by time; what came at the same time goes by content."""
    return datetime.fromisoformat(decision.at), json.dumps(decision.to_dict(), sort_keys=True)


def _update(wants: dict[Slot, Decision], decision: Decision) -> None:
    """Let a later decision of the same reviewer take the place of what it replaces."""
    slot = _slot(decision)
    adds_up = slot[0] == "line" or (slot[0] == "field" and decision.draw is None)
    for other in list(wants):
        if other[0] != slot[0] or not adds_up:
            del wants[other]
    wants[slot] = decision


def _slot(decision: Decision) -> Slot:
    if decision.action == "drop":
        return "line", decision.line
    if decision.action == "relabel":
        return "field", None
    if decision.action == "edit":
        return "field", decision.field
    return "record", decision.action


def _changing(wants: Wants) -> list[Decision]:
    return [item for item in wants.values() if item.action in CHANGING]


def _unsure(wants: Wants) -> bool:
    return all(item.action == "unsure" for item in wants.values())


def _meaning(wants: Wants) -> frozenset[tuple[str, str, str]]:
    """Return what a reviewer wants, comparable between reviewers; equal lines are one record."""
    return frozenset(
        (item.action, str(slot[1]) if slot[0] == "field" else "", json.dumps(item.to))
        for slot, item in wants.items()
    )


def _latest(opinions: Sequence[Wants]) -> Wants | None:
    return max(opinions, key=lambda wants: max(_when(item) for item in wants.values()))


def _nobody(opinions: Sequence[Wants]) -> Wants | None:
    del opinions
    return None


RULES: Mapping[str, Callable[[Sequence[Wants]], Wants | None]] = {
    "skip": _nobody,
    "refuse": _nobody,
    "latest": _latest,
}
"""What happens to records about which reviewers disagree: nothing, nothing is written at all, or
what was said last."""
