"""Confident learning: what is flagged, how the rate is bracketed, and when there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from dataqa.checks.label_scores import label_scores
from dataqa.checks.labels import RATE, Labels
from dataqa.confident_learning import cohen_kappa, label_quality, noise_rates
from dataqa.dataset import Dataset
from dataqa.probabilities.label_model import LabelModel
from dataqa.shared import Shared

if TYPE_CHECKING:
    from tests.conftest import Bench, Line, Record

Tickets = Callable[..., list[dict[str, Any]]]


def prepared(bench: Bench, lines: list[Line]) -> tuple[Dataset, Shared]:
    dataset = bench.read(lines)
    return dataset, bench.shared(dataset)


def model_of(shared: Shared, check: Labels) -> LabelModel:
    return shared.label_model(check.folds, check.min_class_records)


def confusable(tickets: Tickets, n: int, flip: float, seed: int = 0) -> list[Record]:
    """Tickets with words of two classes, so that models are unsure."""
    records, others = tickets(n, seed=seed, flip=flip), tickets(n, seed=seed + 1)
    rng = np.random.default_rng(seed)
    for record, other in zip(records, rng.permutation(np.array(others, dtype=object)), strict=True):
        kept = record["text"].split()[: int(rng.integers(4, 13))]
        record["text"] = " ".join([*kept, *other["text"].split()[:5]])
    return records


@pytest.mark.parametrize("flip", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_flagged_is_off_diagonal_and_refuted_by_all_models(
    flip: float, seed: int, bench: Bench, tickets: Tickets
) -> None:
    from cleanlab.filter import find_label_issues

    dataset, shared = prepared(bench, confusable(tickets, 300, flip, seed))
    check = Labels()
    found, model = check.find(dataset, shared), model_of(shared, check)
    issues = find_label_issues(
        model.label, model.probabilities, filter_by="confident_learning", n_jobs=1
    )
    own = model.probabilities[np.arange(300), model.label]
    refuted = model.probabilities.max(axis=1) >= 2 * own
    for vote in model.predictions.votes.values():
        refuted = refuted & (vote != model.label)
    count = int((issues & refuted).sum())
    assert len(found.findings) == count
    assert found.metrics[f"{RATE}.low"] == pytest.approx(count / 300)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_flips_are_ranked_low_and_flagged(
    seed: int, bench: Bench, tickets: Tickets
) -> None:
    records = tickets(300, seed=seed, flip=0.1)
    result = bench.audit(records)
    table = result.records.assign(
        flipped=[record["label"] != record["truth"] for record in records],
        truth=[record["truth"] for record in records],
    )
    lowest = table.sort_values("label_quality").head(30)
    assert lowest["flipped"].mean() >= 0.9
    flagged = table["line"].isin(result.findings["line"])
    assert flagged[table["flipped"]].mean() >= 0.5
    assert flagged[~table["flipped"]].mean() <= 0.02
    right = table["suggested_label"] == table["truth"]
    assert right[table["flipped"]].mean() >= 0.9
    assert result.metrics[RATE] == pytest.approx(0.1, abs=0.05)


def test_clean_labels_have_a_low_bracket(bench: Bench, tickets: Tickets) -> None:
    found = bench.find(Labels(), tickets(300))
    assert found.findings.empty
    assert found.metrics[f"{RATE}.high"] <= 0.02


@pytest.mark.parametrize("flip", [0.0, 0.1, 0.3])
def test_the_bracket_is_in_order(flip: float, bench: Bench, tickets: Tickets) -> None:
    metrics = bench.find(Labels(), confusable(tickets, 300, flip)).metrics
    assert 0 <= metrics[f"{RATE}.low"] <= metrics[RATE] <= metrics[f"{RATE}.high"] <= 1


def test_a_suggestion_stands_where_the_models_disagree_only(bench: Bench, tickets: Tickets) -> None:
    dataset, shared = prepared(bench, confusable(tickets, 200, 0.2))
    check = Labels()
    columns, model = check.find(dataset, shared).columns, model_of(shared, check)
    names = np.array(model.classes, dtype=object)[model.probabilities.argmax(axis=1)]
    given = dataset.frame["label"].to_numpy()[model.rows]
    suggested = pd.Series(columns["suggested_label"]).to_numpy()[model.rows]
    assert (suggested[names != given] == names[names != given]).all()
    assert pd.isna(suggested[names == given]).all()
    assert (names != given).any()


def test_a_finding_says_what_is_given_what_is_suggested_and_what_is_near(
    bench: Bench, tickets: Tickets
) -> None:
    records = tickets(200, flip=0.05)
    dataset, shared = prepared(bench, records)
    finding = Labels().find(dataset, shared).findings.iloc[0]
    record, evidence = records[finding["line"] - 1], finding["evidence"]
    assert finding["code"] == "labels.likely_mislabeled"
    assert (evidence["given"], evidence["suggested"]) == (record["label"], record["truth"])
    assert f"labelled {record['label']!r}" in finding["message"]
    near = [records[line - 1]["label"] for line in finding["related"]]
    assert evidence["neighbour_labels"] == near
    assert len(near) == 3


# No rate


def reason_for(bench: Bench, lines: list[Line], check: Labels | None = None) -> str:
    """Return why there is no rate; there must be none."""
    found = bench.find(check or Labels(), lines)
    assert set(found.metrics.values()) == {None}
    return found.reason or ""


def test_labels_that_cannot_be_predicted_have_no_rate(bench: Bench, tickets: Tickets) -> None:
    records = tickets(300)
    rng = np.random.default_rng(0)
    for record in records:
        record["label"] = str(rng.choice(["x", "y", "z"]))
    reason = reason_for(bench, records)
    assert "the models cannot predict these labels" in reason
    assert "review a random sample" in reason


def test_too_few_records_have_no_rate_but_findings(bench: Bench, tickets: Tickets) -> None:
    records = tickets(90, flip=0.05)
    assert "90 different texts could be checked, a rate needs 100" in reason_for(bench, records)
    found = bench.find(Labels(), records)
    assert not found.skipped
    assert len(found.findings) > 0
    assert None not in bench.find(Labels(min_records=90), records).metrics.values()


def test_one_class_has_no_rate(bench: Bench, tickets: Tickets) -> None:
    records = [record | {"label": "only"} for record in tickets(120)]
    assert "one class ('only')" in reason_for(bench, records)


def test_all_labels_different_have_no_rate(bench: Bench, tickets: Tickets) -> None:
    records = [record | {"label": f"l{n}"} for n, record in enumerate(tickets(120))]
    assert "120 classes, but 0 with at least 5 different texts" in reason_for(bench, records)


def test_blank_labels_have_no_rate(bench: Bench, tickets: Tickets) -> None:
    records = [record | {"label": " "} for record in tickets(120)]
    assert reason_for(bench, records)


# What was not checked


def test_what_was_not_checked_counts_as_wrong_in_the_high_end(
    bench: Bench, tickets: Tickets
) -> None:
    records = tickets(200)
    plain = bench.find(Labels(), records).metrics
    rare = [{"text": f"rare thing number{n}", "label": f"rare {n % 2}"} for n in range(6)]
    unlabeled = [{"text": "nothing given here"}, {"text": "blank one here", "label": " "}]
    found = bench.find(Labels(), [*records, *rare, *unlabeled, "{broken"])
    differs = round(plain[f"{RATE}.high"] * 200)
    assert found.metrics[f"{RATE}.high"] == pytest.approx((differs + 9) / 209, abs=2 / 209)
    assert found.metrics[f"{RATE}.high"] >= 9 / 209
    assert found.notes[1:3] == (
        "2 records have no label and were not checked",
        "6 records of 2 rare classes were not checked",
    )


def test_rare_classes_are_left_out_at_the_setting(bench: Bench, tickets: Tickets) -> None:
    records = [*tickets(120), *({"text": f"odd{n} one", "label": "odd"} for n in range(7))]
    dataset, shared = prepared(bench, records)
    assert "odd" in shared.label_model(5, 7).classes
    model = shared.label_model(5, 8)
    assert "odd" not in model.classes
    assert (model.chosen.rare, model.chosen.rare_classes) == (7, 1)
    found = Labels(min_class_records=8).find(dataset, shared)
    quality = pd.Series(found.columns["label_quality"])
    assert (quality.isna() == (dataset.frame["label"] == "odd")).all()


def test_copies_of_a_record_do_not_vouch_for_its_label(bench: Bench, tickets: Tickets) -> None:
    records = tickets(200)
    wrong = records[0] | {"label": "shipping"}
    assert records[0]["label"] != "shipping"
    dataset, shared = prepared(bench, [*records[1:], *[wrong] * 6])
    found = Labels().find(dataset, shared)
    assert set(found.findings["line"]) == set(range(200, 206))


def test_the_model_is_computed_once_for_equal_settings(bench: Bench, tickets: Tickets) -> None:
    _, shared = prepared(bench, tickets(60))
    assert shared.label_model(3, 5) is shared.label_model(3, 5)
    assert shared.label_model(3, 5) is not shared.label_model(4, 5)
    assert label_scores(shared, 3, 5) is label_scores(shared, 3, 5)
    assert label_scores(shared, 3, 5).model is shared.label_model(3, 5)


# Quality


def test_quality_is_bayes_rule_with_the_noise_rates() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 300)
    probabilities = rng.dirichlet(np.ones(3), 300) * 0.4 + 0.6 * np.eye(3)[label]
    turned = rng.random(300) < 0.2
    label = np.where(turned & (label == 0), 1, label)
    rates = noise_rates(label, probabilities)
    np.testing.assert_allclose(rates.sum(axis=0), 1, atol=1e-6)
    assert rates[1, 0] > rates[0, 1]
    found = label_quality(label, probabilities)
    for row in range(0, 300, 17):
        joint = [probabilities[row, true] * rates[label[row], true] for true in range(3)]
        posterior = joint[label[row]] / sum(joint)
        odds = (posterior / (1 - posterior)) ** 0.5
        assert found[row] == pytest.approx(odds / (1 + odds), abs=1e-5)


def test_noise_that_goes_one_way_puts_doubt_on_one_class() -> None:
    truth = np.repeat([0, 1], 500)
    label = np.where(np.arange(1000) >= 800, 0, truth)  # 200 of class 1 are labelled 0
    sure = np.where(truth[:, None] == np.arange(2), 0.9, 0.1)
    unsure = np.full((2, 2), 0.5)
    quality = label_quality(np.append(label, [0, 1]), np.vstack([sure, unsure]))
    assert quality[800:1000].max() < quality[:800].min() - 0.1
    assert quality[1000] < 0.65 < 0.7 < quality[1001]


def test_a_label_outvoted_by_copies_is_flagged(bench: Bench, tickets: Tickets) -> None:
    records = tickets(200)
    right = records[0]["label"]
    wrong = next(record["label"] for record in records if record["label"] != right)
    copies = [records[0]] * 2 + [records[0] | {"label": wrong}]
    found = bench.find(Labels(), [*records, *copies])
    finding = found.findings.iloc[0]
    assert finding["line"] == 203
    assert finding["evidence"]["labels_of_copies"] == {right: 3, wrong: 1}
    assert finding["score"] >= 0.75
    assert set(finding["evidence"]["votes"]) == {"discriminants", "words", "neighbours"}


def test_of_copies_with_as_many_labels_the_models_choose(bench: Bench, tickets: Tickets) -> None:
    records = tickets(200)
    right = records[0]["label"]
    wrong = next(record["label"] for record in records if record["label"] != right)
    found = bench.find(Labels(), [*records, records[0] | {"label": wrong}])
    assert found.findings["line"].to_list() == [201]


# Agreement


@pytest.mark.parametrize(
    ("given", "predicted", "kappa"),
    [
        ([0, 1, 0, 1], [0, 1, 0, 1], 1.0),
        ([0, 1, 0, 1], [1, 0, 1, 0], -1.0),
        ([0, 0, 1, 1], [0, 1, 0, 1], 0.0),
        ([0, 0, 0, 0], [0, 0, 0, 0], 0.0),
    ],
)
def test_kappa(given: list[int], predicted: list[int], kappa: float) -> None:
    assert cohen_kappa(np.array(given), np.array(predicted), 2) == pytest.approx(kappa)


def test_kappa_equals_scikit_learns() -> None:
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(0)
    given, predicted = rng.integers(0, 4, (2, 200))
    predicted[:80] = given[:80]
    expected = cohen_kappa_score(given, predicted)
    assert cohen_kappa(given, predicted, 4) == pytest.approx(expected)


def test_records_the_models_cannot_see_count_as_unchecked(bench: Bench, tickets: Tickets) -> None:
    records = [*tickets(200), *({"text": f"zq{n}xv", "label": "login"} for n in range(300))]
    dataset = bench.read(records)
    found = Labels().find(dataset, bench.shared(dataset))
    assert found.metrics["labels.mislabel_rate.high"] >= 0.58  # hashed words may meet by chance
    assert any("records share no word with others" in note for note in found.notes)


def test_copies_are_no_evidence_of_their_own(bench: Bench, tickets: Tickets) -> None:
    copies = [{"text": "the same words again", "label": "copied"}] * 100
    dataset = bench.read([*tickets(200), *copies])
    found = Labels().find(dataset, bench.shared(dataset))
    assert not (found.findings["score"] > 0).any() or "copied" not in str(found.findings["message"])
    assert found.metrics["labels.mislabel_rate.high"] >= 1 / 3
    assert any("1 rare classes" in note for note in found.notes)


def test_models_that_know_nothing_accuse_nobody(bench: Bench, tickets: Tickets) -> None:
    found = bench.find(Labels(), tickets(300, flip=0.95))
    assert found.reason is not None
    assert "cannot predict" in found.reason
    assert found.findings.empty


def test_a_field_of_the_wrong_type_is_not_checked(bench: Bench, tickets: Tickets) -> None:
    records = [*tickets(200), *({"text": ["no", "text"], "label": "login"} for _ in range(50))]
    found = bench.find(Labels(), records)
    assert found.metrics["labels.mislabel_rate.high"] >= 0.2


def test_labels_written_in_several_ways_are_named(bench: Bench, tickets: Tickets) -> None:
    records = tickets(200)
    records[0] = records[0] | {"label": f" {str(records[0]['label']).upper()}"}
    notes = bench.find(Labels(), records).notes
    assert any("differ only in case or spaces" in note for note in notes)
    assert not any("case or spaces" in note for note in bench.find(Labels(), tickets(200)).notes)
