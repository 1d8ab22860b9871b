"""The closed-form label models against plain implementations of the same."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import softmax

from dataqa.probabilities import (
    Labeled,
    Nearby,
    Sums,
    assign_folds,
    bayes,
    calibration,
    discriminants,
    merge,
    out_of_fold,
    sum_stage,
    votes,
)

few = settings(deadline=None, max_examples=25, derandomize=True)
CLASSES, FOLDS = 3, 4


def make_records(rows: int = 120, seed: int = 0, classes: int = CLASSES) -> Labeled:
    """Records whose vectors and terms lean to their class."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, rows)
    vectors = rng.normal(size=(rows, 6)) + 2 * np.eye(classes, 6)[label]
    terms = rng.poisson(0.4 + 1.5 * (np.arange(12) % classes == label[:, None])).astype(float)
    return Labeled(
        vectors=vectors.astype(np.float32),
        terms=sparse.csr_matrix(terms),
        label=label,
        fold=rng.integers(0, FOLDS, rows),
    )


def sums_of(records: Labeled, size: int = 10**6) -> Sums:
    stage = partial(sum_stage, folds=FOLDS, classes=CLASSES)
    return merge(stage(records[at : at + size]) for at in range(0, len(records), size))


def naive_discriminants(train: Labeled, vectors: np.ndarray) -> np.ndarray:
    """Linear discriminant analysis by its textbook formula, with the ridge of the module."""
    data = train.vectors.astype(float)
    counts = np.array([(train.label == c).sum() for c in range(CLASSES)])
    means = np.array([data[train.label == c].mean(axis=0) for c in range(CLASSES)])
    centred = data - means[train.label]
    covariance = centred.T @ centred / len(data)
    width = data.shape[1]
    covariance += discriminants.SHRINKAGE * np.trace(covariance) / width * np.eye(width)
    prior = np.log((counts + 0.5) / (counts + 0.5).sum())
    inverse = np.linalg.inv(covariance)
    offsets = [-0.5 * mean @ inverse @ mean for mean in means]
    return vectors @ inverse @ means.T + offsets + prior


def naive_bayes(train: Labeled, terms: np.ndarray) -> np.ndarray:
    """Multinomial naive Bayes by its textbook formula."""
    dense = train.terms.toarray()
    counts = np.array([(train.label == c).sum() for c in range(CLASSES)])
    weights = np.array([dense[train.label == c].sum(axis=0) for c in range(CLASSES)])
    smoothed = weights + bayes.SMOOTHING
    likelihood = np.log(smoothed / smoothed.sum(axis=1, keepdims=True))
    return terms @ likelihood.T + np.log((counts + 0.5) / (counts + 0.5).sum())


def nearby_of(records: Labeled, k: int = 5) -> Nearby:
    """Each record is a text of its own; neighbours by the product of vectors."""
    likeness = records.vectors @ records.vectors.T
    np.fill_diagonal(likeness, -np.inf)
    index = np.argsort(-likeness, axis=1)[:, : min(k, len(records) - 1)]
    return Nearby(index, np.arange(len(records)))


def naive_votes(records: Labeled) -> np.ndarray:
    """Count the labels of the neighbours one by one."""
    nearby = nearby_of(records)
    prior = np.bincount(records.label, minlength=CLASSES) / len(records)
    scores = np.empty((len(records), CLASSES))
    for row, others in enumerate(nearby.index):
        counts = np.bincount(records.label[others], minlength=CLASSES)
        scores[row] = np.log((counts + votes.PRIOR_VOTES * prior) / (len(others) + 1))
    return scores


def predicted(records: Labeled) -> np.ndarray:
    return out_of_fold(records, sums_of(records), nearby_of(records)).probabilities


def every(records: Labeled) -> np.ndarray:
    return np.arange(len(records))


