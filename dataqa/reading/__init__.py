"""From files to a Dataset. ``sources.READERS`` is the only list of source formats."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from dataqa.config import Config
from dataqa.dataset import Dataset, SourceFile
from dataqa.engine import Engine, choose_engine
from dataqa.errors import InputError
from dataqa.formats import SHAPES, UNKNOWN, Shape, choose_shapes
from dataqa.progress import Progress, Silent
from dataqa.reading.interface import SEEN_LIMIT, Part, Reader, Wanted, mark_bytes
from dataqa.reading.majority import with_majority
from dataqa.reading.ordering import canonical_order, sorted_rows
from dataqa.reading.rows import merge, with_mark
from dataqa.reading.sources import READERS, Named, Opened, find_inputs, input_bytes, opened
from dataqa.reading.unpacking import Caps

__all__ = ["READERS", "again", "input_bytes", "read"]


def read(
    paths: Sequence[str | os.PathLike[str]],
    config: Config | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
    *,
    shapes: tuple[Shape, ...] = (),
) -> Dataset:
    """Read every record of the files and folders; ``-`` is standard input.

    Lines that hold no record become faults of the dataset; the other lines are read all the same.
    ``shapes`` replaces the record shapes that the config asks for.

    Raises:
        InputError: a file is absent, unreadable or of an unknown format, or no record was found.
        ConfigError: the config names an unknown record shape.
    """
    config = config or Config()
    wanted = _wanted(config, shapes)
    inputs = find_inputs(paths)
    engine = engine or choose_engine(config.engine, config.jobs, input_bytes(paths))
    whole, files = _read_files(inputs, wanted, config, engine, progress or Silent())
    _refuse_nothing(whole, wanted, [named.source for named in inputs])
    named_fields = (
        ("--label-field", config.label_field),
        ("--id-field", config.id_field),
        ("--annotators-field", config.annotators_field),
        *(("--group-by", field) for field in config.group_by),
    )
    for option, field in named_fields:
        _refuse_absent(field, option, whole.fields_seen)
    frame, majority_of = with_majority(whole, config.annotators_field)
    whole = replace(whole, frame=frame.iloc[:0])  # so that each column goes when it is sorted
    order = canonical_order(frame)
    return Dataset(
        frame=sorted_rows(frame, order),
        faults=whole.faults,
        files=tuple(files),
        unreadable=whole.unreadable,
        fields_seen=whole.fields_seen,
        extra=sorted_rows(whole.extra, order),
        majority_of=majority_of,
    )


def again(source: str, folder: Path, config: Config) -> Opened:
    """Open a file that was read before once more, as a plain file; ``folder`` is for it alone.

    Raises:
        InputError: the file is not any more what it was.
    """
    return opened(find_inputs([source])[0], folder, _wanted(config), _caps(config))


def _caps(config: Config) -> Caps:
    return Caps(config.unpack_gigabytes * 2**30, config.unpack_ratio)


def _wanted(config: Config, shapes: tuple[Shape, ...] = ()) -> Wanted:
    named = (config.format, config.text_field, config.label_field, config.id_field)
    return Wanted(
        shapes or choose_shapes(*named), config.kept_fields, config.line_megabytes * 2**20
    )


def _read_files(
    inputs: Sequence[Named], wanted: Wanted, config: Config, engine: Engine, progress: Progress
) -> tuple[Part, list[SourceFile]]:
    parts, files = [], []
    for named in inputs:
        with TemporaryDirectory(prefix="dataqa-") as folder:
            file = opened(named, Path(folder), wanted, _caps(config))
            part = _read_file(file, wanted, engine, progress)
            parts.append(part)
            files.append(SourceFile(file.source, _sha256(file.named), len(part.frame)))
    return merge(parts, renumber=False), files


def _read_file(file: Opened, wanted: Wanted, engine: Engine, progress: Progress) -> Part:
    reader = cast(Reader, import_module(READERS[file.suffix]))
    chunks = list(reader.chunks(file.path, file.source, wanted))
    parts = progress.track(engine.map(reader.parse, chunks), f"reading {file.source}", len(chunks))
    part = merge(list(parts), renumber=True)
    return with_mark(part, file.source) if _has_mark(file.path) else part


def _has_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return mark_bytes(file) > 0


def _refuse_nothing(whole: Part, wanted: Wanted, sources: list[str]) -> None:
    """Raise when there is no record, or none with a field that we can use."""
    where = ", ".join(sources)
    if whole.frame.empty and not whole.unreadable:
        raise InputError(
            f"{where}: holds only blank lines, no record", hint="check how it was written"
        )
    if whole.frame.empty:
        first = whole.faults.iloc[0]
        raise InputError(
            f"{where}: no line is a JSON object; line {first['line']}: {first['message']}",
            hint="give UTF-8 text: one JSON object per line, a JSON array, or CSV with a header",
        )
    if (whole.frame["shape"] == UNKNOWN).all():
        seen = ", ".join(repr(name) for name in whole.fields_seen) or "none"
        raise InputError(
            f"{where}: no record has a field {wanted.named}; fields seen: {seen}",
            hint="name your fields with --text-field and --label-field, or choose a record shape "
            f"with --format ({', '.join(SHAPES)})",
        )


def _refuse_absent(field: str | None, option: str, seen: tuple[str, ...]) -> None:
    """Raise when the user named a field that no record has."""
    if field and field not in seen and len(seen) < SEEN_LIMIT:
        names = ", ".join(repr(name) for name in seen)
        raise InputError(f"no record has the field {field!r} of {option}; fields seen: {names}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
