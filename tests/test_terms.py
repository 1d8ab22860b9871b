"""TF-IDF terms and the vectors that latent semantic analysis makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from dataqa.embedding import terms as terms_module
from dataqa.embedding.lsa import LsaEmbedder
from dataqa.embedding.terms import HASH_BITS, Corpus, count_terms, weigh
from dataqa.engine.serial import SerialEngine
from dataqa.progress import Silent

TEXTS = [
    "the parcel is late",
    "the parcel is lost",
    "my password is wrong",
    "my password is old",
    "zebra quagga okapi",
]


def corpus(texts: list[str], shard_records: int = 100) -> Corpus:
    return Corpus(texts, SerialEngine(), Silent(), shard_records)


def test_words_and_word_pairs_are_counted() -> None:
    counts = count_terms(["parcel late parcel", ""])
    assert counts.shape == (2, 2**HASH_BITS)
    assert counts.sum() == 5
    assert sorted(counts[0].data) == [1, 1, 1, 2]


def test_case_and_marks_do_not_matter() -> None:
    counts = count_terms(["Parcel, LATE!", "parcel late"])
    assert (counts[0] != counts[1]).nnz == 0


def test_single_characters_and_other_scripts_are_words() -> None:
    assert (count_terms(["x", "חבילה", "हिन्दी", "é"]).getnnz(axis=1) == 1).all()


def test_characters_of_unspaced_scripts_are_words_and_their_pairs_terms() -> None:
    counts = count_terms(["包裹", "裹", "abc包裹", "ที่"])
    assert counts.getnnz(axis=1).tolist() == [3, 1, 5, 5]
    assert (counts[1] != counts[0].minimum(counts[1])).nnz == 0


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_any_cutting_gives_the_same_weights(size: int) -> None:
    whole, cut = corpus(TEXTS), corpus(TEXTS, size)
    np.testing.assert_array_equal(whole.terms.toarray(), cut.terms.toarray())
    np.testing.assert_array_equal(whole.familiarity, cut.familiarity)


def test_rows_have_unit_length_and_only_shared_terms() -> None:
    weights = corpus(TEXTS).terms
    assert weights.shape[0] == len(TEXTS)
    lengths = sparse.linalg.norm(weights, axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 1, 1, 0], rtol=1e-6)


def test_a_term_in_nearly_all_texts_is_left_out() -> None:
    texts = [f"common word{number % 5} again{number % 5}" for number in range(50)]
    without = [text.replace("common ", "") for text in texts]
    with_common, plain = corpus(texts).terms, corpus(without).terms
    assert with_common.shape[1] - plain.shape[1] == 5, "five word pairs, not the word itself"


def test_texts_that_share_no_term_keep_their_own() -> None:
    assert corpus(["one two", "three four"]).terms.getnnz() == 6


def test_no_more_than_the_largest_number_of_terms_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms_module, "MAX_TERMS", 3)
    texts = ["a b"] * 4 + ["c"] * 2 + ["d"] * 3
    kept = corpus(texts).terms
    assert kept.shape[1] == 3
    assert kept[:4].getnnz() == 3 * 4, "the terms in most texts: a, b, and their pair"


def test_familiarity_is_the_share_of_weight_that_others_use() -> None:
    familiarity = corpus(["a b", "a b", "c d", "a z", ""]).familiarity
    assert familiarity[:3].tolist() == [1, 1, 0]
    assert 0 < familiarity[3] < 1
    assert familiarity[4] == 0


def test_unfamiliar_words_are_those_of_one_text_only() -> None:
    texts = corpus(["the zebra and the okapi", "the parcel and a", "parcel a", ""])
    assert texts.unfamiliar_words(0) == ["zebra", "okapi"]
    assert texts.unfamiliar_words(0, most=1) == ["zebra"]
    assert texts.unfamiliar_words(2) == texts.unfamiliar_words(3) == []


def test_weighing_nothing_gives_nothing() -> None:
    weights = weigh(count_terms(["", "?!"]))
    assert weights.terms.shape == (2, 0)
    assert weights.familiarity.tolist() == [0, 0]


# Latent semantic analysis


def test_vectors_are_unit_rows_and_zeros_without_words() -> None:
    vectors = LsaEmbedder().embed(corpus([*TEXTS[:4], "?!"]))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 1, 0], atol=1e-6)


def test_alike_texts_are_near_each_other() -> None:
    vectors = LsaEmbedder(dimensions=2).embed(corpus(TEXTS[:4]))
    cosine = vectors @ vectors.T
    assert cosine[0, 1] > cosine[0, 2] + 0.3
    assert cosine[2, 3] > cosine[2, 0] + 0.3


def test_dimensions_are_bounded_by_texts_and_setting() -> None:
    texts = [f"word{number} word{number + 1} word{number + 2}" for number in range(30)]
    assert LsaEmbedder(dimensions=8).embed(corpus(texts)).shape == (30, 8)
    assert LsaEmbedder().embed(corpus(texts)).shape == (30, 29)


@pytest.mark.parametrize("texts", [["one"], ["one two"], ["", ""], ["a", "b"], ["?", "same same"]])
def test_tiny_corpora_have_vectors(texts: list[str]) -> None:
    vectors = LsaEmbedder().embed(corpus(texts))
    assert len(vectors) == len(texts)
    assert np.isfinite(vectors).all()


def test_the_seed_decides_the_vectors() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{word}" for word in rng.integers(0, 300, 20)) for _ in range(300)]
    one, same, other = (
        LsaEmbedder(seed=seed, dimensions=16).embed(corpus(texts)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0
