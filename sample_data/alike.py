"""Build sample data folders for records that are nearly alike, and for answers that disagree."""

from __future__ import annotations

from fields import answered
from plant import Item
from tickets import Record, Writer

WORDS = 20
"""Shorter tickets are no near-duplicates once a word of them is changed."""
ADDED = ("really", "just", "again", "actually", "now")
ANSWERS = (
    ("Can I keep the device when the plan ends?", "Yes.", "No"),
    ("Is the shop in Lisbon open on Sundays?", "no", "Yes!"),
    ("How many days do customers have to send an item back?", "14", "30"),
    ("What does express delivery cost, in euro?", "4.90", "9.90"),
    ("Which plan includes the weekly report, (a) Basic, (b) Plus or (c) Team?", "(b)", "c"),
)
"""Questions with two answers that exclude each other."""
VARIED = (
    ("Suggest a name for our parrot.", "Polly would be nice.", "How about Captain Feather?"),
    ("Write a slogan for the spring sale.", "Spring into savings!", "Fresh prices, fresh you."),
)
"""Questions with two answers that are both right."""
REFUSAL = "Sorry, I am not able to help you with that."


def near_duplicates(writer: Writer) -> list[Item]:
    """400 tickets: 18 pairs that differ in a word, and three that have different labels besides."""
    records = writer.records(379)
    long = [record for record in records if len(record["input"].split()) >= WORDS]
    items = [Item(record) for record in records if record not in long[:21]]
    for number, record in enumerate(long[:21], 1):
        code, other = "duplicates.near", {**record, "input": _edited(record["input"], writer)}
        if number > 18:
            label = writer.wrong_label(record["label"])
            code, other = "duplicates.near_conflict", other | {"label": label, "output": label}
        items += [
            Item(record, code, f"pair {number}"),
            Item(other, code, f"pair {number}, a word changed, label {other['label']}"),
        ]
    writer.rng.shuffle(items)
    return items


def _edited(text: str, writer: Writer) -> str:
    """Add a word, or leave one out."""
    words = text.split()
    at = writer.rng.randrange(1, len(words) - 1)
    if writer.rng.random() < 0.5:
        words.insert(at, writer.rng.choice(ADDED))
    else:
        del words[at]
    return " ".join(words)


def answers(writer: Writer) -> list[Item]:
    """160 answered tickets without labels, with answers that disagree or repeat."""
    items = [Item(answered(writer)) for _ in range(136)]
    for code, table in (("duplicates.contradiction", ANSWERS), ("duplicates.same_prompt", VARIED)):
        items += [
            Item(_said(question, answer), code, answer)
            for question, *given in table
            for answer in given
        ]
    items += [
        Item(answered(writer) | {"output": REFUSAL}, "duplicates.same_answer", "refusal")
        for _ in range(10)
    ]
    writer.rng.shuffle(items)
    return items


def _said(instruction: str, output: str) -> Record:
    return {"instruction": instruction, "output": output}
