"""Texts that are unlike all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from dataqa import neighbours, oddness, text_forms
from dataqa.checks.outliers import MIN_TEXTS, Outliers
from dataqa.errors import ConfigError
from dataqa.layout import coordinates

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
    strange = [{"text": text, "label": "login"} for text in STRANGE]
    result = bench.audit([*records, *strange], embedder="lsa")
    far = result.findings[result.findings["check"] == "outliers"]
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
    assert finding["code"] == "outliers.near_empty"
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
    expected = max(oddness.score(np.array([evidence["oddness"]]))[0], 0.5)
    assert finding["score"] == pytest.approx(expected, abs=2e-4)
    assert evidence["characters"] == len(STRANGE[0])
    assert 0 <= 1 - evidence["distance"] <= evidence["familiarity"] + 1e-3
    assert len(finding["related"]) == 3


def test_a_search_in_clusters_is_told(
    bench: Bench, tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "EXACT_VECTORS", 50)
    (note,) = bench.find(Outliers(), tickets(80)).notes
    assert note.startswith("each of 80 texts was compared with the nearest clusters only: ")


# Labels


def topics(copies: int, flip: float, seed: int = 0) -> list[dict[str, Any]]:
    """Texts of 8 topics with 12 words each, a share of them mislabelled."""
    rng = np.random.default_rng(seed)
    records = []
    for number in range(8 * copies):
        topic = number % 8
        words = [f"topic{topic}word{word}" for word in rng.integers(0, 12, 7)]
        label = f"t{topic}" if rng.random() >= flip else f"t{(topic + rng.integers(1, 8)) % 8}"
        text = " ".join(words + [f"common{word}" for word in rng.integers(0, 30, 3)])
        records.append({"text": text, "label": label, "flipped": label != f"t{topic}"})
    return records


def mixed(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Texts whose words come from all topics, so that no class claims them."""
    rng = np.random.default_rng(seed)
    return [
        {
            "text": " ".join(
                f"topic{topic}word{rng.integers(0, 12)}" for topic in rng.permutation(8)
            ),
            "label": f"t{rng.integers(0, 8)}",
        }
        for _ in range(count)
    ]


def area_under_curve(score: np.ndarray, truth: np.ndarray) -> float:
    """Chance that a true one scores above another."""
    return float(np.mean(score[truth][:, None] > score[~truth][None, :]))


def test_texts_that_no_class_claims_score_above_the_others(bench: Bench) -> None:
    records = [*topics(60, flip=0.1), *mixed(15)]
    result = bench.audit([{k: r[k] for k in ("text", "label")} for r in records], embedder="lsa")
    truth = np.arange(len(records)) >= 480
    assert area_under_curve(result.records["outlier_score"].to_numpy(), truth) > 0.97


@pytest.mark.parametrize("seed", [0, 1])
def test_a_wrong_label_makes_no_outlier(seed: int, bench: Bench) -> None:
    records = topics(80, flip=0.15, seed=seed)
    result = bench.audit([{k: r[k] for k in ("text", "label")} for r in records], embedder="lsa")
    flipped = np.array([record["flipped"] for record in records])
    score = result.records["outlier_score"].to_numpy()
    assert 0.4 < area_under_curve(score, flipped) < 0.6


def test_labels_that_say_nothing_change_no_score(bench: Bench) -> None:
    records = topics(40, flip=0)
    rng = np.random.default_rng(0)
    noise = [{"text": r["text"], "label": f"t{rng.integers(0, 8)}"} for r in records]
    plain = [{"text": record["text"]} for record in records]
    one, other = (bench.audit(lines, embedder="lsa").records for lines in (noise, plain))
    pd.testing.assert_series_equal(one["outlier_score"], other["outlier_score"])


# Forms


def ordinary(count: int = 120) -> list[str]:
    rng = np.random.default_rng(0)
    words = "the order and invoice of parcel to login is late for with that account you".split()  # noqa: SIM905
    return [" ".join(rng.choice(words, 14)) for _ in range(count)]


FORMS = {
    "near_empty": "ok",
    "very_long": "the order and the invoice of the parcel is late for you " * 20_000,
    "wrong_language": "das ist nicht die Rechnung und ich bin mit der Lieferung auf dem Weg",
    "format": "fn(a[0]) { return b->c * 0x7f; } // {{{[[]]}}} => $#@!%^&* == <html/>",
}


