"""Keys and lines from a person: one key at a time on a terminal, whole lines from elsewhere."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

ENTER, ESCAPE, BACKSPACE, END = "\r", "\x1b", "\x7f", ""


class Keyboard(Protocol):
    """Where answers come from."""

    single: bool
    """Whether keys come one by one, without a line end."""

    def key(self) -> str:
        """Return the next key, or the next line; ``END`` when there is no more."""
        ...


class Lines:
    """Answers from a pipe or file: one a line."""

    single = False

    def key(self) -> str:
        """Return the next line that is not blank."""
        for line in sys.stdin:
            if line.strip():
                return line.strip()
        return END


class Keys:
    """Keys of a terminal; arrows and other long sequences count as nothing."""

    single = True

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._waiting = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def key(self) -> str:
        """Return the next key."""
        while not self._waiting:
            content = os.read(self._handle, 1024)
            if not content:
                return END
            self._waiting = _without_sequences(self._decoder.decode(content))
        key, self._waiting = self._waiting[0], self._waiting[1:]
        return {"\n": ENTER, "\x08": BACKSPACE, "\x04": END, "\x03": END}.get(key, key)


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """Listen to standard input; a terminal gets its settings back in the end."""
    if not sys.stdin.isatty():
        yield Lines()
        return
    import termios
    import tty

    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    try:
        tty.setcbreak(handle)
        yield Keys(handle)
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _without_sequences(text: str) -> str:
    """Drop what a terminal sends for arrows, pasting and the like: ESC and what follows it."""
    if text.startswith(ESCAPE) and len(text) > 1:
        return ""
    return text
