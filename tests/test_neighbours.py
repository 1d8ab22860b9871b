"""Nearest neighbours against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import neighbours
from dataqa.neighbours import clustered, nearest
from dataqa.neighbours.interface import Space
from dataqa.neighbours.selection import largest
from dataqa.progress import Silent


def unit_vectors(rows: int, width: int = 12, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def brute_force(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    index = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return index, np.take_along_axis(scores, index, axis=1)


@pytest.mark.parametrize(("rows", "k"), [(11, 10), (40, 1), (40, 10), (330, 10), (1500, 10)])
def test_it_equals_brute_force(rows: int, k: int) -> None:
    vectors = unit_vectors(rows)
    found = nearest(vectors, k, Silent())
    index, similarity = brute_force(vectors, k)
    np.testing.assert_array_equal(found.index, index)
    np.testing.assert_allclose(found.similarity, similarity, atol=1e-6)
    assert found.candidates == rows


@settings(deadline=None, max_examples=60, derandomize=True)
@given(rows=st.integers(1, 400), k=st.integers(1, 15), seed=st.integers(0, 99))
def test_similarities_equal_brute_force_whatever_the_size(rows: int, k: int, seed: int) -> None:
    vectors = unit_vectors(rows, seed=seed)
    found = nearest(vectors, k, Silent())
    kept = min(k, rows - 1)
    np.testing.assert_allclose(found.similarity[:, :kept], brute_force(vectors, kept)[1], atol=1e-6)
    assert (found.index[:, kept:] == -1).all()
    assert (found.similarity[:, kept:] == 0).all()


def test_a_row_of_zeros_has_no_neighbours_and_is_nobodys() -> None:
    vectors = unit_vectors(8)
    vectors[[2, 5]] = 0
    found = nearest(vectors, 10, Silent())
    assert (found.index[[2, 5]] == -1).all()
    assert not np.isin([2, 5], found.index).any()
    assert ((found.index >= 0).sum(axis=1)[[0, 1, 3]] == 5).all()
    assert found.candidates == 6


def test_nothing_is_its_own_neighbour_even_among_copies() -> None:
    vectors = np.tile(unit_vectors(1), (50, 1))
    found = nearest(vectors, 10, Silent())
    assert (found.index != np.arange(50)[:, None]).all()
    assert all(len(set(row)) == 10 for row in found.index.tolist())
    np.testing.assert_allclose(found.similarity, 1, atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_vectors_have_no_neighbours(rows: int) -> None:
    found = nearest(unit_vectors(rows), 3, Silent())
    assert found.index.shape == (rows, 3)
    assert (found.index == -1).all()


def test_vectors_without_width_have_no_neighbours() -> None:
    assert (nearest(np.zeros((4, 0), dtype=np.float32), 2, Silent()).index == -1).all()


def test_neighbours_are_sorted_and_within_bounds() -> None:
    found = nearest(unit_vectors(700), 10, Silent())
    assert (np.diff(found.similarity, axis=1) <= 0).all()
    assert np.abs(found.similarity).max() <= 1


# Clustered search


def blobs(rows: int, width: int = 16, seed: int = 0) -> np.ndarray:
    """Vectors around 12 centres, in random order."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(12, width))
    vectors = centers[rng.integers(0, 12, rows)] + 0.4 * rng.normal(size=(rows, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def recall(found: neighbours.Neighbours, vectors: np.ndarray) -> float:
    k = found.index.shape[1]
    _, similarity = brute_force(vectors, k)
    return float((found.similarity >= similarity[:, -1:] - 1e-6).mean())


@pytest.fixture
def small_sets(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Search small sets in clusters, too."""
    monkeypatch.setattr(neighbours, "EXACT_VECTORS", 60)
    monkeypatch.setattr(clustered, "BLOCK_VALUES", 700)
    return monkeypatch


@pytest.mark.parametrize("rows", [61, 400, 3000])
def test_clusters_give_the_recall_they_state(rows: int, small_sets: pytest.MonkeyPatch) -> None:
    vectors = blobs(rows)
    found = nearest(vectors, 10, Silent())
    assert found.candidates == rows
    assert recall(found, vectors) == pytest.approx(found.recall, abs=0.02)
    assert found.recall > 0.95
    assert f"{found.recall:.1%}" in (found.note or "")
    rows_of = np.arange(rows)[:, None]
    own = np.einsum("nd,nkd->nk", vectors, vectors[found.index])
    np.testing.assert_allclose(found.similarity, own, atol=1e-5)
    assert (found.index != rows_of).all()
    assert all(len(set(row)) == 10 for row in found.index.tolist())


def test_clusters_do_not_depend_on_threads(small_sets: pytest.MonkeyPatch) -> None:
    vectors = blobs(2000)
    one, three = (nearest(vectors, 10, Silent(), threads=count) for count in (1, 3))
    np.testing.assert_array_equal(one.index, three.index)
    np.testing.assert_array_equal(one.similarity, three.similarity)
    assert one.recall == three.recall


def test_a_small_budget_lowers_the_recall_that_is_stated(
    small_sets: pytest.MonkeyPatch,
) -> None:
    small_sets.setattr(clustered, "MAX_COMPARED", 50)
    small_sets.setattr(clustered, "FEWEST", 1)
    vectors = blobs(3000)
    found = nearest(vectors, 10, Silent())
    assert found.recall < 0.9
    assert recall(found, vectors) == pytest.approx(found.recall, abs=0.06)
    assert (found.index >= 0).all()


@pytest.mark.parametrize("copies", [100, 1000, 2000])
def test_copies_of_one_vector_do_not_blow_a_cluster_up(
    copies: int, small_sets: pytest.MonkeyPatch
) -> None:
    vectors = np.concatenate([np.tile(blobs(1), (copies, 1)), blobs(2000 - copies, seed=1)])
    found = nearest(vectors, 10, Silent())
    assert found.recall > 0.95
    np.testing.assert_allclose(found.similarity[:copies], 1, atol=1e-6)
    space = Space(vectors, np.arange(2000), np.arange(2000), 10, Silent(), 1)
    sizes = np.diff(clustered.build(space).start)
    assert sizes.sum() == 2000
    assert sizes.max() <= 16 * np.sqrt(2000)


def test_zeros_take_no_part_in_clusters(small_sets: pytest.MonkeyPatch) -> None:
    vectors = blobs(500)
    vectors[::7] = 0
    found = nearest(vectors, 10, Silent())
    assert (found.index[::7] == -1).all()
    assert (found.similarity[::7] == 0).all()
    assert not np.isin(found.index, np.arange(0, 500, 7)).any()
    assert found.candidates == np.count_nonzero(vectors.any(axis=1))


@pytest.mark.parametrize("most", [1000, 60])
def test_rows_of_one_group_are_no_neighbours(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "EXACT_VECTORS", most)
    vectors = blobs(600)
    groups = np.random.default_rng(1).integers(0, 40, 600)
    found = nearest(vectors, 10, Silent(), groups=groups)
    assert (groups[found.index] != groups[:, None]).all()
    scores = vectors @ vectors.T
    scores[groups[:, None] == groups] = -np.inf
    wanted = -np.sort(-scores, axis=1)[:, :10]
    assert np.mean(found.similarity >= wanted[:, -1:] - 1e-6) > 0.95


def test_a_group_of_all_has_no_neighbours() -> None:
    found = nearest(blobs(40), 10, Silent(), groups=np.zeros(40, dtype=np.int64))
    assert (found.index == -1).all()
    assert (found.similarity == 0).all()


@settings(deadline=None, max_examples=80, derandomize=True)
@given(rows=st.integers(1, 9), columns=st.integers(1, 700), k=st.integers(1, 12))
def test_selection_equals_sorting(rows: int, columns: int, k: int) -> None:
    scores = np.random.default_rng(columns).normal(size=(rows, columns)).astype(np.float32)
    kept = min(k, columns)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :kept]
    np.testing.assert_array_equal(largest(scores, kept), expected)
