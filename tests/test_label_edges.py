"""Odd label columns, each with a stated outcome; and what must not change a score."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from dataqa.checks.labels import RATE, SPREAD, Labels
from dataqa.gate import decide
from dataqa.probabilities import classes
from dataqa.probabilities.classes import choose

if TYPE_CHECKING:
    from tests.conftest import Bench

Tickets = Callable[..., list[dict[str, Any]]]


def qualities(bench: Bench, records: list[dict[str, Any]], size: int = 8192) -> pd.Series:
    """Return the label quality by id."""
    dataset = bench.read(records)
    found = Labels(repeats=0).find(dataset, bench.shared(dataset, shard_records=size))
    quality = pd.Series(found.columns["label_quality"], index=dataset.frame["id"])
    return quality.sort_index()


def test_a_class_of_three_records_is_not_checked_and_said_to_be(
    bench: Bench, tickets: Tickets
) -> None:
    odd = [{"text": f"odd{n} login thing", "label": "odd"} for n in range(3)]
    found = bench.find(Labels(), [*tickets(200), *odd])
    assert "3 records of 1 rare classes were not checked" in found.notes
    assert found.metrics[f"{RATE}.high"] >= 3 / 203
    assert np.isnan(found.columns["label_quality"]).sum() == 3


def test_a_class_whose_texts_are_near_copies_would_miss_from_a_fold_and_is_not_checked(
    bench: Bench, tickets: Tickets
) -> None:
    same = "please send the blue box of tea to my office on the second floor today"
    copies = [{"text": f"{same} n{n}", "label": "tea"} for n in range(8)]
    found = bench.find(Labels(), [*tickets(200), *copies])
    assert "8 records of 1 rare classes were not checked" in found.notes
    assert not any("tea" in message for message in found.findings["message"])


def test_a_class_that_a_fold_lacks_is_judged_by_the_others(bench: Bench, tickets: Tickets) -> None:
    records = tickets(200)
    words = ("tea cup", "tea pot", "tea leaf")
    records += [{"text": f"{word} tea number{n}", "label": "tea"} for n, word in enumerate(words)]
    found = bench.find(Labels(min_class_records=3), records)  # three texts, five folds
    assert found.metrics[RATE] is not None
    assert np.isfinite(found.columns["label_quality"]).all()


@pytest.mark.parametrize("flip", [0, 3])
def test_one_record_in_a_hundred_of_the_other_class(
    flip: int, bench: Bench, tickets: Tickets
) -> None:
    many = [record for record in tickets(1800) if record["label"] == "login"][:594]
    few = [record for record in tickets(60, seed=1) if record["label"] == "billing"][:6]
    for record in many[:flip]:
        record["label"] = "billing"
    found = bench.find(Labels(), [*many, *few])
    if found.reason is not None:
        assert "the models cannot predict these labels" in found.reason
        assert set(found.metrics.values()) == {None}
    else:
        assert found.metrics[f"{RATE}.low"] <= 0.01
        assert found.metrics[f"{RATE}.high"] >= flip / 600


def test_five_thousand_small_classes_are_too_rare_to_check(bench: Bench) -> None:
    records = [{"text": f"word{n % 5000} again", "label": f"l{n % 5000}"} for n in range(5200)]
    found = bench.find(Labels(), records)
    assert found.skipped
    assert "5000 classes, but 0 with at least 5 different texts" in (found.reason or "")
    assert set(found.metrics.values()) == {None}


def test_of_five_thousand_classes_the_largest_are_modelled() -> None:
    codes = np.concatenate([np.repeat(np.arange(5000), 5), np.repeat(np.arange(0, 5000, 10), 2)])
    labels = pd.Series([f"l{code:04}" for code in codes])
    chosen = choose(labels, np.ones(len(codes), bool), np.arange(len(codes)), 5)
    assert len(chosen.names) == classes.MAX_CLASSES
    assert {name for name in chosen.names if name.endswith("0")} == {
        f"l{code:04}" for code in range(0, 5000, 10)
    }
    assert chosen.crowded_classes == 4000
    assert chosen.crowded == 4000 * 5
    assert len(chosen.rows) + chosen.crowded == len(codes)


def test_classes_beyond_the_limit_count_as_unchecked(
    bench: Bench, tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes, "MAX_CLASSES", 2)
    found = bench.find(Labels(), tickets(300))
    assert any(
        note.startswith("only the 2 largest classes were checked, not the 100 records of 1 others")
        for note in found.notes
    )
    assert found.metrics[f"{RATE}.high"] >= 1 / 3


def test_missing_labels_of_any_spelling_are_not_checked(bench: Bench, tickets: Tickets) -> None:
    records = tickets(200)
    gone = [{"text": f"{records[n]['text']} x", "label": None} for n in range(4)]
    nan = ['{"text": "login password account", "label": NaN}'] * 2
    found = bench.find(Labels(), [*records, *gone, *nan])
    assert "4 records have no label and were not checked" in found.notes
    assert found.metrics[f"{RATE}.high"] >= 6 / 206


def test_numbers_as_labels_are_named_a_quantity(bench: Bench, tickets: Tickets) -> None:
    records = [
        record | {"label": round(0.1 * number, 1)} for number, record in enumerate(tickets(200))
    ]
    reason = bench.find(Labels(), records).reason or ""
    assert "the labels are 200 different numbers" in reason
    assert "put them into bins" in reason


def test_few_numbers_as_labels_are_classes(bench: Bench, tickets: Tickets) -> None:
    number = {"login": 0, "billing": 1, "shipping": 2}
    records = [record | {"label": number[record["label"]]} for record in tickets(200)]
    found = bench.find(Labels(), records)
    assert found.metrics[RATE] == pytest.approx(0, abs=0.02)
    assert not any("numbers" in note for note in found.notes)


def test_neither_row_order_nor_shards_change_a_score(bench: Bench, tickets: Tickets) -> None:
    records = tickets(300, flip=0.15)
    expected = qualities(bench, records)
    order = np.random.default_rng(0).permutation(len(records))
    shuffled = [records[row] for row in order]
    for lines, size in ((shuffled, 8192), (records, 37), (shuffled, 100)):
        np.testing.assert_allclose(qualities(bench, lines, size), expected, atol=1e-6)


def test_the_spread_over_folds_is_measured_on_demand(bench: Bench, tickets: Tickets) -> None:
    records = tickets(300, flip=0.15)
    assert bench.find(Labels(repeats=0), records).metrics[SPREAD] is None
    found = bench.find(Labels(repeats=3), records)
    assert 0 <= (found.metrics[SPREAD] or 0) < 0.05
    assert any(note.startswith("other folds move the estimate by") for note in found.notes)


@pytest.mark.parametrize("seed", range(3))
def test_clean_labels_never_fail(seed: int, bench: Bench, tickets: Tickets) -> None:
    """Ambiguous texts, too: the words of a second class are mixed in."""
    records, others = tickets(300, seed=seed), tickets(300, seed=seed + 50)
    for record, other in zip(records, reversed(others), strict=True):
        record["text"] = " ".join([*record["text"].split()[:6], *other["text"].split()[:5]])
    metrics = bench.find(Labels(), records).metrics
    assert decide(metrics, {}, {RATE: 0.15}, 300).state != "FAIL"