@pytest.mark.parametrize("code", FORMS)
def test_a_form_is_named(code: str, bench: Bench) -> None:
    lines = [{"text": text} for text in [*ordinary(), FORMS[code]]]
    findings = bench.audit(lines, embedder="lsa", select=("outliers",)).findings
    own = findings[findings["line"] == len(lines)]
    assert own["code"].tolist() == [f"outliers.{code}"]
    assert own["score"].iloc[0] >= 0.5
    assert len(own["message"].iloc[0]) < 400


def test_another_script_is_named(bench: Bench) -> None:
    lines = [{"text": text} for text in [*ordinary(), "где мой заказ и когда он придёт"]]
    findings = bench.audit(lines, embedder="lsa", select=("outliers",)).findings
    finding = findings[findings["line"] == len(lines)].iloc[0]
    assert finding["code"] == "outliers.wrong_language"
    assert finding["message"].startswith("Cyrillic script where nearly all others are not")


@pytest.mark.parametrize("code", ["near_empty", "wrong_language"])
def test_a_form_that_many_texts_have_is_none(code: str) -> None:
    texts = [*ordinary(100), *[f"{FORMS[code]}{'?' * number}" for number in range(20)]]
    forms = text_forms.measure(texts)
    found = {
        "near_empty": text_forms.near_empty(forms),
        "wrong_language": text_forms.wrong_language(forms)[0],
    }
    assert not found[code].any()


@pytest.mark.parametrize(
    "text",
    [
        "How long does a transfer take to reach one's account, or is it a no go as we do so?",
        "pause",
        "",
    ],
)
def test_short_commands_and_odd_words_are_of_no_other_form(text: str) -> None:
    forms = text_forms.measure([*ordinary(200), text])
    assert not text_forms.wrong_language(forms)[0].any()
    assert not text_forms.near_empty(forms).any()


def test_one_megabyte_and_one_repeated_text_are_no_trouble(bench: Bench) -> None:
    long = bench.audit([{"text": text} for text in [*ordinary(), "x" * 2**20]])
    assert long.checks["outliers"].status == "ok"
    finding = long.findings[long.findings["check"] == "outliers"].iloc[0]
    assert (finding["line"], finding["code"]) == (121, "outliers.very_long")
    repeated = bench.audit([{"text": "the same again"}] * 60).checks["outliers"]
    assert repeated.status == "skipped"
    assert "neighbours mean little" in (repeated.reason or "")


def test_texts_without_words_are_skipped_with_the_reason(bench: Bench) -> None:
    found = bench.find(Outliers(), [{"text": "!" * number} for number in range(60)])
    assert found.skipped
    assert "0 different texts with words" in (found.reason or "")
    assert np.isnan(found.columns["map_x"]).all()


# Scores and map


def test_the_score_rises_with_oddness_and_stays_inside() -> None:
    values = np.linspace(-1e3, 1e3, 4001)
    scores = oddness.score(values)
    assert (np.diff(scores) > 0).all()
    assert 0 < scores.min() < scores.max() < 1
    assert oddness.score(np.array([oddness.HALF]))[0] == 0.5


def test_votes_are_counted() -> None:
    votes = oddness.count_votes(np.array([[1, 1, 1, 1], [0, 2, 2, 0], [3, -1, -1, -1], [-1] * 4]))
    assert votes.entropy == pytest.approx([0, np.log(2), 0, 0])
    assert votes.majority.tolist() == [1, 0, 3, -1]


def test_the_map_has_the_axes_of_largest_variance() -> None:
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(300, 6)) * [0.1, 3, 0.1, 1, 0.1, 0.1]).astype(np.float32)
    place = coordinates(vectors)
    expected = vectors[:, [1, 3]] - vectors[:, [1, 3]].mean(axis=0)
    correlation = [abs(np.corrcoef(place[:, axis], expected[:, axis])[0, 1]) for axis in (0, 1)]
    assert min(correlation) > 0.99
    np.testing.assert_array_equal(place, coordinates(vectors.copy()))


@pytest.mark.parametrize("width", [1, 2])
def test_the_map_of_few_dimensions_or_zeros_is_defined(width: int) -> None:
    vectors = np.ones((4, width), dtype=np.float32)
    vectors[2] = 0
    place = coordinates(vectors)
    assert np.isnan(place[2]).all()
    assert (place[[0, 1, 3]] == 0).all()


def test_the_map_can_be_left_out(bench: Bench, tickets: Tickets) -> None:
    records = bench.audit(tickets(60), checks={"outliers": {"map": "off"}}).records
    assert records["map_x"].isna().all()
    assert bench.audit(tickets(60)).records["map_x"].notna().all()
    with pytest.raises(ConfigError, match="unknown map 'tsne'"):
        bench.audit(tickets(60), checks={"outliers": {"map": "tsne"}})
