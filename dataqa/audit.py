"""THE FLOW: read -> check -> judge, top to bottom."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataqa.config import Config
from dataqa.errors import DataqaError, InputError
from dataqa.settings import unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from dataqa.checks import Check, Found
    from dataqa.dataset import Dataset
    from dataqa.embedding.interface import Embedder
    from dataqa.progress import Progress
    from dataqa.result import AuditResult, CheckResult, Status
    from dataqa.shared import Shared


def audit(
    *paths: str | os.PathLike[str],
    config: Config | None = None,
    progress: Progress | None = None,
    decisions: str | os.PathLike[str] | None = None,
    reuse_decisions: Iterable[str | os.PathLike[str]] = (),
    **settings: object,
) -> AuditResult:
    """Read the files, run every check, judge the limits.

    Args:
        paths: the files and folders of one dataset; ``-`` is standard input.
        config: settings; defaults where it is absent.
        progress: watches the run; silent where it is absent.
        decisions: file of what reviewers said of these very records; may certify the verdict.
        reuse_decisions: files of decisions on earlier versions of the data; those on records that
            are unchanged count where the plan draws these.
        settings: fields of ``Config`` that replace those of ``config``, and
            ``max_mislabel_rate``, for example ``label_field="topic"``.

    Raises:
        InputError: a file cannot be read, there is no record, or decisions are about others.
        ConfigError: a setting is not usable.
    """
    from threadpoolctl import threadpool_limits

    from dataqa.checks import choose_checks
    from dataqa.embedding import choose_embedder
    from dataqa.engine import choose_engine
    from dataqa.overlap.evaluation import read_evaluations
    from dataqa.progress import Silent
    from dataqa.reading import input_bytes, read
    from dataqa.review.certified import certified, read_files
    from dataqa.shared import Shared

    if not paths:
        raise InputError("no input file was named", hint="name at least one file, or a folder")
    started = time.perf_counter()
    config = (config or Config()).with_settings(**settings)
    progress = progress or Silent()
    checks = choose_checks(config)
    said = read_files(decisions, reuse_decisions)
    _refuse_unknown_limits(config)
    embedder, why = choose_embedder(config.embedder, config.seed, config)
    engine = choose_engine(config.engine, config.jobs, input_bytes(paths))
    dataset = read(paths, config, engine, progress)
    timings = {"read": time.perf_counter() - started}
    evaluations = read_evaluations(config, engine, progress)
    shared = Shared(dataset, config, embedder, engine, progress, evaluations=evaluations)
    with threadpool_limits(1, "blas"):  # the last digits of a product depend on the threads
        runs = [run_check(check, dataset, shared) for check in checks]
    timings |= {result.name: result.seconds for result, _ in runs}
    timings["total"] = time.perf_counter() - started
    result = _assemble(dataset, config, _named(embedder, why), runs, timings)
    return certified(result, *said) if said else result


def run_check(check: Check, dataset: Dataset, shared: Shared) -> tuple[CheckResult, Found]:
    """Run one check; a crash becomes a result that says so."""
    started = time.perf_counter()
    try:
        found = check.find(dataset, shared)
        status: Status = "skipped" if found.skipped else "ok"
    except DataqaError:
        raise
    except Exception as error:  # noqa: BLE001 - law 5: the one place where a crash becomes a value
        status, found = "crashed", _crashed(check, error)
    return _check_result(check, found, status, time.perf_counter() - started), found


def _crashed(check: Check, error: Exception) -> Found:
    from dataqa.checks import Found

    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return Found(
        metrics=dict.fromkeys(check.metrics),
        reason=f"{type(error).__name__}: {error} ({where})",
    )


def _check_result(check: Check, found: Found, status: Status, seconds: float) -> CheckResult:
    from dataqa.result import CheckResult

    return CheckResult(
        name=check.name,
        status=status,
        reason=found.reason,
        seconds=round(seconds, 4),
        findings=len(found.findings),
        flagged=len(found.findings[["source", "line"]].drop_duplicates()),
        headline=check.metrics[0],
        about=(type(check).__doc__ or "").partition("\n")[0],
        codes={f"{check.name}.{code}": text for code, text in check.codes.items()},
        notes=found.notes,
        tables=found.tables,
    )


def _assemble(
    dataset: Dataset,
    config: Config,
    embedder: Mapping[str, object],
    runs: list[tuple[CheckResult, Found]],
    timings: Mapping[str, float],
) -> AuditResult:
    from dataqa.checks import join_findings
    from dataqa.gate import Rules, decide
    from dataqa.result import AuditResult
    from dataqa.review.plan import make_plan

    checks = {result.name: result for result, _ in runs}
    metrics = {name: value for _, found in runs for name, value in found.metrics.items()}
    findings = join_findings([found.findings for _, found in runs])
    records = _records(dataset, config, [found for _, found in runs], findings)
    plan, sampling = make_plan(records, config.seed, dataset.unreadable, sample=config.sample)
    return AuditResult(
        dataset=_describe(dataset),
        config=config.to_dict(),
        embedder=embedder,
        checks=checks,
        metrics=metrics,
        findings=findings,
        records=records,
        verdict=decide(metrics, checks, config.limits, len(dataset), Rules.of(config.to_dict())),
        review_plan=plan,
        sampling=sampling,
        timings={name: round(seconds, 4) for name, seconds in timings.items()},
    )


def _named(embedder: Embedder, why: str) -> dict[str, object]:
    return {"name": embedder.name, "reason": why, "notes": list(embedder.notes)}


def _describe(dataset: Dataset) -> dict[str, Any]:
    from dataqa.formats import SHAPES, dominant

    counts = dataset.frame["shape"].value_counts()
    shapes = {str(name): int(count) for name, count in sorted(counts.items())}
    shape = dominant(shapes)
    named = SHAPES[shape].title if shape in SHAPES else shape
    return {
        "paths": [file.path for file in dataset.files],
        "sha256": dataset.sha256,
        "records": len(dataset),
        "unreadable": dataset.unreadable,
        "format": shape,
        "detected": f"{named}, {shapes[shape]:,} of {len(dataset):,} records",
        "shapes": shapes,
        "classes": int(dataset.frame["label"].nunique()),
        "files": [
            {"path": file.path, "sha256": file.sha256, "records": file.records}
            for file in dataset.files
        ],
    }


def _records(
    dataset: Dataset, config: Config, founds: list[Found], findings: pd.DataFrame
) -> pd.DataFrame:
    """Put the per-record columns of all checks beside each other, in input order."""
    import numpy as np
    import pandas as pd

    from dataqa.checks import CHECKS
    from dataqa.quoting import excerpt
    from dataqa.result import DECIMALS

    table = dataset.frame[["source", "line", "key", "id", "label"]].copy()
    given = {name: values for found in founds for name, values in found.columns.items()}
    for kind in CHECKS.values():
        for name, dtype in kind.columns.items():
            values = given.get(name, [None] * len(table))
            table[name] = pd.Series(values, dtype=dtype, index=table.index)
    places = pd.MultiIndex.from_frame(findings[["source", "line"]])
    quoted = pd.MultiIndex.from_frame(table[["source", "line"]]).isin(places)
    excerpts: list[str | None] = [None] * len(table)
    rows = np.flatnonzero(quoted)
    for row, text in zip(rows.tolist(), dataset.quotes(rows), strict=True):
        excerpts[row] = excerpt(text, config.show_text)
    table["excerpt"] = pd.Series(excerpts, dtype="str")
    return table.round(DECIMALS).iloc[dataset.input_order].reset_index(drop=True)


def _refuse_unknown_limits(config: Config) -> None:
    from dataqa.checks import CHECKS

    known = [name for kind in CHECKS.values() for name in kind.metrics]
    for section, names in (("limits", config.limits), ("warn", config.warn)):
        for name in names:
            if name not in known:
                raise unknown_name("metric", name, known, section)
