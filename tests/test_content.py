"""The content check: what each rule finds, and what it lets pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dataqa.checks.content import SIGNS, Content
from dataqa.endings import cut_words, words_stage
from dataqa.text_faults import fault_stage

if TYPE_CHECKING:
    from tests.conftest import Bench

GOOD = "A parcel takes three days. Call us when it is late."
FOUND: dict[str, list[dict[str, str]]] = {
    "placeholder_prompt": [{"instruction": "TODO"}, {"instruction": " <noinput> "}],
    "placeholder_context": [
        {"input": text}
        for text in (
            "<noinput>",
            "No input",
            "Noinput.",
            "`<noinput>`",
            "N/A",
            "(no input)",
            "None",
        )
    ],
    "placeholder_response": [
        {"output": text}
        for text in (
            "<nooutput>",
            "No Output",
            "<nooutput> This cannot be done.",
            "No output as this is a picture.",
            "<No Output - a visual task>",
            "tbd",
            "N/A",
        )
    ],
    "no_words": [{"output": "😆"}, {"output": "--- !"}],
    "merged_records": [
        {"output": f"{GOOD}\n\n6. Instruction: Sort it.\n6. Input:\n3, 1\n6. Output:\n1, 3"},
        {"output": f"{GOOD}\n##"},
    ],
    "control_tokens": [
        {"output": "<|im_start|>assistant\nHello"},
        {"instruction": "[INST] Say hello. [/INST]"},
        {"output": f"{GOOD}\n### Human: And then?"},
    ],
    "disclaimer": [
        {"output": "As an AI language model, I cannot eat."},
        {"output": "Well, I'm just an AI."},
    ],
    "prompt_echo": [
        {
            "instruction": "Name the capital of France.",
            "output": "Name the capital of France. Paris.",
        }
    ],
    "absent_input": [
        {"instruction": "Summarise the article.", "input": "https://example.com/a?b=1"},
        {"instruction": "Describe the picture.", "input": "[Picture of a striped shirt]"},
        {"instruction": "What is in this photo?", "input": "Attached photo"},
    ],
    "open_fence": [{"output": "Use this:\n```python\nprint(1)\n"}],
    "open_bracket": [
        {"output": '{"order": 17, "items": ["book", "lamp"'},
        {"output": "The function takes the arguments of the order, as in print_order(number, na"},
    ],
    "cut_off": [{"output": f"{GOOD} {GOOD} Then we look for it in the depot and send you the"}],
    "mojibake": [{"output": "The cafÃ© is open."}, {"input": "Donâ€™t wait."}],
    "replacement_character": [{"output": "The caf\ufffd is open."}],
}
PASSED: list[dict[str, str]] = [
    {"instruction": "List what to do.", "output": "To do: call the customer."},
    {"input": "Input: 3 books"},
    {"output": "Input: 3\nOutput: 9"},
    {"output": "There is no output in this case. No outputs are there, either."},
    {"output": "Use ``` to start code and ``` to end it"},
    {"output": "```\nprint(1)\n```"},
    {"output": "Interval [0, 1) and smile :( and a) first b) second, all of it in one long answer"},
    {"output": "B9u(h#-g7WH1y"},
    {"output": f"{GOOD} {GOOD} The song was written by a band named The The"},
    {"output": f"{GOOD} {GOOD} Best regards"},
    {"output": "You are as dimwitted as an AI-generated insult."},
    {"instruction": "Is this a link?", "input": "https://example.com/a is a link"},
    {"instruction": "Check the spelling.", "input": "https://example.com/a"},
    {"output": "Voilà « un café » à 20 °C, NÃO, Ångström, “MAÇÔ"},
    {"output": "a < b and c > d, list[int], ### Title"},
    {"instruction": "Say it.", "output": "Say it."},
]


def record(changes: dict[str, str], number: int) -> dict[str, Any]:
    """A good record with some of its fields replaced."""
    usual = {"instruction": f"Tell how long parcel {number} takes.", "input": "", "output": GOOD}
    return usual | changes


def codes(bench: Bench, *changes: dict[str, str]) -> list[tuple[str, int]]:
    """Codes with the line of each changed record, among enough others to be rare."""
    lines = [record(item, number) for number, item in enumerate(changes)]
    lines += [record({}, number) for number in range(len(changes), 120)]
    found = bench.find(Content(), lines).findings
    return sorted(zip(found["code"], found["line"], strict=True))


def test_every_code_has_an_example_and_a_score() -> None:
    assert set(FOUND) == set(Content.codes) == set(SIGNS)


@pytest.mark.parametrize("code", FOUND)
def test_a_fault_is_found_under_its_code_alone(code: str, bench: Bench) -> None:
    for changes in FOUND[code]:
        assert codes(bench, changes) == [(f"content.{code}", 1)], changes


def test_what_is_in_order_passes(bench: Bench) -> None:
    assert codes(bench, *PASSED) == []


def test_none_is_an_answer_where_it_is_frequent(bench: Bench) -> None:
    assert len(codes(bench, {"output": "None"})) == 1
    assert codes(bench, *[{"output": "None."}] * 10) == []


def test_control_tokens_are_a_convention_where_most_records_have_them(bench: Bench) -> None:
    template = [{"instruction": f"[INST] Question {number} [/INST]"} for number in range(80)]
    assert codes(bench, *template[:50], {"output": "</s>"}) == [
        ("content.control_tokens", line) for line in range(1, 52)
    ]
    assert codes(bench, *template, {"output": "Well</s>"}) == [("content.control_tokens", 81)]


def test_a_last_word_is_cut_when_only_longer_words_begin_with_it() -> None:
    words = {"delivery": 9, "deliver": 0, "deli": 1, "courier": 4, "cour": 1, "van": 7, "vani": 1}
    endings = {"deli": 1, "cour": 1, "van": 1, "vani": 1}
    assert cut_words(endings, words, common=5) == {"deli"}


def test_an_answer_cut_within_a_word_is_found(bench: Bench) -> None:
    texts = [{"output": f"{GOOD} The warehouse number {n} is open."} for n in range(20)]
    cut = {"output": f"{GOOD} {GOOD} Then the parcel lies in the wareho"}
    whole = {"output": f"{GOOD} {GOOD} Then the parcel lies in the warehouse"}
    assert codes(bench, cut, whole, *texts) == [("content.cut_off", 1)]


def test_the_rates_count_records_once(bench: Bench) -> None:
    lines = [record({}, number) for number in range(8)]
    lines += [record({"instruction": "TODO", "output": "<nooutput>"}, 8)]
    both = "The caf\ufffd is open (and it is always so, from Monday to Sunday"
    lines += [record({"output": both}, 9)]
    assert bench.find(Content(), lines).metrics == {
        "content.flagged_rate": 0.2,
        "content.placeholder_rate": 0.1,
        "content.truncated_rate": 0.1,
        "content.damaged_rate": 0.1,
    }


def test_nothing_of_a_text_is_shown_when_it_must_not_be(bench: Bench) -> None:
    lines = [record({"input": "https://secret.example/x", "instruction": "See the article."}, 0)]
    result = bench.audit(lines, select=("content",), show_text="never")
    assert len(result.findings) == 1
    assert "secret" not in str(result.to_dict()["findings"])


HOSTILE = {
    "brackets": "([{" * 350_000,
    "fences": "`" * 1_000_000,
    "spaces": " " * 1_000_000,
    "lines": "\n" * 1_000_000,
    "headings": "\n1. Instruction" * 70_000,
    "headings with colon": ("\n" + " " * 9 + "#" * 20) * 30_000 + "input:",
    "marks": "<" * 1_000_000,
    "hashes": "x\n" + "#" * 1_000_000,
    "as an": "As an AI language " * 60_000,
    "letters": "a" * 1_000_000,
    "mojibake": "Ã" * 1_000_000,
    "smileys": " :(" * 330_000,
    "link": "https://" + "a/" * 500_000 + " ",
    "words": "word " * 200_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_is_looked_at_once(name: str) -> None:
    text = HOSTILE[name]  # with a pattern that backtracks this would take hours
    faults = fault_stage(([text], [text[:190]], [text]))
    assert {row for row, *_ in faults.found} <= {0}
    assert all(len(seen) < 400 for *_, seen in faults.found)
    assert sum(words_stage(([text],)).values()) == len(text.split())
