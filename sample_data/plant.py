"""Build the lines of the sample data folders and plant the faults in them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import cycle
from typing import Any, NamedTuple

from tickets import Record, Writer

MISLABELED = "labels.likely_mislabeled"

CONFUSABLE = {
    "billing": "refund",
    "refund": "billing",
    "cancellation": "account_data",
    "account_data": "cancellation",
    "bug_report": "feature_request",
    "feature_request": "bug_report",
}

WIDE = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}
"""ASCII characters to their full-width forms, which NFKC brings back."""

REPHRASINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "double spaces": lambda text: text.replace(" ", "  "),
    "exclamation marks": lambda text: re.sub(r"\.(?=\s|$)", "!!", text),
    "lower case, blanks around": lambda text: f"  {text.lower()} \n",
    "full-width first word": lambda text: _widen_first_word(text),
    "dots": lambda text: re.sub(r"\.(?=\s|$)", " ...", text),
}
"""Changes to a text that leave its normal form alone."""


FOREIGN_CODES = {
    "finnish": "outliers.wrong_language",
    "base64": "outliers.format",
    "rust": "outliers.format",
    "chess": "outliers.format",
}
"""Foreign texts that have a code of their own; the others are just far."""


class Raw(str):
    """A line that is written as it is."""


class Item(NamedTuple):
    """One line to be written, and what was planted on it."""

    value: Any
    """A record (it gets its ``id`` when written), another JSON value, or None: a blank line."""
    code: str | None = None
    note: str | None = None
    cut: int = 0
    """Characters to cut off the end of the line."""
    more: tuple[str, ...] = ()
    """Codes that the line gets beside its own."""
    file: str = "data"
    """The file that the line is for."""

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes that a run must report for the line."""
        return (*self.more, *((self.code,) if self.code else ()))


def _widen_first_word(text: str) -> str:
    first, *rest = re.split(r"(?<=\w)\b", text, maxsplit=1)
    return first.translate(WIDE) + "".join(rest)


def clean(writer: Writer) -> list[Item]:
    """1,600 good tickets."""
    return [Item(record) for record in writer.records(1600)]


def noisy(writer: Writer) -> list[Item]:
    """1,600 tickets, every fifth of them with a random wrong label."""
    items = clean(writer)
    for at in writer.rng.sample(range(len(items)), 320):
        items[at] = _relabelled(items[at].value, writer.wrong_label)
    return items


def labels(writer: Writer) -> list[Item]:
    """800 tickets, 30 with a random wrong label and 30 with one that is easily confused."""
    items = [Item(record) for record in writer.records(800)]
    order = writer.rng.sample(range(len(items)), len(items))
    for at in order[:30]:
        items[at] = _relabelled(items[at].value, writer.wrong_label)
    likely = [at for at in order[30:] if items[at].value["label"] in CONFUSABLE]
    for at in likely[:30]:
        items[at] = _relabelled(items[at].value, CONFUSABLE.__getitem__)
    return items


def _relabelled(record: Record, choose: Callable[[str], str]) -> Item:
    wrong = choose(record["label"])
    return Item(
        {**record, "output": wrong, "label": wrong}, MISLABELED, f"right label: {record['label']}"
    )


def schema(writer: Writer) -> list[Item]:
    """300 good tickets with lines among them that are broken in every known way."""
    first, *items = [Item(record) for record in writer.records(300)]
    items += [
        Item(_ticket(writer), "schema.not_json", "truncated object", cut=23),
        Item(["billing", "Where is my invoice?"], "schema.not_object", "array"),
        Item(4711, "schema.not_object", "bare number"),
        Item(None, None, "blank line, no fault"),
        Item({"foo": 1}, "schema.no_usable_fields", "no known field"),
        _changed(writer, "schema.wrong_type", instruction=20250314),
        _changed(writer, "schema.wrong_type", output=["billing", "refund"]),
        _changed(writer, "schema.missing_prompt", instruction=None),
        _changed(writer, "schema.empty_prompt", instruction=""),
        _changed(writer, "schema.empty_prompt", instruction=" \t\n "),
        _changed(writer, "schema.missing_response", output=None),
        _changed(writer, "schema.empty_response", output=""),
        _changed(writer, "schema.empty_response", output="   "),
        _changed(writer, "schema.missing_label", label=None),
        _without(_ticket(writer), "output", "schema.missing_response"),
        _without(_ticket(writer), "label", "schema.missing_label"),
        Item({**_joined(_ticket(writer)), "input": None}, None, "input null, no fault"),
        _without(_joined(_ticket(writer)), "input", None),
    ]
    writer.rng.shuffle(items)
    return [first, *items]


