"""Which records go because of what an audit found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from dataqa.correcting.interface import Change
from dataqa.correcting.matching import Place
from dataqa.dataset import Dataset
from dataqa.result import AuditResult
from dataqa.settings import unknown_name

ALIASES: Mapping[str, str] = {"flagged": "labels", "invalid": "schema"}
"""Short name -> the check whose findings it means."""
OPINIONS = ("labels", "pairs", "outliers")
"""Checks whose findings are a model's opinion: a record that a person judged stays."""
COPIES = ("duplicates.exact", "duplicates.near", "duplicates.semantic")
"""Findings about a group of which one record stays."""
PARAPHRASES = "duplicates.semantic"
"""Not meant by ``duplicates``: whoever wants to lose them has to name them."""


def with_drops(
    changes: Mapping[Place, Change],
    judged: frozenset[str],
    dataset: Dataset,
    result: AuditResult,
    kinds: Iterable[str],
) -> dict[Place, Change]:
    """Return the changes, and the loss of every record that has a finding of these kinds.

    A kind is a check, a finding code, ``flagged`` (= ``labels``) or ``invalid`` (= ``schema``).
    Of each group of duplicates one record stays: one that a person corrected, or else the one that
    the audit chose.
    Records that a person judged stay whatever models say of them.

    Raises:
        ConfigError: no check or finding code is called like one of the kinds.
    """
    merged = dict(changes)
    for kind in kinds:
        findings = _findings(result, kind)
        if kind == "duplicates":
            findings = findings[findings["code"] != PARAPHRASES]
        gone = findings[~findings["code"].isin(COPIES)]
        if kind != "duplicates":
            _lose(merged, gone, judged, dataset)
        copies = findings[findings["code"].isin(COPIES)]
        _lose(merged, _surplus(copies, merged, dataset), judged, dataset)
    return merged


def _findings(result: AuditResult, kind: str) -> pd.DataFrame:
    """Return the findings of a check or code, in input order."""
    name = ALIASES.get(kind, kind)
    known = {*ALIASES, *result.checks}
    for check in result.checks.values():
        known |= set(check.codes)
    if name not in known:
        raise unknown_name("kind of record", kind, known, "--drop")
    found = result.findings
    chosen = found[(found["check"] == name) | (found["code"] == name)]
    return chosen[chosen["line"] > 0].sort_values(["source", "line"], kind="stable")


def _surplus(
    copies: pd.DataFrame, changes: Mapping[Place, Change], dataset: Dataset
) -> pd.DataFrame:
    """Return the findings of all copies that are not the one that stays of their group."""
    if copies.empty:
        return copies
    rank = {file.path: position for position, file in enumerate(dataset.files)}
    groups = [str(fact["group"]) for fact in copies["evidence"]]
    table = copies.assign(
        group=groups,
        file=copies["source"].map(rank),
        preferred=[
            _preference(changes.get((source, line)), keep=bool(fact.get("keep")))
            for source, line, fact in copies[["source", "line", "evidence"]].itertuples(index=False)
        ],
    ).sort_values(["preferred", "file", "line"], kind="stable")
    return table[table.duplicated(["code", "group"])]


def _preference(change: Change | None, *, keep: bool) -> int:
    """Order copies: corrected ones first, then the chosen one, those that go already last."""
    if change is None:
        return 1 if keep else 2
    return 3 if change.reasons else 0


def _lose(
    changes: dict[Place, Change], findings: pd.DataFrame, judged: frozenset[str], dataset: Dataset
) -> None:
    offsets = _offsets(dataset, findings)
    for row in findings.to_dict("records"):
        if row["check"] in OPINIONS and row["key"] in judged:
            continue
        place = (row["source"], row["line"])
        change = changes.get(place) or Change(row["line"], offsets[place], row["key"] or None)
        reason = f"{row['code']}: {row['message']}"
        if reason not in change.reasons:
            changes[place] = replace(change, reasons=(*change.reasons, reason))


def _offsets(dataset: Dataset, findings: pd.DataFrame) -> dict[Place, int]:
    columns = ["source", "line", "offset"]
    places = pd.concat([dataset.frame[columns], dataset.faults[columns]], ignore_index=True)
    wanted = places[places["line"].isin(findings["line"])]
    return {
        (str(source), int(line)): int(offset)
        for source, line, offset in wanted.itertuples(index=False)
    }
