"""Decisions on an earlier version of the data, for the plan of the present one.

A decision is a fact about a record, known by its content. The plan of the present data is drawn
anew, from hashes of all its content keys, without looking at any decision. So where a draw hits a
record that was judged before and is unchanged, its judgement is as good as a fresh one; which
records were judged before tells nothing about which are drawn now. Draws that hit other records
need a reviewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dataqa.review.decisions import Decision
from dataqa.review.plan import Plan


@dataclass(frozen=True)
class Said:
    """Decisions that count for one plan."""

    now: Sequence[Decision]
    """On this dataset; checked like all decisions."""
    before: Sequence[Decision] = ()
    """On earlier versions, as decisions on draws of this plan."""

    @property
    def all(self) -> list[Decision]:
        """Both together."""
        return [*self.now, *self.before]

    @property
    def reused(self) -> set[str]:
        """Keys of records that only earlier decisions judge."""
        now = {item.key for item in self.now if item.draw is not None}
        return {item.key for item in self.before} - now


def gather(plan: Plan, fresh: Iterable[Decision], earlier: Iterable[Decision]) -> Said:
    """Return fresh decisions, and earlier ones on unchanged records that the plan draws.

    Earlier decisions on records that were edited, removed or not drawn are left out, and so are
    those from the queue: whoever chose freely what to judge may have looked at the plan. An
    earlier file may hold decisions on this very dataset; they are fresh ones.
    """
    first = {draw["key"]: draw for draw in reversed(plan.draws)}
    now, before = list(fresh), []
    for item in earlier:
        draw = first.get(item.key)
        if item.dataset_sha256 == plan.dataset_sha256:
            now.append(item)
        elif draw is not None and item.draw is not None:
            before.append(_moved(item, plan.dataset_sha256, draw["draw"], draw["line"]))
    return Said(now, before)


def _moved(decision: Decision, sha256: str, draw: int, line: int) -> Decision:
    return replace(decision, dataset_sha256=sha256, draw=draw, line=line)
