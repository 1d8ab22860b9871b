"""The flow of ``dataqa apply``: read, match, rewrite, and only then give the files their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataqa.config import Config
from dataqa.correcting.dropping import with_drops
from dataqa.correcting.history import Own, Past, earlier, manifest_path, own_decisions
from dataqa.correcting.interface import Change, Outcome
from dataqa.correcting.manifest import Manifest, describe
from dataqa.correcting.matching import Matched, Place, Problem, match
from dataqa.correcting.rejects import reject_log
from dataqa.correcting.rewriting import file_targets, rewrite
from dataqa.correcting.settling import Settled
from dataqa.correcting.staging import refuse_target, staging
from dataqa.dataset import Dataset
from dataqa.errors import ConfigError, OutputError
from dataqa.formats import Shape, choose_shapes
from dataqa.progress import Progress
from dataqa.reading import read
from dataqa.result import AuditResult
from dataqa.review.decisions import read_decisions


@dataclass(frozen=True)
class Request:
    """What is to be done with which files."""

    decisions: Path
    data: tuple[str, ...]
    config: Config
    """How the audit read the data: keys depend on it."""
    output: Path | None = None
    """File, or folder for several files; without it nothing is written."""
    rejects: Path | None = None
    """Where to log the records that go."""
    result: AuditResult | None = None
    """Result that ``drop`` refers to."""
    drop: tuple[str, ...] = ()
    conflicts: str = "skip"
    """What to do where reviewers disagree, one of ``settling.RULES``."""
    reuse: bool = False
    """Whether decisions on another dataset count for equal records of this one."""
    force: bool = False
    """Whether to overwrite."""
    version: str = ""
    """Version of dataqa, for the manifest."""


@dataclass(frozen=True)
class Correction:
    """What was done, or would be."""

    outcomes: tuple[tuple[str, Outcome], ...]
    """Source and outcome of every record that changes or goes, in input order."""
    problems: tuple[Problem, ...]
    """Why nothing was written; empty when all fits."""
    settled: Settled
    unused: int
    """Records that decisions on another dataset are about and that are not in this one."""
    manifest: Manifest | None
    """Absent where there are problems."""


def correct(request: Request, progress: Progress | None = None) -> Correction:
    """Apply decisions to data.

    Everything is checked while the outputs are written under temporary names: the hash of the
    dataset, the keys of the records, the values that the reviewers saw. One problem, and no file
    gets its name.

    Raises:
        InputError: a file cannot be read.
        OutputError: an output is an input, exists already, or cannot be written.
        ConfigError: the drops do not fit the result, or the result not the data.
    """
    dataset = read(request.data, request.config, progress=progress)
    targets = file_targets(dataset, request.output)
    _refuse_targets(request, dataset, targets)
    past = earlier([Path(file.path) for file in dataset.files], dataset.sha256)
    decided = read_decisions(request.decisions).decisions
    own = own_decisions(decided, dataset, past, rule=request.conflicts, reuse=request.reuse)
    matched = match(dataset, own.settled, _shapes(request.config))
    changes = _with_drops(request, dataset, own, matched, past)
    folder = request.output if len(dataset.files) > 1 else None
    with staging(folder) as staged:
        done = list(rewrite(dataset, changes, targets, staged))
        outcomes = tuple((file.source, outcome) for file in done for outcome in file.outcomes)
        problems = (*own.problems, *matched.problems, *_problems(outcomes))
        if problems:
            return Correction(outcomes, problems, own.settled, matched.unused, None)
        manifest = describe(
            request.decisions, dataset, own, done, past, request.drop, request.version
        )
        if request.output is not None:
            if request.rejects is not None:
                staged.write(request.rejects, reject_log(outcomes))
            staged.write(manifest_path(request.output), manifest.to_json())
            staged.commit()
    return Correction(outcomes, (), own.settled, matched.unused, manifest)


def _refuse_targets(request: Request, dataset: Dataset, targets: Mapping[str, Path | None]) -> None:
    if request.output is None:
        return
    inputs = [*(Path(file.path) for file in dataset.files), request.decisions]
    wanted = [path for path in targets.values() if path is not None]
    wanted.append(manifest_path(request.output))
    if request.rejects is not None:
        wanted.append(request.rejects)
    for number, path in enumerate(wanted):
        refuse_target(path, inputs, force=request.force)
        if path.resolve() in {other.resolve() for other in wanted[:number]}:
            raise OutputError(f"{path}: would be written twice", hint="name another file")


def _with_drops(
    request: Request, dataset: Dataset, own: Own, matched: Matched, past: Past
) -> dict[Place, Change]:
    """Add what the audit's findings drop; findings of what the data was made from are done."""
    if not request.drop:
        return matched.changes
    if request.result is None:
        raise ConfigError("--drop needs the findings of an audit", hint="add --result RESULT.json")
    sha256 = request.result.dataset["sha256"]
    if sha256 in past.ancestors and set(request.drop) <= set(past.drop):
        return matched.changes
    if sha256 != dataset.sha256:
        raise ConfigError(
            "the result of --result is about other data (another SHA-256)",
            hint="audit this data again with --out json=RESULT.json",
        )
    judged = own.settled.judged
    return with_drops(matched.changes, judged, dataset, request.result, request.drop)


def _problems(outcomes: Sequence[tuple[str, Outcome]]) -> Iterator[Problem]:
    for source, outcome in outcomes:
        if outcome.problem:
            yield Problem(source, outcome.change.line, outcome.problem)


def _shapes(config: Config) -> tuple[Shape, ...]:
    return choose_shapes(config.format, config.text_field, config.label_field, config.id_field)
