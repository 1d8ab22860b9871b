"""Records that say the same thing again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from dataqa.checks.duplicates import Duplicates
from dataqa.config import Config
from dataqa.result import FINDING_DTYPES
from dataqa.semantic import close_pairs, decisive, known_threshold

if TYPE_CHECKING:
    from dataqa.checks import Found
    from dataqa.embedding.terms import Corpus
    from tests.conftest import Bench, Line

EXACT, NEAR, CONFLICT = "duplicates.exact", "duplicates.near", "duplicates.conflict"
NEAR_CONFLICT, CONTRADICTION = "duplicates.near_conflict", "duplicates.contradiction"
NOTHING = {
    "duplicates.exact_rate": 0.0,
    "duplicates.near_rate": 0.0,
    "duplicates.semantic_rate": None,
    "duplicates.conflict_rate": 0.0,
    "duplicates.near_conflict_rate": 0.0,
}
UNKNOWN = "no cosine is known from which 'lsa' tells paraphrases; set semantic_threshold"
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
    assert found.reason == f"{UNKNOWN}; near conflicts need labels to compare"


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
    assert found.reason == f"{UNKNOWN}; conflicts were left out by the setting report_conflicts"


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


@pytest.mark.parametrize(("keep", "line"), [("longest", 2), ("first", 1), ("best-quality", 3)])
def test_the_policy_chooses_what_stays(keep: str, line: int, bench: Bench) -> None:
    lines: list[Line] = [
        {"text": f"{LONG} \ufffd"},
        {"text": f"{LONG} or tuesday \ufffd"},
        {"text": LONG.title()},
    ]
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


def test_the_best_record_has_the_label_that_equal_texts_confirm(bench: Bench) -> None:
    lines: list[Line] = [
        {"text": f"{LONG} ...", "label": "billing"},
        {"text": LONG, "label": "shipping"},
        {"text": LONG, "label": "shipping", "id": "b"},
    ]
    dataset = bench.read(lines)
    found = Duplicates(keep="best-quality").find(dataset, bench.shared(dataset))
    kept = pd.Series(found.columns["duplicate_keep"], index=dataset.frame["line"])
    assert kept[1] == "drop_exact"
    assert sorted(kept) == ["drop_exact", "drop_exact", "keep"]


# Paraphrases


class Meaning:
    """An embedder that knows two meanings by their words."""

    name = "minilm"
    notes = ()

    def embed(self, corpus: Corpus) -> np.ndarray:
        """Return one axis for parcels, one for passwords, and a third for all else."""
        words = (("parcel", "package", "delivery"), ("password", "login", "sign in"))
        rows = [
            [any(word in text.casefold() for word in kind) for kind in words]
            for text in corpus.texts
        ]
        vectors = np.array([[*row, not any(row)] for row in rows], dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


PARAPHRASED: list[Line] = [
    {"text": "where is my parcel", "label": "shipping"},
    {"text": "the package never came, can you look into it", "label": "shipping"},
    {"text": "I forgot my password", "label": "login"},
    {"text": "no way to sign in anymore", "label": "login"},
    {"text": "I would like to order 12 flowers", "label": "sales"},
]


def paraphrases(bench: Bench, lines: list[Line], **settings: float) -> Found:
    dataset = bench.read(lines)
    shared = bench.shared(dataset)
    shared.embedder = Meaning()
    return Duplicates(**settings).find(dataset, shared)


def test_texts_that_mean_the_same_are_paraphrases_unless_one_negates(bench: Bench) -> None:
    found = paraphrases(bench, PARAPHRASED)
    assert lines_with(found, "duplicates.semantic") == []  # "never", "no": negated
    positive = [line | {"text": str(line["text"]).replace("never ", "")} for line in PARAPHRASED]
    found = paraphrases(bench, positive)
    assert lines_with(found, "duplicates.semantic") == [1, 2]
    assert found.metrics == NOTHING | {"duplicates.semantic_rate": 1 / 5}
    fact = found.findings.iloc[0]["evidence"]
    assert fact["cosine"] == 1
    assert fact["word_overlap"] < 0.2
    assert found.notes == ("1 more mean the same as others",)
    assert pd.Series(found.columns["duplicate_keep"]).isna().all()


def test_paraphrases_with_other_labels_are_conflicts(bench: Bench) -> None:
    lines = [
        {"text": "where is my parcel", "label": "shipping"},
        {"text": "the package has not come, is it not coming", "label": "billing"},
        {"text": "The PACKAGE has not come, is it not coming!", "label": "refund"},
    ]
    found = paraphrases(bench, lines)
    assert lines_with(found, CONFLICT) == [2, 3]
    assert lines_with(found, "duplicates.semantic_conflict") == [1]
    assert found.metrics["duplicates.conflict_rate"] == 2 / 3


def test_a_threshold_of_ones_own_is_taken(bench: Bench) -> None:
    lines = [{"text": "a parcel with a password"}, {"text": "the delivery"}]
    assert paraphrases(bench, lines).metrics["duplicates.semantic_rate"] == 0
    found = paraphrases(bench, lines, semantic_threshold=0.7)
    assert found.metrics["duplicates.semantic_rate"] == 0.5


def test_records_that_repeat_a_prompt_are_not_searched_for_paraphrases(bench: Bench) -> None:
    lines: list[Line] = [{"instruction": "Sort:", "input": f"parcel {n}"} for n in range(20)]
    found = paraphrases(bench, lines)
    assert found.metrics["duplicates.semantic_rate"] is None
    assert "the records repeat a prompt" in str(found.reason)


def test_drop_duplicates_keeps_paraphrases(bench: Bench) -> None:
    from dataqa.correcting.dropping import COPIES, PARAPHRASES

    assert PARAPHRASES in COPIES
    assert set(COPIES) == {EXACT, NEAR, PARAPHRASES}
    assert {code.partition(".")[2] for code in COPIES} <= set(Duplicates.codes)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("twelve apples for 3.50", "3.50 for 12 apples", True),
        ("one apple at 5 pm", "an apple at 5 am", True),
        ("I can pay", "I can't pay", False),
        ("I can not pay", "I cannot pay", True),
        ("take 5", "take 6", False),
        ("not never", "always", True),
    ],
)
def test_paraphrases_agree_in_numbers_and_negation(one: str, other: str, *, equal: bool) -> None:
    assert (decisive(one) == decisive(other)) is equal


def test_close_pairs_are_named_once() -> None:
    index = np.array([[1, 2], [0, -1], [0, 1]])
    cosine = np.array([[0.9, 0.8], [0.9, 0.0], [0.8, 0.95]])
    pairs = close_pairs(index, cosine, 0.85)
    assert pairs.left.tolist() == [0, 1]
    assert pairs.right.tolist() == [1, 2]
    nearest = pairs.between(np.array([0, 0, 2]))
    assert (nearest.left.tolist(), nearest.right.tolist()) == ([0], [2])
    assert close_pairs(np.empty((0, 3), dtype=int), np.empty((0, 3)), 0.5).left.tolist() == []


@pytest.mark.parametrize(
    ("name", "known"),
    [("minilm", True), ("sentence-transformers/all-MiniLM-L6-v2", True), ("lsa", False)],
)
def test_a_threshold_is_known_of_measured_embedders(name: str, *, known: bool) -> None:
    assert (known_threshold(name) is not None) is known


# Bad input


def test_identical_records_cost_no_quadratic_work(bench: Bench) -> None:
    found = bench.find(Duplicates(), [{"text": LONG, "label": "a"}] * 5000)
    assert found.metrics["duplicates.exact_rate"] == 4999 / 5000
    assert sum(fact["keep"] for fact in found.findings["evidence"]) == 1


def test_a_chain_ends_in_many_groups(bench: Bench) -> None:
    chain = [" ".join(f"w{n}" for n in range(at, at + 60)) for at in range(0, 400, 2)]
    found = bench.find(Duplicates(), [{"text": text} for text in chain])
    groups = {fact["group"] for fact in found.findings["evidence"]}
    assert 20 < len(groups) < 150
    assert found.findings["evidence"].map(lambda fact: fact["similarity"]).min() >= 0.8


def test_a_megabyte_beside_its_near_copy(bench: Bench) -> None:
    words = " ".join(f"word{n}" for n in range(120_000))
    found = bench.find(Duplicates(), [{"text": words}, {"text": f"{words} more"}, {"text": "x"}])
    assert lines_with(found, NEAR) == [1, 2]


def test_settings_of_all_checks_decide_what_is_equal(bench: Bench) -> None:
    lines: list[Line] = [{"text": f"{LONG} https://t.co/{end}"} for end in "ab"]
    dataset = bench.read(lines)
    config = Config(normalise=("unicode", "case", "spaces", "marks", "links"))
    found = Duplicates().find(dataset, bench.shared(dataset, config))
    assert lines_with(found, EXACT) == [1, 2]
    assert lines_with(bench.find(Duplicates(), lines), EXACT) == []
