"""Nearest neighbours against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import neighbours
from dataqa.neighbours import nearest
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


@pytest.mark.parametrize("threads", [1, 3])
def test_a_huge_set_is_searched_among_its_candidates(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(neighbours, "MAX_CANDIDATES", 100)
    monkeypatch.setattr(neighbours, "BLOCK_VALUES", 6400)
    vectors = unit_vectors(300)
    found = nearest(vectors, 5, Silent(), threads=threads)
    assert found.candidates == 100
    assert found.index.max() < 100
    scores = vectors @ vectors[:100].T
    scores[np.arange(100), np.arange(100)] = -np.inf
    np.testing.assert_allclose(found.similarity, -np.sort(-scores, axis=1)[:, :5], atol=1e-6)
