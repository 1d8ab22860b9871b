"""Several annotators' labels: what is read, how far they agree, what they settle on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import audit
from dataqa.agreement import (
    agreement_by_annotator,
    disagreement,
    krippendorff_alpha,
    worse_annotators,
)
from dataqa.checks.annotators import Annotators
from dataqa.config import Config
from dataqa.crowd import Panel, crowdlab
from dataqa.errors import ConfigError
from dataqa.result import AuditResult
from dataqa.settings import construct
from dataqa.votes import Votes, majority, majority_labels, read_votes, tied

if TYPE_CHECKING:
    from tests.conftest import Bench, Line, Record, Run

Tickets = Callable[..., list[dict[str, Any]]]

SAMPLE = Path(__file__).parents[1] / "sample_data" / "annotators"
few = settings(deadline=None, max_examples=60, derandomize=True)

ballot = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), max_size=4)
many_ballots = st.lists(ballot, min_size=1, max_size=30)


def votes_of(*values: object) -> Votes:
    texts = [
        value if value is None or isinstance(value, str) else json.dumps(value) for value in values
    ]
    return read_votes(pd.Series(texts, dtype="str"))


# Reading


def test_objects_and_lists_become_votes() -> None:
    votes = votes_of({"ann": "x", "bob": "y"}, ["y", "x", "x"], None, [])
    assert votes.sizes.tolist() == [2, 3, 0, 0]
    assert votes.annotators == ("#1", "#2", "#3", "ann", "bob")
    assert votes.labels == ("x", "y")
    named = [
        (int(item), votes.annotators[who], votes.labels[label])
        for item, who, label in zip(votes.item, votes.annotator, votes.label, strict=True)
    ]
    assert named == [
        *((0, "ann", "x"), (0, "bob", "y")),
        *((1, "#1", "y"), (1, "#2", "x"), (1, "#3", "x")),
    ]
    assert votes.problems.isna().all()


def test_numbers_and_booleans_are_labels_as_in_the_label_field() -> None:
    assert votes_of([1, 1.5, True, "1"]).labels == ("1", "1.5", "true")


def test_null_and_blank_labels_are_abstentions() -> None:
    votes = votes_of({"ann": None, "bob": " ", "eve": "x"}, [None, "", "x"])
    assert votes.sizes.tolist() == [1, 1]
    assert votes.annotators == ("#3", "eve")
    assert votes.problems.isna().all()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("billing", "is a string, not a list of labels or an object by annotator"),
        ("[broken", "is a string, not a list"),
        (3, "is a number, not a list"),
        (True, "is a boolean, not a list"),
        ({"ann": ["x"], "bob": "y"}, "has no label of 'ann' but an array"),
        (["x", {"label": "x"}], "has no label of '#2' but an object"),
    ],
)
def test_what_is_no_vote_is_a_problem(value: object, problem: str) -> None:
    votes = votes_of(value, ["x", "y"])
    assert problem in votes.problems[0]
    assert pd.isna(votes.problems[1])


@few
@given(ballots=many_ballots)
def test_votes_are_read_as_python_reads_them(ballots: list[dict[str, str]]) -> None:
    votes = votes_of(*ballots)
    read: list[dict[str, str]] = [{} for _ in ballots]
    for item, who, label in zip(votes.item, votes.annotator, votes.label, strict=True):
        read[item][votes.annotators[who]] = votes.labels[label]
    assert read == ballots


# Statistics


def pairs(ballots: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [pair for votes in ballots for pair in itertools.permutations(votes.values(), 2)]


@few
@given(ballots=many_ballots)
def test_disagreement_is_the_share_of_differing_pairs(ballots: list[dict[str, str]]) -> None:
    differing = [one != other for one, other in pairs(ballots)]
    expected = np.mean(differing) if differing else None
    assert disagreement(votes_of(*ballots)) == (
        None if expected is None else pytest.approx(expected)
    )


@few
@given(ballots=many_ballots)
def test_alpha_follows_its_definition(ballots: list[dict[str, str]]) -> None:
    """Build Krippendorff's coincidence matrix pair by pair."""
    coincidence = np.zeros((3, 3))
    for votes in ballots:
        for one, other in itertools.permutations(votes.values(), 2):
            coincidence["xyz".index(one), "xyz".index(other)] += 1 / (len(votes) - 1)
    totals = coincidence.sum(axis=0)
    values = totals.sum()
    chance = values**2 - (totals**2).sum()
    alpha = krippendorff_alpha(votes_of(*ballots))
    if round(chance, 9) == 0:
        assert alpha is None
        return
    observed = (values - np.trace(coincidence)) / values
    assert alpha == pytest.approx(1 - observed / (chance / (values * (values - 1))))


