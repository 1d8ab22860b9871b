"""The decisions file: strict, and safe against a killed process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from dataqa.errors import InputError, OutputError
from dataqa.review.decisions import (
    ACTIONS,
    Decision,
    append_decisions,
    parse_decisions,
    read_decisions,
)

CONTRACT = "schema dataset_sha256 key line draw action field from to reviewer at note".split()  # noqa: SIM905


def decision(**change: Any) -> Decision:
    return Decision(
        **{
            "dataset_sha256": "a" * 64,
            "key": "k1",
            "line": 7,
            "draw": 1,
            "action": "relabel",
            "field": "label",
            "from_": "billing",
            "to": "login",
            "reviewer": "ann",
            "at": "2026-01-02T03:04:05+00:00",
            "note": None,
        }
        | change
    )


def line(**change: Any) -> bytes:
    return orjson.dumps(decision().to_dict() | change)


def test_a_line_has_the_names_of_the_contract_in_order() -> None:
    assert list(decision().to_dict()) == CONTRACT


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_appended_is_read_back(action: str, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    items = [decision(action=action), decision(key="ключ", draw=None, to=["a", None, 3])]
    for item in items:
        append_decisions(path, [item])
    read = read_decisions(path)
    assert (list(read.decisions), read.lines, read.torn) == (items, (1, 2), None)


@pytest.mark.parametrize("kept", range(1, 30, 7))
def test_a_torn_last_line_is_left_out_told_and_cut_off_by_the_next(
    kept: int, tmp_path: Path
) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(line() + b"\n" + line()[:kept])
    read = read_decisions(path)
    assert (len(read.decisions), read.torn) == (1, 2)
    append_decisions(path, [decision(line=8)])
    assert [item.line for item in read_decisions(path).decisions] == [7, 8]


def test_a_whole_last_line_without_its_end_counts_and_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(line())
    assert len(read_decisions(path).decisions) == 1
    append_decisions(path, [decision(line=8)])
    assert [item.line for item in read_decisions(path).decisions] == [7, 8]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"{", "line 2: "),
        (b"[1]", "line 2: is no JSON object"),
        (line(schema=2), "line 2: schema: 2 is not 1"),
        (line(action="fine"), "line 2: action: 'fine' is not one of keep, relabel"),
        (line(action=[]), "line 2: action"),
        (line(dataset_sha256="xyz"), "line 2: dataset_sha256"),
        (line(key=""), "line 2: key"),
        (line(line=0), "line 2: line: 0"),
        (line(draw=True), "line 2: draw: True"),
        (line(reviewer=None), "line 2: reviewer"),
        (line(at="yesterday"), "line 2: at"),
        (line(at="2026-01-02T03:04:05"), "time zone"),
        (line(note=3), "line 2: note"),
        (line(field=3), "line 2: field"),
        (line(extra=1), "line 2: unknown: extra"),
        (b'{"schema":1}', "line 2: absent: dataset_sha256"),
    ],
)
def test_a_line_that_is_no_decision_is_refused_with_its_number(bad: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_decisions(b"\n".join([b"", bad, line(), b""]), "d.jsonl")
    assert message in caught.value.message
    assert caught.value.message.startswith("d.jsonl: ")


def test_blank_lines_and_a_byte_order_mark_are_no_fault() -> None:
    read = parse_decisions(b"\xef\xbb\xbf" + line() + b"\r\n\n  \n" + line() + b"\n", "d")
    assert read.lines == (1, 4)


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_decisions(tmp_path / "none.jsonl")
    with pytest.raises(OutputError, match="cannot be written"):
        append_decisions(tmp_path, [decision()])
