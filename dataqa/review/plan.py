"""The order in which a reviewer judges records: random draws that anyone can draw again.

Draws are with replacement over records. A draw takes a record with a probability that mixes a
uniform share with the model's doubt about it. See ``docs/certificate.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from dataqa.errors import ResultError
from dataqa.result import AuditResult
from dataqa.review.race import Race
from dataqa.review.weights import stratified, weigh

DRAWS = 1000
SCORES = ("label_quality", "pair_match")
"""Columns of the records that tell how good a record is, 0 to 1; the first with values counts."""
DRAWN = ("draw", "key", "source", "line", "probability", "score")
"""What a draw tells."""


@dataclass(frozen=True)
class Plan:
    """Ordered draws, and what is needed to weigh a judgement of them."""

    draws: Sequence[Mapping[str, Any]]
    """In order, each with the values ``DRAWN``."""
    sampling: Mapping[str, Any]
    """How they were drawn: ``kind`` (``sequential`` or ``fixed``), ``seed``, ``records``,
    ``unreadable``, ``score`` (column), ``mean_score``, ``sha256``, and of a sequential plan
    ``phases``."""
    dataset_sha256: str
    keys: frozenset[str] = field(default=frozenset(), repr=False)
    """Keys of all records."""

    @property
    def fixed(self) -> bool:
        """Whether the draws are one sample, to be judged as a whole."""
        return bool(self.sampling["kind"] == "fixed")

    def of_lines(self, rate: float) -> float:
        """Return the share of wrong lines when every unreadable line is wrong, too."""
        unreadable, records = self.sampling["unreadable"], self.sampling["records"]
        return float((rate * records + unreadable) / (records + unreadable))

    @cached_property
    def key_at(self) -> dict[int, str]:
        """Draw number -> key of its record."""
        return {draw["draw"]: draw["key"] for draw in self.draws}


def make_plan(
    records: pd.DataFrame, seed: int, unreadable: int = 0, draws: int = DRAWS, sample: int = 0
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Draw records with replacement.

    Args:
        records: the records of a result (``key``, ``source``, ``line``, columns of ``SCORES``).
        seed: must be fixed before the first decision.
        unreadable: lines that hold no record; a certificate counts them as wrong.
        draws: how many; the first ones are the same however many there are.
        sample: draw one sample of this size in place of a plan for one record after the other.

    Returns:
        The draws and how they were drawn, see ``Plan``.
    """
    column = _score_column(records)
    table = _by_key(records, column)
    copies, score = table["copies"].to_numpy(), _scores(table)
    race = Race(table["key"].to_list(), copies, seed)
    sampling: dict[str, Any] = {
        "kind": "fixed" if sample else "sequential",
        "seed": seed,
        "records": len(records),
        "unreadable": unreadable,
        "score": column,
        "mean_score": float(np.average(score, weights=copies)),
    }
    if sample:
        chosen = stratified(score, copies, race.numbers(sample))
        probability = np.full(sample, 1 / len(records))
    else:
        chosen, probability, sampling["phases"] = _sequence(race, score, copies, draws)
    plan = _draws(table.iloc[chosen], probability, score[chosen])
    return plan, {**sampling, "sha256": plan_hash(plan, sampling)}


def _sequence(
    race: Race, score: np.ndarray, copies: np.ndarray, draws: int
) -> tuple[np.ndarray, np.ndarray, list[dict[str, float]]]:
    """Return rows of the drawn keys, their probabilities and the phases of the plan."""
    rows, probability, phases = [], [], []
    for start, end, weight, phase in weigh(score, copies, draws):
        taken = race.winners(weight, range(start, end))
        rows.append(taken)
        probability.append(weight[taken] / copies.sum())
        phases.append(phase)
    return np.concatenate(rows), np.concatenate(probability), phases


def saved_plan(result: AuditResult) -> Plan:
    """Return the plan of a result, after checking that it is the one that was drawn.

    Raises:
        ResultError: the result has no plan, or its plan was changed.
    """
    again = {"hint": "audit the data again"}
    if not result.sampling or not result.review_plan:
        raise ResultError("the result has no review plan", **again)
    try:
        sealed = plan_hash(result.review_plan, result.sampling) == result.sampling["sha256"]
    except (KeyError, TypeError, AttributeError) as error:
        raise ResultError(f"the review plan is damaged ({error!r})", **again) from error
    if not sealed:
        raise ResultError("the review plan was changed: its hash differs", **again)
    return Plan(
        draws=result.review_plan,
        sampling=result.sampling,
        dataset_sha256=result.dataset["sha256"],
        keys=frozenset(result.records["key"]),
    )


def plan_hash(draws: Sequence[Mapping[str, Any]], sampling: Mapping[str, Any]) -> str:
    """Hash everything that decides what a judgement is worth; places of records stay out."""
    basis = [f"{name}={sampling[name]!r}" for name in sorted(sampling) if name != "sha256"]
    names = [name for name in DRAWN if name not in ("source", "line")]
    basis += [" ".join(repr(draw[name]) for name in names) for draw in draws]
    return hashlib.sha256("\n".join(basis).encode()).hexdigest()


def _score_column(records: pd.DataFrame) -> str | None:
    known = [name for name in SCORES if name in records and records[name].notna().any()]
    return known[0] if known else None


def _by_key(records: pd.DataFrame, column: str | None) -> pd.DataFrame:
    """Return one row per key, sorted: its first place, its copies and its quality."""
    ordered = records.sort_values(["key", "source", "line"], kind="stable")
    quality = np.nan if column is None else ordered[column].astype("float64")
    return (
        ordered.assign(quality=quality)
        .groupby("key", sort=True)
        .agg(
            source=("source", "first"),
            line=("line", "first"),
            quality=("quality", "first"),
            copies=("line", "size"),
        )
        .reset_index()
    )


def _scores(table: pd.DataFrame) -> np.ndarray:
    """Return the model's doubt in every key, 0 to 1; the mean where it has none."""
    quality = table["quality"]
    return (1 - quality.fillna(quality.mean()).fillna(1.0)).to_numpy().clip(0, 1)


def _draws(
    places: pd.DataFrame, probability: np.ndarray, score: np.ndarray
) -> list[dict[str, Any]]:
    columns = (
        range(1, len(places) + 1),
        places["key"].to_list(),
        places["source"].to_list(),
        places["line"].to_list(),
        probability.tolist(),
        score.tolist(),
    )
    return [dict(zip(DRAWN, values, strict=True)) for values in zip(*columns, strict=True)]
