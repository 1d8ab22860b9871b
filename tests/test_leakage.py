"""Overlap of training with evaluation records: what is found, what is not, and what is said."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import AuditResult, Config, audit, read
from dataqa.checks import Found
from dataqa.checks.leakage import Leakage
from dataqa.embedding import EMBEDDERS, choose_embedder
from dataqa.engine import Engine
from dataqa.engine.processes import ProcessesEngine
from dataqa.engine.serial import SerialEngine
from dataqa.errors import ConfigError, InputError
from dataqa.near.words import find_words
from dataqa.normalise import Cleaning
from dataqa.overlap import closeness
from dataqa.overlap.evaluation import read_evaluations
from dataqa.overlap.repeated import hash_runs, repeated_lines, without_lines, without_phrases
from dataqa.overlap.rephrased import THRESHOLDS, USUAL_THRESHOLD, number_agreement, threshold_of
from dataqa.overlap.shown import shared_passage
from dataqa.progress import Silent
from dataqa.shared import Shared

if TYPE_CHECKING:
    from tests.conftest import Record, Run

few = settings(deadline=None, max_examples=8, derandomize=True)
WORDS = [f"{start}{end}" for start in "bdfgklmnprst" for end in ("ab", "ed", "ill", "ock", "unt")]
Jsonl = Callable[..., Path]


def sentence(seed: int, words: int = 30) -> str:
    return " ".join(np.random.default_rng(seed).choice(WORDS, words))


def records(seeds: Sequence[int], words: int = 30) -> list[Record]:
    return [{"instruction": sentence(n, words), "output": sentence(n + 5000, 6)} for n in seeds]


def questions(seeds: Sequence[int], words: int = 30) -> list[Record]:
    return [{"question": sentence(n, words), "answer": sentence(n + 9000, 6)} for n in seeds]


@pytest.fixture
def leak(tmp_path: Path, jsonl: Jsonl) -> Callable[..., AuditResult]:
    """Audit training lines against evaluation lines, this check alone."""

    def audited(train: Sequence[Any], test: Sequence[Any], **how: Any) -> AuditResult:
        data = jsonl(tmp_path, train, "train.jsonl")
        path = str(jsonl(tmp_path, test, "test.jsonl"))
        named = {how.pop("kind", "eval"): (path,)}
        return audit(data, select=("leakage",), **named, **how)

    return audited


def codes(result: AuditResult) -> dict[int, str]:
    findings = result.findings
    return {
        line: code.partition(".")[2]
        for line, code in zip(findings["line"], findings["code"], strict=True)
    }


# What is found


def test_each_kind_of_overlap_has_its_code(leak: Callable[..., AuditResult]) -> None:
    train = records(range(40))
    words = sentence(101).split()
    train[3]["instruction"] = f"  {sentence(100).upper()}!"
    train[7]["instruction"] = " ".join([*words[:15], "moreover", *words[15:]])
    train[11]["instruction"] += " " + " ".join(sentence(102).split()[5:20])
    train[13]["output"] = " ".join(sentence(103).split()[:13])
    result = leak(train, questions(range(100, 110)))
    assert codes(result) == {4: "verbatim", 8: "near", 12: "passage", 14: "passage"}
    lines = dict(zip(result.findings["line"], result.findings["evidence"], strict=True))
    assert {line: fact["matched_line"] for line, fact in lines.items()} == {
        4: 1,
        8: 2,
        12: 3,
        14: 4,
    }
    assert result.metrics["leakage.rate"] == 4 / 40
    assert result.metrics["leakage.seen_rate"] == 4 / 10
    assert lines[14]["passage"] == train[13]["output"]
    assert lines[4]["matched_text"] == sentence(100)
    assert dict(result.records["leakage"].dropna()) == {
        3: "verbatim", 7: "near", 11: "passage", 13: "passage",
    }  # fmt: skip


@pytest.mark.parametrize(("words", "found"), [(12, {}), (13, {1: "passage"})])
def test_a_passage_needs_thirteen_words(
    words: int, found: dict[int, str], leak: Callable[..., AuditResult]
) -> None:
    train = records([0])
    train[0]["instruction"] += " " + " ".join(sentence(100).split()[:words])
    assert codes(leak(train, questions([100]))) == found


def test_eight_words_are_an_option(leak: Callable[..., AuditResult]) -> None:
    train = records([0])
    train[0]["instruction"] += " " + " ".join(sentence(100).split()[:8])
    found = leak(train, questions([100]), checks={"leakage": {"ngram_words": 8}})
    assert codes(found) == {1: "passage"}


def test_a_short_question_overlaps_only_as_a_whole(leak: Callable[..., AuditResult]) -> None:
    train = [{"text": "what is two plus two"}, {"text": f"{sentence(1)} what is two plus two"}]
    assert codes(leak(train, [{"text": "What is two plus two?"}])) == {1: "verbatim"}


def test_one_field_overlaps_two_fields(leak: Callable[..., AuditResult]) -> None:
    test = questions([100])
    train = [{"text": f"{test[0]['question']}\n\n{test[0]['answer']}"}, *records([1])]
    assert codes(leak(train, test)) == {1: "verbatim"}


def test_a_template_and_a_word_are_no_passage(leak: Callable[..., AuditResult]) -> None:
    template = sentence(7, 40)
    train = [{"text": f"{template} hello {sentence(n)}"} for n in range(60)]
    test = [{"text": f"{template} hello {sentence(n)}"} for n in range(100, 120)]
    assert codes(leak(train, test)) == {}
    train[5]["text"] = f"{template} hello {sentence(1000)} {sentence(103)}"
    assert codes(leak(train, test)) == {6: "passage"}


def test_an_instruction_that_all_repeat_does_not_make_texts_alike(
    leak: Callable[..., AuditResult],
) -> None:
    template = sentence(7, 60)
    train = [{"instruction": template, "input": sentence(n, 5), "output": "a"} for n in range(60)]
    test = [{**train[0], "input": sentence(n, 5)} for n in range(100, 120)]
    assert codes(leak(train, test)) == {}
    train[5]["input"] = test[2]["input"]
    assert codes(leak(train, test)) == {6: "verbatim"}


def test_empty_records_are_not_alike(leak: Callable[..., AuditResult]) -> None:
    empty = [{"instruction": "", "output": ""}, {"instruction": " ", "output": None}]
    assert codes(leak([*empty, *records([1])], [*empty, *questions([100])])) == {}


# Files


def test_benchmarks_are_counted_apart(tmp_path: Path, jsonl: Jsonl) -> None:
    data = jsonl(tmp_path, [*records(range(20)), *records([100, 200])])
    one = str(jsonl(tmp_path, questions([100]), "one.jsonl"))
    other = str(jsonl(tmp_path, questions([200, 300]), "other.jsonl"))
    result = audit(data, select=("leakage",), eval=(one,), benchmark=(other,))
    assert result.metrics["leakage.rate"] == result.metrics["leakage.contamination_rate"] == 1 / 22
    assert result.metrics["leakage.contamination_seen_rate"] == 1 / 2
    assert result.checks["leakage"].reason is None
    facts = result.findings.sort_values("line")["evidence"]
    sets = [(fact["set"], Path(fact["matched_source"]).name) for fact in facts]
    assert sets == [("eval", "one.jsonl"), ("benchmark", "other.jsonl")]
    assert "1 of 2 records are in the training data" in " ".join(result.checks["leakage"].notes)
    only = audit(data, select=("leakage",), benchmark=(one, other))
    assert only.metrics["leakage.contamination_rate"] == 2 / 22
    assert only.metrics["leakage.rate"] is None
    assert only.checks["leakage"].reason == "no evaluation file given (--eval FILE)"


def test_the_training_file_itself_is_all_leaked(tmp_path: Path, jsonl: Jsonl) -> None:
    path = jsonl(tmp_path, records([n % 700 for n in range(3000)]))
    result = audit(path, select=("leakage",), eval=(str(path),))
    assert result.metrics["leakage.rate"] == result.metrics["leakage.seen_rate"] == 1.0
    assert set(result.findings["code"]) == {"leakage.verbatim"}
    assert len(result.findings) == 3000


def test_an_evaluation_file_may_have_other_fields_and_bad_lines(
    leak: Callable[..., AuditResult],
) -> None:
    train = [{"body": sentence(n), "stars": n % 2} for n in range(10)]
    test = [{"problem": sentence(3)}, "{broken", {"other": 1}, {"query": sentence(5)}]
    result = leak(train, test, text_field="body", label_field="stars")
    assert codes(result) == {4: "verbatim", 6: "verbatim"}
    assert "2 of 3 records" in result.checks["leakage"].notes[0]
    assert "(2 lines hold nothing to compare)" in result.checks["leakage"].notes[0]


def test_without_a_file_the_check_is_skipped_and_decides_nothing(
    tmp_path: Path, jsonl: Jsonl
) -> None:
    path = jsonl(tmp_path, records(range(5)))
    result = audit(path, limits={"duplicates.exact_rate": 0.5}, max_mislabel_rate="off")
    assert result.checks["leakage"].status == "skipped"
    assert result.checks["leakage"].reason == "no evaluation file given (--eval FILE)"
    assert result.verdict.state == "PASS"


def test_only_a_limit_makes_overlap_fail(leak: Callable[..., AuditResult]) -> None:
    limits = {"schema.invalid_rate": 1.0}
    for limit, state in ({}, "UNDECIDED"), ({"leakage.rate": "1%"}, "FAIL"):
        result = leak(records([1, 2]), questions([1]), limits=limit, max_mislabel_rate="off")
        assert (result.verdict.state, limits) == (state, limits)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b"\n\n", "only blank lines"),
        (b'{"foo": 1}\n', "no record has a field"),
        (b"not json\n", "no line is a JSON object"),
    ],
)
@pytest.mark.parametrize("option", ["--eval", "--benchmark"])
def test_a_bad_evaluation_file_is_a_clear_error(
    option: str, content: bytes | None, message: str, run: Run, tmp_path: Path, jsonl: Jsonl
) -> None:
    data, path = jsonl(tmp_path, records(range(5))), tmp_path / "test.jsonl"
    if content is not None:
        path.write_bytes(content)
    ran = run("audit", data, option, path)
    assert ran.code == 2
    assert message in ran.err
    assert str(path) in ran.err


def test_an_output_never_overwrites_an_evaluation_file(
    run: Run, tmp_path: Path, jsonl: Jsonl
) -> None:
    data = jsonl(tmp_path, records(range(5)))
    test = jsonl(tmp_path, questions([1]), "test.jsonl")
    ran = run("audit", data, "--eval", test, "--out", f"findings={test}")
    assert ran.code == 2
    assert "is an input file" in ran.err


@pytest.mark.parametrize(
    ("name", "value"),
    [("ngram_words", 2), ("ngram_words", 51), ("common_share", 1.5), ("closeness", 2.1)],
)
def test_unusable_settings_are_refused(name: str, value: float, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=name):
        audit(tmp_path / "no.jsonl", checks={"leakage": {name: value}})


def test_a_missing_file_is_told_to_python_callers(tmp_path: Path, jsonl: Jsonl) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        audit(jsonl(tmp_path, records([1])), eval=(str(tmp_path / "no.jsonl"),))


# What is shown


@pytest.mark.parametrize("mode", ["full", "redacted", "never"])
def test_quotes_respect_show_text(mode: str, leak: Callable[..., AuditResult]) -> None:
    secret = f"{sentence(100)} write to jane.roe@example.com"
    facts = leak([{"text": secret}], [{"text": secret}], show_text=mode).findings["evidence"][0]
    quoted = [facts["text"], facts["matched_text"]]
    assert (quoted == [None, None]) == (mode == "never")
    assert ("jane.roe" in json.dumps(facts)) == (mode == "full")


def test_both_texts_stand_side_by_side_in_the_reports(
    run: Run, tmp_path: Path, jsonl: Jsonl
) -> None:
    data = jsonl(tmp_path, [{"text": f"{sentence(100).upper()} <b>"}, {"text": sentence(2)}])
    test = jsonl(tmp_path, [{"text": f"{sentence(100)} <b>"}], "test.jsonl")
    page = tmp_path / "page.html"
    ran = run("audit", data, "--eval", test, "--select", "leakage", "--out", f"html={page}")
    for shown in (ran.out, page.read_text(encoding="utf-8")):
        assert sentence(100)[:80] in shown
        assert sentence(100).upper()[:80] in shown
    assert page.read_text(encoding="utf-8").count("&lt;b&gt;") >= 2


@given(
    before=st.lists(st.sampled_from(WORDS), max_size=20),
    after=st.lists(st.sampled_from(WORDS), max_size=20),
    length=st.integers(4, 12),
)
@few
def test_the_shared_passage_is_in_both_texts(
    before: list[str], after: list[str], length: int
) -> None:
    common = [f"common{number}" for number in range(length)]
    one = " ".join([*before, *common, *after])
    passage = shared_passage(one, " ".join(common).upper())
    assert passage == " ".join(common)
    assert passage in one


def test_no_shared_passage_is_an_empty_text() -> None:
    assert shared_passage("", "") == shared_passage("a b c", "a b c") == ""
    assert shared_passage(sentence(1, 20), sentence(2, 3)) == ""


# Rephrased


REPHRASED = [
    (
        "A robe takes 2 bolts of blue fiber and half that much white fiber, how many in total?",
        "How many bolts in total are needed for a robe of 2 bolts of blue fiber and half of white?",
    ),
    (
        "Every day Wendi feeds each of her chickens three cups of mixed seeds and vegetables.",
        "Each of the chickens of Wendi is fed three cups of vegetables and mixed seeds every day.",
    ),
]


@pytest.mark.parametrize(("asked", "again"), REPHRASED)
def test_a_rephrased_question_is_found(
    asked: str, again: str, leak: Callable[..., AuditResult]
) -> None:
    train = [{"text": again}, *({"text": sentence(n, 15)} for n in range(90))]
    test = [{"question": asked}, *({"question": sentence(n, 15)} for n in range(100, 120))]
    result = leak(train, test)
    assert codes(result) == {1: "rephrased"}
    assert result.metrics["leakage.rephrased_rate"] == result.metrics["leakage.rate"] == 1 / 91
    assert result.metrics["leakage.verbatim_rate"] == 0.0
    assert codes(leak(train, test, checks={"leakage": {"report_rephrased": False}})) == {}
    assert codes(leak(train, test, checks={"leakage": {"closeness": 1.4}})) == {}


def test_few_texts_are_too_few_for_word_statistics(leak: Callable[..., AuditResult]) -> None:
    result = leak([{"text": REPHRASED[1][1]}], [{"text": REPHRASED[1][0]}])
    assert codes(result) == {}
    assert "lsa needs 100 different texts" in result.checks["leakage"].notes[1]


@few
@given(
    mine=st.integers(1, 40),
    other=st.integers(1, 40),
    seed=st.integers(0, 99),
    rows=st.integers(1, 9),
)
def test_closest_is_what_a_plain_search_finds(mine: int, other: int, seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    one, two = (rng.normal(size=(size, 6)) for size in (mine, other))
    one, two = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (one, two))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(closeness, "BLOCK_ROWS", rows)
        found = closeness.closest(one, two, Silent(), 2)
    scores = one @ two.T
    np.testing.assert_allclose(found.cosine, scores.max(axis=1))
    assert (found.of == scores.argmax(axis=1)).all()
    expected = [
        (around(scores[row]) + around(scores[:, match])) / 2 for row, match in enumerate(found.of)
    ]
    np.testing.assert_allclose(found.background, expected)


def around(scores: np.ndarray) -> float:
    """Mean of the second to sixth largest of the scores, filled up with the usual value."""
    following = sorted(scores, reverse=True)[1:6]
    return float(np.mean([*following, *[closeness.USUAL] * (5 - len(following))]))


def test_numbers_that_agree_count_the_more_the_more_they_are() -> None:
    assert number_agreement("no number", "none") == number_agreement("7", "8") == 0
    assert number_agreement("1,000 eggs", "1000 eggs") == 1 / 3
    assert number_agreement("2 and 3.5", "3.5 for 2") == 2 / 4
    assert number_agreement("2 and 3", "2 and 4") == 1 / 5


def test_every_embedder_has_its_threshold() -> None:
    assert set(THRESHOLDS) == set(EMBEDDERS)
    assert threshold_of("lsa", 0.0) == threshold_of("a model of mine", 0.0) == USUAL_THRESHOLD
    assert threshold_of("minilm", 0.7) == 0.7


# Parts


def test_runs_stay_within_their_text() -> None:
    words = find_words(["a b c d", "", "e f", "a b c"], Cleaning())
    hashes, first = hash_runs(words, 3)
    assert first.tolist() == [0, 1, 6]
    assert hashes[0] == hashes[2] != hashes[1]
    assert len(hash_runs(words, 5)[0]) == 0


def test_phrases_are_taken_out_whole() -> None:
    cleaning = Cleaning()
    phrase = np.sort(hash_runs(find_words(["a b c d e f"], cleaning), 5)[0])
    rest = without_phrases(find_words(["x a b c d e f y", "a b c d", "z"], cleaning), phrase)
    expected = find_words(["x y", "a b c d", "z"], cleaning)
    assert rest.hashes.tolist() == expected.hashes.tolist()
    assert rest.starts.tolist() == expected.starts.tolist()


def test_repeated_lines_are_taken_out_of_texts() -> None:
    texts = [f"system prompt\n\nquestion {number}" for number in range(11)]
    assert repeated_lines(texts, 0.0) == {"system prompt"}
    assert repeated_lines(texts[:10], 0.0) == repeated_lines(texts, 1.0) == set()
    assert without_lines([*texts[:1], "system prompt", "x\n"], {"system prompt", "x"}) == [
        "question 0", "system prompt", "x\n",
    ]  # fmt: skip


# Any order, any cutting, any engine


@pytest.fixture(scope="module")
def compare(tmp_path_factory: pytest.TempPathFactory, jsonl: Jsonl) -> Callable[..., Any]:
    """Run the check on training and evaluation lines, with any engine and shards."""
    folder = tmp_path_factory.mktemp("leakage")

    def compared(
        train: list[Record], test: list[Record], engine: Engine | None = None, shards: int = 8192
    ) -> tuple[Found, list[tuple[Any, ...]]]:
        config = Config(
            eval=(str(jsonl(folder, test, "test.jsonl")),),
            benchmark=(str(jsonl(folder, test[::-1], "bench.jsonl")),),
        )
        dataset = read([jsonl(folder, train)], config)
        engine = engine or SerialEngine()
        shared = Shared(
            dataset, config, choose_embedder("lsa")[0], engine, Silent(), shards,
            read_evaluations(config, engine, Silent()),
        )  # fmt: skip
        found = Leakage().find(dataset, shared)
        rows = zip(
            *(found.findings[name] for name in ("code", "key", "score", "evidence")), strict=True
        )
        return found, sorted(
            (code, key, round(score, 5), fact["set"], fact["matched_text"])
            for code, key, score, fact in rows
        )

    return compared


def mixture(seed: int) -> tuple[list[Record], list[Record]]:
    """Training and evaluation records that overlap in every way."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    train, test = records(range(90), 20), questions(range(100, 150), 20)
    for row in rng.sample(range(90), 25):
        words = rng.choice(test)["question"].split()
        words.insert(rng.randrange(20), rng.choice(["so", "", "So,"]))
        train[row]["instruction"] = " ".join(words)
        if rng.random() < 0.3:
            train[row]["instruction"] += f" {sentence(rng.randrange(999))}"
    return train, test


