"""The review plan: random draws that anyone can draw again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import chisquare

from dataqa.review.plan import DRAWS, review_plan

if TYPE_CHECKING:
    from tests.conftest import Bench

Tickets = Callable[..., list[dict[str, Any]]]


def test_draws_are_numbered_and_place_a_record(bench: Bench, tickets: Tickets) -> None:
    dataset = bench.read(tickets(30))
    plan = review_plan(dataset, seed=0)
    assert [draw["draw"] for draw in plan] == list(range(1, DRAWS + 1))
    places = set(dataset.frame[["key", "source", "line"]].itertuples(index=False, name=None))
    assert {(draw["key"], draw["source"], draw["line"]) for draw in plan} <= places
    assert {draw["probability"] for draw in plan} == {1 / 30}


def test_the_seed_decides_the_plan(bench: Bench, tickets: Tickets) -> None:
    dataset = bench.read(tickets(30))
    assert review_plan(dataset, seed=1) == review_plan(dataset, seed=1)
    assert review_plan(dataset, seed=1) != review_plan(dataset, seed=2)


def test_the_order_of_rows_does_not_change_the_plan(bench: Bench, tickets: Tickets) -> None:
    records = tickets(50)
    forth, back = (review_plan(bench.read(lines), seed=0) for lines in (records, records[::-1]))
    assert [draw["key"] for draw in forth] == [draw["key"] for draw in back]


@pytest.mark.parametrize("seed", range(3))
def test_every_record_is_drawn_as_often_as_any_other(
    seed: int, bench: Bench, tickets: Tickets
) -> None:
    plan = review_plan(bench.read(tickets(20)), seed)
    counts = Counter(draw["line"] for draw in plan)
    assert chisquare(np.array([counts[line] for line in range(1, 21)])).pvalue > 0.001


def test_a_single_record_is_drawn_every_time(bench: Bench) -> None:
    plan = review_plan(bench.read([{"text": "x"}]), seed=0)
    assert {(draw["line"], draw["probability"]) for draw in plan} == {(1, 1.0)}
