"""Build a sample data folder for each record shape, with faults of that shape in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from plant import Item, mixed
from replies import reply
from tickets import Record, Writer

SYSTEM = "You answer the support tickets of a shop for smart devices."
FOLLOW_UPS = ("And how long does that take?", "Is there a faster way?", "Do I have to pay for it?")
ORDER_STATES = ("packed", "with the courier", "delivered")

Turn = dict[str, Any]


def said(role: str, content: str | None, **rest: Any) -> Turn:
    """Make one turn."""
    return {"role": role, "content": content, **rest}


def exchange(writer: Writer) -> list[Turn]:
    """Write a ticket and its answer."""
    label = writer.rng.choice(writer.labels)
    return [said("user", writer.ticket(label)), said("assistant", reply(writer.rng, label))]


def long_exchange(writer: Writer) -> list[Turn]:
    """Write a ticket, its answer, a question and another answer, after a system turn."""
    more = said("user", writer.rng.choice(FOLLOW_UPS))
    last = said("assistant", reply(writer.rng, writer.rng.choice(writer.labels)))
    return [said("system", SYSTEM), *exchange(writer), more, last]


def called(writer: Writer) -> list[Turn]:
    """Write an exchange in which the assistant looks up an order first."""
    asked, answer = exchange(writer)
    order = f"TN-{writer.rng.randint(100000, 999999)}"
    function = {"name": "find_order", "arguments": json.dumps({"order": order})}
    call = {"id": f"call_{order}", "type": "function", "function": function}
    found = json.dumps({"order": order, "state": writer.rng.choice(ORDER_STATES)})
    return [
        asked,
        said("assistant", None, tool_calls=[call]),
        said("tool", found, tool_call_id=call["id"]),
        answer,
    ]


def chat(writer: Writer) -> list[Item]:
    """240 conversations, some with tools and weights, and 16 that are broken."""
    kinds = (exchange, long_exchange, called)
    items = [Item({"messages": kinds[number % 3](writer)}) for number in range(230)]
    items += [Item({"messages": _weighed(long_exchange(writer), 0, 1)}) for _ in range(10)]
    items += [
        _broken(f"conversations.{code}", note, change(writer)) for code, note, change in CHAT_FAULTS
    ]
    items.append(
        Item(
            {"messages": []},
            "conversations.no_assistant",
            "no turns",
            more=("schema.missing_prompt", "schema.missing_response"),
        )
    )
    return mixed(writer, items)


def _weighed(turns: list[Turn], *weights: Any) -> list[Turn]:
    given = iter(weights)
    return [
        {**turn, "weight": next(given)} if turn["role"] == "assistant" else turn for turn in turns
    ]


def _called_with(writer: Writer, arguments: str) -> list[Turn]:
    turns = called(writer)
    turns[1]["tool_calls"][0]["function"]["arguments"] = arguments
    return turns


def _foreign_id(writer: Writer) -> list[Turn]:
    """Give a result the id of another call; the call has no result then, either."""
    turns = called(writer)
    return [*turns[:3], {**turns[2], "tool_call_id": "call_other"}, turns[3]]


CHAT_FAULTS: tuple[tuple[str, str, Callable[[Writer], list[Turn]]], ...] = (
    (
        "unknown_role",
        "role bot",
        lambda writer: [
            exchange(writer)[0],
            said("bot", "I will see to it."),
            *exchange(writer),
        ],
    ),
    (
        "unknown_role",
        "role User",
        lambda writer: [
            {**turn, "role": turn["role"].replace("u", "U", 1)} for turn in exchange(writer)
        ],
    ),
    (
        "system_not_first",
        "system turn in the middle",
        lambda writer: [*exchange(writer), said("system", SYSTEM), *exchange(writer)],
    ),
    ("last_not_assistant", "ends with a question", lambda writer: long_exchange(writer)[:-1]),
    (
        "not_alternating",
        "two tickets in a row",
        lambda writer: [exchange(writer)[0], *exchange(writer)],
    ),
    (
        "not_alternating",
        "assistant first",
        lambda writer: [said("assistant", "Hello, how can I help?"), *exchange(writer)],
    ),
    (
        "empty_turn",
        "blank question",
        lambda writer: [*exchange(writer), said("user", "  "), exchange(writer)[1]],
    ),
    ("empty_turn", "empty system", lambda writer: [said("system", ""), *exchange(writer)]),
    ("call_without_result", "tool turn absent", lambda writer: _without(called(writer), 2)),
    ("result_without_call", "call absent", lambda writer: _without(called(writer), 1)),
    ("result_without_call", "second result", _foreign_id),
    ("unreadable_call", "arguments cut", lambda writer: _called_with(writer, '{"order": "TN-1')),
    ("bad_weight", "weight 0.5", lambda writer: _weighed(exchange(writer), 0.5)),
    ("bad_weight", "weight as text", lambda writer: _weighed(exchange(writer), "1")),
    ("no_trained_turn", "all weights 0", lambda writer: _weighed(long_exchange(writer), 0, 0)),
)
"""Code, note and how to write such a conversation."""

SHAREGPT = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}


def sharegpt(writer: Writer) -> list[Item]:
    """200 conversations in the form of ShareGPT, and five that are broken."""
    kinds = (exchange, long_exchange, called)
    items = [Item(_sharegpt(kinds[number % 3](writer))) for number in range(200)]
    call = ("unreadable_call", "call cut", lambda writer: _called_with(writer, '{"order'))
    wanted = (CHAT_FAULTS[3], CHAT_FAULTS[4], CHAT_FAULTS[8], CHAT_FAULTS[9], call)
    for code, note, change in wanted:
        items.append(Item(_sharegpt(change(writer)), f"conversations.{code}", note))
    return mixed(writer, items)


def _sharegpt(turns: list[Turn]) -> Record:
    """Write turns as ShareGPT does: a call of a tool is a turn of its own."""
    rows = []
    for turn in turns:
        if calls := turn.get("tool_calls"):
            function = calls[0]["function"]
            text = f'{{"name": "{function["name"]}", "arguments": {function["arguments"]}}}'
            rows.append({"from": "function_call", "value": text})
        else:
            rows.append({"from": SHAREGPT[turn["role"]], "value": turn["content"]})
    return {"conversations": rows}


def _broken(code: str, note: str, turns: list[Turn]) -> Item:
    return Item({"messages": turns}, code, note)


def _without(turns: list[Turn], at: int) -> list[Turn]:
    return turns[:at] + turns[at + 1 :]
