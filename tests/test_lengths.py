"""Token counts, and what a trainer's limit takes from records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import Config
from dataqa.checks import Found
from dataqa.checks.lengths import Lengths, counted
from dataqa.errors import ConfigError, MissingExtraError
from dataqa.tokens import Approximate, choose_counter
from dataqa.truncation import length_stage

if TYPE_CHECKING:
    from tests.conftest import Bench, Run

few = settings(deadline=None, max_examples=50, derandomize=True)


def words(count: int, word: str = "word") -> str:
    return " ".join([word] * count)


def record(prompt: int, answer: int) -> dict[str, str]:
    return {"instruction": words(prompt), "output": words(answer)}


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One token per word; the file asks to cut at three tokens and to fill up to eight."""
    tokenizers = pytest.importorskip("tokenizers")
    own = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "word": 1}, "[UNK]"))
    own.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    own.enable_truncation(3)
    own.enable_padding(length=8)
    path = tmp_path_factory.mktemp("model") / "tokenizer.json"
    own.save(str(path))
    return path


def find(bench: Bench, lines: list[Any], check: Lengths | None = None, **given: Any) -> Found:
    config = Config(**given)
    dataset = bench.read(lines)
    return (check or Lengths()).find(dataset, bench.shared(dataset, config))


def test_tokens_are_counted_once_for_equal_limits(bench: Bench) -> None:
    dataset = bench.read([record(5, 5)])
    shared = bench.shared(dataset)
    assert counted(shared, 7) is counted(shared, 7)
    assert counted(shared, 7) is not counted(shared, 8)


# Counters


def test_the_approximation_cuts_words_digits_and_marks() -> None:
    assert Approximate().pieces("Tokenization costs 12345 €, don't it?\n\n订单") == [
        *("Tokeniza", "tion", " costs", " 123", "45", "€,", " don", "'", "t", " it", "?", "\n\n"),
        *("订", "单"),
    ]
    assert Approximate().count(["", " ", "one two"]).tolist() == [0, 0, 2]


def test_a_tokenizer_counts_all_of_a_text(tokenizer: Path) -> None:
    for name in (tokenizer, tokenizer.parent):
        counter = choose_counter(str(name), allow_download=False)
        assert counter.count([words(18_000), "", words(2)]).tolist() == [18_000, 0, 2]
        assert counter.pieces("word other") == [1, 0]
        assert counter.name.startswith("model0/tokenizer.json (")
        assert counter.count([]).tolist() == []


@few
@given(texts=st.lists(st.text(max_size=30), max_size=20))
def test_each_text_is_counted_by_itself(texts: list[str], tokenizer: Path) -> None:
    for counter in (Approximate(), choose_counter(str(tokenizer), allow_download=False)):
        assert counter.count(texts).tolist() == [len(counter.pieces(text)) for text in texts]


def test_a_tokenizer_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tokenizers")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    broken = tmp_path / "tokenizer.json"
    broken.write_text("{}")
    (tmp_path / "empty").mkdir()
    for name, what in (
        ("no/such/file.json", "there is no such file"),
        (str(tmp_path / "empty"), "holds no tokenizer.json"),
        (str(broken), "is no tokenizer.json"),
        ("nobody/no-such-model-here", "neither a file nor in the cache"),
    ):
        with pytest.raises(ConfigError, match=what):
            choose_counter(name, allow_download=False)


def test_without_the_library_the_install_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataqa.tokens.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as caught:
        choose_counter("tokenizer.json", allow_download=False)
    assert caught.value.hint == 'pip install "dataqa[onnx]"'


# The cut


def test_what_the_limit_takes_has_its_code(bench: Bench) -> None:
    long = {"prompt": "Say it.", "chosen": words(20), "rejected": words(18) + " more more"}
    lines: list[Any] = [
        record(5, 5),
        record(8, 5),
        record(10, 5),
        record(30, 1),
        {"text": words(12), "label": "a"},
        long,
        {"messages": [{"role": "user", "content": words(9)}, {"role": "assistant", "content": ""}]},
    ]
    found = find(bench, lines, max_length=10)
    table = dict(zip(found.findings["line"], found.findings["code"], strict=True))
    assert table == {
        2: "lengths.answer_cut",
        3: "lengths.no_answer_left",
        4: "lengths.no_answer_left",
        5: "lengths.text_cut",
        6: "lengths.same_after_cut",
    }
    assert found.metrics == {
        "lengths.cut_rate": 5 / 7,
        "lengths.answer_cut_rate": 4 / 5,
        "lengths.no_answer_rate": 2 / 5,
        "lengths.same_pair_rate": 1.0,
        "lengths.median_tokens": 13,
        "lengths.p95_tokens": 31,
        "lengths.max_tokens": 31,
    }
    evidence = {row.line: row.evidence for row in found.findings.itertuples()}
    assert evidence[2] == {
        "tokens": 13,
        "answer_tokens": 5,
        "answer_kept": 2,
        "counter": "an approximation, no tokenizer",
    }