@few
@given(seed=st.integers(0, 999), shards=st.integers(1, 50), order=st.randoms(use_true_random=False))
def test_order_and_shards_do_not_matter(
    seed: int, shards: int, order: random.Random, compare: Callable[..., Any]
) -> None:
    train, test = mixture(seed)
    usual, findings = compare(train, test)
    assert {row[0] for row in findings} >= {"leakage.near", "leakage.verbatim"}
    other, same = compare(
        order.sample(train, len(train)), order.sample(test, len(test)), shards=shards
    )
    assert same == findings
    assert other.metrics == usual.metrics


def test_the_engine_does_not_matter(compare: Callable[..., Any]) -> None:
    train, test = mixture(3)
    usual, findings = compare(train, test)
    other, same = compare(train, test, ProcessesEngine(jobs=2), 10)
    assert same == findings
    pd.testing.assert_frame_equal(usual.findings, other.findings)


def test_what_a_check_reports_is_declared(compare: Callable[..., Any]) -> None:
    found, _ = compare(*mixture(4))
    assert set(found.metrics) == set(Leakage.metrics)
    assert set(found.columns) == set(Leakage.columns)
    assert set(found.findings["code"]) <= {f"leakage.{code}" for code in Leakage.codes}
    assert found.findings["score"].between(0, 1).all()
    assert replace(Leakage(), ngram_words=8) != Leakage()
