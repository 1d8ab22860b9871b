"""Write believable support tickets from the vocabulary in tickets.toml."""

from __future__ import annotations

import random
import re
import tomllib
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")
SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)")
LONG_WORD = re.compile(r"\b[a-z]{5,}\b")

Record = dict[str, Any]
Tables = dict[str, Any]

STRUCTURES = {
    "core detail": 24,
    "opener core": 3,
    "core closer": 4,
    "core detail closer": 16,
    "opener core detail": 11,
    "core detail detail": 16,
    "core detail aside": 5,
    "core detail detail closer": 8,
    "opener core detail closer": 8,
    "core detail aside closer": 3,
    "opener core aside detail": 2,
}
"""Orders of the sentences of a ticket, with weights."""

VAGUE_STRUCTURES = {
    "vague detail": 3,
    "vague closer": 2,
    "opener vague": 2,
    "opener vague closer": 2,
    "vague aside": 1,
}
"""The same for tickets that do not say clearly what they are about."""

VAGUE_SHARE = 0.05
CORES = ("core", "vague")

FRESH = frozenset({"date", "month", "few", "days", "count", "time", "pct", "name"})
"""Slots that are drawn anew for every sentence."""


def load_tables() -> Tables:
    """Read the vocabulary."""
    path = Path(__file__).resolve().with_name("tickets.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _date(rng: random.Random, tables: Tables) -> str:
    day, month = rng.randint(1, 28), rng.randint(1, 12)
    name = tables["slots"]["month"][month - 1]
    weekday = rng.choice(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Sunday"))
    return rng.choice((f"{day} {name}", f"{name} {day}", f"2025-{month:02}-{day:02}", weekday))


def _email(rng: random.Random, tables: Tables) -> str:
    name, surname = (rng.choice(tables["slots"][part]) for part in ("name", "surname"))
    return f"{name}.{surname}@example.{rng.choice(('com', 'org', 'net'))}".lower()


RULES: dict[str, Callable[[random.Random, Tables], str]] = {
    "date": _date,
    "email": _email,
    "order": lambda rng, _: rng.choice(("#{}", "TN-{}", "{}")).format(rng.randint(100000, 999999)),
    "invoice": lambda rng, _: rng.choice(("INV-{}", "R{}", "{}")).format(rng.randint(10000, 99999)),
    "tracking": lambda rng, _: (
        f"{rng.choice('BQXZ')}{rng.choice('EKP')}{rng.randint(10**8, 10**9)}"
    ),
    "customer": lambda rng, _: f"{rng.choice(('C', 'K-', ''))}{rng.randint(200000, 799999)}",
    "card": lambda rng, _: f"{rng.randint(1000, 9999)}",
    "version": lambda rng, _: f"{rng.randint(2, 6)}.{rng.randint(0, 19)}",
    "days": lambda rng, _: rng.choice(("three", "5", "six", "8", "9", "ten", "12", "14", "16")),
    "pct": lambda rng, _: rng.choice(("10", "15", "20", "25", "30", "50")),
}
"""Slots that are made up rather than picked from the table."""


def normalised(text: str) -> str:
    """Return the text without case, punctuation and the values of its numbers."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", re.sub(r"\d+", "0", folded)).strip()


class Writer:
    """Writes tickets; no two of one writer are alike."""

    def __init__(self, tables: Tables, seed: int) -> None:
        """Start a sequence of tickets that depends on the seed only."""
        self.tables = tables
        self.rng = random.Random(seed)
        self.labels: list[str] = list(tables["labels"])
        self._seen: set[object] = set()

    def records(self, count: int) -> list[Record]:
        """Write tickets of all labels, mildly unbalanced, in random order."""
        weights = [table["weight"] for table in self.tables["labels"].values()]
        ends = [sum(weights[:i]) * count // sum(weights) for i in range(len(weights) + 1)]
        labels = [
            label
            for label, start, end in zip(self.labels, ends, ends[1:], strict=False)
            for _ in range(end - start)
        ]
        self.rng.shuffle(labels)
        return [self.record(label, self.ticket(label)) for label in labels]

    def record(self, label: str, text: str) -> Record:
        """Put a text into an instruction record."""
        instruction = self.rng.choice(self.tables["instructions"])
        names = ", ".join(self.labels)
        return {
            "instruction": instruction.replace("{labels}", names),
            "input": text,
            "output": label,
            "label": label,
        }

    def wrong_label(self, label: str) -> str:
        """Choose one of the other labels."""
        return self.rng.choice([other for other in self.labels if other != label])

    def ticket(self, label: str) -> str:
        """Write a ticket that shares neither its words nor its main sentences with another."""
        while True:
            templates = self._templates(label)
            body = self._body(list(templates.values()))
            beside = [text for name, text in templates.items() if name not in CORES]
            core = next(templates[name] for name in CORES if name in templates)
            main = (core, templates.get("detail", beside[0]))
            keys = {main, normalised(body)}
            if len(SENTENCE_END.findall(body)) <= 4 and not keys & self._seen:
                self._seen |= keys
                return self._roughen(body)

    def _templates(self, label: str) -> dict[str, str]:
        """Choose the sentences of a ticket by a random structure."""
        structures = VAGUE_STRUCTURES if self.rng.random() < VAGUE_SHARE else STRUCTURES
        names = self.rng.choices(list(structures), list(structures.values()))[0].split()
        own = self.tables["labels"][label]
        chosen: dict[str, str] = {}
        for name in names:
            table = own[f"{name}s"] if f"{name}s" in own else self.tables[f"{name}s"]
            key = f"{name}2" if name in chosen else name
            chosen[key] = self.rng.choice(
                [entry for entry in table if entry not in chosen.values()]
            )
        return chosen

    def _body(self, templates: list[str]) -> str:
        """Fill the sentences and join them."""
        values = self._prices()
        parts = []
        for template in templates:
            kept = {name: value for name, value in values.items() if name not in FRESH}
            parts.append(self._fill(template, kept))
            values = kept
        closed = [part if part[-1] in ".?!" else f"{part}." for part in parts[:-1]]
        return " ".join([*closed, parts[-1]]).replace(" \n", "\n")

    def _prices(self) -> dict[str, str]:
        """Draw a price and a lower one in the same currency."""
        form = self.rng.choice(("€{:.2f}", "${:.2f}", "£{:.2f}", "{:.2f} EUR"))
        price = self.rng.randint(12, 290) + self.rng.choice((0.0, 0.5, 0.9, 0.95, 0.99))
        lower = round(price * self.rng.choice((0.4, 0.5, 0.6, 0.75, 0.8)), 1)
        return {"amount": form.format(price), "less": form.format(lower)}

    def _fill(self, template: str, values: dict[str, str]) -> str:
        """Make the choices of a sentence and fill its slots; new values are added to values."""
        text = CHOICE.sub(lambda match: self.rng.choice(match[1].split("|")), template)
        for name in SLOT.findall(text):
            if name not in values:
                values[name] = self._slot(name.rstrip("2"), set(values.values()))
        return SLOT.sub(lambda match: values[match[1]], text)

    def _slot(self, name: str, taken: set[str]) -> str:
        while True:
            rule = RULES.get(name)
            value = (
                rule(self.rng, self.tables) if rule else self.rng.choice(self.tables["slots"][name])
            )
            if value not in taken:
                return value

    def _roughen(self, body: str) -> str:
        """Give the ticket a human surface: a greeting, haste, slips of the keyboard."""
        if self.rng.random() < 0.4:
            body = self.rng.choice(self.tables["greetings"]) + body
        if self.rng.random() < 0.12:
            body = body.lower().replace("'", "")
        if self.rng.random() < 0.18:
            body = LONG_WORD.sub(lambda match: self._typo(match[0]), body)
        return body.strip()

    def _typo(self, word: str) -> str:
        """Misspell about one word in eight: swap, drop or double a letter."""
        if self.rng.random() > 0.12:
            return word
        at = self.rng.randrange(1, len(word) - 1)
        head, here, after, tail = word[:at], word[at], word[at + 1], word[at + 2 :]
        return head + self.rng.choice((after + here, after, here + here + after)) + tail