def test_alpha_of_a_published_example() -> None:
    """Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011, section C: .743."""
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    units = [list(unit) for unit in zip(*observers, strict=True)]
    assert krippendorff_alpha(votes_of(*units)) == pytest.approx(0.743, abs=5e-4)


@few
@given(ballots=many_ballots)
def test_the_majority_has_most_votes(ballots: list[dict[str, str]]) -> None:
    votes = votes_of(*ballots)
    leader, share = majority(votes)
    for row, (given_votes, even) in enumerate(zip(ballots, tied(votes), strict=True)):
        counts = sorted((list(given_votes.values()).count(name) for name in "xyz"), reverse=True)
        assert even == (counts[0] > 0 and counts[0] == counts[1])
        assert share[row] * len(given_votes) == pytest.approx(counts[0])
        chosen = votes.labels[leader[row]] if leader[row] >= 0 else None
        assert list(given_votes.values()).count(chosen) == counts[0]


def test_majority_labels_leave_even_splits_open() -> None:
    column = pd.Series(['["x","x","y"]', '["x","y"]', "[]", None, '{"a":"y"}'], dtype="str")
    assert majority_labels(column).fillna("-").to_list() == ["x", "-", "-", "-", "y"]


def test_agreement_of_an_annotator_counts_pairs() -> None:
    agreement = agreement_by_annotator(votes_of(["x", "x", "y"], ["x", "x", "x"], ["y"]))
    assert agreement.votes.tolist() == [2, 2, 2]
    assert agreement.share.tolist() == pytest.approx([0.75, 0.75, 0.5])


