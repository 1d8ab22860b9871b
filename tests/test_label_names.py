"""The label names check: which names are one, and which are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.checks.label_names import SCORES, LabelNames
from dataqa.spelling import bare, near_names, same_names

if TYPE_CHECKING:
    from tests.conftest import Bench

few = settings(deadline=None, max_examples=100, derandomize=True)
names = st.dictionaries(st.text("abAB _-1", max_size=8), st.integers(1, 100), max_size=12)


def lines(**counts: Any) -> list[dict[str, Any]]:
    return [
        {"text": f"text {name} {n}", "label": name}
        for name, count in counts.items()
        for n in range(count)
    ]


def found(bench: Bench, records: list[dict[str, Any]], **given: Any) -> set[tuple[str, str]]:
    findings = bench.find(LabelNames(**given), records).findings
    return {
        (str(records[line - 1]["label"]), code.partition(".")[2])
        for line, code in zip(findings["line"], findings["code"], strict=True)
    }


USUAL = {"billing": 50, "shipping": 40, "account_data": 30}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Billing", "spelling"),
        (" billing", "spelling"),
        ("ＢＩＬＬＩＮＧ", "spelling"),
        ("account data", "spelling"),
        ("Account-Data.", "spelling"),
        ("biling", "near_name"),
        ("billling", "near_name"),
        ("shippnig", "near_name"),
        ("acount_data", "near_name"),
        ("shipping1", "rare_name"),
        ("praise", "rare_name"),
    ],
)
def test_a_label_with_a_fault_has_its_code(name: str, code: str, bench: Bench) -> None:
    assert found(bench, lines(**USUAL, **{name: 2})) == {(name, code)}


def test_labels_with_blanks_and_of_other_types_are_found(bench: Bench) -> None:
    records = lines(**USUAL, **{"praise ": 9}) + [{"text": f"t {n}", "label": 1} for n in range(9)]
    assert found(bench, records) == {("praise ", "spaces"), ("1", "mixed_type")}


@pytest.mark.parametrize(
    "counts",
    [
        USUAL,
        {"legal": 50, "regal": 5, "illegal": 5},
        {"type a": 50, "type b": 5, "label 1": 50, "label 2": 5},
        {"card_lost": 20, "card_lists": 15},
        {"-1": 20, "1": 20, "0": 20, "10": 9, "1.0": 9},
        {"C": 20, "C++": 20, "C#": 20, "yes": 9, "yet": 9},
    ],
)
def test_labels_that_differ_on_purpose_pass(counts: dict[str, int], bench: Bench) -> None:
    assert found(bench, lines(**counts)) == set()


def test_the_metrics_are_shares_of_the_labelled_records(bench: Bench) -> None:
    metrics = bench.find(LabelNames(), lines(billing=90, Billing=6, praise=4)).metrics
    assert metrics == {
        "label_names.variant_rate": 0.06,
        "label_names.rare_rate": 0.04,
        "label_names.largest_share": 0.9,
        "label_names.imbalance": pytest.approx(0.642, abs=0.001),
    }
    even = bench.find(LabelNames(), lines(billing=50, shipping=50)).metrics
    assert even["label_names.imbalance"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([{"text": "a"}], "no record has a label that is a name"),
        ([{"text": "a", "label": ["x"]}], "no record has a label that is a name"),
        ([{"text": f"{n}", "label": f"title {n}"} for n in range(9)], "9 different labels among 9"),
    ],
)
def test_what_are_no_names_is_not_checked(
    records: list[dict[str, Any]], reason: str, bench: Bench
) -> None:
    result = bench.find(LabelNames(), records)
    assert result.skipped
    assert reason in (result.reason or "")


def test_every_code_has_a_score() -> None:
    assert set(SCORES) == set(LabelNames.codes)


@few
@given(counts=names)
def test_a_variant_stands_for_a_name_that_is_as_frequent(counts: dict[str, int]) -> None:
    for variant in same_names(counts):
        assert bare(variant.name) == bare(variant.usual)
        assert counts[variant.usual] >= counts[variant.name]
    for variant in near_names(counts, 0.5):
        assert bare(variant.name) != bare(variant.usual)
        assert abs(len(bare(variant.name)) - len(bare(variant.usual))) <= 1


@few
@given(word=st.text("abcdefgh", min_size=6, max_size=12), at=st.integers(1, 5))
def test_a_slip_in_a_rare_name_is_found(word: str, at: int) -> None:
    slip = word[:at] + "z" + word[at:]
    ((name, usual),) = near_names({word: 100, slip: 1}, 0.1)
    assert (name, usual) == (slip, word)
