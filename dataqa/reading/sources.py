"""From what a user names (files, folders, standard input) to plain files of a known format."""

from __future__ import annotations

import os
import shutil
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from dataqa.errors import InputError, os_reason
from dataqa.reading.interface import Wanted
from dataqa.reading.unpacking import BLOCK_BYTES, PACKED, Caps, unpack

STDIN = "-"
READERS: Mapping[str, str] = {
    ".jsonl": "dataqa.reading.jsonl",
    ".ndjson": "dataqa.reading.jsonl",
    ".json": "dataqa.reading.json",
    ".csv": "dataqa.reading.csv",
    ".tsv": "dataqa.reading.csv",
    ".parquet": "dataqa.reading.parquet",
}
"""File suffix -> module with the functions of ``interface.Reader``."""

PARQUET = ".parquet"
HEAD_BYTES = 2**16
"""Bytes that tell what a file is."""
MAGIC: Mapping[bytes, tuple[str, str]] = {
    b"PAR1": ("a Parquet file", PARQUET),
    b"\x1f\x8b": ("compressed with gzip", ".gz"),
    b"\x28\xb5\x2f\xfd": ("compressed with Zstandard", ".zst"),
    b"PK\x03\x04": ("a ZIP archive (or a spreadsheet)", ""),
    b"ARROW1": ("an Arrow file", ""),
}
"""First bytes -> what the file is, and the suffix that it should have."""


@dataclass(frozen=True)
class Named:
    """One input as the user named it, or as a file of a folder that the user named."""

    path: Path
    source: str

    @property
    def suffixes(self) -> tuple[str, str]:
        """The suffix of the format, and that of the compression or nothing."""
        last = self.path.suffix.lower()
        return (Path(self.path.stem).suffix.lower(), last) if last in PACKED else (last, "")


@dataclass(frozen=True)
class Opened:
    """One input as a plain file."""

    named: Path
    """The file that was named; for standard input a copy of it."""
    source: str
    path: Path
    """The uncompressed file."""
    suffix: str
    """Key of ``READERS``."""


def find_inputs(paths: Sequence[str | os.PathLike[str]]) -> list[Named]:
    """Return the files that the user means; a folder stands for the files of known formats in it.

    Raises:
        InputError: a file is absent, empty, named twice or cannot be read, or a folder holds none.
    """
    found = [named for path in paths for named in _expanded(os.fspath(path))]
    for named in found:
        _refuse_unreadable(named)
    places = {named.path.resolve() for named in found}
    if len(places) < len(found):
        raise InputError("the same file is named twice", hint="name every input file once")
    return found


def input_bytes(paths: Sequence[str | os.PathLike[str]]) -> int:
    """Return the size of the input as it lies on disk; 0 for what is not known before."""
    return sum(named.path.stat().st_size for named in find_inputs(paths) if named.source != STDIN)


def _expanded(source: str) -> Iterator[Named]:
    path = Path(source)
    if source == STDIN or not _is_folder(path):
        yield Named(path, source)
        return
    count = 0
    for folder, below, files in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(files):
            named = Named(Path(folder, name), os.path.join(folder, name))  # noqa: PTH118 - as named
            if named.suffixes[0] in READERS and not name.startswith("."):
                count += 1
                yield named
    if not count:
        raise InputError(
            f"{source}: is a directory without data files",
            hint=f"name files, or a folder with files of these formats: {', '.join(READERS)}",
        )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # told with the file
        return False


def _refuse_unreadable(named: Named) -> None:
    """Raise when a file cannot be read, holds nothing, or has a suffix that nobody knows."""
    path, source = named.path, named.source
    try:
        source.encode()
        if source == STDIN:
            return
        if path.exists() and not path.is_file():
            raise InputError(f"{source}: is not a regular file", hint="pipe it in with '-'")
        with path.open("rb") as file:
            size = file.seek(0, 2)
    except UnicodeEncodeError as error:
        name = source.encode(errors="backslashreplace").decode()
        raise InputError(f"{name}: the file name is not UTF-8", hint="rename it") from error
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({os_reason(error)})") from error
    if size == 0:
        raise InputError(f"{source}: is empty (0 bytes)", hint="check how the file was written")
    suffix, packing = named.suffixes
    if suffix not in READERS or (packing and suffix == PARQUET):
        inside = " (Parquet is compressed inside)" if suffix == PARQUET else ""
        raise InputError(
            f"{source}: file format {suffix + packing or '(no suffix)'!r} is not supported{inside}",
            hint=f"supported: {', '.join(READERS)}, all but Parquet also with .gz or .zst behind; "
            "convert the file to JSON Lines",
        )


