"""Near-duplicates: every pair that an all-pairs comparison finds, and no other."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.engine import Engine
from dataqa.engine.processes import ProcessesEngine
from dataqa.engine.serial import SerialEngine
from dataqa.near import candidates
from dataqa.near.minhash import LEAST_WORDS, Scheme
from dataqa.near.search import Search
from dataqa.near.shingles import find_shingles
from dataqa.near.stars import stars
from dataqa.near.words import JOINED, OPERATORS, SYMBOLS, UNSPACED, find_words
from dataqa.normalise import Cleaning
from dataqa.progress import Silent

some = settings(deadline=None, max_examples=40, derandomize=True)
many = settings(deadline=None, max_examples=300, derandomize=True)
TOKEN = re.compile(rf"[{UNSPACED}]|(?:[^\W{UNSPACED}]|[{JOINED}])+|.", re.DOTALL)


def is_word(token: str) -> bool:
    first = token[0]
    symbol = unicodedata.category(first) in SYMBOLS or first in OPERATORS
    return symbol or bool(re.match(rf"[\w{JOINED}{UNSPACED}]", first))


def plain_words(text: str) -> list[str]:
    """Split a text the slow way."""
    return [token for token in TOKEN.findall(Cleaning().folded(text)) if is_word(token)]


def plain_similarity(one: str, other: str, scheme: Scheme) -> float:
    """Compare two texts the slow way: Jaccard of multisets of n-grams, n by the shorter text."""
    words = [plain_words(one), plain_words(other)]
    shorter = min(map(len, words))
    n = max((n for n in range(1, scheme.longest + 1) if LEAST_WORDS[n] <= shorter), default=0)
    if not n:
        return 0.0
    grams = [
        Counter(zip(*(found[at : len(found) - n + 1 + at] for at in range(n)), strict=True))
        for found in words
    ]
    return (grams[0] & grams[1]).total() / (grams[0] | grams[1]).total()


def plain_pairs(texts: list[str], scheme: Scheme) -> dict[tuple[int, int], float]:
    found = {
        (one, other): plain_similarity(texts[one], texts[other], scheme)
        for one, other in combinations(range(len(texts)), 2)
    }
    return {pair: value for pair, value in found.items() if value >= scheme.threshold}


def search(
    scheme: Scheme = Scheme(),  # noqa: B008 - frozen
    engine: Engine | None = None,
    shard_records: int = 50,
) -> Search:
    return Search(scheme, Cleaning(), engine or SerialEngine(), Silent(), shard_records)


def found_pairs(texts: list[str], scheme: Scheme, **how: int) -> dict[tuple[int, int], float]:
    pairs = search(scheme, **how).pairs(texts)
    places = zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    return dict(zip(places, pairs.similarity.tolist(), strict=True))


# Words


@many
@given(text=st.text(max_size=80))
@pytest.mark.parametrize("beside", ["", "ascii only", "kein ascii: ä 你"])
def test_words_are_those_of_a_plain_tokeniser(text: str, beside: str) -> None:
    words = find_words([beside, text, beside], Cleaning())
    plain = plain_words(text)
    own = words.hashes[words.starts[1] : words.starts[2]].tolist()
    assert len(own) == len(plain)
    numbers: dict[str, int] = {}
    assert [numbers.setdefault(word, value) for word, value in zip(plain, own, strict=True)] == own
    assert len(set(numbers.values())) == len(numbers)
    assert words.counts.tolist() == [len(plain_words(beside)), len(plain), len(plain_words(beside))]


@some
@given(sizes=st.lists(st.integers(1, 120), min_size=1, max_size=5))
def test_long_words_differ_in_every_letter(sizes: list[int]) -> None:
    for size in sizes:
        texts = ["a" * size, "a" * (size - 1) + "b", "b" + "a" * (size - 1), "a" * (size + 1)]
        distinct = len(set(texts))
        assert len(set(find_words(texts, Cleaning()).hashes.tolist())) == distinct


def test_a_word_hashes_the_same_among_ascii_and_other_characters() -> None:
    words = find_words(["plain longerthaneight", "plain longerthaneight é", "你 plain"], Cleaning())
    assert words.hashes[0] == words.hashes[2] == words.hashes[6]
    assert words.hashes[1] == words.hashes[3]


def test_no_texts_have_no_words() -> None:
    assert find_words([], Cleaning()).counts.tolist() == []
    assert search().pairs([]).left.tolist() == []


def test_a_shingle_repeated_without_end_is_counted_up_to_a_limit() -> None:
    words = find_words(["ha " * 5000, "ha " * 9000, "ho"], Cleaning())
    shingles = find_shingles(words, 1)
    assert np.diff(shingles.starts).tolist() == [2048, 2048, 1]
    assert shingles.jaccard(np.array([0]), np.array([1])).tolist() == [1.0]


# Pairs


@st.composite
def families(draw: st.DrawFn) -> list[str]:
    """Texts of all lengths, many of them edited copies of others."""
    rng = random.Random(draw(st.integers(0, 10**6)))  # noqa: S311 - no cryptography
    vocabulary = [f"w{number}" for number in range(draw(st.sampled_from([5, 40, 2000])))]
    texts = []
    for _ in range(draw(st.integers(1, 8))):
        words = rng.choices(vocabulary, k=rng.choice([1, 3, 8, 9, 10, 12, 29, 30, 33, 60, 110]))
        texts.append(words)
        for _ in range(rng.randint(0, 4)):
            texts.append(edited(rng.choice(texts), rng, vocabulary))
    return sorted({" ".join(words) for words in texts} - {""})


def edited(words: list[str], rng: random.Random, vocabulary: list[str]) -> list[str]:
    """Insert, delete, substitute or swap one to three words."""
    words = list(words)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(words)) if words else 0
        kind = rng.choice(["insert", "delete", "substitute", "swap"])
        if kind == "insert" or not words:
            words.insert(at, rng.choice(vocabulary))
        elif kind == "delete":
            del words[at]
        elif kind == "substitute":
            words[at] = rng.choice(vocabulary)
        else:
            words[at - 1], words[at] = words[at], words[at - 1]
    return words


@some
@given(
    texts=families(),
    threshold=st.sampled_from([0.5, 0.7, 0.8, 0.9, 1.0]),
    longest=st.integers(1, 5),
    shard_records=st.integers(1, 40),
)
def test_pairs_are_those_of_comparing_all_with_all(
    texts: list[str], threshold: float, longest: int, shard_records: int
) -> None:
    scheme = Scheme(threshold, longest)
    found = found_pairs(texts, scheme, shard_records=shard_records)
    assert found == pytest.approx(plain_pairs(texts, scheme))


@some
@given(texts=families(), share=st.floats(0, 1))
def test_a_border_gives_the_pairs_that_cross_it(texts: list[str], share: float) -> None:
    border = max(round(share * len(texts)), 1)
    across = search().pairs(texts, border=border)
    usual = search().pairs(texts)
    crossing = (usual.left < border) & (usual.right >= border)
    assert across.left.tolist() == usual.left[crossing].tolist()
    assert across.right.tolist() == usual.right[crossing].tolist()


def test_worker_processes_find_the_same_pairs() -> None:
    rng = random.Random(5)  # noqa: S311 - no cryptography
    vocabulary = [f"w{number}" for number in range(300)]
    texts = [rng.choices(vocabulary, k=rng.randint(4, 60)) for _ in range(200)]
    texts = [" ".join(words) for text in texts for words in (text, edited(text, rng, vocabulary))]
    one = search().pairs(texts)
    other = search(engine=ProcessesEngine(jobs=2)).pairs(texts)
    assert len(one.left) > 50
    np.testing.assert_array_equal(one.left, other.left)
    np.testing.assert_array_equal(one.similarity, other.similarity)


# Crowds


def numbered(count: int, words: int, changed: int) -> list[str]:
    """Texts of one template in which ``changed`` words are a number of their own."""
    return [
        " ".join(f"t{at}" if at >= changed else f"n{text}x{at}" for at in range(words))
        for text in range(count)
    ]


def test_a_large_group_is_found_with_few_comparisons() -> None:
    texts = numbered(3000, words=80, changed=1)
    pairs = search(shard_records=1000).pairs(texts)
    groups = stars(len(texts), pairs.left, pairs.right, pairs.similarity)
    assert len(set(groups.of.tolist())) == 1
    assert pairs.compared < 60 * len(texts)


def test_a_crowd_of_different_texts_costs_no_quadratic_work() -> None:
    texts = numbered(2000, words=60, changed=9)  # similarity 0.72, below the threshold
    pairs = search(shard_records=1000).pairs(texts)
    assert len(pairs.left) == 0
    assert pairs.compared < 200 * len(texts)


def test_copies_in_a_crowd_are_found() -> None:
    texts = numbered(400, words=60, changed=9)
    texts += [f"{text} more" for text in texts[::4]]
    pairs = search().pairs(texts)
    expected = {(4 * number, 400 + number) for number in range(100)}
    assert len(expected & set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))) >= 95


# Groups


def chain(length: int) -> list[str]:
    """Texts of which each resembles the next, and the first nothing like the last."""
    return [" ".join(f"w{number}" for number in range(at, at + 60)) for at in range(0, length, 2)]


def test_a_chain_does_not_end_in_one_group() -> None:
    texts = chain(400)
    pairs = search().pairs(texts)
    groups = stars(len(texts), pairs.left, pairs.right, pairs.similarity)
    assert 20 < len(set(groups.of.tolist())) < 150
    for text, leader in enumerate(groups.of.tolist()):
        assert plain_similarity(texts[text], texts[leader], Scheme()) >= 0.8


@many
@given(
    edges=st.lists(
        st.tuples(st.integers(0, 11), st.integers(0, 11), st.sampled_from([0.8, 0.9, 1.0])),
        max_size=30,
    )
)
def test_stars_are_the_greedy_ones(edges: list[tuple[int, int, float]]) -> None:
    similar = {(min(a, b), max(a, b)): s for a, b, s in edges if a != b}
    left, right = np.array([*similar, (0, 0)][: len(similar)], dtype=int).reshape(-1, 2).T
    found = stars(12, left, right, np.array(list(similar.values())))
    near = {
        text: {b if a == text else a: s for (a, b), s in similar.items() if text in (a, b)}
        for text in range(12)
    }
    leaders: list[int] = []
    for text in sorted(near, key=lambda text: (-len(near[text]), text)):
        if not near[text].keys() & set(leaders):
            leaders.append(text)
    for text in range(12):
        own = [leader for leader in leaders if leader in near[text]]
        best = max(own, key=lambda leader: (near[text][leader], -leaders.index(leader)), default=0)
        assert found.of[text] == (text if text in leaders else best)


def test_buckets_split_and_drop_lone_members() -> None:
    everyone = candidates.Buckets(np.arange(6), np.array([0, 3, 6]))
    split = everyone.split(np.array([1, 1, 2, 1, 1, 1], dtype=np.uint64))
    sets = np.split(split.members, split.starts[1:-1])
    assert sorted(found.tolist() for found in sets) == [[0, 1], [3, 4, 5]]
