"""Conversations whose roles, order, tool calls or weights a trainer would refuse or misread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa import turns
from dataqa.checks.interface import Found, findings_table, join_findings
from dataqa.dataset import Dataset
from dataqa.quoting import excerpt, shortened
from dataqa.shared import Shared

SIGNS: Mapping[str, tuple[float, str]] = {
    "no_assistant": (0.9, "nobody answers as the assistant"),
    "no_trained_turn": (0.9, "every assistant turn has weight 0"),
    "unknown_role": (0.9, "unknown role"),
    "unreadable_call": (0.7, "a tool call is no JSON object"),
    "bad_weight": (0.7, "the weight is neither 0 nor 1"),
    "empty_turn": (0.6, "says nothing"),
    "call_without_result": (0.6, "a tool call gets no result"),
    "result_without_call": (0.6, "a tool result that no call asked for"),
    "system_not_first": (0.5, "a system turn after the start"),
    "not_alternating": (0.5, "out of turn: user and assistant do not alternate"),
    "last_not_assistant": (0.4, "the last turn is not the assistant's"),
}
"""Code -> score and what to say of the turns."""
UNTRAINABLE = ("no_assistant", "no_trained_turn")
NAMED_TURNS = 5
ROLE_CHARACTERS = 40


@dataclass(frozen=True)
class Conversations:
    """Conversations with wrong roles, order, tool calls or weights.

    **What it finds.** In records with turns (chat, ShareGPT, conversational prompts, completions and
    preference pairs): roles that no template knows, system turns after the start, conversations
    without an assistant turn, or that end with another, two turns of the same role in a row or an
    assistant that speaks first, turns that say nothing, tool calls that are no JSON object, tool
    calls without a result and results without a call, weights other than 0 and 1, and conversations
    in which every answer has weight 0.

    **Why it hurts fine-tuning.** Chat templates raise an error in the middle of a run or leave the
    turn out; a turn after the last answer is paid for and never learned; a tool result from nowhere
    teaches the model to make results up.

    **Known false alarms.** Templates differ: some take two user turns in a row, an assistant that
    greets first, or a system turn in the middle. An empty system turn is harmless for some.

    **Example.** `{"messages": [{"role": "user", "content": "Hi"}, {"role": "bot", "content": "Hello"}]}`
    is `conversations.unknown_role`.

    **Settings.** `extra_roles`: roles that your template knows beside system, developer, user,
    assistant, tool and function.

    **Reference.** OpenAI, "Supervised fine-tuning: formatting your data"; Hugging Face, "Chat
    templates".
    """  # noqa: E501 - the example is one line of JSON

    extra_roles: tuple[str, ...] = ()

    name: ClassVar[str] = "conversations"
    codes: ClassVar[Mapping[str, str]] = {
        "unknown_role": "A role that no chat template knows. Use system, user, assistant or tool.",
        "system_not_first": "A system turn comes after the start. Move it to the front.",
        "no_assistant": "No turn of the assistant: nothing to learn. Add the answer or drop it.",
        "no_trained_turn": "Every assistant turn has weight 0: nothing to learn. Weigh one with 1.",
        "last_not_assistant": "The last turn is not the assistant's. Cut it off or answer it.",
        "not_alternating": "A turn is out of turn. Join turns of one role; let the user begin.",
        "empty_turn": "A turn says nothing and calls nothing. Fill it or leave it out.",
        "unreadable_call": "A tool call is no JSON object. Write its arguments as JSON.",
        "call_without_result": "A tool call gets no result. Add the turn of the tool.",
        "result_without_call": "A tool result that no call asked for. Add the call, or its id.",
        "bad_weight": "The weight of a turn is neither 0 nor 1. Write one of them, as a number.",
    }
    metrics: ClassVar[tuple[str, ...]] = (
        "conversations.faulty_rate",
        "conversations.untrainable_rate",
    )
    columns: ClassVar[Mapping[str, str]] = {}

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Apply the rules to every conversation.

        Both metrics are shares of the conversations: with any finding, with nothing to learn.
        """
        conversations = int(dataset.frame["messages"].notna().sum())
        if not conversations:
            return Found(
                metrics=dict.fromkeys(self.metrics), skipped=True, reason="no record has turns"
            )
        seen = _faults(shared, turns.ROLES | frozenset(self.extra_roles))
        tables = [
            _findings(dataset, str(code), faults, shared.config.show_text)
            for code, faults in seen.groupby("code", sort=True)
        ]
        shares = [
            seen.loc[seen["code"].isin(codes), "row"].nunique() / conversations
            for codes in (tuple(SIGNS), UNTRAINABLE)
        ]
        return Found(
            findings=join_findings(tables), metrics=dict(zip(self.metrics, shares, strict=True))
        )


def _faults(shared: Shared, roles: frozenset[str]) -> pd.DataFrame:
    """Run the rules: columns ``row``, ``code``, ``turns``, ``seen``."""
    stage = partial(turns.turn_stage, roles=roles)
    found = [
        fault._replace(row=start + fault.row)
        for start, faults in shared.over_columns(stage, ("messages",), "reading turns")
        for fault in faults
    ]
    return pd.DataFrame(found, columns=list(turns.Fault._fields))


def _findings(dataset: Dataset, code: str, faults: pd.DataFrame, show_text: str) -> pd.DataFrame:
    score, saying = SIGNS[code]
    return findings_table(
        dataset,
        faults["row"].to_numpy(dtype=np.int64),
        f"conversations.{code}",
        score=score,
        message=[f"{_place(places)}: {saying}" for places in faults["turns"]],
        evidence=[
            {"turns": list(places), "role": excerpt(shortened(role, ROLE_CHARACTERS), show_text)}
            for places, role in zip(faults["turns"], faults["seen"], strict=True)
        ],
    )


def _place(places: tuple[int, ...]) -> str:
    named = ", ".join(str(place) for place in places[:NAMED_TURNS])
    more = f" and {len(places) - NAMED_TURNS:,} more" if len(places) > NAMED_TURNS else ""
    return f"turn{'s' if len(places) > 1 else ''} {named}{more}"
