"""Build tickets that give away tickets of an evaluation file."""

from __future__ import annotations

from plant import REPHRASINGS, Item, rephrased
from tickets import Record, Writer

REWORDED = (
    (
        "billing",
        "I was charged twice for order 482913 on 14 March, 59.90 EUR each time. Please return one "
        "of the two payments to my card.",
        "On 14 March you took 59.90 EUR from my card two times for order 482913. I want one of "
        "these payments returned.",
    ),
    (
        "shipping",
        "The parcel with tracking number BQ731880452 has been stuck in customs in Lyon for 12 "
        "days. Who has to pay the duty of $18.40?",
        "For 12 days my parcel BQ731880452 has not left customs in Lyon. Does the duty of $18.40 "
        "have to be paid by me or by you?",
    ),
    (
        "bug_report",
        "After the update to version 4.7 the calendar shows error 1042 whenever I open a shared "
        "entry on my tablet.",
        "Since I installed version 4.7, opening a shared entry in the calendar on my tablet "
        "always ends in error 1042.",
    ),
    (
        "account_data",
        "Please change the name on account 551207 from Marta Haas to Marta Lindqvist and send the "
        "new contract to my address in Bergen.",
        "I got married: account 551207 must say Marta Lindqvist now, not Marta Haas. The contract "
        "with the new name should go to my Bergen address.",
    ),
    (
        "billing",
        "We cancelled the Team plan for 14 users on 2 June, but invoice 40917 still lists 14 "
        "seats for July.",
        "Invoice 40917 for July has 14 seats on it although our Team plan with 14 users was "
        "cancelled on 2 June.",
    ),
    (
        "feature_request",
        "Could you add a dark theme to the report builder? Reading 30 charts at night on a 27 "
        "inch screen hurts.",
        "My eyes hurt when I read 30 charts at night on a 27 inch screen, so a dark theme in the "
        "report builder would be welcome.",
    ),
)
"""Label, ticket of the evaluation file, the same ticket in other words."""


def leakage(writer: Writer) -> list[Item]:
    """400 tickets, 24 of which give away tickets of an evaluation file of 80."""
    records = writer.records(474)
    held_out, training = records[:74], records[74:]
    items = [Item(record) for record in training[24:]]
    held_out += [writer.record(label, asked) for label, asked, _ in REWORDED]
    items += [
        Item(writer.record(label, again), "leakage.rephrased", "asked in other words")
        for label, _, again in REWORDED
    ]
    for at, change in enumerate(list(REPHRASINGS)[:6]):
        items.append(Item(rephrased(held_out[at], change), "leakage.verbatim", change))
    items += [
        Item(_edited(record), "leakage.near", "one word inserted") for record in held_out[6:12]
    ]
    for record, around in zip(held_out[12:18], training[:6], strict=True):
        both = {**around, "input": f"{around['input']} Earlier I wrote: {record['input']}"}
        items.append(Item(both, "leakage.passage", "quotes a whole ticket"))
    writer.rng.shuffle(items)
    return [*items, *(Item(record, file="eval") for record in held_out)]


def _edited(record: Record) -> Record:
    """Insert a word in the middle of the ticket."""
    words = record["input"].split(" ")
    words.insert(len(words) // 2, "somehow")
    return {**record, "input": " ".join(words)}
