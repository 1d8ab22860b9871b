"""Outputs that appear together, whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from dataqa.errors import OutputError, os_reason


class Staged:
    """Writes beside the targets under temporary names, and renames all of them at the end."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Path, Path]] = []

    @contextmanager
    def open(self, target: Path) -> Iterator[BinaryIO]:
        """Open the file that will become ``target``; it is on the disk when the context ends.

        Raises:
            OutputError: it cannot be written.
        """
        place = target.resolve()
        try:
            handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:60]}.")
            self._waiting.append((Path(name), place))
            with os.fdopen(handle, "wb") as file:
                yield cast(BinaryIO, file)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(f"{target}: cannot be written ({os_reason(error)})") from error

    def write(self, target: Path, content: bytes) -> None:
        """Write what will become ``target`` at once.

        Raises:
            OutputError: it cannot be written.
        """
        with self.open(target) as file:
            file.write(content)

    def path(self, target: Path) -> Path:
        """Return where what will become ``target`` is for now."""
        place = target.resolve()
        return next(temporary for temporary, final in self._waiting if final == place)

    def commit(self) -> None:
        """Give every file its name, in the order in which they were opened.

        Raises:
            OutputError: a name cannot be given.
        """
        while self._waiting:
            temporary, place = self._waiting[0]
            try:
                temporary.chmod(0o666 & ~_umask())
                temporary.replace(place)
                _sync_folder(place.parent)
            except OSError as error:
                raise OutputError(f"{place}: cannot be written ({os_reason(error)})") from error
            self._waiting.pop(0)

    def discard(self) -> None:
        """Remove what was not committed."""
        for temporary, _ in self._waiting:
            temporary.unlink(missing_ok=True)
        self._waiting.clear()


@contextmanager
def staging(folder: Path | None = None) -> Iterator[Staged]:
    """Make a ``Staged`` that leaves nothing behind unless it is committed.

    ``folder`` is made where it is absent; only its parent has to be there.

    Raises:
        OutputError: the folder cannot be made.
    """
    staged = Staged()
    made = folder is not None and _make(folder)
    try:
        yield staged
    finally:
        staged.discard()
        if folder is not None and made:
            with suppress(OSError):  # it stays when it holds the outputs
                folder.rmdir()


def _make(folder: Path) -> bool:
    """Make a folder, and tell whether it was absent."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({os_reason(error)})") from error
    return True


def refuse_target(target: Path, inputs: Sequence[Path], *, force: bool) -> None:
    """Refuse a target that is an input under any name, exists already, or cannot be written.

    Raises:
        OutputError: which, and what to do.
    """
    for path in inputs:
        if target.exists() and path.exists() and target.samefile(path):
            raise OutputError(
                f"{target}: is the input {path} itself (or a link to it)",
                hint="the original is never changed; name another output",
            )
    if target.is_dir():
        raise OutputError(f"{target}: is a directory", hint="name a file in it")
    if target.exists() and not target.is_file():
        raise OutputError(f"{target}: is not a regular file", hint="name a file")
    if target.exists() and not force:
        raise OutputError(f"{target}: exists already", hint="overwrite it with --force")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
