"""Shapes with one field per part: classification, instruction, prompt and completion, pairs."""

from __future__ import annotations

from dataqa.formats.content import as_text, json_type, to_json
from dataqa.formats.conversation import Turn, split, to_turns
from dataqa.formats.interface import Parts, Record, Shape, WrongType


def take_fields(record: Record, shape: Shape) -> Parts:
    """Take prompt, context and response from fields of their own."""
    wrong: list[WrongType] = []
    prompt = _text(record, shape.prompt, wrong)
    context = _text(record, shape.context, wrong)
    response = _text(record, shape.response, wrong)
    return Parts(prompt, context, response, wrong)


def take_completion(record: Record, shape: Shape) -> Parts:
    """Take a prompt and its completion: texts, or lists of turns."""
    asked, answered = record.get(shape.prompt), record.get(shape.response or "")
    if not isinstance(asked, list) and not isinstance(answered, list):
        return take_fields(record, shape)
    wrong: list[WrongType] = []
    turns = to_turns(asked, shape.prompt, "user", wrong)
    turns += to_turns(answered, shape.response or "", "assistant", wrong)
    prompt, response = split(turns)
    messages = to_json(turns)
    return Parts(prompt, None, response, wrong, messages=messages, hashed=(messages,))


def take_preference(record: Record, shape: Shape) -> Parts:
    """Take a prompt and two answers: texts, or lists of turns that may repeat the prompt."""
    names = (shape.prompt, shape.response, shape.rejected)
    wrong: list[WrongType] = []
    if not any(isinstance(record.get(name or ""), list) for name in names):
        prompt, chosen, rejected = (_text(record, name, wrong) for name in names)
        hashed = (prompt, chosen, rejected)
        return Parts(prompt, None, chosen, wrong, rejected, hashed=hashed)
    asked, good, bad = (
        to_turns(record.get(name or ""), name or "", role, wrong)
        for name, role in zip(names, ("user", "assistant", "assistant"), strict=True)
    )
    turns = _continued(asked, good)
    prompt, chosen = split(turns)
    _, rejected = split(_continued(asked, bad))
    messages = to_json(turns)
    return Parts(prompt, None, chosen, wrong, rejected, messages, hashed=(messages, to_json(bad)))


def _continued(asked: list[Turn], answer: list[Turn]) -> list[Turn]:
    """Put an answer after the prompt, unless it repeats what the user said itself."""
    return answer if any(turn["role"] == "user" for turn in answer) else asked + answer


def _text(record: Record, name: str | None, wrong: list[WrongType]) -> str | None:
    value = record.get(name) if name else None
    if value is None or isinstance(value, str):
        return value
    wrong.append(WrongType(name or "", json_type(value)))
    return as_text(value)
