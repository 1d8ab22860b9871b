"""Write every file of a dataset again, each in its own format."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, cast

from dataqa.correcting.interface import Change, Format, Outcome
from dataqa.correcting.matching import Place
from dataqa.correcting.packing import inner_suffix, packed
from dataqa.correcting.staging import Staged
from dataqa.dataset import Dataset, SourceFile
from dataqa.errors import InputError, OutputError

FORMATS: Mapping[str, str] = {
    ".jsonl": "dataqa.correcting.jsonl",
    ".ndjson": "dataqa.correcting.jsonl",
    ".json": "dataqa.correcting.json",
    ".csv": "dataqa.correcting.csv",
    ".tsv": "dataqa.correcting.csv",
    ".parquet": "dataqa.correcting.parquet",
}
"""File suffix (not that of a compression) -> module with the function of ``interface.Format``."""


@dataclass(frozen=True)
class Rewritten:
    """One file that was written again."""

    source: str
    target: Path | None
    outcomes: tuple[Outcome, ...]
    sha256: str
    """Hash of what was written."""


def file_targets(dataset: Dataset, output: Path | None) -> dict[str, Path | None]:
    """Return where the copy of each file goes: to ``output``, or into it where it is a folder.

    Raises:
        OutputError: two files have the same name, or another format than the output.
    """
    sources = [file.path for file in dataset.files]
    if output is None:
        return dict.fromkeys(sources)
    if len(sources) > 1 or output.is_dir():
        names = [Path(source).name for source in sources]
        for name in names:
            if names.count(name) > 1:
                raise OutputError(
                    f"{output}: two inputs are called {name}", hint="correct them one by one"
                )
        return {source: output / name for source, name in zip(sources, names, strict=True)}
    if _kind(Path(sources[0])) != _kind(output):
        raise OutputError(
            f"{output}: the output has the format and compression of the input",
            hint=f"name a file that ends in {''.join(_kind(Path(sources[0])))}",
        )
    return {sources[0]: output}


def rewrite(
    dataset: Dataset,
    changes: Mapping[Place, Change],
    targets: Mapping[str, Path | None],
    staged: Staged,
) -> Iterator[Rewritten]:
    """Write every file to its target; without a target it is written nowhere, but checked."""
    by_source: dict[str, list[Change]] = {file.path: [] for file in dataset.files}
    for (source, _), change in changes.items():
        by_source[source].append(change)
    for file in dataset.files:
        own = sorted(by_source[file.path], key=lambda change: change.line)
        yield _rewrite_file(file, own, targets[file.path], staged)


def _rewrite_file(
    file: SourceFile, changes: Sequence[Change], target: Path | None, staged: Staged
) -> Rewritten:
    source = Path(file.path)
    with _opened(target, staged) as sink:
        if changes:
            with packed(source.suffix, sink) as stream:
                outcomes = tuple(_format(source).rewrite(source, stream, changes))
        else:
            outcomes = ()
            with source.open("rb") as original:
                shutil.copyfileobj(original, sink)
    sha256 = file.sha256 if target is None else _sha256(staged.path(target))
    return Rewritten(file.path, target, outcomes, sha256)


def _opened(target: Path | None, staged: Staged) -> AbstractContextManager[BinaryIO]:
    if target is None:
        return cast(AbstractContextManager[BinaryIO], Path(os.devnull).open("wb"))
    return staged.open(target)


def _format(source: Path) -> Format:
    module = FORMATS.get(inner_suffix(source))
    if module is None:
        known = ", ".join(FORMATS)
        raise InputError(f"{source}: cannot be corrected", hint=f"formats: {known}")
    return cast(Format, import_module(module))


def _kind(path: Path) -> tuple[str, str]:
    """Return the suffixes that tell format and compression; spellings of one format are equal."""
    suffix = inner_suffix(path)
    last = path.suffix.lower()
    return {".ndjson": ".jsonl"}.get(suffix, suffix), "" if last == suffix else last


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
