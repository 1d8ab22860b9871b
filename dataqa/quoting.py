"""How text from a record may be shown: shortened, masked, and never as anything but text."""

from __future__ import annotations

import re

EXCERPT_CHARACTERS = 280
LABEL_CHARACTERS = 60
"""Longer labels are cut in messages, evidence and reports; the columns have them whole."""

_MASKS = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "[email]"),
    (re.compile(r"https?://\S+|www\.\S+"), "[url]"),
    (re.compile(r"\+?\d(?:[ ./()-]{0,2}\d){3,}"), "[number]"),
)
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_CI_COMMAND = re.compile(r"(##(?:vso)?)\[", re.IGNORECASE)
_SPACES = re.compile(r"\s+")


def excerpt(text: str, mode: str) -> str | None:
    """Return the start of a text as one line.

    ``mode`` is ``full``, ``redacted`` (e-mail addresses, links and numbers of four digits or more
    are masked) or ``never`` (nothing is returned).
    """
    if mode == "never":
        return None
    text = text.lstrip()
    if mode == "redacted":
        for pattern, mask in _MASKS:
            text = pattern.sub(mask, text[: 8 * EXCERPT_CHARACTERS])
    seen = text[: 4 * EXCERPT_CHARACTERS]
    line = printable(_SPACES.sub(" ", seen).strip())
    cut = len(text) > len(seen) and len(line) <= EXCERPT_CHARACTERS
    return f"{line}…" if cut else shortened(line, EXCERPT_CHARACTERS)


def shortened(text: str, length: int) -> str:
    """Cut a text to a length and mark the cut."""
    return text if len(text) <= length else f"{text[:length]}…"


def printable(text: str) -> str:
    """Replace characters that steer a terminal, break a line or reverse its direction by ``�``."""
    return _UNPRINTABLE.sub("\ufffd", text)


def log_line(text: str) -> str:
    """Return a printable text that no CI log takes for a command.

    GitHub and Azure run ``::name::`` at the start of a line, and ``##[name]`` or ``##vso[name]``
    anywhere in it.
    """
    plain = _CI_COMMAND.sub(r"\1 [", printable(text))
    return f"· {plain}" if plain.lstrip().startswith("::") else plain


def spreadsheet_safe(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
