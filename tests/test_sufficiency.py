"""How many records are left to learn from, and limits on that number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from dataqa import Config
from dataqa.checks.sufficiency import Sufficiency, losses
from dataqa.errors import ConfigError
from dataqa.gate import decide

if TYPE_CHECKING:
    from tests.conftest import Bench

Tickets = Callable[..., list[dict[str, Any]]]
LEFT = "sufficiency.effective_records"
SMALLEST = "sufficiency.smallest_class_records"


def test_clean_records_all_count(bench: Bench, tickets: Tickets) -> None:
    found = bench.find(Sufficiency(), tickets(90))
    assert found.metrics == {"sufficiency.effective_rate": 1.0, LEFT: 90.0, SMALLEST: 30.0}
    assert list(found.findings["code"]) == ["sufficiency.few_records"]
    assert "below the floor of 500" in found.notes[0]


def test_each_loss_is_counted_once(bench: Bench, tickets: Tickets) -> None:
    records = tickets(90)
    copies = [records[0], records[0] | {"text": records[0]["text"].upper()}]
    outvoted = [records[1] | {"label": "billing"}]
    lines = [*records, *copies, records[1], *outvoted, {"text": 7, "label": "login"}]
    dataset = bench.read(lines)
    lost = losses(dataset, bench.shared(dataset))
    counts = {name: int(mask.sum()) for name, mask in lost.items()}
    assert (counts["repeat others"], counts["outvoted by copies"], counts["no text"]) == (4, 1, 1)
    assert bench.find(Sufficiency(), lines).metrics[LEFT] == 90


def test_labels_that_models_find_wrong_do_not_count(bench: Bench, tickets: Tickets) -> None:
    records = tickets(300, flip=0.1)
    left = bench.find(Sufficiency(), records).metrics[LEFT]
    assert left is not None
    assert 260 <= left <= 280


def test_cut_answers_do_not_count(bench: Bench) -> None:
    pairs = [
        {"instruction": f"Say {n} words on {n * 7}.", "output": " ".join([f"word{n}"] * n)}
        for n in range(1, 41)
    ]
    dataset = bench.read(pairs)
    lost = losses(dataset, bench.shared(dataset, Config(max_length=25)))
    assert 15 <= lost["cut"].sum() <= 39
    assert lost["cut"][dataset.frame["line"] == 40].all()
    assert not losses(dataset, bench.shared(dataset))["cut"].any()


def test_small_classes_are_named_without_labels_there_are_none(
    bench: Bench, tickets: Tickets
) -> None:
    rare = [record | {"label": "rare <b>"} for record in tickets(124, seed=9)[120:]]
    found = bench.find(Sufficiency(), [*tickets(120), *rare])
    message = found.findings.set_index("code")["message"]["sufficiency.small_class"]
    assert message == "1 classes with fewer than 20: 'rare <b>' (4)"
    plain = bench.find(Sufficiency(), [{"text": record["text"]} for record in tickets(30)])
    assert plain.metrics[SMALLEST] is None
    assert "no record has a label" in (plain.reason or "")


@pytest.mark.parametrize(("limit", "state"), [(90, "PASS"), (91, "FAIL"), ("500", "FAIL")])
def test_a_limit_on_records_is_the_least_that_passes(
    limit: object, state: str, bench: Bench, tickets: Tickets
) -> None:
    result = bench.audit(tickets(90), max_mislabel_rate="off", limits={LEFT: limit})
    assert result.verdict.state == state
    assert f"90, limit: at least {float(str(limit)):,.0f}" in result.verdict.reasons[0].message


def test_a_limit_on_tokens_is_the_most_that_passes() -> None:
    name = "lengths.max_tokens"
    states = [decide({name: 90.0}, {}, {name: most}, 10).state for most in (89, 90)]
    assert states == ["FAIL", "PASS"]


@pytest.mark.parametrize("limit", ["many", -1, True, "inf"])
def test_a_limit_that_is_no_number_is_refused(limit: object) -> None:
    with pytest.raises(ConfigError, match="is not a number"):
        Config().with_settings(limits={LEFT: limit})
