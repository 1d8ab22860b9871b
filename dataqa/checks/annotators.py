"""Records on which several annotators disagree, and annotators that stand apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa.agreement import (
    agreement_by_annotator,
    alpha_word,
    disagreement,
    krippendorff_alpha,
)
from dataqa.checks.annotator_ranking import named, ranking, worse_findings
from dataqa.checks.ballots import Ballots
from dataqa.checks.consensus import LEAST_VOTES, Consensus, find_consensus
from dataqa.checks.interface import Found, findings_table, join_findings
from dataqa.dataset import Dataset
from dataqa.quoting import LABEL_CHARACTERS, shortened
from dataqa.settings import refuse_outside
from dataqa.shared import Shared
from dataqa.votes import Votes, read_votes

NO_FIELD = "no field with the labels of several annotators is named; use --annotators-field"


@dataclass(frozen=True)
class Annotators:
    """Several annotators' labels: agreement, consensus, and who stands apart.

    **What it finds.** Needs `--annotators-field`: a field with a list of labels, or an object
    `{annotator: label}`. Records without a majority (`annotators.split`) are told from records on
    which a majority outvotes somebody (`annotators.outvoted`); records whose own label is not the
    consensus (`annotators.label_differs`); votes for labels that no record has
    (`annotators.unknown_label`); fields that hold no votes (`annotators.unreadable`); annotators
    that agree with the others much less than the rest do (`annotators.worse_annotator`).

    Every record with votes gets `consensus_label`, `consensus_quality` and `annotator_agreement`
    (share of its votes that are for the consensus). The consensus is the majority; on records with
    three votes or more it is CROWDLAB's, which weighs annotators and the out-of-fold probabilities
    of models, where models know the labels. An even split of two votes has no consensus. Where no
    record has a label of its own, the majority *becomes the label* of all other checks (an even
    split has none): then the gate judges the majority.

    Metrics: `annotators.disagreement_rate`, the share of pairs of votes on one record that differ;
    `annotators.unreliability`, 1 minus Krippendorff's alpha; `annotators.split_rate` of the records
    with several votes; `annotators.label_differs_rate` of those with a label of their own, too;
    `annotators.unchecked_rate`, lines with fewer than two votes. All are the better the smaller.

    **Why it hurts fine-tuning.** Where people disagree, the one label that is kept is often wrong,
    or the question has no single answer. One careless annotator spoils a share of everything.

    **Known false alarms.** Tasks of taste have no right answer. Positions in a list count as
    annotators `#1`, `#2`; if they are not the same persons throughout, their ranking means nothing.
    An annotator who got the hard records looks worse than they are.

    **Example.** Votes `{"ann": "billing", "bob": "refund", "eve": "billing"}`: `bob` is outvoted.

    **Settings.** `margin`: how far below the others' agreement an annotator must lie (and three
    standard errors) to be reported. `min_votes`: annotators with fewer are not judged.

    **Reference.** Krippendorff, "Content Analysis", 2018, ch. 12. Goh, Tkachenko, Mueller,
    "CROWDLAB", arXiv 2210.06812; cleanlab 2.9. Not Dawid-Skene: it fits a confusion matrix per
    annotator, which the usual three votes a record do not determine (see the benchmarks).
    """

    margin: float = 0.1
    min_votes: int = 20

    name: ClassVar[str] = "annotators"
    codes: ClassVar[Mapping[str, str]] = {
        "split": "No label has a majority. Ask one more annotator, or clarify the guidelines.",
        "outvoted": "A majority outvotes somebody. Look at it where the consensus is doubtful.",
        "label_differs": "The label is not what the annotators settle on. Correct one of them.",
        "unknown_label": "A vote is for a label that no record has. Correct its spelling.",
        "unreadable": "The field holds no votes. Write a list of labels, or {annotator: label}.",
        "worse_annotator": "Agrees with the others much less than they do. Check their work.",
    }
    metrics: ClassVar[tuple[str, ...]] = (
        "annotators.disagreement_rate",
        "annotators.unreliability",
        "annotators.split_rate",
        "annotators.label_differs_rate",
        "annotators.unchecked_rate",
    )
    columns: ClassVar[Mapping[str, str]] = {
        "consensus_label": "str",
        "consensus_quality": "float64",
        "annotator_agreement": "float64",
    }

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        refuse_outside(self, margin=(0, 1), min_votes=(1, math.inf))

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Compare the votes of every record."""
        field = shared.config.annotators_field
        if field is None:
            return self._unmeasured(NO_FIELD)
        votes = read_votes(dataset.extra[field])
        unreadable = _unreadable(dataset, votes, field)
        reason = _nothing_to_compare(votes, field)
        if reason:
            return self._unmeasured(reason, unreadable)
        consensus = find_consensus(votes, shared)
        ballots = Ballots(dataset, votes, consensus)
        agreement = agreement_by_annotator(votes)
        worse = worse_findings(votes, agreement, self.margin, self.min_votes)
        tables = [unreadable, *ballots.findings(), worse]
        metrics = _metrics(dataset, votes, ballots)
        return Found(
            findings=join_findings(tables),
            metrics=metrics,
            columns=ballots.columns(),
            reason=_null_reason(metrics, ballots),
            notes=(*_notes(dataset, votes, consensus), *ranking(votes, agreement, consensus)),
        )

    def _unmeasured(self, reason: str, findings: pd.DataFrame | None = None) -> Found:
        if findings is None or findings.empty:
            return Found(metrics=dict.fromkeys(self.metrics), skipped=True, reason=reason)
        return Found(findings=findings, metrics=dict.fromkeys(self.metrics), reason=reason)


