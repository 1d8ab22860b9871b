"""Signs that an answer was cut before its end.

Every pattern is anchored or possessive, so that a hostile text is looked at once.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping
from itertools import chain

CUT_CHARACTERS = 80
"""Shorter answers often end without a full stop."""
BRACKET_CHARACTERS = 60
"""In shorter ones (a password, a note) an open bracket means little, unless they are data."""
DANGLING = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "or",
        "of",
        "to",
        "with",
        "for",
        "by",
        "from",
        "that",
        "which",
        "is",
        "are",
        "was",
        "were",
        "as",
        "at",
        "into",
        "their",
        "its",
        "your",
        "his",
        "her",
        "our",
        "my",
        "because",
        "but",
        "than",
        "such",
    ]
)
MARKS = string.punctuation + "“”‘’«»…–—。！？，"

_NOT_BRACKETS = re.compile(r"[^()\[\]{}]++")
_SMILEY = re.compile(r"(?<!\S)[:;=]['^-]?[()\[\]{}](?!\S)")
_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_CLOSED = tuple(".!?\"'”’`*…。！？»")
_SENTENCE = re.compile(r"[.!?]\s")
_LAST_WORD = re.compile(r"(?<=\s)[^\W\d_]++\Z")


def open_fence(text: str) -> str:
    """Return the code fence that is not closed."""
    return "```" if text.count("```") % 2 else ""


def open_bracket(text: str) -> str:
    """Return the last bracket that is not closed, in data or in a text that ends without a mark."""
    if not ("(" in text or "[" in text or "{" in text):
        return ""
    is_data = text.lstrip().startswith(("{", "["))
    if not is_data and (len(text) < BRACKET_CHARACTERS or text.rstrip().endswith(_CLOSED)):
        return ""
    depth, opened = 0, ""
    for mark in _NOT_BRACKETS.sub("", _SMILEY.sub("", text)):
        depth = max(0, depth + _DEPTH[mark])
        opened = mark if _DEPTH[mark] > 0 else opened
    return opened if depth else ""


def open_ending(text: str) -> str:
    """Return the last word of a long answer that stops without a mark after other sentences."""
    if len(text) < CUT_CHARACTERS or not text[-1].isalpha() or "\n" in text[-CUT_CHARACTERS:]:
        return ""
    found = _LAST_WORD.search(text[-CUT_CHARACTERS:])
    return found[0].lower() if found and _SENTENCE.search(text) else ""


def dangling(text: str) -> str:
    """Return the last word of such an answer where no sentence ends with it."""
    word = open_ending(text)
    return word if word in DANGLING and text.endswith(word) else ""


def words_stage(shard: tuple[list[str], ...]) -> Counter[str]:
    """Count the words of a slice, in lower case and without marks around them."""
    tokens = Counter(" ".join(chain.from_iterable(shard)).lower().split())
    counts: Counter[str] = Counter()
    for token, count in tokens.items():
        counts[token if token.isalpha() else token.strip(MARKS)] += count
    return counts


def cut_words(endings: Mapping[str, int], words: Mapping[str, int], common: int) -> set[str]:
    """Return the last words that stand nowhere else, while a common word begins so.

    ``words`` are the counts of ``words_stage``, ``endings`` those of the last words among them;
    ``common`` occurrences make a word a common one.
    """
    unknown = {
        word for word, count in endings.items() if len(word) > 2 and words.get(word, 0) <= count
    }
    lengths = sorted({len(word) for word in unknown})
    known = [word for word, count in words.items() if unknown and count >= common]
    starts = {word[:length] for word in known for length in lengths if length < len(word)}
    return unknown & starts
