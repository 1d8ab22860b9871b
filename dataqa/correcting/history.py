"""Which decisions are still to be applied: data may be the output of an earlier correction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from dataqa.correcting.matching import Problem
from dataqa.correcting.settling import Settled, settle
from dataqa.dataset import Dataset
from dataqa.errors import InputError
from dataqa.review.decisions import Decision

MANIFEST_SCHEMA = 1
MANIFEST_SUFFIX = ".manifest.json"
OTHER = "the decision was made on other data (SHA-256 {0.dataset_sha256:.12}…)"
LATE = "the decision was made on this data as it was before a correction; apply it to the original"


@dataclass(frozen=True)
class Past:
    """What a manifest beside the data tells of how it came about; empty for original data."""

    ancestors: tuple[str, ...] = ()
    applied: frozenset[str] = frozenset()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Own:
    """Decisions that are to be applied to this data, and those that cannot be."""

    settled: Settled
    problems: tuple[Problem, ...]


def own_decisions(
    decisions: Sequence[Decision], dataset: Dataset, past: Past, *, rule: str, reuse: bool
) -> Own:
    """Choose the decisions that are to be applied, see ``settling.settle`` for ``rule``.

    Decisions on what this data was made from are done when the manifest says so, and a problem
    otherwise. Decisions on any other dataset are a problem, or with ``reuse`` like own ones.
    """
    name = dataset.files[0].path
    sorts: dict[str, list[Decision]] = {"own": [], "past": [], "other": []}
    for decision in decisions:
        sorts["own" if reuse else _origin(decision, dataset, past)].append(decision)
    problems = [Problem(name, item.line, OTHER.format(item)) for item in sorts["other"]]
    for items in _undone(settle(sorts["past"], rule), past).changes.values():
        problems += [Problem(name, item.line, LATE) for item in items]
    settled = _undone(settle(sorts["own"], rule), past)
    if rule == "refuse":
        for items in settled.conflicts.values():
            names = " and ".join(sorted({item.reviewer for item in items}))
            problems.append(Problem(name, items[0].line, f"{names} disagree"))
    return Own(settled, tuple(problems))


def _origin(decision: Decision, dataset: Dataset, past: Past) -> str:
    if decision.dataset_sha256 == dataset.sha256:
        return "own"
    return "past" if decision.dataset_sha256 in past.ancestors else "other"


def _undone(settled: Settled, past: Past) -> Settled:
    """Return what is settled without the records that an earlier correction has changed so."""
    changes = {
        key: items
        for key, items in settled.changes.items()
        if not {digest(item) for item in items} <= past.applied
    }
    return replace(settled, changes=changes)


def digest(decision: Decision) -> str:
    """Name a decision by what it does to which record of which dataset."""
    parts = [decision.dataset_sha256, decision.key, decision.line, decision.action]
    what = json.dumps([*parts, decision.field, decision.from_, decision.to], sort_keys=True)
    return hashlib.sha256(what.encode()).hexdigest()[:32]


def manifest_path(output: Path) -> Path:
    """Return where the manifest of an output file or folder is."""
    place = output.absolute()
    return place.with_name(place.name + MANIFEST_SUFFIX)


def earlier(paths: Sequence[Path], sha256: str) -> Past:
    """Read how this dataset came about from the manifest beside the file or its folder.

    Raises:
        InputError: a file with the name of a manifest is none.
    """
    for place in (manifest_path(paths[0]), manifest_path(paths[0].absolute().parent)):
        if not place.is_file():
            continue
        try:
            values = orjson.loads(place.read_bytes())
            if values["dataset_after"] == sha256 and values["schema"] == MANIFEST_SCHEMA:
                applied = frozenset(values["applied"])
                return Past(tuple(values["ancestors"]), applied, tuple(values["drop"]))
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(
                f"{place}: is no manifest of dataqa apply", hint="move the file away"
            ) from error
    return Past()
