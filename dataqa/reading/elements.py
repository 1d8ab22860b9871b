"""Signs that structure JSON text, found by array operations, block after block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[[ord("["), ord("{")]] = 1
_STEPS[[ord("]"), ord("}")]] = -1
_SIGNS = np.zeros(256, dtype=bool)
_SIGNS[[ord(sign) for sign in "[]{},"]] = True


@dataclass
class Scanner:
    """Finds brackets and commas outside strings; remembers what the last block left open."""

    depth: int = 0
    in_string: bool = False
    escaped: bool = False
    """Whether the last block ended in a backslash that escapes the next byte."""

    def scan(self, block: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return position, byte and depth (behind the byte) of every structural sign."""
        text = np.frombuffer(block, dtype=np.uint8)
        if self.escaped and len(text):
            if text[0] in (_QUOTE, _BACKSLASH):
                text = text.copy()
                text[0] = ord(" ")
            self.escaped = False
        quotes = self._quotes(text)
        signs = np.flatnonzero(_SIGNS[text])
        inside = np.searchsorted(quotes, signs) + self.in_string
        signs = signs[inside % 2 == 0]
        self.in_string = bool((len(quotes) + self.in_string) % 2)
        depth = np.cumsum(_STEPS[text[signs]], dtype=np.int64) + self.depth
        self.depth = int(depth[-1]) if len(depth) else self.depth
        return signs, text[signs], depth

    def _quotes(self, text: np.ndarray) -> np.ndarray:
        """Return the positions of quotes that open or close a string."""
        quotes = np.flatnonzero(text == _QUOTE)
        slashes = np.flatnonzero(text == _BACKSLASH)
        if not len(slashes):
            return quotes
        first = slashes[np.diff(slashes, prepend=-2) > 1]  # of each run of backslashes
        behind = np.append(quotes, len(text))
        run = np.searchsorted(first, behind) - 1
        touches = text[np.maximum(behind - 1, 0)] == _BACKSLASH
        odd = touches & (behind > 0) & (run >= 0) & ((behind - first[run]) % 2 == 1)
        self.escaped = bool(odd[-1])
        return np.asarray(quotes[~odd[:-1]])
