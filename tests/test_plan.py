"""The review plan: random draws that anyone can draw again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, combine_pvalues

from dataqa.errors import ResultError
from dataqa.review.plan import DRAWS, make_plan, saved_plan

if TYPE_CHECKING:
    from tests.conftest import Bench

Tickets = Callable[..., list[dict[str, Any]]]


def records(count: int, quality: list[float] | None = None, copies: int = 1) -> pd.DataFrame:
    """Make records as a result has them; each stands ``copies`` times."""
    rng = np.random.default_rng(count)
    keys = [rng.bytes(16).hex() for _ in range(count)]
    return pd.DataFrame(
        {
            "key": np.repeat(keys, copies),
            "source": "data.jsonl",
            "line": range(1, count * copies + 1),
            "label_quality": np.repeat(quality or [np.nan] * count, copies),
        }
    )


def test_draws_are_numbered_and_place_a_record() -> None:
    frame = records(30)
    plan, sampling = make_plan(frame, seed=0)
    assert [draw["draw"] for draw in plan] == list(range(1, DRAWS + 1))
    places = set(frame[["key", "source", "line"]].itertuples(index=False, name=None))
    assert {(draw["key"], draw["source"], draw["line"]) for draw in plan} <= places
    assert {draw["probability"] for draw in plan} == {1 / 30}
    assert sampling["score"] is None


def test_the_seed_decides_the_plan() -> None:
    frame = records(30)
    assert make_plan(frame, seed=1) == make_plan(frame, seed=1)
    assert make_plan(frame, seed=1)[0] != make_plan(frame, seed=2)[0]


def test_a_longer_plan_starts_like_a_shorter_one() -> None:
    frame = records(30, [0.1, 0.9] * 15)
    assert make_plan(frame, 0, draws=1500)[0][:10] == make_plan(frame, 0, draws=10)[0]


def test_the_order_of_rows_does_not_change_the_plan(bench: Bench, tickets: Tickets) -> None:
    lines = tickets(150, flip=0.1)
    forth, back = bench.audit(lines), bench.audit(lines[::-1])
    assert [d["key"] for d in forth.review_plan] == [d["key"] for d in back.review_plan]
    assert forth.sampling["sha256"] == back.sampling["sha256"]


def test_every_record_is_drawn_as_often_as_its_probability_says() -> None:
    frame = records(20, [0.2, 0.6, 0.95, 1.0] * 5, copies=2)
    chances = []
    for seed in range(8):
        plan, _ = make_plan(frame, seed, draws=2000)
        late = plan[100:]
        counts = Counter(draw["key"] for draw in late)
        chance = {draw["key"]: 2 * draw["probability"] for draw in late}
        assert sum(chance.values()) == pytest.approx(1)
        assert max(chance.values()) > 1.5 * min(chance.values())
        expected = [chance[key] * len(late) for key in sorted(chance)]
        chances.append(chisquare([counts[key] for key in sorted(chance)], expected).pvalue)
    assert combine_pvalues(chances).pvalue > 0.001


def test_doubtful_records_are_drawn_more_often() -> None:
    plan, _ = make_plan(records(100, [0.2] * 10 + [0.99] * 90), seed=0)
    doubtful = [draw for draw in plan[100:] if draw["line"] <= 10]
    assert len(doubtful) > 1.5 * 0.1 * len(plan[100:])


def test_last_digits_of_scores_hardly_change_the_plan() -> None:
    quality = np.random.default_rng(0).random(500)
    one, other = (
        make_plan(records(500, list(values)), 0)[0] for values in (quality, quality + 1e-7)
    )
    same = sum(a["key"] == b["key"] for a, b in zip(one, other, strict=True))
    assert same >= DRAWS - 5


def test_another_population_is_drawn_from_independently() -> None:
    frame = records(1000)
    changed = pd.concat([frame.iloc[1:], records(1001).iloc[:1]])
    one, other = (make_plan(part, 0)[0] for part in (frame, changed))
    assert sum(a["key"] == b["key"] for a, b in zip(one, other, strict=True)) < 15


def test_a_single_record_is_drawn_every_time() -> None:
    plan, _ = make_plan(records(1, [0.3]), seed=0)
    assert {(draw["line"], draw["probability"]) for draw in plan} == {(1, 1.0)}


def test_a_saved_plan_is_checked_against_its_hash(bench: Bench, tickets: Tickets) -> None:
    result = bench.audit(tickets(150))
    assert saved_plan(result).draws == result.review_plan
    forged = [{**result.review_plan[0], "probability": 0.5}, *result.review_plan[1:]]
    for changed in (
        replace(result, review_plan=forged),
        replace(result, sampling={**result.sampling, "mean_score": 0.5}),
    ):
        with pytest.raises(ResultError, match="was changed"):
            saved_plan(changed)
    with pytest.raises(ResultError, match="no review plan"):
        saved_plan(replace(result, sampling={}))
    with pytest.raises(ResultError, match="damaged"):
        saved_plan(replace(result, review_plan=[{"draw": 1}]))