def lines(writer: Writer) -> list[Item]:
    """200 good tickets with lines among them that only a strict reader finds."""
    first, *items = [Item(record) for record in writer.records(200)]
    told = [json.dumps(_ticket(writer)) for _ in range(8)]
    items += [
        _edited(
            told[0], '"output": ', '"output": "none", "output": ', "duplicate_key", "key twice"
        ),
        _edited(
            told[1], '"label": ', '"label" : "x", "label": ', "duplicate_key", "blank before :"
        ),
        _edited(told[2], "{", '{"n": 18446744073709551616, ', "big_number", "2 to the 64th"),
        _edited(told[3], "{", '{"score": NaN, ', "not_json", "NaN"),
        _edited(told[4], "{", '{"score": -Infinity, ', "not_json", "-Infinity"),
        _edited(told[5], '"input": "', '"input": "\\ud83d ', "not_json", "half a surrogate pair"),
        _edited(told[6], '"input": "', '"input": "\udcff', "not_json", "byte 0xff"),
        _edited(told[7], "}", "} {}", "not_json", "two objects"),
        Item(Raw(""), "schema.blank_line", "blank line"),
        Item(Raw(" \t"), "schema.blank_line", "blank line"),
        Item({"text": "Where is my parcel?", "label": "shipping"}, "schema.minority_shape", "text"),
        _edited(json.dumps(_ticket(writer)), "{", '{"n": 18446744073709551615, ', None, "no fault"),
        _edited(
            json.dumps(_ticket(writer)), "{", '{"say": "\\"a\\": 1, \\"a\\": 2", ', None, "no fault"
        ),
    ]
    writer.rng.shuffle(items)
    return [first, *items]


def _edited(text: str, old: str, new: str, code: str | None, note: str) -> Item:
    at = text.rindex(old) if old == "}" else text.index(old)
    edited = Raw(text[:at] + new + text[at + len(old) :])
    return Item(edited, code and f"schema.{code}", note)


def loading(writer: Writer) -> list[Item]:
    """300 good tickets that a loader takes, and lines for which it refuses or changes the file."""
    records = [{**record, "stars": 1 + at % 5} for at, record in enumerate(writer.records(300))]
    items = [Item(record) for record in records]
    for at, value in ((20, "four"), (90, "?"), (210, ["1"])):
        note = f"stars is {json.dumps(value)}, not a number"
        items[at] = Item(records[at] | {"stars": value}, "loading.mixed_types", note)
    for at in (50, 250):
        note = "blank line in a file with fields of mixed types"
        items.insert(at, Item(Raw(""), "loading.refused", note))
    return items


def _ticket(writer: Writer) -> Record:
    label = writer.rng.choice(writer.labels)
    return writer.record(label, writer.ticket(label))


def _joined(record: Record) -> Record:
    """Return the record with the ticket in its instruction."""
    return {**record, "instruction": f"{record['instruction']} {record['input']}"}


def _changed(writer: Writer, code: str, **change: Any) -> Item:
    note = ", ".join(f"{name} is {json.dumps(value)}" for name, value in change.items())
    return Item(_ticket(writer) | change, code, note)


def _without(record: Record, name: str, code: str | None) -> Item:
    kept = {key: value for key, value in record.items() if key != name}
    return Item(kept, code, f"{name} absent" + ("" if code else ", no fault"))


def duplicates(writer: Writer) -> list[Item]:
    """400 tickets, among them pairs of copies, a group of five and two conflicts."""
    records = writer.records(383)
    changes = cycle(list(REPHRASINGS)[1:])
    groups = [["as it is"]] * 5 + [[next(changes)] for _ in range(6)]
    groups += [["as it is", "upper case", "double spaces", "dots"]]
    items = []
    for number, names in enumerate(groups, 1):
        record, note = records[number], f"copy in group {number}: "
        items.append(Item(record, "duplicates.exact", f"original of group {number}"))
        items += [Item(rephrased(record, name), "duplicates.exact", note + name) for name in names]
    for number, name in enumerate(("as it is", "upper case"), len(groups) + 1):
        record, note = records[number], f"group {number}, label {records[number]['label']}"
        other = _relabelled(rephrased(record, name), writer.wrong_label).value
        items.append(Item(record, "duplicates.conflict", note))
        items.append(Item(other, "duplicates.conflict", f"group {number}, label {other['label']}"))
    items += [Item(records[0]), *(Item(record) for record in records[len(groups) + 3 :])]
    writer.rng.shuffle(items)
    return items


def rephrased(record: Record, name: str) -> Record:
    """Change the ticket in a way that leaves its normal form alone."""
    return {**record, "input": REPHRASINGS[name](record["input"])}


def outliers(writer: Writer) -> list[Item]:
    """600 tickets and 12 texts that have nothing to do with them."""
    items = [Item(record) for record in writer.records(600)]
    for name, text in writer.tables["foreign"].items():
        record = writer.record(writer.rng.choice(writer.labels), text)
        items.append(Item(record, FOREIGN_CODES.get(name, "outliers.far"), name))
    writer.rng.shuffle(items)
    return items


def mixed(writer: Writer, items: list[Item]) -> list[Item]:
    """Shuffle the items, but keep a good one at the front."""
    first, *others = items
    writer.rng.shuffle(others)
    return [first, *others]
