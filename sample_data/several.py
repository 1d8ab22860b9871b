"""Build the sample data folders whose records have several labels."""

from __future__ import annotations

from typing import Any

from plant import CONFUSABLE, Item
from tickets import Writer

ANNOTATORS = ("ann", "bob", "eve", "kim")
CARELESS = "kim"


def annotators(writer: Writer) -> list[Item]:
    """600 tickets with votes of three of four annotators; one of the four is careless."""
    items = [_voted(writer, record, number) for number, record in enumerate(writer.records(560))]
    items += [_voted(writer, _ticket(writer), 0) for _ in range(8)]
    items += [_mistyped(writer) for _ in range(6)]
    items += [_split(writer) for _ in range(10)]
    items += [_overruled(writer) for _ in range(12)]
    for votes, note in (
        ("billing", "a text instead of votes"),
        (3, "a number instead of votes"),
        ({"ann": ["billing", "refund"]}, "a list instead of a label"),
    ):
        items.append(_with_votes(writer, votes, "annotators.unreadable", note))
    items.append(_with_votes(writer, {}, None, "no votes, no fault"))
    writer.rng.shuffle(items)
    return items


def _ticket(writer: Writer) -> dict[str, Any]:
    label = writer.rng.choice(writer.labels)
    return writer.record(label, writer.ticket(label))


def _panel(number: int) -> list[str]:
    """Choose three annotators; every four records each of them has a break."""
    return [name for at, name in enumerate(ANNOTATORS) if at != number % len(ANNOTATORS)]


def _voted(writer: Writer, record: dict[str, Any], number: int) -> Item:
    """Let three annotators vote; the careless one is wrong on two tickets of five."""
    votes = dict.fromkeys(_panel(number), record["label"])
    if CARELESS not in votes or writer.rng.random() > 0.4:
        return Item({**record, "votes": votes})
    votes[CARELESS] = CONFUSABLE.get(record["label"]) or writer.wrong_label(record["label"])
    return Item({**record, "votes": votes}, "annotators.outvoted", f"{CARELESS} is wrong")


def _mistyped(writer: Writer) -> Item:
    record = _ticket(writer)
    right = record["label"]
    votes = {"ann": right, "bob": f"{right[:-2]}{right[-1]}{right[-2]}", "eve": right}
    note = "bob writes the label wrongly"
    return Item({**record, "votes": votes}, "annotators.unknown_label", note)


def _split(writer: Writer) -> Item:
    record = _ticket(writer)
    others = writer.rng.sample([name for name in writer.labels if name != record["label"]], 2)
    votes = dict(zip(("ann", "bob", "eve"), [record["label"], *others], strict=True))
    return Item({**record, "votes": votes}, "annotators.split", "three annotators, three labels")


def _overruled(writer: Writer) -> Item:
    """Give a ticket a label that none of its annotators chose."""
    record = _ticket(writer)
    right, wrong = record["label"], writer.wrong_label(record["label"])
    votes = dict.fromkeys(("ann", "bob", "eve"), right)
    value = {**record, "output": wrong, "label": wrong, "votes": votes}
    return Item(value, "annotators.label_differs", f"all annotators say {right}")


def _with_votes(writer: Writer, votes: object, code: str | None, note: str) -> Item:
    return Item({**_ticket(writer), "votes": votes}, code, note)


def multilabel(writer: Writer) -> list[Item]:
    """700 tickets about one to three things; 25 lack a label, 25 have one too many."""
    items = [Item(joint(writer)) for _ in range(700)]
    order = writer.rng.sample(range(len(items)), len(items))
    several = [at for at in order if len(items[at].value["label"]) > 1]
    for at in several[:25]:
        items[at] = without_one(writer, items[at].value)
    for at in [at for at in order if at not in several[:25]][:25]:
        items[at] = with_one_more(writer, items[at].value)
    odd: tuple[tuple[object, str], ...] = (
        (["billing", None], "null among the labels"),
        (["billing", ["refund"]], "a list among the labels"),
    )
    for label, note in odd:
        items.append(Item({**joint(writer), "label": label}, "multilabel.unreadable", note))
    return items


def joint(writer: Writer) -> dict[str, Any]:
    """Write a ticket about one to three things."""
    number = writer.rng.choices((1, 2, 3), (5, 4, 1))[0]
    labels = writer.rng.sample(writer.labels, number)
    record = writer.record(labels[0], " ".join(writer.ticket(label) for label in labels))
    return {**record, "output": ", ".join(labels), "label": labels}


def without_one(writer: Writer, record: dict[str, Any]) -> Item:
    """Drop one of the labels."""
    lost = writer.rng.choice(record["label"])
    kept = [name for name in record["label"] if name != lost]
    value = {**record, "output": ", ".join(kept), "label": kept}
    return Item(value, "multilabel.missing_label", f"{lost} is missing")


def with_one_more(writer: Writer, record: dict[str, Any]) -> Item:
    """Add a label that does not apply."""
    extra = writer.rng.choice([name for name in writer.labels if name not in record["label"]])
    labels = [*record["label"], extra]
    value = {**record, "output": ", ".join(labels), "label": labels}
    return Item(value, "multilabel.wrong_label", f"{extra} does not apply")