def _nothing_to_compare(votes: Votes, field: str) -> str | None:
    if not len(votes.item):
        return f"no record has a label of an annotator in {field!r}"
    if len(votes.annotators) == 1:
        return f"{field!r} holds one annotator ({named(votes, 0)!r}); there is nobody to compare"
    if votes.sizes.max() < 2:
        return f"no record has the labels of two annotators in {field!r}"
    return None


def _unreadable(dataset: Dataset, votes: Votes, field: str) -> pd.DataFrame:
    rows = np.flatnonzero(votes.problems.notna())
    named = shortened(field, LABEL_CHARACTERS)
    message = [f"field {named!r} {problem}" for problem in votes.problems.iloc[rows]]
    return findings_table(dataset, rows, "annotators.unreadable", score=1.0, message=message)


def _metrics(dataset: Dataset, votes: Votes, ballots: Ballots) -> dict[str, float | None]:
    alpha = krippendorff_alpha(votes)
    several = int((votes.sizes > 1).sum())
    comparable = int(ballots.comparable.sum())
    unchecked = len(dataset) - several + dataset.unreadable
    return {
        "annotators.disagreement_rate": disagreement(votes),
        "annotators.unreliability": None if alpha is None else 1 - alpha,
        "annotators.split_rate": int(ballots.split.sum()) / several,
        "annotators.label_differs_rate": int(ballots.differs.sum()) / comparable
        if comparable
        else None,
        "annotators.unchecked_rate": unchecked / (len(dataset) + dataset.unreadable),
    }


def _null_reason(metrics: Mapping[str, float | None], ballots: Ballots) -> str | None:
    reasons = []
    if metrics["annotators.unreliability"] is None:
        reasons.append("every vote is for the same label, so alpha has no value")
    if metrics["annotators.label_differs_rate"] is None:
        reasons.append(ballots.why_not_comparable)
    return "; ".join(reasons) or None


def _notes(dataset: Dataset, votes: Votes, consensus: Consensus) -> Iterator[str]:
    alpha = krippendorff_alpha(votes)
    if alpha is not None:
        yield f"Krippendorff's alpha {alpha:.3f}: {alpha_word(alpha)}"
    if dataset.majority_of:
        yield (
            "no record has a label of its own: the majority of the annotators is the label that "
            "all checks and the gate judge"
        )
    yield (
        f"consensus: the majority, because {consensus.reason}"
        if consensus.reason
        else f"consensus: CROWDLAB on {int(consensus.modelled.sum()):,} records with "
        f"{LEAST_VOTES} votes or more, the majority on the others"
    )
    sizes = np.bincount(np.minimum(votes.sizes, 2), minlength=3)
    for count, what in zip(sizes[:2], ("no vote", "a single vote"), strict=True):
        if count:
            yield f"{count:,} records have {what} and were not checked"
