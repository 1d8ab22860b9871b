"""What a certificate states, in sentences that text and page share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dataqa.gate import counted, missing, percent

CLAIM = "the share of records that a reviewer with this guideline would change"


def statements(certificate: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield one sentence per fact; nothing without a certificate."""
    if certificate is None:
        return
    state, limit, risk = (certificate[name] for name in ("state", "limit", "risk"))
    yield (
        f"certificate: {state} at limit {percent(limit)}, risk {percent(risk)} "
        f"(method {certificate['method']}); {counted(certificate)}"
    )
    if certificate["draws"]:
        estimate = certificate["estimate"]
        yield (
            f"  {CLAIM}: {percent(certificate['low'])} to {percent(certificate['high'])} "
            f"(confidence {percent(1 - risk)})"
            + ("" if estimate is None else f", estimate {percent(estimate)}")
        )
    if state == "UNDECIDED":
        yield f"  {missing(certificate)}"
    if certificate["reused"]:
        yield f"  {certificate['reused']:,} of them were judged in an earlier version of the data"
    yield from _reviewers(certificate)
    yield from _uncounted(certificate)


def _reviewers(certificate: Mapping[str, Any]) -> Iterator[str]:
    if not certificate["twice"]:
        return
    kappa = certificate["kappa"]
    yield (
        f"  {certificate['reviewers']:,} reviewers judged {certificate['twice']:,} records twice: "
        f"agreement {percent(certificate['agreement'])}, "
        f"kappa {'not defined' if kappa is None else f'{kappa:.2f}'}; "
        "where they differ, the record counts as unsure"
    )


def _uncounted(certificate: Mapping[str, Any]) -> Iterator[str]:
    if certificate["beyond_gap"]:
        yield (
            f"  {certificate['beyond_gap']:,} records decided after a skipped draw do not count "
            "until it is judged"
        )
    if certificate["from_queue"]:
        yield (
            f"  {certificate['from_queue']:,} decisions on records that no draw chose repair "
            "data, but prove nothing"
        )
