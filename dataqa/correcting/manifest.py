"""What was done to which files: written beside the output, without a clock."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from dataqa.correcting.history import MANIFEST_SCHEMA, Own, Past, digest
from dataqa.correcting.interface import Outcome
from dataqa.correcting.rewriting import Rewritten
from dataqa.dataset import Dataset, combined_sha256


@dataclass(frozen=True)
class FileChange:
    """One file before and after; names without folders."""

    input: str
    output: str | None
    sha256_before: str
    sha256_after: str
    records_before: int
    records_after: int


@dataclass(frozen=True)
class Manifest:
    """What one correction did. Names no time and no folder: equal work gives equal bytes."""

    dataset_before: str
    dataset_after: str
    decisions_sha256: str
    """Hash of the decisions file."""
    drop: tuple[str, ...]
    """Kinds of records that were dropped for what an audit found."""
    counts: Mapping[str, int]
    """Records by what happened to them, and drops by their reason."""
    files: tuple[FileChange, ...]
    ancestors: tuple[str, ...]
    """Hashes of all datasets that the output comes from, oldest first."""
    applied: tuple[str, ...]
    """Digests of all decisions that are in the output."""
    version: str
    schema: int = MANIFEST_SCHEMA

    def to_json(self) -> bytes:
        """Return the content of the manifest file."""
        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS
        return orjson.dumps(asdict(self), option=options)


def describe(
    decisions: Path,
    dataset: Dataset,
    own: Own,
    done: Sequence[Rewritten],
    past: Past,
    drop: Sequence[str],
    version: str,
) -> Manifest:
    """Put together what was done."""
    after = combined_sha256([file.sha256 for file in done])
    applied = {digest(item) for items in own.settled.changes.values() for item in items}
    outcomes = [outcome for file in done for outcome in file.outcomes]
    return Manifest(
        dataset_before=dataset.sha256,
        dataset_after=after,
        decisions_sha256=hashlib.sha256(decisions.read_bytes()).hexdigest(),
        drop=tuple(sorted({*drop, *past.drop})),
        counts=count(own, outcomes),
        files=tuple(
            FileChange(
                input=Path(before.path).name,
                output=None if file.target is None else file.target.name,
                sha256_before=before.sha256,
                sha256_after=file.sha256,
                records_before=before.records,
                records_after=before.records - _gone(file.outcomes),
            )
            for before, file in zip(dataset.files, done, strict=True)
        ),
        ancestors=tuple(dict.fromkeys([*past.ancestors, dataset.sha256])),
        applied=tuple(sorted(applied | past.applied)),
        version=version,
    )


def count(own: Own, outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Count records by what happens to them, and drops by their reason."""
    counts = Counter({"relabel": 0, "edit": 0, "drop": 0})
    for outcome in outcomes:
        reasons = [reason.partition(":")[0] for reason in outcome.change.reasons]
        counts.update(["drop", *(f"drop: {reason}" for reason in reasons)] if reasons else ())
        counts.update([] if reasons else {edit.action for edit in outcome.change.edits})
    settled = own.settled
    counts["keep"] = len(settled.judged - settled.changes.keys() - settled.conflicts.keys())
    counts["unsure"] = len(settled.unsure)
    counts["conflict"] = len(settled.conflicts)
    return dict(sorted(counts.items()))


def _gone(outcomes: Sequence[Outcome]) -> int:
    return sum(bool(outcome.change.reasons and outcome.change.key) for outcome in outcomes)
