"""What holds for every check: the same tests over all of ``CHECKS``."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa.audit import run_check
from dataqa.checks import CHECKS, Check, Found
from dataqa.dataset import Dataset
from dataqa.engine.processes import ProcessesEngine
from dataqa.errors import InputError
from dataqa.result import FINDING_DTYPES, AuditResult
from dataqa.settings import is_count
from dataqa.shared import Shared

if TYPE_CHECKING:
    from tests.conftest import Bench, Line, Record

Tickets = Callable[..., list[dict[str, Any]]]

TOLERANCE = 1.5e-6
"""Scores are rounded to six decimals, so two that differ by less may stand this far apart."""

every_check = pytest.mark.parametrize("kind", CHECKS.values(), ids=list(CHECKS))
few = settings(deadline=None, max_examples=15, derandomize=True)

ODD_LINES: list[Line] = [
    {"text": "", "label": "billing"},
    {"text": " \t\u2003", "label": "login"},
    {"text": "!!! ???", "label": "login"},
    {"text": "pay the invoice", "label": None},
    {"text": "pay the invoice", "label": "  "},
    {"text": "pay the invoice", "label": 3},
    {"text": "pay the invoice", "label": True},
    {"text": "pay the invoice", "label": ["billing", "login"]},
    {"text": ["no", "text"], "label": "billing"},
    {"text": "שלום, איפה החבילה שלי?", "label": "shipping"},
    {"text": "👩‍👩‍👧 🇩🇪 e\u0301 nul \u0000 sep \u2028 bom \ufeff", "label": "login"},
    {"instruction": "Summarise.", "input": "a parcel is late", "output": "late parcel"},
    {"instruction": "Summarise.", "output": ""},
    {"question": "a field that no shape knows"},
    {},
    "",
    "{broken",
    "[1, 2]",
    "null",
    b'{"text": "\xff\xfe", "label": "login"}',
]


@dataclass(frozen=True)
class Recipe:
    """A messy dataset, written small so that a failing example is readable."""

    size: int
    seed: int
    flip: float
    odd: list[int]
    copies: list[int]
    near: list[int] = field(default_factory=list)

    def lines(self, tickets: Tickets) -> list[Line]:
        """Make the lines: tickets, odd lines, copies and nearly equal copies of some tickets."""
        records = tickets(self.size, seed=self.seed, flip=self.flip)
        copied = [records[number % self.size] for number in self.copies]
        edited = [records[number % self.size] for number in self.near]
        return [
            *records,
            *(ODD_LINES[number] for number in self.odd),
            *copied,
            *({**record, "text": f"{record['text']} soon"} for record in edited),
            *({**record, "text": f"so {record['text']}", "label": "login"} for record in edited),
        ]


recipes = st.builds(
    Recipe,
    size=st.integers(1, 120),
    seed=st.integers(0, 99),
    flip=st.sampled_from([0.0, 0.1, 0.3]),
    odd=st.lists(st.integers(0, len(ODD_LINES) - 1), max_size=8),
    copies=st.lists(st.integers(0, 119), max_size=5),
    near=st.lists(st.integers(0, 119), max_size=4),
)


def finding_scores(found: Found, dataset: Dataset) -> list[tuple[Any, ...]]:
    """Findings without their place: (check, code, key, keys of the related, score)."""
    key_at = dict(zip(dataset.frame["line"], dataset.frame["key"], strict=True))
    return sorted(
        (row.check, row.code, str(row.key), sorted(key_at[line] for line in row.related), row.score)
        for row in found.findings.itertuples()
    )


def assert_same(one: tuple[Found, Dataset], other: tuple[Found, Dataset]) -> None:
    """Compare findings, metrics and columns of two runs by the keys of the records."""
    left, right = finding_scores(*one), finding_scores(*other)
    assert [row[:-1] for row in left] == [row[:-1] for row in right]
    assert [row[-1] for row in left] == pytest.approx([row[-1] for row in right], abs=TOLERANCE)
    assert one[0].metrics == pytest.approx(other[0].metrics, abs=1e-9)
    assert set(one[0].columns) == set(other[0].columns)
    for name in one[0].columns:
        pd.testing.assert_frame_equal(
            column_by_key(*one, name), column_by_key(*other, name), atol=TOLERANCE
        )


def column_by_key(found: Found, dataset: Dataset, name: str) -> pd.DataFrame:
    values = pd.Series(list(found.columns[name]))
    frame = pd.DataFrame({"key": dataset.frame["key"], name: values})
    return frame.sort_values("key", kind="stable", ignore_index=True)


def run(check: Check, bench: Bench, lines: list[Line], **how: Any) -> tuple[Found, Dataset]:
    dataset = bench.read(lines)
    return check.find(dataset, bench.shared(dataset, **how)), dataset


# Any cutting, any order, any engine


@every_check
@few
@given(recipe=recipes, shard_records=st.integers(1, 60))
def test_any_cutting_into_shards_gives_the_same(
    kind: type[Check], recipe: Recipe, shard_records: int, bench: Bench, tickets: Tickets
) -> None:
    lines = recipe.lines(tickets)
    cut = run(kind(), bench, lines, shard_records=shard_records)
    assert_same(run(kind(), bench, lines), cut)


@every_check
@few
@given(recipe=recipes, order=st.randoms(use_true_random=False))
def test_any_order_of_rows_gives_the_same(
    kind: type[Check], recipe: Recipe, order: random.Random, bench: Bench, tickets: Tickets
) -> None:
    lines = recipe.lines(tickets)
    shuffled = order.sample(lines, len(lines))
    assert_same(run(kind(), bench, lines), run(kind(), bench, shuffled))


@every_check
@pytest.mark.parametrize("seed", [1, 2])
def test_any_engine_gives_the_same(
    kind: type[Check], seed: int, bench: Bench, tickets: Tickets
) -> None:
    recipe = Recipe(150, seed, 0.1, odd=list(range(len(ODD_LINES))), copies=[1, 2, 2], near=[2, 5])
    lines = recipe.lines(tickets)
    engine = ProcessesEngine(jobs=2)
    assert_same(
        run(kind(), bench, lines), run(kind(), bench, lines, engine=engine, shard_records=40)
    )


def answered(seed: int) -> list[Line]:
    """Records without labels: copies, near-copies, equal prompts with all kinds of answers."""
    rng = random.Random(seed)  # noqa: S311 - no cryptography
    words = [f"word{number}" for number in range(30)]
    prompts = [" ".join(rng.choices(words, k=rng.choice([4, 8, 20, 40]))) for _ in range(40)]
    prompts += [f"{prompt} {rng.choice(words)}" for prompt in prompts[:15]]
    answers = ["yes", "No.", "12", "(a)", "b", "a long answer that is given to very many prompts"]
    answers += [" ".join(rng.choices(words, k=12)) for _ in range(5)]
    pairs = [(rng.choice(prompts), rng.choice(answers)) for _ in range(150)]
    return [{"instruction": prompt, "output": answer} for prompt, answer in pairs]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("how", ["shuffled", "sharded", "processes"])
def test_repeats_and_contradictions_are_the_same_however_they_are_found(
    how: str, seed: int, bench: Bench
) -> None:
    lines = answered(seed)
    check = CHECKS["duplicates"](semantic_threshold=0.7)
    usual = run(check, bench, lines)
    ways: dict[str, dict[str, Any]] = {
        "shuffled": {},
        "sharded": {"shard_records": 17},
        "processes": {"engine": ProcessesEngine(jobs=2), "shard_records": 40},
    }
    mixed = random.Random(seed).sample(lines, len(lines))  # noqa: S311 - no cryptography
    given = mixed if how == "shuffled" else lines
    codes = {code.partition(".")[2] for code in usual[0].findings["code"]}
    assert {"exact", "near", "semantic", "contradiction", "same_answer"} <= codes
    assert_same(usual, run(check, bench, given, **ways[how]))


@few
@given(recipe=recipes)
def test_the_same_data_config_and_seed_give_the_same_result(
    recipe: Recipe, bench: Bench, tickets: Tickets
) -> None:
    lines = recipe.lines(tickets)
    assert without_times(bench.audit(lines)) == without_times(bench.audit(lines))


def without_times(result: AuditResult) -> dict[str, Any]:
    values = result.to_dict()
    del values["timings"]
    for check in values["checks"].values():
        del check["seconds"]
    return values


# Faults are found, clean stays clean


@few
@given(
    seed=st.integers(0, 99),
    origin=st.integers(0, 39),
    place=st.integers(0, 40),
    shout=st.booleans(),
)
def test_an_inserted_copy_is_found_at_its_line(
    seed: int, origin: int, place: int, shout: bool, bench: Bench, tickets: Tickets
) -> None:
    records = tickets(40, seed=seed)
    text = records[origin]["text"]
    copied = records[origin] | {"text": f" {text.upper()}!" if shout else text}
    lines = [*records[:place], copied, *records[place:]]
    findings = bench.find(CHECKS["duplicates"](), lines).findings
    places = {place + 1, origin + 1 + (place <= origin)}
    assert set(findings["code"]) == {"duplicates.exact"}
    assert set(findings["line"]) == places
    assert {line for related in findings["related"] for line in related} == places


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"text": "cut', "schema.not_json"),
        ("[1, 2]", "schema.not_object"),
        ('{"body": "x"}', "schema.no_usable_fields"),
        ('{"text": 5, "label": "login"}', "schema.wrong_type"),
        ('{"text": null, "label": "login"}', "schema.missing_prompt"),
        ('{"text": " ", "label": "login"}', "schema.empty_prompt"),
        ('{"text": "x", "label": ""}', "schema.empty_label"),
        ('{"text": "x"}', "schema.missing_label"),
        ('{"instruction": "x", "output": null}', "schema.missing_response"),
        ('{"instruction": "x", "output": "\\n"}', "schema.empty_response"),
    ],
)
@few
@given(place=st.integers(0, 30))
def test_a_schema_break_is_found_at_its_line(
    line: str, code: str, place: int, bench: Bench, tickets: Tickets
) -> None:
    records: list[Line] = list(tickets(30))
    found = bench.find(CHECKS["schema"](), [*records[:place], line, *records[place:]])
    assert (code, place + 1) in set(found.findings[["code", "line"]].itertuples(index=False))


@few
@given(size=st.integers(1, 200), seed=st.integers(0, 999))
def test_clean_data_stays_clean(size: int, seed: int, bench: Bench, tickets: Tickets) -> None:
    dataset = bench.read(tickets(size, seed=seed))
    for name in ("schema", "duplicates"):
        found = CHECKS[name]().find(dataset, bench.shared(dataset))
        assert found.findings.empty
        assert set(found.metrics.values()) <= {0.0, None}, found.metrics


# Looser settings


@few
@given(recipe=recipes, fences=st.lists(st.floats(0, 6), min_size=2, max_size=2).map(sorted))
def test_a_looser_fence_never_adds_outliers(
    recipe: Recipe, fences: list[float], bench: Bench, tickets: Tickets
) -> None:
    dataset = bench.read(recipe.lines(tickets))
    shared = bench.shared(dataset)
    tight, loose = (CHECKS["outliers"](fence=fence).find(dataset, shared) for fence in fences)
    assert set(loose.findings["line"]) <= set(tight.findings["line"])


@few
@given(recipe=recipes, sizes=st.lists(st.integers(2, 40), min_size=2, max_size=2).map(sorted))
def test_a_larger_minimum_class_never_checks_more_labels(
    recipe: Recipe, sizes: list[int], bench: Bench, tickets: Tickets
) -> None:
    dataset = bench.read(recipe.lines(tickets))
    shared = bench.shared(dataset)
    less, more = (
        set(shared.label_model(folds=3, min_class_records=size).rows) for size in sizes[::-1]
    )
    assert less <= more


@few
@given(recipe=recipes, agreement=st.floats(-1, 1), records=st.integers(0, 300))
def test_what_a_rate_needs_keeps_all_findings_or_none(
    recipe: Recipe, agreement: float, records: int, bench: Bench, tickets: Tickets
) -> None:
    dataset = bench.read(recipe.lines(tickets))
    shared = bench.shared(dataset)
    usual = CHECKS["labels"]().find(dataset, shared)
    other = CHECKS["labels"](min_agreement=agreement, min_records=records).find(dataset, shared)
    if len(usual.findings) and len(other.findings):
        pd.testing.assert_frame_equal(usual.findings, other.findings)
    assert len(other.findings) or agreement > 0.3 or not len(usual.findings)


@few
@given(recipe=recipes)
def test_leaving_out_conflicts_only_takes_findings_away(
    recipe: Recipe, bench: Bench, tickets: Tickets
) -> None:
    dataset = bench.read(recipe.lines(tickets))
    shared = bench.shared(dataset)
    every = CHECKS["duplicates"]().find(dataset, shared).findings
    fewer = CHECKS["duplicates"](report_conflicts=False).find(dataset, shared).findings
    kept = every[every["code"].isin(["duplicates.exact", "duplicates.near"])]
    kept = kept.reset_index(drop=True)
    pd.testing.assert_frame_equal(fewer, kept)


# Nothing is touched


@every_check
def test_data_settings_config_and_global_random_state_are_untouched(
    kind: type[Check], bench: Bench, tickets: Tickets
) -> None:
    dataset = bench.read([*tickets(120, flip=0.2), *ODD_LINES])
    check, shared = kind(), bench.shared(dataset)
    before = copy.deepcopy((dataset.frame, dataset.faults, check, shared.config))
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the state to keep
    check.find(dataset, shared)
    pd.testing.assert_frame_equal(dataset.frame, before[0])
    pd.testing.assert_frame_equal(dataset.faults, before[1])
    assert (check, shared.config) == before[2:]
    assert random.getstate() == states[0]
    np.testing.assert_equal(np.random.get_state(), states[1])  # noqa: NPY002 - the state to keep


@few
@given(recipe=recipes)
def test_a_result_survives_the_way_through_json(
    recipe: Recipe, bench: Bench, tickets: Tickets
) -> None:
    result = bench.audit(recipe.lines(tickets))
    assert AuditResult.from_dict(result.to_dict()) == result
    assert AuditResult.from_dict(orjson.loads(orjson.dumps(result.to_dict()))) == result
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False)) == result.to_dict()


# Edges


def labelled(*texts: str) -> list[Record]:
    return [{"text": text, "label": "ab"[number % 2]} for number, text in enumerate(texts)]


WORDS = [f"word{number} thing{number % 7} item{number % 11}" for number in range(60)]
EDGES: dict[str, list[Line]] = {
    "one row": labelled("hello there"),
    "two rows": labelled("hello there", "good bye"),
    "one class": [{"text": text, "label": "only"} for text in WORDS],
    "all labels different": [{"text": text, "label": text} for text in WORDS],
    "labels that repeat nothing but blanks": [{"text": text, "label": " "} for text in WORDS],
    "no labels": [{"text": text} for text in WORDS],
    "all texts empty": labelled(*[""] * 40),
    "all texts marks": labelled(*["!?!" * number for number in range(1, 40)]),
    "all records identical": labelled(*["same again"] * 40),
    "one character each": labelled(*"abcdefghijklmnopqrstuvwxyz0123456789"),
    "a megabyte in one text": labelled(*WORDS, "lorem ipsum dolor " * 60_000, "x" * 2**20),
    "right to left": labelled(*[f"שלום {number} \u202eevil\u202c" for number in range(40)]),
    "emoji": labelled(*["👩‍👩‍👧" * number for number in range(40)]),
    "combining": labelled(*["e\u0301" * number + "a\u0308" for number in range(40)]),
    "nul": labelled(*[f"a\u0000b {number}" for number in range(40)]),
    "line separators": labelled(*[f"a\u2028b\u0085c {number}" for number in range(40)]),
    "lone surrogates": [*labelled(*WORDS), '{"text": "\\ud800", "label": "a"}'],
    "labels of every type": [
        {"text": text, "label": [None, 1, 1.5, True, ["a"], {"a": 1}, "a", ""][number % 8]}
        for number, text in enumerate(WORDS)
    ],
    "numbers as labels": [{"text": text, "label": n % 3} for n, text in enumerate(WORDS)],
    "texts of every type": [{"text": text, "label": "a"} for text in [None, 1, True, [], {}, "a"]],
    "every odd line": ODD_LINES,
    "only unreadable lines but one": ["{", "[]", {"text": "hello", "label": "a"}],
}


@pytest.mark.parametrize("name", EDGES)
def test_an_edge_never_crashes(name: str, bench: Bench) -> None:
    result = bench.audit(EDGES[name])
    assert {
        check.name: check.reason for check in result.checks.values() if check.status == "crashed"
    } == {}
    assert len(result.records) == result.dataset["records"]
    assert AuditResult.from_dict(result.to_dict()) == result
    assert_declared(result)


def assert_declared(result: AuditResult) -> None:
    """Everything that a result reports was announced by its check."""
    scores = result.findings["score"]
    assert scores.between(0, 1).all()
    assert result.findings.dtypes.astype(str).to_dict() == FINDING_DTYPES
    for name, kind in CHECKS.items():
        own = result.findings[result.findings["check"] == name]
        assert set(own["code"]) <= {f"{name}.{code}" for code in kind.codes}
        assert set(kind.metrics) <= set(result.metrics)
        assert set(kind.columns) <= set(result.records.columns)


@pytest.mark.parametrize("labels", [["same"], ["x", "y"], [f"label {n}" for n in range(3000)]])
def test_many_identical_texts_do_not_blow_up(labels: list[str], bench: Bench) -> None:
    lines = [{"text": "the same text", "label": labels[n % len(labels)]} for n in range(3000)]
    findings = bench.audit(lines).findings
    assert len(findings) >= 3000
    assert findings["related"].map(len).max() <= 10
    assert len(orjson.dumps(findings.to_dict("list"))) < 1500 * len(findings)


@every_check
@few
@given(recipe=recipes)
def test_a_check_reports_what_it_declares(
    kind: type[Check], recipe: Recipe, bench: Bench, tickets: Tickets
) -> None:
    found, dataset = run(kind(), bench, recipe.lines(tickets))
    assert set(found.metrics) == set(kind.metrics)
    assert set(found.columns) <= set(kind.columns)
    assert all(len(values) == len(dataset) for values in found.columns.values())
    assert set(found.findings["check"]) <= {kind.name}
    assert set(found.findings["code"]) <= {f"{kind.name}.{code}" for code in kind.codes}
    assert found.findings["score"].between(0, 1).all()
    assert found.findings.dtypes.astype(str).to_dict() == FINDING_DTYPES
    assert found.reason or None not in found.metrics.values()
    measured = {name: value for name, value in found.metrics.items() if value is not None}
    assert all(value >= 0 for value in measured.values())
    assert all(value <= 1 or is_count(name) for name, value in measured.items())


@every_check
def test_a_check_documents_itself(kind: type[Check]) -> None:
    page = kind.__doc__ or ""
    heads = ["What it finds", "Why it hurts", "Known false alarms", "Example", "Settings"]
    assert [head for head in heads if f"**{head}" not in page] == []
    assert all(metric.startswith(f"{kind.name}.") for metric in kind.metrics)
    assert CHECKS[kind.name] is kind


def test_without_labels_the_label_check_is_skipped_with_a_reason(
    bench: Bench, tickets: Tickets
) -> None:
    result = bench.audit([{"text": record["text"]} for record in tickets(60)])
    assert result.checks["labels"].status == "skipped"
    assert "no record has a label in 'label'; fields seen: 'text'" in (
        result.checks["labels"].reason or ""
    )
    assert {result.metrics[name] for name in CHECKS["labels"].metrics} == {None}
    assert result.verdict.state == "UNDECIDED"


# Crashes


@dataclass(frozen=True)
class Exploding:
    """A check that fails; ``error`` is what it raises."""

    error: str = "crash"

    name: ClassVar[str] = "exploding"
    codes: ClassVar[dict[str, str]] = {}
    metrics: ClassVar[tuple[str, ...]] = ("exploding.rate",)
    columns: ClassVar[dict[str, str]] = {"heat": "float64"}

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Raise."""
        del dataset, shared
        if self.error == "input":
            raise InputError("unusable", hint="use another")
        raise RuntimeError("boom")