def best_temperature(scores: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Calibrate by trying temperatures one after the other."""
    rows = np.arange(len(label))
    tried = [softmax(scores / np.exp(t), axis=1) for t in np.linspace(-4, 6, 4001)]
    return max(tried, key=lambda found: np.log(found[rows, label]).sum())


def test_out_of_fold_equals_a_refit_without_the_fold() -> None:
    records = make_records()
    scores = [np.empty((len(records), CLASSES)) for _ in range(2)]
    for fold in range(FOLDS):
        inside = records.fold == fold
        train = Labeled(
            records.vectors[~inside],
            records.terms[~inside],
            records.label[~inside],
            records.fold[~inside],
        )
        scores[0][inside] = naive_discriminants(train, records.vectors[inside])
        scores[1][inside] = naive_bayes(train, records.terms[inside].toarray())
    scores.append(naive_votes(records))
    expected = np.mean([best_temperature(score, records.label) for score in scores], axis=0)
    found = out_of_fold(records, sums_of(records), nearby_of(records))
    np.testing.assert_allclose(found.probabilities, expected, atol=2e-3)
    for model, score in zip(("discriminants", "words", "neighbours"), scores, strict=True):
        np.testing.assert_array_equal(found.votes[model], score.argmax(axis=1))


def test_discriminants_equal_the_textbook() -> None:
    records = make_records()
    total = sums_of(records).total
    found = discriminants.score(records, every(records), total)
    expected = naive_discriminants(records, records.vectors)
    np.testing.assert_allclose(
        found - found[:, :1], expected - expected[:, :1], rtol=1e-6, atol=1e-6
    )


def test_bayes_equals_the_textbook(monkeypatch: pytest.MonkeyPatch) -> None:
    records = make_records()
    total = sums_of(records).total
    expected = naive_bayes(records, records.terms.toarray())
    np.testing.assert_allclose(bayes.score(records, every(records), total), expected)
    monkeypatch.setattr(bayes, "CLASS_BLOCK", 2)
    np.testing.assert_allclose(bayes.score(records, every(records), total), expected)


@few
@given(seed=st.integers(0, 99), rows=st.integers(1, 60), size=st.integers(1, 60))
def test_sums_over_shards_are_those_of_the_whole(seed: int, rows: int, size: int) -> None:
    records = make_records(rows, seed)
    whole, cut = sums_of(records), sums_of(records, size)
    for name in ("counts", "vectors", "gram"):
        np.testing.assert_allclose(getattr(cut, name), getattr(whole, name), atol=1e-9)
    np.testing.assert_allclose(cut.terms.toarray(), whole.terms.toarray())


def test_the_label_of_a_fold_does_not_enter_its_model() -> None:
    records = make_records()
    inside = records.fold == 0
    turned = np.where(inside, (records.label + 1) % CLASSES, records.label)
    changed = Labeled(records.vectors, records.terms, turned, records.fold)
    for model in (discriminants, bayes):
        one, other = (
            model.score(records, np.flatnonzero(inside), next(sums.rests()))
            for sums in (sums_of(records), sums_of(changed))
        )
        np.testing.assert_allclose(one, other, atol=1e-6)


@few
@given(seed=st.integers(0, 99), rows=st.integers(2, 80))
def test_probabilities_are_positive_and_sum_to_one(seed: int, rows: int) -> None:
    records = make_records(rows, seed)
    found = predicted(records)
    assert found.shape == (rows, CLASSES)
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_the_models_learn_what_can_be_learned() -> None:
    records = make_records(400)
    found = predicted(records)
    assert (found.argmax(axis=1) == records.label).mean() > 0.85


def test_calibration_finds_the_temperature() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(4000, 3)) * 2
    label = np.array([rng.choice(3, p=row) for row in softmax(scores, axis=1)])
    found = calibration.calibrated(scores * 50, label)
    np.testing.assert_allclose(found, softmax(scores, axis=1), atol=0.05)


def test_features_without_content_give_the_prior() -> None:
    rows = 60
    label = np.repeat([0, 1], [40, 20])
    records = Labeled(
        np.zeros((rows, 3), dtype=np.float32),
        sparse.csr_matrix((rows, 4)),
        label,
        np.arange(rows) % FOLDS,
    )
    sums = sum_stage(records, folds=FOLDS, classes=2)
    nowhere = Nearby(np.full((rows, 5), -1), np.arange(rows))
    found = out_of_fold(records, sums, nowhere).probabilities
    assert (found.argmax(axis=1) == 0).all()
    np.testing.assert_allclose(found[:, 0], 2 / 3, atol=0.02)


def test_copies_of_a_neighbour_share_one_vote() -> None:
    text = np.array([0, 1, 1, 1, 2])
    label = np.array([0, 0, 1, 1, 2])
    nearby = Nearby(np.array([[1, 2], [0, 2], [1, -1]]), text)
    labels = votes.text_labels(text, label, texts=3, classes=3)
    found = votes.score(nearby, np.array([0, 4]), labels)
    prior = np.array([4 / 3, 2 / 3, 1]) / 3
    np.testing.assert_allclose(np.exp(found[0]), (np.array([1 / 3, 2 / 3, 1]) + prior) / 3)
    np.testing.assert_allclose(np.exp(found[1]), (np.array([1 / 3, 2 / 3, 0]) + prior) / 2)


# Folds


@few
@given(
    groups=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=60),
    folds=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_folds_keep_groups_together_and_are_balanced(
    groups: list[tuple[int, int]], folds: int, seed: int
) -> None:
    label = np.repeat([one[0] for one in groups], [one[1] for one in groups])
    group = np.repeat(np.arange(len(groups)), [one[1] for one in groups])
    rank = np.random.default_rng(seed).permutation(len(groups))
    fold = assign_folds(label, group, rank[group], folds)
    assert ((fold >= 0) & (fold < folds)).all()
    assert all(len(set(fold[group == number])) == 1 for number in range(len(groups)))
    for name in set(label.tolist()):
        firsts = [np.flatnonzero(group == number)[0] for number in set(group[label == name])]
        sizes = np.bincount(fold[firsts], minlength=folds)
        assert sizes.max() - sizes.min() <= 1


def test_folds_follow_the_rank_of_a_group_not_its_place() -> None:
    label, rank = np.array([0, 1] * 10), np.arange(20) * 7 % 20
    order = np.random.default_rng(1).permutation(20)
    fold = assign_folds(label, np.arange(20), rank, 3)
    np.testing.assert_array_equal(
        assign_folds(label[order], np.arange(20), rank[order], 3), fold[order]
    )