def panel(accuracies: list[float], records: int, seed: int = 0) -> Votes:
    """Let annotators of known accuracy vote on records with three labels."""
    rng = np.random.default_rng(seed)
    return votes_of(
        *[
            [
                "x" if rng.random() < accuracy else str(rng.choice(["y", "z"]))
                for accuracy in accuracies
            ]
            for _ in range(records)
        ]
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_careless_annotator_stands_apart_and_good_ones_do_not(seed: int) -> None:
    careless = agreement_by_annotator(panel([0.95, 0.9, 0.5, 0.92], 200, seed))
    assert worse_annotators(careless, 0.1, 20).tolist() == [2]
    alike = agreement_by_annotator(panel([0.8, 0.8, 0.8, 0.8], 200, seed))
    assert worse_annotators(alike, 0.1, 20).tolist() == []


def test_few_votes_or_a_wide_margin_accuse_nobody() -> None:
    careless = agreement_by_annotator(panel([0.95, 0.9, 0.5], 200))
    assert worse_annotators(careless, 0.1, 201).tolist() == []
    assert worse_annotators(careless, 0.6, 20).tolist() == []


def test_two_annotators_cannot_be_told_apart() -> None:
    agreement = agreement_by_annotator(panel([1.0, 0.2], 300))
    assert worse_annotators(agreement, 0.0, 1).tolist() == []


# CROWDLAB


@few
@given(
    seed=st.integers(0, 10_000),
    records=st.integers(5, 60),
    people=st.integers(2, 8),
    classes=st.integers(2, 5),
    skill=st.floats(0.3, 1),
)
def test_crowdlab_gives_the_numbers_of_cleanlab(
    seed: int, records: int, people: int, classes: int, skill: float
) -> None:
    from cleanlab.multiannotator import get_label_quality_multiannotator

    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, records)
    table = np.where(
        rng.random((records, people)) < skill,
        truth[:, None],
        rng.integers(0, classes, (records, people)),
    ).astype(float)
    kept = np.argsort(rng.random((records, people)), axis=1) < max(2, people // 2)
    kept[0], table[0, :2] = True, 0  # everybody votes somewhere, two agree somewhere
    table[~kept] = np.nan
    probabilities = rng.dirichlet(np.ones(classes), records) + np.eye(classes)[truth]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    theirs = get_label_quality_multiannotator(table, probabilities, verbose=False)
    item, annotator = np.nonzero(kept)
    ours = crowdlab(Panel(item, annotator, table[kept].astype(int), probabilities))
    quality = theirs["label_quality"]
    assert ours.label.tolist() == quality["consensus_label"].to_list()
    assert ours.quality == pytest.approx(quality["consensus_quality_score"].to_numpy(), abs=1e-9)
    ranked = theirs["annotator_stats"].sort_index()["annotator_quality"].to_numpy()
    assert ours.annotator_quality == pytest.approx(ranked, abs=1e-9)


# The check


def voting(
    tickets: Tickets, n: int = 240, flip: float = 0.0, wrong: float = 0.15, seed: int = 0
) -> list[Record]:
    """Tickets with the votes of three annotators, each wrong with a probability."""
    rng = np.random.default_rng(seed)
    records = tickets(n, seed=seed, flip=flip)
    names = sorted({record["truth"] for record in records})
    for record in records:
        record["votes"] = {
            who: record["truth"] if rng.random() >= wrong else str(rng.choice(names))
            for who in ("ann", "bob", "eve")
        }
    return records


def found_of(bench: Bench, records: list[Any], **options: Any) -> AuditResult:
    return bench.audit(records, annotators_field="votes", **options)


def test_the_consensus_is_at_least_as_right_as_the_majority(bench: Bench, tickets: Tickets) -> None:
    records = voting(tickets, wrong=0.35)
    table = found_of(bench, records).records
    truth = pd.Series([record["truth"] for record in records])
    most = majority_labels(pd.Series([json.dumps(record["votes"]) for record in records]))
    assert (table["consensus_label"] == truth).mean() >= max((most == truth).mean(), 0.9)
    assert table["consensus_quality"].between(0, 1).all()


def test_below_three_votes_the_majority_decides(bench: Bench, tickets: Tickets) -> None:
    records = voting(tickets)
    for record in records:
        del record["votes"]["eve"]
    result = found_of(bench, records)
    table = result.records
    even = np.array([len(set(record["votes"].values())) == 2 for record in records])
    assert even.any()
    assert table["consensus_label"].isna().to_numpy().tolist() == even.tolist()
    assert (table["consensus_quality"][~even] == 1).all()
    assert (table["consensus_quality"][even] == 0.5).all()
    assert table["annotator_agreement"].isna().to_numpy().tolist() == even.tolist()
    assert result.metrics["annotators.split_rate"] == pytest.approx(even.mean())
    assert "has 3 votes" in " ".join(result.checks["annotators"].notes)


def test_a_split_is_told_from_an_outvoted_vote(bench: Bench, tickets: Tickets) -> None:
    records = voting(tickets, wrong=0)
    records[3]["votes"] = {"ann": "billing", "bob": "login", "eve": "shipping"}
    records[7]["votes"] |= {"bob": "billing" if records[7]["truth"] != "billing" else "login"}
    findings = found_of(bench, records).findings
    own = findings[findings["check"] == "annotators"].set_index("line")
    assert own["code"].to_dict() == {4: "annotators.split", 8: "annotators.outvoted"}
    assert own.loc[4, "score"] > own.loc[8, "score"]
    assert own.loc[8, "evidence"]["votes"] == {
        records[7]["truth"]: 2,
        records[7]["votes"]["bob"]: 1,
    }


def test_a_label_beside_the_consensus_is_found(bench: Bench, tickets: Tickets) -> None:
    records = voting(tickets, flip=0.1, wrong=0)
    result = found_of(bench, records)
    wrong = {n for n, record in enumerate(records, 1) if record["label"] != record["truth"]}
    differs = result.findings[result.findings["code"] == "annotators.label_differs"]
    assert set(differs["line"]) == wrong
    assert result.metrics["annotators.label_differs_rate"] == pytest.approx(len(wrong) / 240)
    assert result.metrics["annotators.disagreement_rate"] == 0


def test_without_labels_the_majority_is_judged(bench: Bench, tickets: Tickets) -> None:
    records = voting(tickets)
    bare = [{"text": record["text"], "votes": record["votes"]} for record in records]
    result = found_of(bench, bare)
    most = majority_labels(pd.Series([json.dumps(record["votes"]) for record in records]))
    assert result.records["label"].fillna("").to_list() == most.fillna("").to_list()
    assert result.checks["labels"].status == "ok"
    assert result.metrics["labels.mislabel_rate"] is not None
    assert result.metrics["annotators.label_differs_rate"] is None
    assert "no record has a label of its own" in (result.checks["annotators"].reason or "")
    assert any("majority" in note and "gate" in note for note in result.checks["annotators"].notes)


def test_one_label_anywhere_keeps_the_majority_out(bench: Bench, tickets: Tickets) -> None:
    records = voting(tickets, 60)
    bare = [{"text": record["text"], "votes": record["votes"]} for record in records]
    dataset = bench.read([*bare, records[0]], Config(annotators_field="votes"))
    assert dataset.majority_of is None
    assert dataset.frame["label"].notna().sum() == 1


def test_a_label_that_no_record_has_is_found(bench: Bench, tickets: Tickets) -> None:
    records = voting(tickets, wrong=0)
    records[5]["votes"]["bob"] = "biling"
    findings = found_of(bench, records).findings
    unknown = findings[findings["code"] == "annotators.unknown_label"]
    assert unknown["line"].to_list() == [6]
    assert "'biling' 1" in unknown["message"].iloc[0]


def test_votes_in_other_words_than_the_labels_are_not_compared(
    bench: Bench, tickets: Tickets
) -> None:
    records = [record | {"label": record["label"].upper()} for record in voting(tickets)]
    result = found_of(bench, records)
    assert result.metrics["annotators.label_differs_rate"] is None
    assert "no value in common" in (result.checks["annotators"].reason or "")
    codes = set(result.findings["code"])
    assert not codes & {"annotators.unknown_label", "annotators.label_differs"}


def test_unreadable_votes_are_findings_and_unchecked(bench: Bench, tickets: Tickets) -> None:
    records = voting(tickets, wrong=0)
    records[0]["votes"] = "billing"
    records[1]["votes"] = {"ann": {"label": "billing"}}
    del records[2]["votes"]
    records[3]["votes"] = []
    records[4]["votes"] = {"ann": records[4]["truth"]}
    result = found_of(bench, [*records, "{broken"])
    own = result.findings[result.findings["code"] == "annotators.unreadable"]
    assert sorted(own["line"]) == [1, 2]
    assert result.metrics["annotators.unchecked_rate"] == pytest.approx(6 / 241)
    table = result.records.set_index("line")
    assert table.loc[[1, 2, 3, 4], "consensus_label"].isna().all()
    assert table.loc[5, "consensus_label"] == records[4]["truth"]
    assert (
        table.loc[[1, 2, 3, 4, 5], ["consensus_quality", "annotator_agreement"]]
        .isna()
        .to_numpy()
        .all()
    )
    notes = " ".join(result.checks["annotators"].notes)
    assert "4 records have no vote" in notes
    assert "1 records have a single vote" in notes


@pytest.mark.parametrize(
    ("votes", "reason"),
    [
        ({"ann": "login"}, "'votes' holds one annotator ('ann')"),
        ([], "no record has a label of an annotator in 'votes'"),
        ([None, " "], "no record has a label of an annotator in 'votes'"),
    ],
)
def test_nothing_to_compare_is_skipped_with_a_reason(
    votes: object, reason: str, bench: Bench, tickets: Tickets
) -> None:
    result = found_of(bench, [record | {"votes": votes} for record in tickets(60)])
    check = result.checks["annotators"]
    assert (check.status, reason in (check.reason or "")) == ("skipped", True)
    assert {result.metrics[name] for name in Annotators.metrics} == {None}


def test_single_votes_of_several_annotators_are_skipped_with_a_reason(
    bench: Bench, tickets: Tickets
) -> None:
    records = [record | {"votes": {"ab"[n % 2]: "login"}} for n, record in enumerate(tickets(60))]
    check = found_of(bench, records).checks["annotators"]
    assert "no record has the labels of two annotators" in (check.reason or "")


def test_no_votes_at_all_but_problems_are_reported(bench: Bench, tickets: Tickets) -> None:
    result = found_of(bench, [record | {"votes": "login"} for record in tickets(60)])
    assert result.checks["annotators"].status == "ok"
    assert result.checks["annotators"].findings == 60
    assert "no record has a label of an annotator" in (result.checks["annotators"].reason or "")


def test_without_the_field_the_check_is_skipped(bench: Bench, tickets: Tickets) -> None:
    check = bench.audit(tickets(60)).checks["annotators"]
    assert check.status == "skipped"
    assert "--annotators-field" in (check.reason or "")


def test_one_label_everywhere_has_no_alpha(bench: Bench, tickets: Tickets) -> None:
    result = found_of(bench, [record | {"votes": ["x", "x"]} for record in tickets(60)])
    assert result.metrics["annotators.unreliability"] is None
    assert result.metrics["annotators.disagreement_rate"] == 0
    assert "every vote is for the same label" in (result.checks["annotators"].reason or "")


def test_a_limit_on_votes_is_judged(bench: Bench, tickets: Tickets) -> None:
    records = voting(tickets, wrong=0.4)
    limits = {"annotators.disagreement_rate": 0.1}
    verdict = found_of(bench, records, limits=limits).verdict
    states = {reason.metric: reason.state for reason in verdict.reasons}
    assert states["annotators.disagreement_rate"] == "FAIL"
    unmeasured = bench.audit(records, limits=limits).verdict
    assert {reason.metric: reason.state for reason in unmeasured.reasons}[
        "annotators.disagreement_rate"
    ] == "UNDECIDED"


@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_of_rows_and_of_names_changes_nothing(
    seed: int, bench: Bench, tickets: Tickets
) -> None:
    records = voting(tickets, 150, seed=seed)
    config = Config(annotators_field="votes")
    dataset = bench.read(records, config)
    one = Annotators().find(dataset, bench.shared(dataset, config))
    shuffled: list[Line] = [
        record | {"votes": dict(reversed(record["votes"].items()))} for record in records
    ]
    order = np.random.default_rng(seed).permutation(len(shuffled))
    again = bench.read([shuffled[row] for row in order], config)
    other = Annotators().find(again, bench.shared(again, config, shard_records=17))
    assert one.metrics == pytest.approx(other.metrics, abs=1e-9)
    assert one.notes == other.notes
    for name in Annotators.columns:
        left, right = (pd.Series(list(found.columns[name])) for found in (one, other))
        pd.testing.assert_series_equal(left, right, atol=1e-6)


@pytest.mark.parametrize("values", [{"margin": 1.5}, {"margin": -0.1}, {"min_votes": 0}])
def test_settings_that_mean_nothing_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        construct(Annotators, values, "checks.annotators")


# The sample


def test_the_sample_names_the_careless_annotator() -> None:
    result = audit(SAMPLE / "data.jsonl", annotators_field="votes")
    worse = result.findings[result.findings["code"] == "annotators.worse_annotator"]
    assert [fact["annotator"] for fact in worse["evidence"]] == ["kim"]
    assert worse["line"].to_list() == [0]
    ranked = [note for note in result.checks["annotators"].notes if note.startswith("annotator ")]
    assert ranked[0].startswith("annotator 'kim'")
    assert len(ranked) == 4


def test_the_command_line_takes_the_field(run: Run) -> None:
    ran = run(
        "audit", SAMPLE / "data.jsonl", "--annotators-field", "votes", "--select", "annotators"
    )
    assert "annotators.disagreement_rate" in ran.out
    assert "Krippendorff's alpha" in ran.out
