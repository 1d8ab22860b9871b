"""Text from a record is hostile: shortened, masked, and nothing but text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.quoting import EXCERPT_CHARACTERS, excerpt, log_line, printable, spreadsheet_safe

many = settings(deadline=None, max_examples=200, derandomize=True)


@pytest.mark.parametrize("text", ["", "hello", "two words", "é 包裹 שלום 👩"])
def test_a_short_text_is_quoted_as_it_is(text: str) -> None:
    assert excerpt(text, "full") == text


def test_a_long_text_is_cut_and_says_so() -> None:
    assert excerpt("x" * EXCERPT_CHARACTERS, "full") == "x" * EXCERPT_CHARACTERS
    assert excerpt("x" * (EXCERPT_CHARACTERS + 1), "full") == "x" * EXCERPT_CHARACTERS + "…"
    assert len(excerpt("word " * 10**6, "full") or "") == EXCERPT_CHARACTERS + 1


def test_spaces_and_lines_become_single_spaces() -> None:
    assert excerpt("  a\n\n b\t\tc  ", "full") == "a b c"


def test_a_text_behind_many_blanks_is_quoted() -> None:
    assert excerpt(" " * 5000 + "hello", "full") == "hello"


def test_never_returns_nothing() -> None:
    assert excerpt("secret", "never") is None


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail ann.b+c@mail.example.org now", "mail [email] now"),
        ("see https://example.org/a?b=c now", "see [url] now"),
        ("see www.example.org", "see [url]"),
        ("call 0171 555 66 67", "call [number]"),
        ("call +49 (171) 5556667", "call [number]"),
        ("card 4111-1111-1111-1111", "card [number]"),
        ("pin 1234", "pin [number]"),
        ("in 3 days, 24 7", "in 3 days, 24 7"),
        ("room 101 is 20 m", "room 101 is 20 m"),
        ("a @ b", "a @ b"),
    ],
)
def test_redaction_masks_addresses_links_and_numbers(text: str, masked: str) -> None:
    assert excerpt(text, "redacted") == masked
    assert excerpt(text, "full") == text


def test_a_mask_at_the_cut_leaves_no_rest() -> None:
    for start in range(EXCERPT_CHARACTERS - 30, EXCERPT_CHARACTERS + 2):
        shown = excerpt("x " * (start // 2) + "ann.secret@example.org" * 20, "redacted")
        assert "secret" not in (shown or "")


@pytest.mark.parametrize("code", [0x00, 0x07, 0x1B, 0x7F, 0x9B, 0x200E, 0x202E, 0x2066, 0x2028])
def test_characters_that_steer_are_replaced(code: int) -> None:
    assert printable(f"a{chr(code)}b") == "a\ufffdb"
    assert chr(code) not in (excerpt(f"a{chr(code)}b", "full") or "")


@many
@given(text=st.text(max_size=300))
def test_an_excerpt_is_one_printable_line(text: str) -> None:
    shown = excerpt(text, "full")
    assert shown is not None
    assert len(shown) <= EXCERPT_CHARACTERS + 1
    assert len(shown.splitlines()) <= 1
    assert not [sign for sign in shown if unicodedata.category(sign) == "Cc"]
    assert not [sign for sign in shown if unicodedata.bidirectional(sign) in {"RLO", "LRO", "RLI"}]
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("1=1", "1=1"),
        ("", ""),
        ("'=1", "'=1"),
    ],
)
def test_formulas_are_defused(text: str, safe: str) -> None:
    assert spreadsheet_safe(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "::error::x",
        "  ::set-output name=a::b",
        "##[error]x",
        "x ##vso[task.x]y",
        "##VSO[a]",
        "a\n::b",
    ],
)
def test_no_log_line_is_a_command(text: str) -> None:
    line = log_line(text)
    assert not line.lstrip().startswith("::")
    assert "##[" not in line
    assert "##vso[" not in line.lower()
    assert "\n" not in line


def test_a_harmless_log_line_stays() -> None:
    assert log_line("std::vector, 3 records") == "std::vector, 3 records"


def test_a_long_text_of_blanks_is_marked_as_cut() -> None:
    assert excerpt("start" + " " * 2000 + "end", "full") == "start…"
