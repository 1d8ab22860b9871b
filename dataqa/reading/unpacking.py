"""Unpack compressed input into a temporary file: streamed, with a cap on size and ratio."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from dataqa.errors import InputError

Stream = io.BufferedIOBase
BLOCK_BYTES = 2**20
FREE_BYTES = 64 * 2**20
"""Output below this size is never a bomb, whatever its ratio."""


@dataclass(frozen=True)
class Caps:
    """What unpacking may cost."""

    out_bytes: int = 64 * 2**30
    ratio: int = 200
    """Bytes of output per byte of input, from ``FREE_BYTES`` of output on."""


def unpack(path: Path, source: str, target: Path, packing: str, caps: Caps) -> None:
    """Write the content of a compressed file to ``target``.

    Raises:
        InputError: the data is damaged or cut off, or larger than the caps allow.
    """
    kind = PACKED[packing]
    done = 0
    with path.open("rb") as packed, target.open("wb") as sink:
        try:
            with kind.open(packed) as stream:
                while block := stream.read1(BLOCK_BYTES):  # what there is, up to where it breaks
                    done += len(block)
                    _refuse_bomb(done, packed.tell(), source, caps)
                    sink.write(block)
        except EOFError as error:
            raise _cut_off(source, kind.name, done) from error
        except (OSError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            if "runcated" in str(error):
                raise _cut_off(source, kind.name, done) from error
            raise InputError(
                f"{source}: is no {kind.name} file, or damaged after {done:,} unpacked bytes "
                f"({error})",
                hint="fetch the file again, or correct its name",
            ) from error


def _cut_off(source: str, kind: str, done: int) -> InputError:
    return InputError(
        f"{source}: the {kind} data is cut off after {done:,} unpacked bytes",
        hint="fetch or write the file again; the end is missing",
    )


def _refuse_bomb(done: int, taken: int, source: str, caps: Caps) -> None:
    hint = "if the file is what it should be, unpack it yourself, or raise {} in the config"
    if done > caps.out_bytes:
        raise InputError(
            f"{source}: unpacks to more than {caps.out_bytes / 2**30:,.0f} GiB",
            hint=hint.format("unpack_gigabytes"),
        )
    if done > FREE_BYTES and done > caps.ratio * taken:
        raise InputError(
            f"{source}: unpacks to more than {caps.ratio} times its size ({done:,} bytes from "
            f"{taken:,}), which no text does",
            hint=hint.format("unpack_ratio"),
        )


def _open_gzip(file: BinaryIO) -> Stream:
    return cast(Stream, gzip.GzipFile(fileobj=file, mode="rb"))


def _open_zstandard(file: BinaryIO) -> Stream:
    import pyarrow as pa

    stream = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
    return cast(Stream, io.BufferedReader(stream, BLOCK_BYTES))


@dataclass(frozen=True)
class Packing:
    """One kind of compression."""

    name: str
    open: Callable[[BinaryIO], Stream]


PACKED: Mapping[str, Packing] = {
    ".gz": Packing("gzip", _open_gzip),
    ".zst": Packing("Zstandard", _open_zstandard),
}
"""File suffix -> compression."""
