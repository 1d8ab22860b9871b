"""Engines: the same results in the same order, and clear errors."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from dataqa.engine import ENGINES, PROCESSES_FROM_BYTES, Engine, choose_engine
from dataqa.errors import ConfigError, DataqaError
from dataqa.settings import parse_rate

every_engine = pytest.mark.parametrize("name", ENGINES)


def make(name: str) -> Engine:
    return choose_engine(name, 2, 0)


@every_engine
def test_results_stand_in_the_order_of_the_shards(name: str) -> None:
    shards = [range(10**6, 0, -1), *(range(number) for number in range(40))]
    assert list(make(name).map(sum, iter(shards))) == [sum(shard) for shard in shards]


@every_engine
def test_a_stage_may_have_settings(name: str) -> None:
    assert list(make(name).map(partial(pow, 2), [3, 4])) == [8, 16]


@every_engine
def test_nothing_in_nothing_out(name: str) -> None:
    assert list(make(name).map(abs, [])) == []


@every_engine
def test_an_engine_can_be_used_again(name: str) -> None:
    engine = make(name)
    assert [list(engine.map(abs, [-number])) for number in range(3)] == [[0], [1], [2]]


@every_engine
def test_an_error_of_ours_keeps_its_kind_and_hint(name: str) -> None:
    with pytest.raises(ConfigError, match="share: '15' is not a rate") as caught:
        list(make(name).map(partial(parse_rate, where="share"), ["1%", "15"]))
    assert "15% or 0.15" in caught.value.hint


@every_engine
def test_an_error_of_a_stage_comes_through(name: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(make(name).map(int, ["1", "x"]))


@every_engine
def test_an_engine_knows_its_name(name: str) -> None:
    assert make(name).name == name


def test_a_killed_worker_is_a_clear_error_and_the_next_run_works() -> None:
    engine = make("processes")
    with pytest.raises(DataqaError, match="a worker process was killed") as caught:
        list(engine.map(os._exit, [9, 9, 9]))
    assert "--jobs 1" in caught.value.hint
    assert list(engine.map(abs, [-3])) == [3]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the /proc of Linux")
def test_serial_stays_here_and_processes_go_elsewhere() -> None:
    pid_of_self = [Path("/proc/self/stat")]
    here, elsewhere = (
        next(iter(make(name).map(Path.read_text, pid_of_self))).split()[0] for name in ENGINES
    )
    assert here == str(os.getpid()) != elsewhere


@pytest.mark.parametrize(
    ("jobs", "size", "name"),
    [
        (2, PROCESSES_FROM_BYTES, "processes"),
        (2, PROCESSES_FROM_BYTES - 1, "serial"),
        (1, PROCESSES_FROM_BYTES, "serial"),
        (0, 0, "serial"),
    ],
)
def test_auto_starts_processes_where_they_pay(jobs: int, size: int, name: str) -> None:
    assert choose_engine("auto", jobs, size).name == name


def test_an_unknown_engine_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match="unknown engine 'spark'") as caught:
        choose_engine("spark", 1, 0)
    assert all(name in caught.value.hint for name in ("auto", *ENGINES))
