"""From a result to bytes. ``RENDERERS`` is the only list of formats; outputs are written here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dataqa.errors import OutputError, os_reason
from dataqa.settings import unknown_name

if TYPE_CHECKING:
    from dataqa.report.interface import Renderer
    from dataqa.result import AuditResult

__all__ = ["RENDERERS", "Output", "parse_outputs", "render", "write"]

RENDERERS: Mapping[str, str] = {
    "text": "dataqa.report.text",
    "json": "dataqa.report.json",
    "findings": "dataqa.report.findings",
    "records": "dataqa.report.records",
    "html": "dataqa.report.html",
}
"""Format -> module with the function of ``interface.Renderer``."""

STDOUT = "-"


@dataclass(frozen=True)
class Output:
    """One ``--out FORMAT=PATH``; the path ``-`` is standard output."""

    format: str
    path: str

    @property
    def suffix(self) -> str:
        """Suffix of the path in lower case, empty for standard output."""
        return "" if self.path == STDOUT else Path(self.path).suffix.lower()


def parse_outputs(values: Sequence[str], inputs: Sequence[str] = ()) -> list[Output]:
    """Read ``FORMAT=PATH`` texts, and check before any work that they can be written.

    Raises:
        ConfigError: an unknown format.
        OutputError: no path, two outputs in one place, an output over an input, no such folder.
    """
    outputs = []
    taken = {Path(path).resolve(): "is an input file" for path in inputs}
    for value in values:
        name, found, path = value.partition("=")
        if name not in RENDERERS:
            raise unknown_name("format", name, RENDERERS, "--out")
        if not found or not path:
            raise OutputError(f"--out {value}: no path", hint=f"write --out {name}=PATH")
        place = Path(STDOUT) if path == STDOUT else Path(path).resolve()
        if place in taken:
            raise OutputError(f"--out {value}: {path} {taken[place]}", hint="choose another path")
        if path != STDOUT:
            _refuse_unwritable(place, path)
        taken[place] = "is written twice"
        _module(name).refuse(Output(name, path).suffix)
        outputs.append(Output(name, path))
    return outputs


def render(result: AuditResult, output: Output) -> bytes:
    """Render a result in the format of ``output``."""
    return _module(output.format).render(result, output.suffix)


def write(content: bytes, path: str) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    target = Path(path).resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({os_reason(error)})") from error


def _module(name: str) -> Renderer:
    return cast("Renderer", import_module(RENDERERS[name]))


def _refuse_unwritable(place: Path, path: str) -> None:
    if place.is_dir():
        raise OutputError(f"--out {path}: is a directory", hint="name a file in it")
    if not place.parent.is_dir():
        raise OutputError(f"--out {path}: there is no directory {place.parent}", hint="make it")
    if not os.access(place.parent, os.W_OK):
        raise OutputError(f"--out {path}: the directory {place.parent} cannot be written to")
    if Path(path).exists() and not Path(path).is_file():
        raise OutputError(f"--out {path}: is not a regular file", hint="'-' is standard output")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
