"""Build sample data folders for records with one field per part."""

from __future__ import annotations

from plant import Item
from replies import rebuff, reply
from tickets import Record, Writer

LIMIT = 220
"""Tokens that the trainer of the folder ``lengths`` keeps."""


def lengths(writer: Writer) -> list[Item]:
    """200 tickets with their answers, among them six that a trainer would cut."""
    items = [Item(answered(writer)) for _ in range(194)]
    thread = "\n\n".join(writer.ticket(label) for label in writer.labels for _ in range(4))
    history = " ".join(reply(writer.rng, label) for label in writer.labels * 3)
    first, second = (
        {"prompt": answered(writer)["instruction"], "chosen": f"{history} {end}"}
        for end in ("Yes.", "Sure.")
    )
    items += [
        Item(answered(writer) | {"output": history}, "lengths.answer_cut", "long answer"),
        Item(
            answered(writer) | {"output": f"{history}\n\n{thread}"}, "lengths.answer_cut", "longer"
        ),
        Item(answered(writer) | {"input": thread}, "lengths.no_answer_left", "long ticket"),
        Item(
            answered(writer) | {"input": f"{thread} {thread}"}, "lengths.no_answer_left", "longer"
        ),
        Item(
            {**first, "rejected": f"{history} No."}, "lengths.same_after_cut", "differ at the end"
        ),
        Item(
            {**second, "rejected": rebuff(writer.rng)}, "lengths.answer_cut", "long chosen answer"
        ),
    ]
    writer.rng.shuffle(items)
    return items


def answered(writer: Writer) -> Record:
    """Write a ticket as an instruction with the answer of the team."""
    label = writer.rng.choice(writer.labels)
    return {"instruction": writer.ticket(label), "output": reply(writer.rng, label)}
