"""Texts that are unlike all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from dataqa import neighbours
from dataqa.checks.outliers import MIN_TEXTS, Outliers

if TYPE_CHECKING:
    from tests.conftest import Bench

Tickets = Callable[..., list[dict[str, Any]]]

STRANGE = [
    "Preheat the oven to 180 degrees and whisk three eggs with sugar and cinnamon",
    "Lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod",
]


@pytest.mark.parametrize("seed", range(3))
def test_strange_texts_are_found_and_score_highest(
    seed: int, bench: Bench, tickets: Tickets
) -> None:
    records = tickets(200, seed=seed)
    result = bench.audit([*records, *({"text": text, "label": "login"} for text in STRANGE)])
    far = result.findings[result.findings["code"] == "outliers.far"]
    assert set(far["line"]) == {201, 202}
    assert set(result.records["outlier_score"].nlargest(2).index) == {200, 201}
    assert result.metrics["outliers.rate"] == pytest.approx(2 / 202)


def test_like_texts_have_no_outliers(bench: Bench, tickets: Tickets) -> None:
    found = bench.find(Outliers(), tickets(300))
    assert found.findings.empty
    assert found.metrics == {"outliers.rate": 0.0}


def test_a_finding_quotes_words_only_when_texts_may_be_shown(
    bench: Bench, tickets: Tickets
) -> None:
    lines = [*tickets(200), {"text": STRANGE[0], "label": "login"}]
    for mode, shown in (("full", True), ("redacted", False), ("never", False)):
        findings = bench.audit(lines, show_text=mode).findings
        message = findings.loc[findings["line"] == 201, "message"].iloc[0]
        assert ("preheat" in message) == shown


def test_copies_of_a_strange_text_do_not_hide_it(bench: Bench, tickets: Tickets) -> None:
    lines = [*tickets(200), *[{"text": STRANGE[0], "label": "login"}] * 12]
    found = bench.find(Outliers(), lines)
    assert set(found.findings["line"]) == set(range(201, 213))


def test_too_few_texts_are_skipped_with_the_reason(bench: Bench, tickets: Tickets) -> None:
    found = bench.find(Outliers(), [*tickets(MIN_TEXTS - 1), *tickets(MIN_TEXTS - 1)])
    assert found.skipped
    assert found.metrics == {"outliers.rate": None}
    assert "29 different texts with words" in (found.reason or "")
    assert not bench.find(Outliers(), tickets(MIN_TEXTS)).skipped


def test_a_text_without_words_is_far_and_an_empty_one_has_no_score(
    bench: Bench, tickets: Tickets
) -> None:
    dataset = bench.read([*tickets(100), {"text": ""}, {"text": "?!"}])
    found = Outliers().find(dataset, bench.shared(dataset))
    scores = pd.Series(np.asarray(found.columns["outlier_score"]))
    assert (scores.isna() == (dataset.frame["line"] == 101)).all()
    assert found.notes == ("1 records without comparable words have no score",)
    finding = found.findings.set_index("line").loc[102]
    assert "shares no word" in finding["message"]
    assert finding["score"] == 1
    assert scores.dropna().between(0, 1).all()


def test_a_fence_of_zero_reports_more_than_the_default(bench: Bench, tickets: Tickets) -> None:
    records = tickets(200)
    assert len(bench.find(Outliers(fence=0), records).findings) > 0


def test_the_evidence_holds_what_the_score_is_made_of(bench: Bench, tickets: Tickets) -> None:
    lines = [*tickets(200), {"text": STRANGE[0], "label": "login"}]
    finding = bench.find(Outliers(), lines).findings.iloc[0]
    evidence = finding["evidence"]
    expected = 1 - evidence["familiarity"] * (1 - evidence["distance"])
    assert finding["score"] == pytest.approx(expected, abs=2e-4)
    assert len(finding["related"]) == 3


def test_a_search_in_clusters_is_told(
    bench: Bench, tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "EXACT_VECTORS", 50)
    (note,) = bench.find(Outliers(), tickets(80)).notes
    assert note.startswith("each of 80 texts was compared with the nearest clusters only: ")
