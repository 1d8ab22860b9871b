"""Which annotators agree with the others, and which much less than the rest do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from dataqa.agreement import Agreement, worse_annotators
from dataqa.checks.consensus import Consensus
from dataqa.checks.interface import whole_findings
from dataqa.quoting import LABEL_CHARACTERS, shortened
from dataqa.votes import Votes

NAMED_ANNOTATORS = 10
"""Annotators that the notes rank by name, beginning with the worst."""


def named(votes: Votes, number: int) -> str:
    """Return the name of an annotator for a message."""
    return shortened(votes.annotators[number], LABEL_CHARACTERS)


def ranking(votes: Votes, agreement: Agreement, consensus: Consensus) -> Iterator[str]:
    """Say how far each annotator can be trusted: by CROWDLAB, else by agreement; worst first."""
    trust = consensus.annotators
    quality = np.where(np.isnan(trust), agreement.share, trust)
    order = np.argsort(quality, kind="stable").tolist()
    for number in order[:NAMED_ANNOTATORS]:
        share = agreement.share[number]
        told = "" if np.isnan(trust[number]) else f", quality {trust[number]:.3f}"
        yield (
            f"annotator {named(votes, number)!r}: {agreement.votes[number]:,} votes on records "
            "with others"
            + ("" if np.isnan(share) else f", agrees with {share:.1%} of theirs")
            + told
        )
    if len(order) > NAMED_ANNOTATORS:
        yield f"{len(order) - NAMED_ANNOTATORS:,} annotators of better quality are not listed"


def worse_findings(
    votes: Votes, agreement: Agreement, margin: float, least_votes: int
) -> pd.DataFrame:
    """Report annotators that agree with the others much less than the rest do."""
    numbers = worse_annotators(agreement, margin, least_votes)
    facts = [_facts(votes, agreement, number) for number in numbers.tolist()]
    return whole_findings(
        "annotators.worse_annotator",
        score=1 - agreement.share[numbers],
        message=[
            f"annotator {fact['annotator']!r} agrees with {fact['agreement']:.1%} of the others' "
            f"votes on the same records, the rest with {fact['others']:.1%}"
            for fact in facts
        ],
        evidence=facts,
    )


def _facts(votes: Votes, agreement: Agreement, number: int) -> dict[str, Any]:
    rest = np.delete(np.arange(len(votes.annotators)), number)
    weights = agreement.votes[rest]
    usual = float(np.average(np.nan_to_num(agreement.share[rest]), weights=weights))
    return {
        "annotator": named(votes, number),
        "agreement": round(float(agreement.share[number]), 4),
        "others": round(usual, 4),
        "votes": int(agreement.votes[number]),
    }
