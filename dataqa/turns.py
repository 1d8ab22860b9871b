"""Rules for the turns of a conversation: roles, order, tool calls and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

Turn = Mapping[str, Any]
Rule = Callable[[Sequence[Turn]], Iterator[int]]
"""Yields the positions of the turns that break the rule."""

OPENING = frozenset({"system", "developer"})
SPEAKING = frozenset({"user", "assistant"})
RESULTS = frozenset({"tool", "function"})
ROLES = OPENING | SPEAKING | RESULTS


class Fault(NamedTuple):
    """One rule that a conversation breaks, and where."""

    row: int
    code: str
    turns: tuple[int, ...]
    """Numbers of the turns, from 1."""
    seen: str
    """Role of the first of them."""


def turn_stage(shard: tuple[list[str], ...], roles: frozenset[str] = ROLES) -> list[Fault]:
    """Look at every conversation of a slice; an empty text is no conversation."""
    (texts,) = shard
    return [
        Fault(row, code, tuple(at + 1 for at in turns), _role(conversation, turns))
        for row, text in enumerate(texts)
        if text
        for conversation in (_named(orjson.loads(text)),)
        for code, turns in _faults(conversation, roles)
    ]


def _named(turns: list[Turn]) -> list[Turn]:
    """Take out roles that are no text; the schema check tells of them."""
    return [turn if isinstance(turn["role"], str) else {**turn, "role": None} for turn in turns]


def _faults(turns: list[Turn], roles: frozenset[str]) -> Iterator[tuple[str, list[int]]]:
    """Apply the rules; those about the order of roles only where every role is known."""
    said = [turn["role"] for turn in turns]
    strange = [at for at, role in enumerate(said) if role is not None and role not in roles]
    if strange:
        yield "unknown_role", strange
    in_order = not strange and None not in said
    for code, rule in (*RULES, *(ORDER if in_order else ())):
        if broken := list(rule(turns)):
            yield code, broken


def _role(turns: list[Turn], at: Sequence[int]) -> str:
    return turns[at[0]]["role"] or "" if turns else ""


def _empty(turns: Sequence[Turn]) -> Iterator[int]:
    """Find turns that say nothing and call nothing; a tool may return nothing."""
    for at, turn in enumerate(turns):
        if _blank(turn["content"]) and turn["role"] not in RESULTS and not _calls(turn):
            yield at


def _blank(content: object) -> bool:
    if isinstance(content, list):
        return all(
            _blank(part.get("text")) and part.keys() <= {"type", "text"}
            if isinstance(part, dict)
            else _blank(part)
            for part in content
        )
    return content is None or (isinstance(content, str) and not content.strip())


def _calls(turn: Turn) -> list[Any]:
    """Return the tool calls of a turn; one call may stand there without a list."""
    calls = turn.get("tool_calls") or turn.get("function_call")
    if not calls or turn["role"] != "assistant":
        return []
    return calls if isinstance(calls, list) else [calls]


def _unreadable_calls(turns: Sequence[Turn]) -> Iterator[int]:
    for at, turn in enumerate(turns):
        if not all(_readable(call) for call in _calls(turn)):
            yield at


def _readable(call: object) -> bool:
    """Tell whether a call, or its arguments where they stand apart, is a JSON object."""
    if isinstance(call, dict):
        function = call.get("function", call)
        arguments = function.get("arguments", {}) if isinstance(function, dict) else None
        return isinstance(arguments, dict) or (isinstance(arguments, str) and _object(arguments))
    return isinstance(call, str) and _object(call)


def _object(text: str) -> bool:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    values = value if isinstance(value, list) else [value]
    return all(isinstance(item, dict) for item in values)


def _bad_weights(turns: Sequence[Turn]) -> Iterator[int]:
    for at, turn in enumerate(turns):
        weight = turn.get("weight", 1)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or weight not in {0, 1}:
            yield at


def _untrained(turns: Sequence[Turn]) -> Iterator[int]:
    answers = [at for at, turn in enumerate(turns) if turn["role"] == "assistant"]
    weights = [turns[at].get("weight", 1) for at in answers]
    if answers and all(weight == 0 and weight is not False for weight in weights):
        yield from answers


def _late_system(turns: Sequence[Turn]) -> Iterator[int]:
    opened = False
    for at, turn in enumerate(turns):
        if opened and turn["role"] in OPENING:
            yield at
        opened = opened or turn["role"] not in OPENING


def _no_assistant(turns: Sequence[Turn]) -> Iterator[int]:
    if all(turn["role"] != "assistant" for turn in turns):
        yield max(len(turns) - 1, 0)


def _other_last(turns: Sequence[Turn]) -> Iterator[int]:
    roles = [turn["role"] for turn in turns]
    if "assistant" in roles and roles[-1] != "assistant":
        yield len(turns) - 1


def _repeated(turns: Sequence[Turn]) -> Iterator[int]:
    """Find a turn by the role that had just spoken, and an assistant that speaks first."""
    first = next((at for at, turn in enumerate(turns) if turn["role"] not in OPENING), None)
    if first is not None and turns[first]["role"] == "assistant":
        yield first
    for at, (before, turn) in enumerate(pairwise(turns), 1):
        if turn["role"] == before["role"] and turn["role"] in SPEAKING and not _calls(before):
            yield at


def _matched(turns: Sequence[Turn]) -> tuple[list[int], list[int]]:
    """Return the turns with a call that gets no result, and the results that nobody asked for.

    A call in the last turn is what the model shall learn, and waits for nothing.
    """
    unanswered, unasked = [], []
    waiting: list[object] = []
    asked = len(turns) - 1
    for at, turn in enumerate(turns):
        if turn["role"] not in RESULTS:
            unanswered += [asked] if waiting else []
            waiting, asked = [_call_id(call) for call in _calls(turn)], at
        elif not _answered(waiting, turn.get("tool_call_id")):
            unasked.append(at)
    return unanswered + ([asked] if waiting and asked < len(turns) - 1 else []), unasked


def _call_id(call: object) -> object:
    return call.get("id") if isinstance(call, dict) else None


def _answered(waiting: list[object], given: object) -> bool:
    """Take the call that a result answers off the list; without ids they go in order."""
    for wanted in (given, None) if given is not None else waiting[:1]:
        if wanted in waiting:
            waiting.remove(wanted)
            return True
    return False


def _unanswered(turns: Sequence[Turn]) -> Iterator[int]:
    yield from _matched(turns)[0]


def _unasked(turns: Sequence[Turn]) -> Iterator[int]:
    yield from _matched(turns)[1]


RULES: tuple[tuple[str, Rule], ...] = (
    ("empty_turn", _empty),
    ("unreadable_call", _unreadable_calls),
    ("bad_weight", _bad_weights),
)
"""Code and rule for turns, whatever stands around them."""
ORDER: tuple[tuple[str, Rule], ...] = (
    ("no_trained_turn", _untrained),
    ("system_not_first", _late_system),
    ("no_assistant", _no_assistant),
    ("last_not_assistant", _other_last),
    ("not_alternating", _repeated),
    ("call_without_result", _unanswered),
    ("result_without_call", _unasked),
)
"""Code and rule for the order of roles."""
