"""Read and write what is compressed, by suffix: the output is compressed as the input was."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

Opener = Callable[[BinaryIO], BinaryIO]


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, uncompressed."""
    opener = _READ.get(path.suffix.lower())
    with path.open("rb") as file:
        if opener is None:
            yield file
            return
        with opener(file) as stream:
            yield stream


@contextmanager
def packed(suffix: str, file: BinaryIO) -> Iterator[BinaryIO]:
    """Write to ``file``, compressed as ``suffix`` asks for; equal content gives equal bytes."""
    opener = _WRITE.get(suffix.lower())
    if opener is None:
        yield file
        return
    with opener(file) as stream:
        yield stream


def inner_suffix(path: Path) -> str:
    """Return the suffix that tells the format, without that of the compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _READ:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _read_zstandard(file: BinaryIO) -> BinaryIO:
    import pyarrow as pa

    stream = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
    return cast(BinaryIO, io.BufferedReader(stream, 2**20))


def _write_zstandard(file: BinaryIO) -> BinaryIO:
    import pyarrow as pa

    return cast(BinaryIO, pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd"))


def _read_gzip(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))


def _write_gzip(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0))


_READ: Mapping[str, Opener] = {".gz": _read_gzip, ".zst": _read_zstandard}
_WRITE: Mapping[str, Opener] = {".gz": _write_gzip, ".zst": _write_zstandard}
