"""Conversations: turns of OpenAI chat and ShareGPT records in one normal form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dataqa.formats.content import as_text, json_type, optional_text, to_json
from dataqa.formats.interface import Parts, Record, Shape, WrongType

Turn = dict[str, Any]

SHAREGPT_ROLES = {"human": "user", "gpt": "assistant", "observation": "tool"}
"""Role in a ShareGPT record -> role in a chat record; other names stay as they are."""
CALL = "function_call"
"""ShareGPT turn in which the assistant calls a tool."""


def take_chat(record: Record, shape: Shape) -> Parts:
    """Take the turns of a conversation, and a system prompt and tools that stand beside them."""
    wrong: list[WrongType] = []
    value, system = record.get(shape.prompt), record.get("system")
    if not isinstance(value, list):
        if value is not None:
            wrong.append(WrongType(shape.prompt, json_type(value), "array"))
        prompt = optional_text(value)
        return Parts(prompt, None, None, wrong, hashed=(prompt, None, None))
    turns = to_turns(value, shape.prompt, "user", wrong)
    if system is not None:
        turns = to_turns(system, "system", "system", wrong) + turns
    prompt, answer = split(turns)
    messages = to_json(turns)
    tools = record.get("tools")
    hashed = (messages, None if tools is None else to_json(tools))
    return Parts(prompt, None, answer, wrong, messages=messages, hashed=hashed)


def to_turns(value: object, field: str, role: str, wrong: list[WrongType]) -> list[Turn]:
    """Bring a list of turns to normal form; a text becomes one turn of the given role."""
    if value is None:
        return []
    if isinstance(value, list):
        return [_turn(item, f"{field}[{at}]", wrong) for at, item in enumerate(value)]
    if not isinstance(value, str):
        wrong.append(WrongType(field, json_type(value)))
    return [{"role": role, "content": as_text(value)}]


def _turn(item: object, place: str, wrong: list[WrongType]) -> Turn:
    if not isinstance(item, Mapping):
        wrong.append(WrongType(place, json_type(item), "object"))
        return {"role": None, "content": item}
    rest = {name: value for name, value in item.items() if value is not None}
    if "role" not in rest and "from" in rest:
        said, content = rest.pop("from"), rest.pop("value", rest.pop("content", None))
        if said == CALL:
            return {"role": "assistant", "content": None, "tool_calls": content, **rest}
        role = SHAREGPT_ROLES.get(said, said) if isinstance(said, str) else said
    else:
        role, content = rest.pop("role", None), rest.pop("content", None)
    if not isinstance(role, str):
        wrong.append(WrongType(f"{place}.role", json_type(role), "string"))
    if not isinstance(content, str | list | None):
        wrong.append(WrongType(f"{place}.content", json_type(content)))
    return {"role": role, "content": content, **rest}


def split(turns: list[Turn]) -> tuple[str | None, str | None]:
    """Return what was said before the last turn of the assistant, and that turn.

    Without a turn of the assistant all turns are the first part.
    """
    answers = [at for at, turn in enumerate(turns) if turn["role"] == "assistant"]
    last = answers[-1] if answers else len(turns)
    before = [said for turn in turns[:last] if (said := spoken(turn)) is not None]
    prompt = "\n\n".join(said for said in before if said) if before else None
    return prompt, spoken(turns[last]) if answers else None


def spoken(turn: Turn) -> str | None:
    """Return the text of a turn: its content, or its tool calls where it has no content."""
    content, calls = turn["content"], turn.get("tool_calls")
    text = content if isinstance(content, str) else _joined(content)
    return optional_text(calls) if calls and not text else text


def _joined(content: object) -> str | None:
    """Join the text parts of a content that is no text."""
    if not isinstance(content, list):
        return optional_text(content)
    parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
    return "\n".join(part for part in parts if isinstance(part, str))
