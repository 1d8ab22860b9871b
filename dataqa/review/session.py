"""One reviewer's walk through a plan: what comes next, what a judgement becomes, what is proven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dataqa.gate import counted, missing, percent
from dataqa.review.certificate import DEFAULT_RISK, Certificate, certify
from dataqa.review.decisions import Decision
from dataqa.review.plan import Plan


@dataclass(frozen=True)
class Session:
    """Where a reviewer is; judging and going back give the next session.

    A record is asked for once, however often it is drawn. Records come in the order of the plan
    and none is skipped, because only an unbroken row of draws proves anything.
    """

    plan: Plan
    reviewer: str
    limit: float
    risk: float = DEFAULT_RISK
    decisions: tuple[Decision, ...] = ()
    """All decisions of the file, other reviewers' too."""
    back: int = 0
    """How many records before the first open one the reviewer has gone back."""
    settled: frozenset[str] = frozenset()
    """Keys of records that decisions on earlier data judge; nobody is asked again."""

    @property
    def order(self) -> list[Mapping[str, Any]]:
        """The first draw of every record, in plan order."""
        firsts: dict[str, Mapping[str, Any]] = {}
        for draw in self.plan.draws:
            firsts.setdefault(draw["key"], draw)
        return list(firsts.values())

    @property
    def mine(self) -> dict[str, Decision]:
        """The latest decision of this reviewer on each drawn record."""
        own = [
            item
            for item in self.decisions
            if item.reviewer == self.reviewer and item.draw is not None
        ]
        return {item.key: item for item in sorted(own, key=lambda item: _time(item.at))}

    @property
    def open(self) -> int:
        """Position in ``order`` of the first record that this reviewer has not judged."""
        mine = self.mine.keys() | self.settled
        judged = (number for number, draw in enumerate(self.order) if draw["key"] not in mine)
        return next(judged, len(self.order))

    @property
    def current(self) -> Mapping[str, Any] | None:
        """The draw to judge now; ``None`` at the end of the plan."""
        order, position = self.order, self.open - self.back
        return order[position] if position < len(order) else None

    def gone_back(self) -> Session:
        """Return the session one record earlier, at the first one at most."""
        return replace(self, back=min(self.back + 1, self.open))

    def judged(self, action: str, now: datetime | None = None, **values: Any) -> Session:
        """Return the session after a decision on the current record, at the first open one.

        ``values`` are further fields of the decision. Its time is later than that of every other
        decision of the reviewer, so that it replaces them whatever the clock does.
        """
        draw = self.current
        if draw is None:
            raise ValueError("the plan has no more records")
        decision = Decision(
            dataset_sha256=self.plan.dataset_sha256,
            key=draw["key"],
            line=draw["line"],
            draw=draw["draw"],
            action=action,
            reviewer=self.reviewer,
            at=_later(now or datetime.now(UTC), self.mine.values()),
            **values,
        )
        return replace(self, decisions=(*self.decisions, decision), back=0)

    def certificate(self) -> Certificate:
        """Return what the decisions of all reviewers prove by now."""
        return certify(self.plan, self.decisions, self.limit, self.risk)


def statement(certificate: Certificate) -> str:
    """Say in one line what is proven, or what it takes."""
    values = certificate.to_dict()
    if certificate.state != "UNDECIDED":
        side = "at most" if certificate.state == "PASS" else "above"
        return (
            f"{certificate.state}, certified: the rate is {side} {percent(certificate.limit)} "
            f"(risk {percent(certificate.risk)}); {counted(values)}"
        )
    return f"{counted(values)}; {missing(values)}"


def _later(now: datetime, others: Iterable[Decision]) -> str:
    last = max((_time(item.at) for item in others), default=now - timedelta(days=1))
    return max(now, last + timedelta(microseconds=1)).isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
