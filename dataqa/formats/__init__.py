"""Record shapes: from the object on a line to the canonical columns.

Every shape tells which fields mark it and which of them make up the canonical *prompt*, *context*,
*response*, *rejected* and *label*. To support a new shape, add a row to ``SHAPES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dataqa.formats.content import KINDS, content_key, json_type, optional_text, to_json
from dataqa.formats.conversation import take_chat
from dataqa.formats.fields import take_completion, take_fields, take_preference
from dataqa.formats.interface import Canonical, Record, Shape, WrongType
from dataqa.settings import unknown_name

__all__ = ["SHAPES", "UNKNOWN", "Canonical", "Record", "Shape", "WrongType", "canonical"]

UNKNOWN = "unknown"
"""Shape of a record in which no shape finds its fields."""

_PAIR = {"take": take_completion, "response": "completion"}
SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape(
            "preference",
            ("chosen", "rejected"),
            take_preference,
            "preference pairs",
            response="chosen",
            rejected="rejected",
        ),
        Shape("chat", ("messages",), take_chat, "chat messages", prompt="messages"),
        Shape(
            "sharegpt",
            ("conversations",),
            take_chat,
            "ShareGPT conversations",
            prompt="conversations",
        ),
        Shape(
            "instruction",
            ("instruction",),
            take_fields,
            "instruction records",
            prompt="instruction",
            context="input",
            response="output",
        ),
        Shape(
            "kto",
            ("completion",),
            take_completion,
            "KTO judgements",
            response="completion",
            label_marks=True,
            label_expected="boolean",
        ),
        Shape(
            "prompt_completion",
            ("completion", "prompt"),
            take_completion,
            "prompts with completions",
            response="completion",
        ),
        Shape("classification", ("text",), take_fields, "texts to classify", prompt="text"),
    )
}
"""Known shapes; with ``auto`` a record is of the first one whose marking field it has."""


def choose_shapes(
    format_name: str, text_field: str | None, label_field: str | None, id_field: str | None
) -> tuple[Shape, ...]:
    """Return the shapes that a run looks for, in order, with the user's field names in them.

    Raises:
        ConfigError: ``format_name`` is neither ``auto`` nor a known shape.
    """
    if format_name not in {"auto", *SHAPES}:
        raise unknown_name("format", format_name, ("auto", *SHAPES), "format")
    shapes = tuple(SHAPES.values())
    if text_field and format_name == "auto":
        format_name = "classification"
    if format_name != "auto":  # a label of another kind is a fault then, not another shape
        shapes = (replace(SHAPES[format_name], label_marks=False),)
    return tuple(
        replace(
            shape,
            marks=(text_field,) if text_field else shape.marks,
            prompt=text_field or shape.prompt,
            label=label_field or shape.label,
            id=id_field or shape.id,
        )
        for shape in shapes
    )


def dominant(counts: Mapping[str, int]) -> str:
    """Return the shape that most records have, given their number by shape."""
    known = {name: counts[name] for name in SHAPES if counts.get(name)}
    return max(known, key=known.__getitem__) if known else UNKNOWN


def canonical(record: Record, shapes: tuple[Shape, ...]) -> Canonical:
    """Bring one record to canonical columns, by the first shape that fits it.

    Raises:
        ValueError: a value is nested too deeply; its arguments are finding code and message.
    """
    for shape in shapes:
        if shape.fits(record):
            break
    else:
        key = content_key(to_json(record))
        return Canonical(key, None, UNKNOWN, None, None, None, None, None, None, None)
    parts = shape.take(record, shape)
    value = record.get(shape.label)
    label = optional_text(value)
    kind = None if value is None else KINDS[type(value)]
    if kind == "object" or (kind and shape.label_expected not in {None, kind}):
        parts.wrong_types.append(
            WrongType(shape.label, json_type(value), shape.label_expected or "text")
        )
    hashed = parts.hashed or (parts.prompt, parts.context, parts.response)
    return Canonical(
        key=content_key(shape.name, *hashed, label),
        id=optional_text(record.get(shape.id)),
        shape=shape.name,
        prompt=parts.prompt,
        context=parts.context,
        response=parts.response,
        label=label,
        rejected=parts.rejected,
        messages=parts.messages,
        label_kind=kind,
        wrong_types=tuple(parts.wrong_types),
    )
