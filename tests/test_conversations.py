"""The conversations check: what each rule finds, and what it lets pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.checks.conversations import SIGNS, Conversations
from dataqa.turns import ORDER, RULES, turn_stage

if TYPE_CHECKING:
    from tests.conftest import Bench

Turn = dict[str, Any]


def said(role: str, content: Any = "text", **rest: Any) -> Turn:
    return {"role": role, "content": content, **rest}


def calling(*ids: str | None, arguments: Any = "{}") -> Turn:
    calls = [
        {"type": "function", "function": {"name": "f", "arguments": arguments}}
        | ({"id": name} if name else {})
        for name in ids
    ]
    return said("assistant", None, tool_calls=calls)


def result(name: str | None = None) -> Turn:
    return said("tool", "1", **({"tool_call_id": name} if name else {}))


ASKED, ANSWERED = said("user"), said("assistant")

FOUND: dict[str, list[tuple[list[Turn], tuple[int, ...]]]] = {
    "unknown_role": [
        ([ASKED, said("bot")], (2,)),
        ([said("User"), said("Assistant"), ANSWERED], (1, 2)),
    ],
    "system_not_first": [
        ([ASKED, said("system"), ANSWERED], (2,)),
        ([said("system"), ASKED, ANSWERED, said("developer"), ASKED, ANSWERED], (4,)),
    ],
    "no_assistant": [([], (1,)), ([said("system"), ASKED], (2,))],
    "no_trained_turn": [([ASKED, said("assistant", weight=0)], (2,))],
    "last_not_assistant": [
        ([ASKED, ANSWERED, ASKED], (3,)),
        ([ASKED, calling("a"), result("a")], (3,)),
    ],
    "not_alternating": [
        ([ASKED, ASKED, ANSWERED], (2,)),
        ([ASKED, ANSWERED, ANSWERED], (3,)),
        ([said("system"), ANSWERED], (2,)),
    ],
    "empty_turn": [
        ([ASKED, said("assistant", None)], (2,)),
        ([said("system", " \n"), said("user", [{"type": "text", "text": ""}]), ANSWERED], (1, 2)),
        ([said("user", []), said("assistant", "", tool_calls=[])], (1, 2)),
    ],
    "unreadable_call": [
        ([ASKED, calling("a", arguments='{"x":')], (2,)),
        ([ASKED, calling("a", arguments="7")], (2,)),
        ([ASKED, said("assistant", None, tool_calls="call f")], (2,)),
        ([ASKED, said("assistant", None, tool_calls=[7])], (2,)),
    ],
    "call_without_result": [
        ([ASKED, calling("a"), ANSWERED], (2,)),
        ([ASKED, calling("a", "b"), result("a"), ANSWERED], (2,)),
    ],
    "result_without_call": [
        ([ASKED, result(), ANSWERED], (2,)),
        ([ASKED, calling("a"), result("a"), result("a"), ANSWERED], (4,)),
    ],
    "bad_weight": [
        ([ASKED, said("assistant", weight=weight)], (2,)) for weight in (0.5, 2, -1, "1", True, [1])
    ],
}
PASSED: list[list[Turn]] = [
    [ASKED, ANSWERED],
    [said("system"), said("developer"), ASKED, ANSWERED, ASKED, ANSWERED],
    [ASKED, said("assistant", weight=0), ASKED, said("assistant", weight=1.0)],
    [ASKED, calling("a", "b"), result("b"), result("a"), ANSWERED],
    [ASKED, calling(None), result(), ANSWERED],
    [ASKED, calling(None, None), result("a"), result(), ANSWERED],
    [ASKED, calling("a", arguments={"x": 1})],
    [ASKED, said("assistant", None, function_call={"name": "f", "arguments": "{}"})],
    [ASKED, calling("a"), said("tool", "", tool_call_id="a"), ANSWERED],
    [said("user", [{"type": "image_url", "image_url": {"url": "u"}}]), ANSWERED],
]


def test_every_code_has_an_example_a_score_and_a_rule() -> None:
    rules = {"unknown_role", *dict(RULES), *dict(ORDER)}
    assert set(FOUND) == set(Conversations.codes) == set(SIGNS) == rules


@pytest.mark.parametrize("code", FOUND)
def test_a_fault_is_found_at_its_turns(code: str, bench: Bench) -> None:
    for turns, places in FOUND[code]:
        found = bench.find(Conversations(), [{"messages": turns}]).findings
        assert found["code"].to_list() == [f"conversations.{code}"], turns
        assert found["evidence"][0]["turns"] == list(places)


def test_what_is_in_order_passes(bench: Bench) -> None:
    found = bench.find(Conversations(), [{"messages": turns} for turns in PASSED])
    assert found.findings.empty
    assert set(found.metrics.values()) == {0}


def test_sharegpt_calls_are_read(bench: Bench) -> None:
    turns = [("human", "1 + 1?"), ("function_call", '{"name": "add", "arguments": {}}')]
    answered = [*turns, ("observation", "2"), ("gpt", "It is 2.")]
    ignored = [*turns, ("gpt", "It is 2.")]
    lines = [
        {"conversations": [{"from": role, "value": text} for role, text in said]}
        for said in (answered, ignored)
    ]
    found = bench.find(Conversations(), lines).findings
    assert found[["code", "line"]].to_numpy().tolist() == [["conversations.call_without_result", 2]]


def test_preference_and_completion_records_are_read(bench: Bench) -> None:
    lines = [
        {"prompt": [ASKED], "chosen": [said("bot")], "rejected": [said("assistant", "no")]},
        {"prompt": [ASKED], "completion": [ANSWERED]},
    ]
    found = bench.find(Conversations(), lines)
    assert found.findings["code"].to_list() == ["conversations.unknown_role"]
    assert found.metrics == {
        "conversations.faulty_rate": 0.5,
        "conversations.untrainable_rate": 0.0,
    }


def test_a_role_of_the_users_template_is_known(bench: Bench) -> None:
    line = {"messages": [said("context"), ASKED, ANSWERED]}
    assert len(bench.find(Conversations(), [line]).findings) == 1
    assert bench.find(Conversations(extra_roles=("context",)), [line]).findings.empty


def test_without_turns_the_check_is_skipped(bench: Bench) -> None:
    found = bench.find(Conversations(), [{"text": "hello"}])
    assert found.skipped
    assert found.reason == "no record has turns"


def test_a_role_is_not_shown_when_it_must_not_be(bench: Bench) -> None:
    lines = [{"messages": [ASKED, said("secret\u202e" * 50), ANSWERED]}]
    shown = bench.audit(lines, select=("conversations",)).to_dict()["findings"]
    hidden = bench.audit(lines, select=("conversations",), show_text="never").to_dict()["findings"]
    assert "secret" in str(shown)
    assert "\u202e" not in str(shown)
    assert "secret" not in str(hidden)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1, 2) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)
turn = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool", "bot", None]) | values},
    optional=dict.fromkeys(
        ("content", "weight", "tool_calls", "function_call", "tool_call_id"), values
    ),
)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(turns=st.lists(turn | values, max_size=6))
def test_no_turn_crashes_a_rule(turns: list[Any], bench: Bench) -> None:
    found = bench.find(Conversations(), [{"messages": turns}])
    assert all(
        1 <= at <= max(len(turns), 1) for row in found.findings["evidence"] for at in row["turns"]
    )


def test_ten_thousand_turns_and_calls_are_looked_at_once() -> None:
    turns = [ASKED, calling(*[f"call {n}" for n in range(300)]), *[ASKED, ANSWERED] * 5000]
    (fault,) = turn_stage(([orjson.dumps(turns).decode()],))
    assert fault.code == "call_without_result"
