"""When two texts count as the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.dataset import Shard
from dataqa.normalise import group, hash_stage, normal_form

many = settings(deadline=None, max_examples=200, derandomize=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is my order?", "where is my  order"),
        ("Hello, world!", "hello world"),
        ("  a\tb\nc ", "a b c"),
        ("caf\u00e9", "cafe\u0301"),
        ("ﬁne", "fine"),
        ("ＡＢＣ １", "abc 1"),
        ("Straße", "STRASSE"),
        ("wait...", "wait…"),
        ('"quoted text"', "quoted text"),
        ("“quoted” text", "quoted text"),
        ("non\u00a0breaking", "non breaking"),
        ("it costs 3.5.", "it costs 3.5"),
        ("!!!", "!!!  "),
    ],
)
def test_these_are_the_same(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x+1", "x-1"),
        ("3.5", "35"),
        ("3,5", "35"),
        ("!!!", "???"),
        ("a.b", "ab"),
        ("a b", "ab"),
        ("don't", "dont"),
        ("-1", "1"),
        ("$5", "5"),
        ("50%", "50"),
        ("a != b", "a = b"),
        ("x > y", "x < y"),
        ("10:30", "1030"),
        ("@ann", "ann"),
        ("#1", "1"),
        ("c++", "c"),
        ("resume", "résumé"),
    ],
)
def test_these_are_different(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


@many
@given(text=st.text(max_size=60))
def test_a_normal_form_is_final(text: str) -> None:
    once = normal_form(text)
    assert normal_form(once) == once


@many
@given(text=st.text(max_size=60))
def test_only_blank_texts_become_empty(text: str) -> None:
    assert (normal_form(text) == "") == (text.strip() == "")


@many
@given(text=st.text(alphabet="ab .,!?'", max_size=30), spaces=st.sampled_from([" ", "\n", "\t "]))
def test_spacing_and_case_never_matter(text: str, spaces: str) -> None:
    assert normal_form(f"{spaces}{text.upper().replace(' ', spaces)}{spaces}") == normal_form(text)


def test_text_and_response_are_not_run_together() -> None:
    hashes = hash_stage(Shard(["a b", "a", "a", ""], ["", "b", "", ""]))
    assert len(set(hashes.pair)) == 4
    assert len(set(hashes.text)) == 3


def test_groups_say_who_belongs_together() -> None:
    groups = group([letter * 32 for letter in "babcb"])
    assert groups.sizes.sum() == 5
    assert groups.hashes.tolist() == ["a" * 32, "b" * 32, "c" * 32]
    assert groups.of.tolist() == [1, 0, 1, 2, 1]
    assert groups.first.tolist() == [1, 0, 3]
    assert [members.tolist() for members in groups.members()] == [[1], [0, 2, 4], [3]]


def test_the_group_of_empty_texts_is_known() -> None:
    groups = group(hash_stage(Shard(["", "x", " "], ["", "", ""])).pair)
    assert groups.empty[groups.of].tolist() == [True, False, True]


@many
@given(
    texts=st.lists(st.sampled_from(["a", "A!", "b", "", " ", "c d"]), min_size=1, max_size=20),
    size=st.integers(1, 7),
)
def test_hashes_of_shards_are_those_of_the_whole(texts: list[str], size: int) -> None:
    whole = hash_stage(Shard(texts, [""] * len(texts)))
    cut = [
        hash_stage(Shard(texts[start : start + size], [""] * len(texts[start : start + size])))
        for start in range(0, len(texts), size)
    ]
    assert [value for part in cut for value in part.text] == whole.text
    assert np.unique(group(whole.text).of).size == len(set(map(normal_form, texts)))
