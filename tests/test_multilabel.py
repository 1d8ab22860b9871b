"""Labels that are lists: how they are read, modelled, and contradicted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import one_vs_rest
from dataqa.checks.multilabel import RATE, Multilabel
from dataqa.errors import ConfigError
from dataqa.label_sets import LabelSets, read_label_sets
from dataqa.one_vs_rest import Marked
from dataqa.settings import construct

if TYPE_CHECKING:
    from tests.conftest import Bench, Record

Tickets = Callable[..., list[dict[str, Any]]]
few = settings(deadline=None, max_examples=40, derandomize=True)


def sets_of(*values: object) -> LabelSets:
    kinds = {str: "text", list: "list", dict: "object"}
    plain = (str, type(None))
    texts = [value if isinstance(value, plain) else json.dumps(value) for value in values]
    return read_label_sets(
        pd.Series(texts, dtype="str"),
        pd.Series([kinds.get(type(value)) for value in values], dtype="str"),
    )


def as_python(sets: LabelSets) -> list[set[str]]:
    return [{sets.names[number] for number in row.indices} for row in sets.members]


# Reading


def test_lists_become_sets_whatever_their_order() -> None:
    sets = sets_of(["b", "a"], ["a", "b", "b"], [], "a", ["c"])
    assert sets.names == ("a", "b", "c")
    assert as_python(sets) == [{"a", "b"}, {"a", "b"}, set(), {"a"}, {"c"}]
    assert sets.readable.all()
    assert sets.problems.isna().all()
    assert sets.written([0, 2]) == '["a","c"]'


def test_indicators_are_labels_by_position() -> None:
    sets = sets_of([1, 0, 1], [0, 0, 0], [0, 1, 0])
    assert sets.indicators
    assert sets.names == ("#0", "#1", "#2")
    assert as_python(sets) == [{"#0", "#2"}, set(), {"#1"}]
    assert sets.written([1]) == "[0,1,0]"


@pytest.mark.parametrize(
    "values",
    [([0, 1], [1, 0]), ([0], [1], [0, 1]), ([0, 2, 0], [1, 1, 0]), (["0", "0"], ["1", "0"])],
)
def test_lists_of_numbers_that_may_be_labels_are_labels(values: tuple[list[object], ...]) -> None:
    assert not sets_of(*values).indicators


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "there is no label"),
        ("  ", "there is no label"),
        ({"a": 1}, "the label is an object, not a list of labels"),
        (["a", None], "holds JSON type null"),
        (["a", ["b"]], "holds JSON type array"),
        (["a", {"b": 1}], "holds JSON type object"),
        (["a", " "], "holds a blank text"),
    ],
)
def test_what_is_no_set_of_labels_is_a_problem(value: object, problem: str) -> None:
    sets = sets_of(value, ["a"])
    assert problem in sets.problems[0]
    assert sets.readable.tolist() == [False, True]
    assert as_python(sets) == [set(), {"a"}]


@few
@given(lists=st.lists(st.lists(st.sampled_from("abcd"), max_size=4), min_size=1, max_size=20))
def test_sets_are_read_as_python_reads_them(lists: list[list[str]]) -> None:
    assert as_python(sets_of(*lists)) == [set(labels) for labels in lists]


# The models


def marked(n: int = 300, labels: int = 4, seed: int = 0) -> Marked:
    """Records whose labels show in their vectors and terms."""
    from scipy import sparse

    rng = np.random.default_rng(seed)
    members = rng.random((n, labels)) < 0.3
    vectors = rng.normal(size=(n, 8)) * 0.3
    vectors[:, :labels] += members
    terms = sparse.csr_matrix(np.column_stack([members * 1.0, rng.random((n, 5)) < 0.5]))
    return Marked(vectors.astype(np.float32), terms, members, rng.permutation(n) % 5)


@few
@given(cut=st.integers(1, 299), seed=st.integers(0, 5))
def test_any_cutting_into_shards_gives_the_same(cut: int, seed: int) -> None:
    records = marked(seed=seed)
    whole = one_vs_rest.merge([one_vs_rest.sum_stage(records, folds=5)])
    parts = one_vs_rest.merge(
        [one_vs_rest.sum_stage(records[part], folds=5) for part in (slice(0, cut), slice(cut, 300))]
    )
    one, other = (one_vs_rest.out_of_fold(records, sums) for sums in (whole, parts))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_row_comes_from_models_without_its_fold() -> None:
    """Change the labels of one fold: its own scores stay, but for the calibration."""
    records = marked()
    other = Marked(records.vectors, records.terms, records.members.copy(), records.fold)
    other.members[records.fold == 2] = ~other.members[records.fold == 2]
    ranks = []
    for each in (records, other):
        sums = one_vs_rest.merge([one_vs_rest.sum_stage(each, folds=5)])
        total = sum(sums[1:], sums[0])
        own = each[each.fold == 2]
        ranks.append(
            [
                model(own, total - sums[2])
                for model in (one_vs_rest._least_squares, one_vs_rest._bayes)
            ]
        )
    np.testing.assert_allclose(ranks[0], ranks[1], atol=1e-8)


def test_probabilities_are_calibrated_and_tell_the_labels() -> None:
    records = marked(2000)
    sums = one_vs_rest.merge([one_vs_rest.sum_stage(records, folds=5)])
    probabilities = one_vs_rest.out_of_fold(records, sums)
    assert ((probabilities > 0.5) == records.members).mean() > 0.95
    np.testing.assert_allclose(probabilities.mean(axis=0), records.members.mean(axis=0), atol=0.02)


# The check


def joint(tickets: Tickets, n: int = 400, wrong: int = 0, seed: int = 0) -> list[Record]:
    """Tickets about one or two things; the first ``wrong`` lack a label or have one too many."""
    rng = np.random.default_rng(seed)
    one, two = tickets(n, seed=seed), tickets(n, seed=seed + 1)
    names = sorted({record["truth"] for record in one})
    records = []
    for number, (first, second) in enumerate(zip(one, two, strict=True)):
        both = rng.random() < 0.5 or number < wrong
        true = sorted({first["truth"], second["truth"]} if both else {first["truth"]})
        text = f"{first['text']} {second['text']}" if both else first["text"]
        given_labels = list(true)
        if number < wrong and number % 2 and len(true) > 1:
            given_labels.remove(str(rng.choice(true)))
        elif number < wrong:
            given_labels.append(str(rng.choice([name for name in names if name not in true])))
        records.append({"id": f"m{number}", "text": text, "label": given_labels, "truth": true})
    return records


def test_planted_faults_are_found_and_named(bench: Bench, tickets: Tickets) -> None:
    records = joint(tickets, wrong=30)
    result = bench.audit(records)
    own = result.findings[result.findings["check"] == "multilabel"]
    hit = 0
    for finding in own.itertuples():
        record = records[finding.line - 1]
        extra, missing = (
            set(record["label"]) - set(record["truth"]),
            set(record["truth"]) - set(record["label"]),
        )
        wanted = {"multilabel.wrong_label": extra, "multilabel.missing_label": missing}
        hit += set(finding.evidence["probabilities"]) == wanted[finding.code]
    assert hit >= 0.8 * len(own)
    assert hit >= 20
    lowest = result.records.sort_values("label_quality").head(30)
    assert (lowest["line"] <= 30).mean() >= 0.8
    for row in result.records.head(30).dropna(subset="suggested_label").itertuples():
        assert sorted(json.loads(row.suggested_label)) == records[row.line - 1]["truth"]


def test_the_rates_are_a_bracket_and_the_label_check_leaves_it(
    bench: Bench, tickets: Tickets
) -> None:
    result = bench.audit(joint(tickets, wrong=40))
    low, middle, high = (result.metrics[f"{RATE}{end}"] for end in (".low", "", ".high"))
    assert 0.04 <= low <= middle <= high <= 0.4
    assert high >= 0.1
    assert result.checks["labels"].status == "skipped"
    assert "see the check multilabel" in (result.checks["labels"].reason or "")
    assert result.verdict.state == "UNDECIDED"


def test_a_limit_on_label_sets_is_judged(bench: Bench, tickets: Tickets) -> None:
    states = [
        bench.audit(
            joint(tickets, wrong=wrong), max_mislabel_rate="off", limits={RATE: limit}
        ).verdict.state
        for wrong, limit in ((0, 0.15), (120, 0.1))
    ]
    assert states == ["PASS", "FAIL"]


def test_what_cannot_be_checked_counts_as_wrong_in_the_upper_end(
    bench: Bench, tickets: Tickets
) -> None:
    records = joint(tickets)
    before = bench.audit(records).metrics[f"{RATE}.high"]
    for number in range(0, 80, 4):
        records[number]["label"] = [
            *({"x": 1}, None, ["once", f"only {number}"], ["billing", None]),
        ][number // 4 % 4]
    result = bench.audit([*records, "{broken"])
    assert result.metrics[f"{RATE}.high"] >= before + 20 / 401 - 0.02
    unreadable = result.findings[result.findings["code"] == "multilabel.unreadable"]
    assert len(unreadable) == 10
    notes = " ".join(result.checks["multilabel"].notes)
    assert "5 records have no label" in notes
    assert "10 labels are no lists of labels" in notes
    assert "labels are too rare" in notes


def test_an_empty_list_is_a_set_that_may_lack_labels(bench: Bench, tickets: Tickets) -> None:
    records = joint(tickets)
    for number in range(5):
        records[number]["label"] = []
    result = bench.audit(records)
    missing = result.findings[result.findings["code"] == "multilabel.missing_label"]
    assert len(set(range(1, 6)) & set(missing["line"])) >= 3


def test_labels_that_follow_no_rule_give_no_rate(bench: Bench, tickets: Tickets) -> None:
    rng = np.random.default_rng(0)
    records = [
        record | {"label": [name for name in "xyz" if rng.random() < 0.5]}
        for record in tickets(300)
    ]
    result = bench.audit(records)
    assert result.metrics[RATE] is None
    assert "cannot predict any of these labels" in (result.checks["multilabel"].reason or "")
    assert not (result.findings["check"] == "multilabel").any()


def test_one_label_without_a_rule_is_left_out_and_its_records_unchecked(
    bench: Bench, tickets: Tickets
) -> None:
    rng = np.random.default_rng(0)
    records = joint(tickets)
    for record in records:
        record["label"] = [*record["label"], *(["dice"] if rng.random() < 0.2 else [])]
    result = bench.audit(records)
    share = np.mean(["dice" in record["label"] for record in records])
    assert result.metrics[f"{RATE}.high"] >= share
    assert "1 labels are not predictable from the text and were not checked: 'dice'" in " ".join(
        result.checks["multilabel"].notes
    )
    own = result.findings[result.findings["check"] == "multilabel"]
    assert not any("dice" in fact["probabilities"] for fact in own["evidence"])


@pytest.mark.parametrize(
    ("fourth", "reason"),
    [
        ("login", "no label is a list of labels"),
        (["login"], "only 1 of 120 labels are lists"),
    ],
)
def test_single_labels_are_left_to_the_label_check(
    fourth: object, reason: str, bench: Bench, tickets: Tickets
) -> None:
    records = tickets(120)
    records[3]["label"] = fourth
    result = bench.audit(records)
    assert result.checks["multilabel"].status == "skipped"
    assert reason in (result.checks["multilabel"].reason or "")
    assert result.checks["labels"].status == "ok"


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (["only"], "no label has at least 5 different texts with it and as many"),
        ([], "no label has at least 5 different texts"),
        (["label {}"], "no label has at least 5 different texts"),
    ],
)
def test_too_little_to_compare_has_no_rate(
    labels: list[str], reason: str, bench: Bench, tickets: Tickets
) -> None:
    records = [
        record | {"label": [name.format(number) for name in labels]}
        for number, record in enumerate(tickets(60))
    ]
    result = bench.audit(records)
    assert {result.metrics[name] for name in Multilabel.metrics} == {None}
    assert reason in (result.checks["multilabel"].reason or "")


def test_few_texts_have_findings_but_no_rate(bench: Bench, tickets: Tickets) -> None:
    result = bench.audit(joint(tickets, 90, wrong=6))
    assert result.metrics[RATE] is None
    assert "90 different texts could be checked, a rate needs 100" in (
        result.checks["multilabel"].reason or ""
    )


def test_indicators_are_suggested_as_indicators(bench: Bench, tickets: Tickets) -> None:
    records = joint(tickets, wrong=30)
    names = sorted({name for record in records for name in record["truth"]})
    for record in records:
        record["label"] = [int(name in record["label"]) for name in names]
    table = bench.audit(records).records.dropna(subset="suggested_label")
    assert len(table) >= 15
    assert {len(json.loads(text)) for text in table["suggested_label"]} == {len(names)}


def test_the_order_of_rows_changes_nothing(bench: Bench, tickets: Tickets) -> None:
    records = joint(tickets, 200, wrong=20)
    order = np.random.default_rng(1).permutation(len(records))
    one, other = (
        bench.audit(lines).records.set_index("id")[["label_quality", "suggested_label"]]
        for lines in (records, [records[row] for row in order])
    )
    pd.testing.assert_frame_equal(one, other.loc[one.index], atol=1e-6)


@pytest.mark.parametrize(
    "values",
    [{"folds": 1}, {"min_label_records": 1}, {"min_records": -1}, {"min_agreement": 2.0}],
)
def test_settings_that_mean_nothing_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        construct(Multilabel, values, "checks.multilabel")