def test_a_crash_becomes_a_result_with_its_reason(bench: Bench, tickets: Tickets) -> None:
    dataset = bench.read(tickets(5))
    result, found = run_check(Exploding(), dataset, bench.shared(dataset))
    assert result.status == "crashed"
    assert result.reason.startswith("RuntimeError: boom (test_contract.py:")
    assert found.metrics == {"exploding.rate": None}


def test_an_error_of_ours_is_no_crash(bench: Bench, tickets: Tickets) -> None:
    dataset = bench.read(tickets(5))
    with pytest.raises(InputError, match="unusable"):
        run_check(Exploding(error="input"), dataset, bench.shared(dataset))


@pytest.fixture
def _with_exploding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHECKS, "exploding", Exploding)


@pytest.mark.usefixtures("_with_exploding")
@pytest.mark.parametrize(
    ("limits", "state"),
    [
        ({"duplicates.exact_rate": 1.0}, "UNDECIDED"),
        ({"exploding.rate": 1.0}, "UNDECIDED"),
        ({"duplicates.exact_rate": 0.0}, "FAIL"),
    ],
)
def test_with_a_crash_nothing_passes_and_the_other_checks_still_run(
    limits: dict[str, float], state: str, bench: Bench, tickets: Tickets
) -> None:
    records = tickets(120)
    result = bench.audit([*records, records[0]], limits=limits)
    assert result.checks["exploding"].status == "crashed"
    assert result.metrics["exploding.rate"] is None
    assert result.records["heat"].isna().all()
    assert [result.checks[name].status for name in ("schema", "outliers", "labels")] == ["ok"] * 3
    assert result.verdict.state == state


@pytest.mark.usefixtures("_with_exploding")
def test_a_new_check_gets_its_settings_from_the_config(bench: Bench, tickets: Tickets) -> None:
    with pytest.raises(InputError, match="unusable"):
        bench.audit(tickets(5), checks={"exploding": {"error": "input"}})
