"""From files to a Dataset. ``READERS`` is the only list of source formats."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import cast

import pandas as pd

from dataqa.config import Config
from dataqa.dataset import Dataset, SourceFile, canonical_order
from dataqa.engine import Engine, choose_engine
from dataqa.errors import InputError, os_reason
from dataqa.formats import SHAPES, UNKNOWN, choose_shapes
from dataqa.progress import Progress, Silent
from dataqa.reading.interface import SEEN_LIMIT, Part, Reader, Wanted

__all__ = ["READERS", "read"]

READERS: Mapping[str, str] = {
    ".jsonl": "dataqa.reading.jsonl",
    ".ndjson": "dataqa.reading.jsonl",
}
"""File suffix -> module with the functions of ``interface.Reader``."""


def read(
    paths: Sequence[str | os.PathLike[str]],
    config: Config | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read every record of the files.

    Lines that hold no record become faults of the dataset; the other lines are read all the same.

    Raises:
        InputError: a file is absent, unreadable or of an unknown format, or no record was found.
        ConfigError: the config names an unknown record shape.
    """
    config = config or Config()
    shapes = choose_shapes(config.format, config.text_field, config.label_field, config.id_field)
    wanted = Wanted(shapes, config.kept_fields)
    sources = [(Path(path), os.fspath(path)) for path in paths]
    if len({path.resolve() for path, _ in sources}) < len(sources):
        raise InputError("the same file is named twice", hint="name every input file once")
    sizes = [_size(path, source) for path, source in sources]
    engine = engine or choose_engine(config.engine, config.jobs, sum(sizes))
    parts, files = [], []
    for path, source in sources:
        part = _read_file(path, source, wanted, engine, progress or Silent())
        parts.append(part)
        files.append(SourceFile(source, _sha256(path), len(part.frame)))
    whole = _merge(parts, renumber=False)
    _refuse_nothing(whole, wanted, [source for _, source in sources])
    named = ("--label-field", config.label_field), ("--annotators-field", config.annotators_field)
    for option, field in (*named, *(("--group-by", field) for field in config.group_by)):
        _refuse_absent(field, option, whole.fields_seen)
    order = canonical_order(whole.frame)
    return Dataset(
        frame=whole.frame.iloc[order].reset_index(drop=True),
        faults=whole.faults,
        files=tuple(files),
        unreadable=whole.unreadable,
        fields_seen=whole.fields_seen,
        extra=whole.extra.iloc[order].reset_index(drop=True),
    )


def _size(path: Path, source: str) -> int:
    """Return the size in bytes, or say why the file is no input."""
    try:
        source.encode()
        if path.is_dir():
            raise InputError(f"{source}: is a directory", hint="name the .jsonl files in it")
        if path.exists() and not path.is_file():
            raise InputError(f"{source}: is not a regular file", hint="save its content to a file")
        with path.open("rb") as file:
            size = file.seek(0, 2)
    except UnicodeEncodeError as error:
        name = source.encode(errors="backslashreplace").decode()
        raise InputError(f"{name}: the file name is not UTF-8", hint="rename it") from error
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({os_reason(error)})") from error
    if size == 0:
        raise InputError(f"{source}: is empty (0 bytes)", hint="check how the file was written")
    return size


def _read_file(path: Path, source: str, wanted: Wanted, engine: Engine, progress: Progress) -> Part:
    reader = _reader(path, source)
    chunks = list(reader.chunks(path, source, wanted))
    parts = progress.track(engine.map(reader.parse, chunks), f"reading {source}", len(chunks))
    return _merge(list(parts), renumber=True)


def _reader(path: Path, source: str) -> Reader:
    module = READERS.get(path.suffix.lower())
    if module is None:
        known = ", ".join(READERS)
        raise InputError(
            f"{source}: file format {path.suffix or '(no suffix)'!r} is not supported",
            hint=f"supported: {known}; convert the file to JSON Lines",
        )
    return cast(Reader, import_module(module))


def _merge(parts: Iterable[Part], *, renumber: bool) -> Part:
    """Put parts together; ``renumber`` makes lines count from the start of the first part."""
    lines, placed = 0, []
    for part in parts:
        shift = lines if renumber else 0
        placed.append(
            replace(part, frame=_moved(part.frame, shift), faults=_moved(part.faults, shift))
        )
        lines += part.lines
    return Part(
        frame=pd.concat([part.frame for part in placed], ignore_index=True),
        faults=pd.concat([part.faults for part in placed], ignore_index=True),
        lines=lines,
        unreadable=sum(part.unreadable for part in placed),
        fields_seen=tuple(dict.fromkeys(name for part in placed for name in part.fields_seen)),
        extra=pd.concat([part.extra for part in placed], ignore_index=True),
    )


def _moved(frame: pd.DataFrame, lines: int) -> pd.DataFrame:
    return frame.assign(line=frame["line"] + lines) if lines else frame


def _refuse_nothing(whole: Part, wanted: Wanted, sources: list[str]) -> None:
    """Raise when there is no record, or none with a field that we can use."""
    where = ", ".join(sources)
    if whole.frame.empty and whole.faults.empty:
        raise InputError(f"{where}: holds only blank lines", hint="check how it was written")
    if whole.frame.empty:
        first = whole.faults.iloc[0]
        raise InputError(
            f"{where}: no line is a JSON object; line {first['line']}: {first['message']}",
            hint="give a UTF-8 text file with one JSON object per line",
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
