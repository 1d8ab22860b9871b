"""How one record and the questions about it look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataqa.cli.terminal import BACKSPACE, END, ENTER, ESCAPE, Keyboard
from dataqa.quoting import LABEL_CHARACTERS, log_line, shortened

if TYPE_CHECKING:
    from rich.console import Console

PAGE_CHARACTERS = 3000
CHOICES = 15
"""Labels that are listed at once; typing narrows them down."""
DIGITS = "123456789"
DROP = "\x00"
"""Chosen in place of a label; no label is equal to it, because labels come from text."""


@dataclass(frozen=True)
class Record:
    """What a reviewer sees of one record."""

    place: str
    parts: tuple[tuple[str, str], ...]
    """(title, text) of everything the record says."""
    label: str | None = None
    label_field: str = "label"
    suggestion: str = ""


@dataclass(frozen=True)
class Answer:
    """What the reviewer wants: an action of a decision, or ``back``, ``quit``."""

    action: str
    to: str | None = None
    note: str | None = None


class Screen:
    """Shows records and reads answers; knows nothing of plans and files."""

    def __init__(
        self, keys: Keyboard, console: Console, classes: Sequence[str], *, suggest: bool
    ) -> None:
        self._keys = keys
        self._console = console
        self._classes = classes
        self._suggest = suggest

    def judge(self, record: Record, statement: str, told: str) -> Answer:
        """Ask until the reviewer has decided about the record or wants to leave it."""
        page, note, revealed = 1, None, self._suggest
        while True:
            self._draw(record, page, note, revealed=revealed)
            self._say(told, statement, *self._question(record))
            key = self._keys.key()
            page += key == "m"
            revealed = revealed or key == "s"
            if key == "n":
                note = self._line("note")
            answer = self._answer(key, record)
            if answer is not None:
                return Answer(answer.action, answer.to, note)

    def confirm(self, statement: str, question: str) -> bool:
        """Ask a question that ``c`` answers with yes and ``q`` or the end with no."""
        self._say(statement, f"{question}   [c] continue  [q] quit")
        while (key := self._keys.key()) not in ("q", END):
            if key == "c":
                return True
        return False

    def _answer(self, key: str, record: Record) -> Answer | None:
        plain = {"r": "keep", "u": "unsure", "b": "back", "q": "quit", END: "quit"}
        if key in plain:
            return Answer(plain[key])
        if key == "w":
            return self._wrong(record)
        label = self._named(key)
        return None if label is None else _labelled(label, record)

    def _wrong(self, record: Record) -> Answer | None:
        if not self._classes:
            return Answer("drop")
        label = self._choose()
        if label is None:
            return None
        return Answer("drop") if label == DROP else _labelled(label, record)

    def _named(self, key: str) -> str | None:
        """Return the label that a digit, or on a line its own name, stands for."""
        if key in self._classes and (key in DIGITS or not self._keys.single):
            return key
        number = DIGITS.find(key) if len(key) == 1 else -1
        few = len(self._classes) <= len(DIGITS)
        return self._classes[number] if few and 0 <= number < len(self._classes) else None

    def _choose(self) -> str | None:
        """Ask for a label: by number, by name, by any part of it; ``None`` when it is dropped."""
        typed = ""
        while True:
            matches = self._matching(typed)
            listed = [f"{number} {_short(name)}" for number, name in enumerate(matches, 1)]
            more = len(self._classes) - len(matches)
            self._say(
                "  ".join(["0 none of these: drop the record", *listed]),
                f"{more:,} other labels; type a part of the name" if more else "",
                f"label, then Enter (Esc: back): {typed}",
            )
            key = self._keys.key()
            if key in (ESCAPE, END):
                return None
            typed, done = _typed(typed, key, single=self._keys.single)
            chosen = self._resolved(typed, matches) if done else None
            if chosen is not None:
                return chosen

    def _matching(self, typed: str) -> list[str]:
        found = [name for name in self._classes if typed.lower() in name.lower()]
        return (found or list(self._classes))[:CHOICES]

    def _resolved(self, typed: str, matches: Sequence[str]) -> str | None:
        if typed in self._classes:
            return typed
        if typed == "0":
            return DROP
        if typed.isdecimal() and int(typed) <= len(matches):
            return matches[int(typed) - 1]
        fitting = [name for name in matches if typed and typed.lower() in name.lower()]
        return fitting[0] if len(fitting) == 1 else None

    def _line(self, title: str) -> str | None:
        """Read a line of text; ``None`` when it is left or empty."""
        typed, done = "", False
        while not done:
            self._say(f"{title}, then Enter (Esc: none): {typed}")
            key = self._keys.key()
            if key in (ESCAPE, END):
                return None
            typed, done = _typed(typed, key, single=self._keys.single)
        return typed.strip() or None

    def _draw(self, record: Record, page: int, note: str | None, *, revealed: bool) -> None:
        if self._keys.single:
            self._console.clear()
        self._say(record.place, style="cyan")
        for title, text in record.parts:
            shown = text[: page * PAGE_CHARACTERS]
            more = len(text) - len(shown)
            self._say(title, style="dim")
            self._say(*shown.split("\n"))
            if more:
                self._say(f"… {more:,} more characters: m", style="dim")
        self._say("")
        if record.label is not None:
            self._say(f"{record.label_field}: {record.label}", style="bold")
        if revealed and record.suggestion:
            self._say(record.suggestion, style="yellow")
        if note:
            self._say(f"note: {note}", style="dim")

    def _question(self, record: Record) -> tuple[str, ...]:
        what = "Is the label right?" if self._classes else "Is the record right as it is?"
        names = [
            f"[{name if name in DIGITS else number}] {_short(name)}"
            for number, name in enumerate(self._classes[: len(DIGITS)], 1)
        ]
        few = [] if len(self._classes) > len(DIGITS) else ["  ".join(names)]
        hidden = ["[s] suggestion"] if record.suggestion and not self._suggest else []
        keys = ["[r] right", "[w] wrong", "[u] unsure", "[n] note", "[b] back", *hidden]
        return (what, *few, "  ".join([*keys, "[q] quit"]))

    def _say(self, *lines: str, style: str = "") -> None:
        from rich.text import Text

        for line in lines:
            self._console.print(Text(log_line(line), style=style))


def _labelled(label: str, record: Record) -> Answer:
    return Answer("keep") if label == record.label else Answer("relabel", label)


def _typed(typed: str, key: str, *, single: bool) -> tuple[str, bool]:
    """Return what is typed after one more key, and whether it is finished."""
    if not single:
        return key, True
    if key == BACKSPACE:
        return typed[:-1], False
    return (typed, True) if key == ENTER else (typed + key, False)


def _short(name: str) -> str:
    return shortened(name, LABEL_CHARACTERS)
