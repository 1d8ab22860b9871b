"""Signs in a text that something went wrong when it was made: one rule per sign.

Every pattern is anchored, bounded or possessive, so that a hostile text is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dataqa import endings

Rule = Callable[[str], str]
Columns = tuple[list[str], ...]
"""A slice of a dataset: prompts, contexts and responses, empty texts where there is none."""
FIELDS = ("prompt", "context", "response")

PLACEHOLDERS = frozenset(
    [
        "no input",
        "noinput",
        "no input required",
        "no input needed",
        "no input provided",
        "no input given",
        "input not provided",
        "no output",
        "nooutput",
        "no output required",
        "no output needed",
        "no output provided",
        "no response",
        "todo",
        "to do",
        "tbd",
        "to be done",
        "fixme",
        "placeholder",
        "lorem ipsum",
        "your text here",
        "insert text here",
        "text here",
        "asdf",
        "asdfasdf",
        "qwerty",
        "xxx",
        "xxxx",
        "foo",
        "foo bar",
        "blah",
        "blah blah",
    ]
)
AMBIGUOUS = frozenset({"none", "n/a", "na", "null", "nan", "undefined", "not applicable", "test"})
"""Placeholders that can also be answers; as a response they only count where they are rare."""
PLACEHOLDER_CHARACTERS = 60
EXCUSE_CHARACTERS = 200
ECHO_CHARACTERS = 25
REFERENCE_CHARACTERS = 200
PROMPT_CHARACTERS = 2000
"""How far into a prompt to look for what it is about."""

_MEDIA = "image|picture|photo|photograph|painting|chart|graph|diagram|audio|recording|video|file"
_SOURCES = "article|web ?site|web ?page|page|news|story|paper|document|post|blog|url|link"
_FRAME = re.compile(r"[^\w/]+")
_WORD = re.compile(r"[^\W_]")
_MARKER = re.compile(r"<\s?no ?(?:in|out)put\s?/?>", re.IGNORECASE)
_NOTHING = re.compile(r"\W{0,3}no ?output\b", re.IGNORECASE)
_URL = re.compile(r"(?:https?://|www\.)\S++")
_ATTACHED = re.compile(
    rf"[\[<(]?\s?(?:\w+\s){{0,3}}(?:attached|{_MEDIA})\b[^\]>)\n]{{0,120}}[\]>)]"
    rf"|attached\s(?:{_MEDIA})",
    re.IGNORECASE,
)
_ABOUT = re.compile(rf"\b(?:{_MEDIA}|{_SOURCES})s?\b", re.IGNORECASE)
_DISCLAIMER = re.compile(
    r"\bas an? (?:ai|artificial intelligence|large language|language)\b[ ,]?(?:language )?"
    r"(?:model|assistant)?(?![\w-])|\bi(?:'m| am) (?:just |only )?an ai\b(?!-)",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"^[ \t#*>]{0,9}(?:\d{1,3}[.)]\s{0,3})?(instruction|input|output|response)\s?\*{0,2}:",
    re.IGNORECASE | re.MULTILINE,
)
_SEPARATOR = re.compile(r"\n\s{0,9}(?:#{2,9}|/{3,9}|={3,9})\s{0,9}\Z")
_CONTROL = re.compile(
    r"<\|(?:im_start|im_end|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|user"
    r"|assistant|system|end)\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</s>\Z"
    r"|^### (?:Instruction|Response|Human|Assistant):",
    re.MULTILINE,
)
_CONTINUED = "\u00a0-\u00bf€‚ƒ„†‡ˆ‰Š‹ŒŽš›œžŸ"
"""What Windows-1252 makes of the second byte of a letter in UTF-8, without quotes and dashes."""
_MOJIBAKE = re.compile(
    f"Â[\u00a0-\u00bf]|Ã[{_CONTINUED}]|â€[\u0080-\u00bf˜™š›œžŸ]|ðŸ[{_CONTINUED}˜™‘’“”•–—]"
)


@dataclass(frozen=True)
class Faults:
    """What one slice shows; row numbers count within the slice."""

    found: list[tuple[int, str, str, str]] = field(default_factory=list)
    """(row, code, field, what was seen)."""
    endings: list[tuple[int, str]] = field(default_factory=list)
    """(row, last word) of answers that may be cut within a word."""


def fault_stage(shard: Columns) -> Faults:
    """Look at every record of a slice."""
    faults = Faults()
    for row, texts in enumerate(zip(*shard, strict=True)):
        faults.found.extend((row, *fault) for fault in _faults(*texts))
        word = endings.open_ending(texts[2])
        if word and word not in endings.DANGLING:
            faults.endings.append((row, word))
    return faults


def _faults(*texts: str) -> Iterator[tuple[str, str, str]]:
    for name, text in zip(FIELDS, texts, strict=True):
        if text:
            yield from ((code, name, seen) for code, rule in ANYWHERE if (seen := rule(text)))
    prompt, context, response = texts
    if response:
        yield from ((code, "response", seen) for code, rule in RESPONSE if (seen := rule(response)))
        if seen := _echo(prompt, response):
            yield "prompt_echo", "response", seen
    if context and (seen := _absent(prompt, context)):
        yield "absent_input", "context", seen


def _placeholder(text: str) -> str:
    """Return a short text without brackets and marks, or a marker, if it stands for nothing."""
    if len(text) <= PLACEHOLDER_CHARACTERS:
        bare = _FRAME.sub(" ", text.casefold()).strip()
        if bare in PLACEHOLDERS or bare in AMBIGUOUS:
            return bare
    return _searched(_MARKER, text) if "<" in text else ""


def _no_output(text: str) -> str:
    """Return the start of a response that says that there is none, and perhaps why."""
    found = _NOTHING.match(text) if len(text) <= EXCUSE_CHARACTERS else None
    return found[0].strip() if found else ""


def _searched(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""


def _control(text: str) -> str:
    return _searched(_CONTROL, text) if "<" in text or "[" in text or "### " in text else ""


def _mojibake(text: str) -> str:
    return "" if text.isascii() else _searched(_MOJIBAKE, text)


def _replacement(text: str) -> str:
    return "\ufffd" if "\ufffd" in text else ""


def _no_words(text: str) -> str:
    return "" if _WORD.search(text) or text.isspace() else text[:20]


def _merged(text: str) -> str:
    if found := _SEPARATOR.search(text[-40:]):
        return found[0].strip()
    names = {name.lower() for name in _HEADING.findall(text)} if ":" in text else ()
    return "instruction" if "instruction" in names and len(names) > 1 else ""


def _disclaimer(text: str) -> str:
    named = " AI" in text or "language model" in text  # far faster than the pattern
    return _searched(_DISCLAIMER, text) if named else ""


def _echo(prompt: str, response: str) -> str:
    start = prompt.strip()
    long_enough = ECHO_CHARACTERS <= len(start) <= len(response)
    return start[:40] if long_enough and response.lstrip().startswith(start) else ""


def _absent(prompt: str, context: str) -> str:
    bare = context.strip()
    if len(bare) > REFERENCE_CHARACTERS or not (_URL.fullmatch(bare) or _ATTACHED.fullmatch(bare)):
        return ""
    return bare[:40] if _ABOUT.search(prompt[:PROMPT_CHARACTERS]) else ""


ANYWHERE: tuple[tuple[str, Rule], ...] = (
    ("placeholder", _placeholder),
    ("control_tokens", _control),
    ("mojibake", _mojibake),
    ("replacement_character", _replacement),
)
"""Code and rule for every field; a rule returns what it saw, or nothing."""
RESPONSE: tuple[tuple[str, Rule], ...] = (
    ("placeholder", _no_output),
    ("no_words", _no_words),
    ("disclaimer", _disclaimer),
    ("merged_records", _merged),
    ("open_fence", endings.open_fence),
    ("open_bracket", endings.open_bracket),
    ("cut_off", endings.dangling),
)
"""Code and rule for the response alone."""