def opened(named: Named, folder: Path, wanted: Wanted, caps: Caps) -> Opened:
    """Unpack an input where it is compressed, and find out its format.

    ``folder`` is one for temporary files of this input.

    Raises:
        InputError: the file is damaged, or not what its name says.
    """
    suffix, packing = named.suffixes
    if named.source == STDIN:
        named = Named(_saved(folder / "stdin"), STDIN)
        packing = _sniffed(_head(named.path))
    path = named.path
    if packing in PACKED:
        path = folder / f"unpacked{suffix}"
        unpack(named.path, named.source, path, packing, caps)
    if named.source == STDIN:
        suffix = _sniffed(_head(path))
        renamed = path.rename(path.with_suffix(suffix))
        named, path = (Named(renamed, STDIN) if path == named.path else named), renamed
    head = _head(path)
    if not head:
        raise InputError(f"{named.source}: is empty", hint="check how it was written")
    _refuse_other_kind(head, suffix, named.source)
    if suffix == ".json" and _holds_lines(path, wanted):
        suffix = ".jsonl"
    return Opened(named.path, named.source, path, suffix)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _refuse_other_kind(head: bytes, suffix: str, source: str) -> None:
    for magic, (kind, right) in MAGIC.items():
        if head.startswith(magic) and suffix != right:
            advice = f"rename it so that it ends in {right}" if right else "export it as JSON Lines"
            raise InputError(
                f"{source}: is {kind}, which its name does not say (first bytes {magic!r})",
                hint=advice,
            )
    if suffix == PARQUET and not head.startswith(b"PAR1"):
        raise InputError(
            f"{source}: is no Parquet file (it does not begin with PAR1)",
            hint="name it after the format that it has",
        )
    if suffix != PARQUET and _is_binary(head):
        raise InputError(
            f"{source}: is not text (binary or UTF-16 data in the first bytes)",
            hint="give a UTF-8 text file",
        )


def _is_binary(head: bytes) -> bool:
    """Tell whether most lines hold a NUL byte; a single one is a fault of that line."""
    lines = [line for line in head.split(b"\n") if line and not line.isspace()]
    return 2 * sum(b"\x00" in line for line in lines) > len(lines)


def _holds_lines(path: Path, wanted: Wanted) -> bool:
    """Tell whether a ``.json`` file holds JSON Lines: objects on lines of their own."""
    with path.open("rb") as file:
        first = file.readline(wanted.line_bytes).removeprefix(BOM_UTF8)
        try:
            record = orjson.loads(first)
        except orjson.JSONDecodeError:
            return False
        if not isinstance(record, dict):
            return False
        more = any(not line.isspace() for line in file)
    return more or any(shape.fits(record) for shape in wanted.shapes)


def _saved(path: Path) -> Path:
    """Save standard input."""
    with path.open("wb") as sink:
        shutil.copyfileobj(sys.stdin.buffer, sink, BLOCK_BYTES)
    return path


def _sniffed(head: bytes) -> str:
    """Guess the suffix of nameless data from its first bytes."""
    for magic, (_, suffix) in MAGIC.items():
        if head.startswith(magic):
            return suffix
    first, _, _ = head.removeprefix(BOM_UTF8).lstrip().partition(b"\n")
    if first[:1] in (b"[", b"{"):
        return ".json" if first[:1] == b"[" or not first[1:].strip() else ".jsonl"
    return ".tsv" if b"\t" in first else ".csv" if b"," in first else ".jsonl"
