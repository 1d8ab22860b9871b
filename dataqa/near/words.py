"""From texts to arrays of hashed words, without a Python step per word.

The texts of a shard are joined into one buffer of UTF-8 bytes. Where words begin and end is found
on the array of characters, and every word is hashed from the eight-byte windows that it covers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import xxhash

from dataqa.normalise import Cleaning

BREAK, WORD, SINGLE = 0, 1, 2
"""What a character is: no part of a word, a part of one, a word of its own."""

UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts written without spaces: every character counts as a word."""
JOINED = r"\u0300-\u036f\u064b-\u065f\u0900-\u0dff"
"""Combining and vowel signs, which belong to the word."""
SYMBOLS = frozenset({"Sm", "Sc", "So"})
"""Mathematical, currency and other symbols (emoji): ``x + 1`` and ``x * 1`` differ in a word."""
OPERATORS = "*/%&"

ASCII = 128
ASSIGNED = 0x32400
"""No character above this code point is a letter, a sign or a symbol."""
LONG_BYTES = 40
"""Longer words are hashed one by one; windows would need a step for every eight bytes."""
_MASK = np.array([(1 << (8 * size)) - 1 for size in range(9)], dtype=np.uint64)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, eq=False)
class Words:
    """The words of several texts, one after the other."""

    hashes: np.ndarray
    """(words,) uint64; equal words have equal hashes, in any shard and on any machine."""
    starts: np.ndarray
    """(texts + 1,) where the words of each text begin; the last entry is their number."""

    @property
    def counts(self) -> np.ndarray:
        """(texts,) number of words."""
        return np.diff(self.starts)

    def of(self, texts: np.ndarray) -> Words:
        """Take the words of the given texts."""
        counts = self.counts[texts]
        starts = starts_of(counts)
        position = np.arange(starts[-1]) + np.repeat(self.starts[texts] - starts[:-1], counts)
        return Words(self.hashes[position], starts)


def starts_of(counts: np.ndarray) -> np.ndarray:
    """Return where runs of the given lengths begin, and the end of the last one."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def find_words(texts: Sequence[str], cleaning: Cleaning) -> Words:
    """Hash the words of texts; case and Unicode forms as ``cleaning`` says, marks never count."""
    plain = [cleaning.folded(text) for text in texts]
    ascii_only = np.fromiter((text.isascii() for text in plain), dtype=bool, count=len(plain))
    halves = [np.flatnonzero(ascii_only), np.flatnonzero(~ascii_only)]
    found = [
        _words_of([plain[row] for row in rows], edges)
        for rows, edges in zip(halves, (_edges_ascii, _edges_any), strict=True)
    ]
    joined = Words(
        np.concatenate([half.hashes for half in found]),
        starts_of(np.concatenate([half.counts for half in found])),
    )
    if not len(halves[1]):
        return joined
    return joined.of(np.argsort(np.concatenate(halves), kind="stable"))


Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
"""The bytes where words begin and end, and where texts begin (and the last one ends)."""


def _words_of(texts: list[str], edges: Callable[[bytes, np.ndarray], Edges]) -> Words:
    data = "\n".join(texts).encode("utf-8", "surrogatepass")
    begin, end, first = edges(data, np.fromiter(map(len, texts), np.int64, count=len(texts)))
    return Words(_hash(data, begin, end), np.searchsorted(begin, first))


def _edges_ascii(data: bytes, lengths: np.ndarray) -> Edges:
    begin, end = _edges(_kinds(ASCII)[np.frombuffer(data, dtype=np.uint8)])
    return begin, end, starts_of(lengths + 1)


def _edges_any(data: bytes, lengths: np.ndarray) -> Edges:
    text = data.decode("utf-8", "surrogatepass")
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    begin, end = _edges(_kinds(ASSIGNED)[np.minimum(codes, ASSIGNED - 1)])
    sizes = 1 + (codes > 0x7F).astype(np.uint8) + (codes > 0x7FF) + (codes > 0xFFFF)
    at = starts_of(sizes)
    at = np.append(at, at[-1] + 1)
    return at[begin], at[end], at[np.minimum(starts_of(lengths + 1), len(at) - 1)]


def _edges(kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where words begin and where they end (exclusive)."""
    word, single = kinds == WORD, kinds == SINGLE
    begin, end = word.copy(), word.copy()
    begin[1:] &= ~word[:-1]
    end[:-1] &= ~word[1:]
    begin |= single
    end |= single
    return np.flatnonzero(begin), np.flatnonzero(end) + 1


def _hash(data: bytes, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Hash the bytes of every word from little-endian windows of eight bytes."""
    padded = np.frombuffer(data + b"\0" * (LONG_BYTES + 8), dtype=np.uint8)
    windows = np.lib.stride_tricks.as_strided(
        padded[:8].view("<u8"), (len(padded) - 7,), (1,), writeable=False
    )
    size = end - begin
    hashes = mixed(windows[begin] & _MASK[np.minimum(size, 8)])
    longer = np.flatnonzero(size > 8)
    for offset in range(8, LONG_BYTES, 8):
        longer = longer[size[longer] > offset]
        if not len(longer):
            return hashes
        left = np.minimum(size[longer] - offset, 8)
        window = windows[begin[longer] + offset] & _MASK[left]
        hashes[longer] = mixed(hashes[longer] * _PRIME + window)
    for word in longer[size[longer] > LONG_BYTES]:
        hashes[word] = xxhash.xxh3_64_intdigest(data[begin[word] : end[word]])
    return hashes


def mixed(values: np.ndarray) -> np.ndarray:
    """Spread the bits of each value over all 64 (multiply, shift, multiply; Vigna 2015 style)."""
    values = (values ^ (values >> np.uint64(32))) * _MIX
    values ^= values >> np.uint64(29)
    values *= _PRIME
    values ^= values >> np.uint64(32)
    return values


@cache
def _kinds(characters: int) -> np.ndarray:
    """(characters,) whether a character is a ``BREAK``, part of a ``WORD`` or a ``SINGLE``."""
    every = "".join(map(chr, range(characters)))
    kinds = np.zeros(characters, dtype=np.uint8)
    category = unicodedata.category
    symbols = [code for code, char in enumerate(every) if category(char) in SYMBOLS]
    kinds[[*symbols, *map(ord, OPERATORS)]] = SINGLE
    for pattern, kind in ((rf"\w|[{JOINED}]", WORD), (f"[{UNSPACED}]", SINGLE)):
        for match in re.finditer(f"(?:{pattern})+", every):
            kinds[match.start() : match.end()] = kind
    return kinds
