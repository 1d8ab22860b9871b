"""Records that say the same thing again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from dataqa.checks.duplicates import Duplicates
from dataqa.result import FINDING_DTYPES

if TYPE_CHECKING:
    from dataqa.checks import Found
    from tests.conftest import Bench, Line

EXACT, NEAR, CONFLICT = "duplicates.exact", "duplicates.near", "duplicates.conflict"
NEAR_CONFLICT, CONTRADICTION = "duplicates.near_conflict", "duplicates.contradiction"
NOTHING = {
    "duplicates.exact_rate": 0.0,
    "duplicates.near_rate": 0.0,
    "duplicates.conflict_rate": 0.0,
    "duplicates.near_conflict_rate": 0.0,
}
LONG = "my parcel has not arrived yet although the courier said it was on its way last monday"


def lines_with(found: Found, code: str) -> list[int]:
    return sorted(found.findings.loc[found.findings["code"] == code, "line"])


def test_copies_are_one_group_whatever_their_spelling(bench: Bench) -> None:
    lines: list[Line] = [
        {"text": "Where is my order?", "label": "a"},
        {"text": "Something else", "label": "a"},
        {"text": "where is my  ORDER", "label": "a"},
        {"text": "Where is my order...", "label": "a"},
    ]
    dataset = bench.read(lines)
    found = Duplicates().find(dataset, bench.shared(dataset))
    assert lines_with(found, EXACT) == [1, 3, 4]
    assert found.metrics == NOTHING | {"duplicates.exact_rate": 2 / 4}
    groups = pd.Series(found.columns["duplicate_group"], index=dataset.frame["line"])
    assert groups[[1, 3, 4]].nunique() == 1
    assert pd.isna(groups[2])
    related = dict(zip(found.findings["line"], found.findings["related"], strict=True))
    assert {line: sorted(others) for line, others in related.items()} == {
        1: [3, 4],
        3: [1, 4],
        4: [1, 3],
    }


def test_equal_prompts_with_different_answers_are_no_copies(bench: Bench) -> None:
    record = {"instruction": "Name a fruit", "output": "apple"}
    others: list[Line] = [{"instruction": f"Say {n}", "output": f"it is {n}"} for n in range(18)]
    found = bench.find(Duplicates(), [record, record | {"output": "pear"}, *others])
    assert lines_with(found, "duplicates.same_prompt") == [1, 2]
    assert set(found.findings["code"]) == {"duplicates.same_prompt"}
    assert found.findings.dtypes.astype(str).to_dict() == FINDING_DTYPES
    assert found.metrics["duplicates.conflict_rate"] == 0


def test_several_answers_to_most_prompts_are_meant(bench: Bench) -> None:
    lines: list[Line] = [
        {"instruction": f"Invent a tale about {n}", "output": f"{start} {n}"}
        for n in range(5)
        for start in ("Once there was", "Long ago lived")
    ]
    found = bench.find(Duplicates(), lines)
    assert found.findings.empty
    assert found.notes == ("10 records have a prompt with several answers; taken as meant",)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Yes.", "No"), ("true", "False."), ("12", "13"), ("1,000", "100"), ("(a)", "b"), ("-5", "5")],
)
def test_answers_that_exclude_each_other_are_contradictions(
    one: str, other: str, bench: Bench
) -> None:
    prompt = {"instruction": "Is the sum of the two numbers above one hundred, and what is it?"}
    lines = [prompt | {"output": answer} for answer in (one, other, one)]
    found = bench.find(Duplicates(), lines)
    assert lines_with(found, CONTRADICTION) == [1, 2, 3]
    assert found.metrics["duplicates.conflict_rate"] == 1
    second = found.findings[found.findings["line"] == 2].iloc[0]
    assert second["evidence"] == {"label": other, "related_labels": [one], "distinct": 2}


@pytest.mark.parametrize(
    ("one", "other"), [("yes", "Yes!"), ("1,000", "1000.0"), ("yes", "12"), ("an apple", "a pear")]
)
def test_answers_that_agree_or_are_free_are_no_contradictions(
    one: str, other: str, bench: Bench
) -> None:
    prompt = {"instruction": "What do you say about the weather in the north of the country?"}
    found = bench.find(Duplicates(), [prompt | {"output": answer} for answer in (one, other)])
    assert lines_with(found, CONTRADICTION) == []
    assert found.metrics["duplicates.conflict_rate"] == 0


def test_answers_like_class_names_contradict_each_other(bench: Bench) -> None:
    lines: list[Line] = [
        {"instruction": f"Classify: text {n}", "output": "sports" if n % 2 else "politics"}
        for n in range(24)
    ]
    lines.append({"instruction": "Classify: text 3", "output": "politics"})
    found = bench.find(Duplicates(), lines)
    assert lines_with(found, CONTRADICTION) == [4, 25]


def test_a_long_answer_to_many_prompts_is_reported(bench: Bench) -> None:
    lines: list[Line] = [
        {"instruction": f"Tell me about {n}", "output": "I am sorry, I cannot do that"}
        for n in (
            "one two",
            "the moon",
            "a cat",
            "rain",
            "trees by the sea",
            "x",
            "y",
            "z",
            "p",
            "q",
        )
    ]
    found = bench.find(Duplicates(), lines)
    assert lines_with(found, "duplicates.same_answer") == list(range(1, 11))
    assert {fact["prompts"] for fact in found.findings["evidence"]} == {10}


def test_equal_prompts_with_equal_answers_are_copies(bench: Bench) -> None:
    record = {"instruction": "Name a fruit", "output": "apple"}
    found = bench.find(Duplicates(), [record, record | {"output": "Apple."}])
    assert lines_with(found, EXACT) == [1, 2]
    assert found.metrics["duplicates.conflict_rate"] == 0
    assert found.metrics["duplicates.near_conflict_rate"] is None
    assert found.reason == "near conflicts need labels to compare"


def test_equal_texts_with_different_labels_are_a_conflict(bench: Bench) -> None:
    lines: list[Line] = [
        {"text": "charged twice", "label": "billing"},
        {"text": "Charged twice!", "label": "login"},
        {"text": "charged twice", "label": None},
        {"text": "parcel late", "label": "shipping"},
    ]
    found = bench.find(Duplicates(), lines)
    assert lines_with(found, CONFLICT) == [1, 2]
    assert lines_with(found, EXACT) == [1, 2, 3]
    assert found.metrics["duplicates.conflict_rate"] == pytest.approx(2 / 3)
    conflict = found.findings[found.findings["code"] == CONFLICT].iloc[0]
    assert conflict["message"] == "label 'billing', but the same text is also labelled 'login'"
    assert conflict["evidence"] == {
        "label": "billing",
        "related_labels": ["login"],
        "distinct": 2,
    }
    assert conflict["related"] == [2]


def test_conflicts_may_be_left_out(bench: Bench) -> None:
    lines: list[Line] = [{"text": "x y", "label": "a"}, {"text": "x y", "label": "b"}]
    found = bench.find(Duplicates(report_conflicts=False), lines)
    assert lines_with(found, CONFLICT) == []
    assert found.metrics["duplicates.conflict_rate"] is None
    assert found.reason == "conflicts were left out by the setting report_conflicts"


@pytest.mark.parametrize("text", ["", "  ", "\t\n"])
def test_empty_texts_are_no_copies_of_each_other(bench: Bench, text: str) -> None:
    found = bench.find(Duplicates(), [{"text": text, "label": name} for name in "abc"])
    assert found.findings.empty
    assert found.metrics == NOTHING


def test_a_large_group_names_ten_others_and_counts_all(bench: Bench) -> None:
    found = bench.find(Duplicates(), [{"text": "the same", "label": "a"}] * 40)
    assert len(found.findings) == 40
    assert set(found.findings["related"].map(len)) == {10}
    assert all(
        line not in related
        for line, related in zip(found.findings["line"], found.findings["related"], strict=True)
    )
    assert {evidence["copies"] for evidence in found.findings["evidence"]} == {40}
    assert found.metrics["duplicates.exact_rate"] == 39 / 40
    assert found.notes == ("39 records are redundant copies",)


def test_a_conflict_among_many_labels_names_ten(bench: Bench) -> None:
    found = bench.find(Duplicates(), [{"text": "the same", "label": f"l{n}"} for n in range(30)])
    conflicts = found.findings[found.findings["code"] == CONFLICT]
    assert {message.count("'") for message in conflicts["message"]} == {2 + 2 * 10}
    assert {evidence["distinct"] for evidence in conflicts["evidence"]} == {30}


def test_a_copy_in_another_file_is_found(bench: Bench) -> None:
    from dataqa import audit

    paths = [bench.folder / f"{name}.jsonl" for name in "ab"]
    for path in paths:
        path.write_text('{"text": "hello there", "label": "a"}\n')
    findings = audit(*paths, select=("duplicates",)).findings
    assert set(findings["source"]) == {str(path) for path in paths}


# Near-duplicates


def test_nearly_equal_texts_are_one_group_with_one_to_keep(bench: Bench) -> None:
    lines: list[Line] = [
        {"text": LONG, "label": "shipping"},
        {"text": "something else entirely that nobody said before", "label": "shipping"},
        {"text": f"{LONG} evening", "label": "shipping"},
        {"text": f"{LONG.upper()}!", "label": "shipping"},
    ]
    dataset = bench.read(lines)
    found = Duplicates().find(dataset, bench.shared(dataset))
    assert lines_with(found, NEAR) == [1, 3, 4]
    assert lines_with(found, EXACT) == [1, 4]
    assert found.metrics == NOTHING | {
        "duplicates.exact_rate": 1 / 4,
        "duplicates.near_rate": 1 / 4,
    }
    near = found.findings[found.findings["code"] == NEAR]
    assert [fact["keep"] for fact in near["evidence"]] == [line == 3 for line in near["line"]]
    assert near["score"].between(0.8, 1, inclusive="left").all()
    columns = pd.DataFrame(dict(found.columns), index=dataset.frame["line"]).loc[[1, 2, 3, 4]]
    assert columns["near_group"].notna().tolist() == [True, False, True, True]
    assert columns["near_group"].nunique() == 1
    keeping = columns["duplicate_keep"].fillna("").tolist()
    assert keeping == ["drop_exact", "", "keep", "drop_near"]


@pytest.mark.parametrize(("keep", "line"), [("longest", 2), ("first", 1)])
def test_the_policy_chooses_what_stays(keep: str, line: int, bench: Bench) -> None:
    lines: list[Line] = [{"text": text} for text in (LONG, f"{LONG} or tuesday", LONG.title())]
    found = bench.find(Duplicates(keep=keep), lines)
    near = found.findings[found.findings["code"] == NEAR]
    assert [
        at for at, fact in zip(near["line"], near["evidence"], strict=True) if fact["keep"]
    ] == [line]
    others = near[near["line"] != line]
    assert {related[0] for related in others["related"]} == {line}
    assert all(message.endswith(f"keep line {line}") for message in others["message"])


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown policy 'shortest'"):
        Duplicates(keep="shortest")


def test_nearly_equal_texts_with_different_labels_are_near_conflicts(bench: Bench) -> None:
    lines: list[Line] = [
        {"text": LONG, "label": "shipping"},
        {"text": f"{LONG}!", "label": "billing"},
        {"text": f"{LONG} again", "label": "Shipping "},
        {"text": "a text with nothing in common", "label": "billing"},
    ]
    found = bench.find(Duplicates(), lines)
    assert lines_with(found, CONFLICT) == [1, 2]
    assert lines_with(found, NEAR_CONFLICT) == [3]
    assert found.metrics["duplicates.conflict_rate"] == 2 / 4
    assert found.metrics["duplicates.near_conflict_rate"] == 1 / 4
    near = found.findings[found.findings["code"] == NEAR_CONFLICT].iloc[0]
    assert near["related"] == [2]
    assert near["evidence"]["related_labels"] == ["billing"]


def test_labels_that_differ_in_case_or_spaces_are_no_conflict(bench: Bench) -> None:
    lines: list[Line] = [{"text": LONG, "label": label} for label in ("Billing", " billing", " ")]
    assert lines_with(bench.find(Duplicates(), lines), CONFLICT) == []


def test_a_prompt_that_all_repeat_makes_no_near_duplicates(bench: Bench) -> None:
    template = "Read the message of a customer and say which team has to answer it: " * 3
    lines: list[Line] = [
        {
            "instruction": template,
            "input": f"message number {n} is short",
            "output": "x",
            "label": "x",
        }
        for n in range(12)
    ]
    lines += [{"instruction": template, "input": LONG + end, "label": "x"} for end in ("", " yes")]
    found = bench.find(Duplicates(), lines)
    assert lines_with(found, NEAR) == [13, 14]


def test_one_input_under_two_instructions_is_no_near_duplicate(bench: Bench) -> None:
    lines: list[Line] = [
        {"instruction": f"Name the {what}.", "input": f"{LONG} {n} {n + 1}", "label": what}
        for n in range(0, 80, 3)
        for what in ("topic", "mood")
    ]
    dataset = bench.read(lines)
    found = Duplicates().find(dataset, bench.shared(dataset))
    assert dataset.templated
    assert lines_with(found, NEAR_CONFLICT) == []
    assert len(lines_with(found, NEAR)) == len(lines)


def test_the_minority_of_equal_texts_is_outvoted(bench: Bench) -> None:
    labels = {"pay now": "aab", "go home": "ab", "so be it": "aaa", "": "abb", "why not": "abcc"}
    lines: list[Line] = [
        {"text": text, "label": label} for text, given in labels.items() for label in given
    ]
    dataset = bench.read(lines)
    found = bench.shared(dataset).conflict_minority
    outvoted = dataset.frame["line"].to_numpy()[found.rows]
    assert sorted(outvoted) == [3, 12, 13]
    assert found.certain == 1 + 1 + 2
