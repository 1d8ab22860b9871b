"""Build sample data folders for records with one field per part."""

from __future__ import annotations

import json
from typing import Any

from plant import Item, mixed
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


def prompt_completion(writer: Writer) -> list[Item]:
    """200 tickets to be read into JSON, and nine answers that are broken."""
    items = [Item(_extracted(writer)) for _ in range(191)]
    prose = reply(writer.rng, "shipping")
    items += [
        _changed(_extracted(writer), "responses.off_format", "prose", completion=prose),
        _changed(_extracted(writer), "responses.off_format", "array", completion='["billing"]'),
        _cut(_extracted(writer), "cut in the middle"),
        _reread(writer, "responses.missing_field", "queue absent", queue=None),
        _reread(writer, "responses.field_type", "urgent is a text", urgent="yes"),
        _reread(writer, "responses.extra_field", "a field of its own", comment="call back"),
        _changed(_extracted(writer), "schema.empty_prompt", "blank prompt", prompt=" "),
        _changed(_extracted(writer), "schema.missing_response", "null", completion=None),
        _changed(_extracted(writer), "schema.wrong_type", "object, no text", completion={"a": 1}),
    ]
    return mixed(writer, items)


def _extracted(writer: Writer) -> Record:
    """Write a ticket and what a program would like to read from it."""
    label = writer.rng.choice(writer.labels)
    read = {"queue": label, "urgent": writer.rng.random() < 0.2, "words": writer.rng.randint(9, 60)}
    prompt = f"Read the ticket and answer in JSON.\n\n{writer.ticket(label)}"
    return {"prompt": prompt, "completion": json.dumps(read)}


def _reread(writer: Writer, code: str, note: str, **change: Any) -> Item:
    """Change the fields of the JSON; None leaves a field out."""
    record = _extracted(writer)
    read = json.loads(record["completion"]) | change
    kept = {name: value for name, value in read.items() if value is not None}
    return _changed(record, code, note, completion=json.dumps(kept))


def _cut(record: Record, note: str) -> Item:
    return _changed(record, "responses.broken_json", note, completion=record["completion"][:-3])


def preference(writer: Writer) -> list[Item]:
    """200 tickets with a good and a bad answer, and seven pairs that are broken."""
    items = [Item(_pair(writer)) for _ in range(193)]
    same = _pair(writer)
    items += [
        _changed(same, "responses.same_pair", "equal answers", rejected=f"{same['chosen']} "),
        _changed(_pair(writer), "schema.missing_response", "chosen is null", chosen=None),
        _changed(_pair(writer), "schema.empty_response", "chosen is empty", chosen=""),
        _changed(_pair(writer), "schema.missing_rejected", "rejected is null", rejected=None),
        _changed(_pair(writer), "schema.empty_rejected", "rejected is blank", rejected=" \n"),
        _changed(_pair(writer), "schema.missing_prompt", "prompt is null", prompt=None),
        _changed(_pair(writer), "schema.wrong_type", "rejected is a number", rejected=7),
    ]
    return mixed(writer, items)


def _pair(writer: Writer) -> Record:
    label = writer.rng.choice(writer.labels)
    answers = {"chosen": reply(writer.rng, label), "rejected": rebuff(writer.rng)}
    return {"prompt": writer.ticket(label), **answers}


def kto(writer: Writer) -> list[Item]:
    """200 answers with a judgement, and four records that are broken."""
    items = [Item(_judged(writer)) for _ in range(196)]
    items += [
        _changed(_judged(writer), "schema.missing_prompt", "prompt is null", prompt=None),
        _changed(_judged(writer), "schema.empty_prompt", "prompt is empty", prompt=""),
        _changed(_judged(writer), "schema.missing_response", "null", completion=None),
        _changed(_judged(writer), "schema.empty_response", "blank", completion="\t"),
    ]
    return mixed(writer, items)


def _judged(writer: Writer) -> Record:
    label, good = writer.rng.choice(writer.labels), writer.rng.random() < 0.5
    answer = reply(writer.rng, label) if good else rebuff(writer.rng)
    return {"prompt": writer.ticket(label), "completion": answer, "label": good}


def classification(writer: Writer) -> list[Item]:
    """400 labelled tickets; five records and six labels are broken."""
    items = [Item(_labelled(writer)) for _ in range(389)]
    items += [
        _changed(_labelled(writer), "label_names.spelling", "upper case", label="Billing"),
        _changed(_labelled(writer), "label_names.spelling", "space", label="shipping "),
        _changed(_labelled(writer), "label_names.spelling", "mark", label="bug-report"),
        _changed(_labelled(writer), "label_names.near_name", "slip", label="cancelation"),
        _changed(_labelled(writer), "label_names.rare_name", "one record", label="praise"),
        Item(
            {**_labelled(writer), "label": 7},
            "label_names.mixed_type",
            "number",
            more=("label_names.rare_name",),
        ),
        _changed(_labelled(writer), "schema.missing_prompt", "text is null", text=None),
        _changed(_labelled(writer), "schema.empty_prompt", "text is blank", text="  "),
        _changed(_labelled(writer), "schema.missing_label", "label is null", label=None),
        _changed(_labelled(writer), "schema.empty_label", "label is empty", label=""),
        _changed(_labelled(writer), "schema.wrong_type", "text is a number", text=4711),
    ]
    return mixed(writer, items)


def _labelled(writer: Writer) -> Record:
    label = writer.rng.choice(writer.labels)
    return {"text": writer.ticket(label), "label": label}


def _changed(record: Record, code: str, note: str, **change: Any) -> Item:
    return Item({**record, **change}, code, note)


FOREIGN = (
    (
        "prompt",
        "Wo bleibt mein Paket? Ich habe es vor zwei Wochen bestellt und noch nichts gehört.",
    ),
    (
        "prompt",
        "Bonjour, je voudrais annuler mon abonnement et récupérer mon argent, s'il vous plaît.",
    ),
    ("response", "Lo sentimos mucho. El paquete sale hoy del almacén y llega mañana por la tarde."),
    ("response", "Пожалуйста, обновите приложение и перезапустите устройство, это должно помочь."),
    ("response", "お問い合わせありがとうございます。返金は五日以内に口座へ届きます。"),
)
FIELDS = {"prompt": "instruction", "response": "output"}


def language(writer: Writer) -> list[Item]:
    """200 tickets with their answers; five texts are in other languages, and one may be."""
    items = [Item(answered(writer)) for _ in range(194)]
    for part, text in FOREIGN:
        code = f"language.foreign_{part}"
        items.append(Item({**answered(writer), FIELDS[part]: text}, code, "another language"))
    asked = {"instruction": "Translate into Spanish: We send the parcel tomorrow, as you asked."}
    items.append(Item({**asked, "output": FOREIGN[2][1]}, None, "a translation, no fault"))
    return mixed(writer, items)