def test_only_the_turns_that_are_learned_count_as_answer(bench: Bench) -> None:
    said = [("user", 4), ("assistant", 4), ("user", 4), ("assistant", 4)]
    turns = [{"role": role, "content": words(count)} for role, count in said]
    unlearned = [turns[0], {**turns[1], "weight": 0}, *turns[2:]]
    found = find(bench, [{"messages": turns}, {"messages": unlearned}], max_length=10)
    assert sorted(zip(found.findings["line"], found.findings["code"], strict=True)) == [
        (1, "lengths.answer_cut"),
        (2, "lengths.no_answer_left"),
    ]


def test_a_pair_that_differs_within_the_limit_stays_a_pair(bench: Bench) -> None:
    pairs = [
        {"prompt": "go", "chosen": "other " + words(20), "rejected": words(20)},
        {"prompt": "go", "chosen": words(20), "rejected": words(20)},
        {"prompt": "go", "chosen": words(3), "rejected": words(30)},
    ]
    found = find(bench, pairs, max_length=10)
    assert set(found.findings["code"]) == {"lengths.answer_cut", "lengths.text_cut"}
    assert found.metrics["lengths.same_pair_rate"] == 0


def test_the_overhead_of_a_template_counts(bench: Bench) -> None:
    lines = [record(4, 4), record(6, 4)]
    assert find(bench, lines, max_length=10).findings.empty
    found = find(bench, lines, Lengths(overhead=2), max_length=10)
    assert found.findings["line"].to_list() == [2]
    assert sorted(found.columns["tokens"]) == [10, 12]
    assert found.metrics["lengths.cut_rate"] == 0.5


def test_without_a_limit_the_usual_one_is_told(bench: Bench) -> None:
    found = find(bench, [record(2, 2), record(18_000, 9)])
    assert found.findings.empty
    assert found.metrics["lengths.cut_rate"] is None
    assert found.metrics["lengths.max_tokens"] == 18_009
    assert "at 1,024 tokens" in (found.reason or "")
    assert "50.0% of the records" in (found.reason or "")
    assert found.notes == (
        "median 18,009, 95th percentile 18,009, longest 18,009 tokens, "
        "counted by an approximation, no tokenizer",
    )


@few
@given(
    sizes=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9),
    limit=st.integers(1, 20),
)
def test_kept_is_what_fits(sizes: list[tuple[int, int]], limit: int) -> None:
    prompts, answers = ([words(size[at]) for size in sizes] for at in (0, 1))
    empty = [""] * len(sizes)
    counts = length_stage((prompts, empty, answers, empty, empty), Approximate(), limit)
    asked, answered = np.array(sizes).T
    np.testing.assert_array_equal(counts.total, asked + answered)
    np.testing.assert_array_equal(counts.learned, answered)
    np.testing.assert_array_equal(counts.kept, np.clip(limit - asked, 0, answered))


# Command line


def test_the_options_reach_the_check(run: Run, tokenizer: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(json.dumps(record(5, n % 9 + 1)) for n in range(30)))
    ran = run(
        *("audit", data, "--select", "lengths", "--tokenizer", tokenizer, "--max-length", 10),
        *("--out", "json=-", "--exit-zero"),
    )
    result = json.loads(ran.out)
    assert result["metrics"]["lengths.answer_cut_rate"] == pytest.approx(12 / 30)
    assert "model0/tokenizer.json" in result["checks"]["lengths"]["notes"][0]


def test_a_wrong_tokenizer_ends_with_one_line(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps(record(5, 5)))
    ran = run("audit", data, "--tokenizer", tmp_path)
    assert ran.code == 2
    assert "the folder holds no tokenizer.json" in ran.err
