"""``dataqa apply``: what was decided changes, nothing else does, and twice is once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataqa.cli.applying import CONFLICT_RULES
from dataqa.correcting.settling import RULES, settle
from dataqa.reading import read
from dataqa.review.decisions import Decision, append_decisions

LINES = (
    b'{"text": "odd  spacing" ,  "label" :"a","n":123456789012345678901234567890 }\r\n'
    b'{"label":"b","text":"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \\u00e9", "label2":"b"}\n'
    b"\n"
    b"no json at all\r\n"
    b'\t{ "text":"copy","label":"a" }\n'
    b'{"text": "copy", "label": "a", "id": 7}\n'
    b'{"text":"number","label":3}\n'
    b'{"text":"unlabeled"}\n'
    b'{"text":"last, without a line end", "label":"b"}'
)


class Desk:
    """A folder with a data file and a reviewer who decides."""

    def __init__(self, folder: Path, content: bytes = LINES, name: str = "data.jsonl") -> None:
        self.data = folder / name
        self.data.write_bytes(content)
        self.decisions = folder / "decisions.jsonl"
        self.decisions.touch()
        self.clean = folder / f"clean{name.removeprefix('data')}"
        self.manifest = folder / f"{self.clean.name}.manifest.json"
        self.count = 0

    def decide(self, at_line: int, action: str, to: Any = None, **others: Any) -> Decision:
        """Append a decision on the record of a line; ``others`` replace its other values."""
        dataset = read([self.data])
        rows = dataset.frame[dataset.frame["line"] == at_line].to_dict("records")
        self.count += 1
        values: dict[str, Any] = {
            "dataset_sha256": dataset.sha256,
            "key": rows[0]["key"] if rows else "0" * 32,
            "line": at_line,
            "action": action,
            "field": None,
            "from_": rows[0]["label"] if rows and action == "relabel" else None,
            "to": to,
            "reviewer": "ann",
            "at": f"2026-01-01T00:00:{self.count:02}+00:00",
        }
        values["from_"] = None if values["from_"] != values["from_"] else values["from_"]
        decision = Decision(**{**values, **others})
        append_decisions(self.decisions, [decision])
        return decision


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def changed_lines(old: bytes, new: bytes) -> list[int]:
    pairs = zip(old.split(b"\n"), new.split(b"\n"), strict=True)
    return [number for number, (before, after) in enumerate(pairs, 1) if before != after]


def test_only_what_was_decided_changes(desk: Desk, run: Callable[..., Any]) -> None:
    desk.decide(1, "relabel", "ü")
    desk.decide(2, "edit", "tea", field="text", from_="café € 😀 é")
    desk.decide(7, "relabel", "4")
    desk.decide(8, "relabel", "a")
    desk.decide(9, "keep")
    done = run("apply", desk.decisions, desk.data, "-o", desk.clean)
    assert done.code == 0, done.err
    new = desk.clean.read_bytes()
    assert changed_lines(LINES, new) == [1, 2, 7, 8]
    assert new.split(b"\n")[0] == LINES.split(b"\n")[0].replace(b'"a"', '"ü"'.encode())
    assert new.split(b"\n")[1] == b'{"label":"b","text":"tea", "label2":"b"}'
    assert new.split(b"\n")[6] == b'{"text":"number","label":4}'
    assert new.split(b"\n")[7] == b'{"text":"unlabeled", "label":"a"}'
    assert desk.data.read_bytes() == LINES
    assert "4 records change" in done.err


def test_applying_nothing_gives_the_same_bytes(desk: Desk, run: Callable[..., Any]) -> None:
    desk.decide(1, "keep")
    desk.decide(2, "unsure")
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean).code == 0
    assert desk.clean.read_bytes() == LINES
    assert run("apply", "/dev/null", desk.data, "-o", desk.clean, "--force").code == 0
    assert desk.clean.read_bytes() == LINES


def test_applying_twice_is_applying_once(desk: Desk, run: Callable[..., Any]) -> None:
    desk.decide(1, "relabel", "z")
    desk.decide(5, "drop")
    desk.decide(7, "relabel", "4")
    desk.decide(7, "relabel", "5", reviewer="bob")
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean).code == 0
    once = desk.clean.read_bytes()
    again = desk.clean.with_name("again.jsonl")
    done = run("apply", desk.decisions, desk.clean, "-o", again)
    assert (done.code, again.read_bytes()) == (0, once)
    assert run("apply", desk.decisions, desk.clean, "--check").code == 0
    third = desk.clean.with_name("third.jsonl")
    assert run("apply", desk.decisions, again, "-o", third).code == 0
    assert third.read_bytes() == once


def test_corrected_data_is_corrected_further(desk: Desk, run: Callable[..., Any]) -> None:
    desk.decide(1, "relabel", "z")
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean).code == 0
    later = Desk(desk.clean.parent / "..", desk.clean.read_bytes(), name="later.jsonl")
    later.data, later.decisions = desk.clean, desk.decisions
    later.decide(2, "relabel", "y")
    final = desk.clean.with_name("final.jsonl")
    assert run("apply", desk.decisions, desk.clean, "-o", final).code == 0
    assert changed_lines(LINES, final.read_bytes()) == [1, 2]
    repeated = run("apply", desk.decisions, final, "--check")
    assert repeated.code == 0, repeated.err


def test_a_new_decision_on_the_old_data_is_refused(desk: Desk, run: Callable[..., Any]) -> None:
    desk.decide(1, "relabel", "z")
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean).code == 0
    desk.decide(2, "relabel", "y")
    done = run("apply", desk.decisions, desk.clean, "-o", desk.clean.with_name("x.jsonl"))
    assert done.code == 2
    assert f"{desk.clean}:2: the decision was made on this data as it was" in done.err


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"dataset_sha256": "0" * 64}, ":1: the decision was made on other data"),
        ({"key": "f" * 32}, ":1: no record has the key " + "f" * 32),
        ({"line": 3}, ":3: the record with the key"),
        ({"from_": "b"}, ":1: field 'label' is 'a', the decision was made for 'b'"),
        ({"field": "lable"}, ":1: has no field 'lable'"),
        ({"to": None}, ":1: the decision names no new label"),
        ({"action": "edit"}, ":1: the edit names no field"),
    ],
)
def test_what_does_not_fit_writes_nothing(
    desk: Desk, run: Callable[..., Any], others: dict[str, Any], reason: str
) -> None:
    desk.decide(2, "relabel", "z")
    desk.decide(1, **{"action": "relabel", "to": "z", **others})
    done = run("apply", desk.decisions, desk.data, "-o", desk.clean)
    assert done.code == 2
    assert f"{desk.data}{reason}" in done.err
    assert "1 decision does not fit the data; nothing was written" in done.err
    assert sorted(path.name for path in desk.data.parent.iterdir()) == [
        "data.jsonl",
        "decisions.jsonl",
    ]


def test_every_misfit_is_listed(desk: Desk, run: Callable[..., Any]) -> None:
    for line in (1, 2, 7):
        desk.decide(line, "relabel", "z", from_="other")
    done = run("apply", desk.decisions, desk.data, "--diff")
    assert done.code == 2
    assert [f":{line}: field" in done.err for line in (1, 2, 7)] == [True] * 3


def test_an_edited_record_is_noticed(desk: Desk, run: Callable[..., Any]) -> None:
    desk.decide(1, "relabel", "z")
    desk.data.write_bytes(LINES.replace(b"number", b"Number"))
    done = run("apply", desk.decisions, desk.data, "-o", desk.clean)
    assert done.code == 2
    assert "other data" in done.err
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean, "--reuse").code == 0
    assert changed_lines(desk.data.read_bytes(), desk.clean.read_bytes()) == [1]


def test_reuse_leaves_out_what_is_gone(desk: Desk, run: Callable[..., Any]) -> None:
    desk.decide(1, "relabel", "z")
    desk.decide(2, "drop")
    desk.decide(5, "drop")
    moved = b"\n".join(LINES.split(b"\n")[1:])
    desk.data.write_bytes(moved)
    done = run("apply", desk.decisions, desk.data, "-o", desk.clean, "--reuse")
    assert done.code == 2
    assert "2 equal records could be meant by this drop" in done.err
    desk.decisions.write_bytes(b"\n".join(desk.decisions.read_bytes().split(b"\n")[:2]) + b"\n")
    done = run("apply", desk.decisions, desk.data, "-o", desk.clean, "--reuse")
    assert done.code == 0
    assert "1 decided records are not in this data" in done.err
    assert desk.clean.read_bytes() == b"\n".join(moved.split(b"\n")[1:])


def test_equal_records_are_relabelled_together_and_dropped_alone(
    desk: Desk, run: Callable[..., Any]
) -> None:
    desk.decide(5, "relabel", "z")
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean).code == 0
    assert changed_lines(LINES, desk.clean.read_bytes()) == [5, 6]
    desk.decide(6, "drop")
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean, "--force").code == 0
    lines = LINES.split(b"\n")
    assert desk.clean.read_bytes() == b"\n".join(lines[:5] + lines[6:])


def test_the_last_word_of_a_reviewer_counts(desk: Desk, run: Callable[..., Any]) -> None:
    desk.decide(1, "relabel", "y", at="2026-01-02T00:00:00+00:00")
    desk.decide(1, "relabel", "x", at="2026-01-01T00:00:00+00:00")
    desk.decide(2, "relabel", "x")
    desk.decide(2, "keep")
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean).code == 0
    assert changed_lines(LINES, desk.clean.read_bytes()) == [1]
    assert b'"label" :"y"' in desk.clean.read_bytes()


@pytest.mark.parametrize("rule", CONFLICT_RULES)
def test_reviewers_who_disagree(desk: Desk, run: Callable[..., Any], rule: str) -> None:
    desk.decide(1, "relabel", "x", reviewer="bob")
    desk.decide(1, "keep")
    desk.decide(2, "relabel", "x", reviewer="bob")
    desk.decide(2, "unsure")
    desk.decide(7, "keep", reviewer="bob")
    desk.decide(7, "relabel", "5")
    done = run("apply", desk.decisions, desk.data, "-o", desk.clean, "--conflicts", rule)
    assert done.code == (2 if rule == "refuse" else 0)
    expected = {"skip": [2], "latest": [2, 7]}
    if rule in expected:
        assert changed_lines(LINES, desk.clean.read_bytes()) == expected[rule]
    assert ("line 1: ann and bob disagree" in done.err) == (rule == "skip")
    assert (":1: ann and bob disagree" in done.err) == (rule == "refuse")


def test_the_command_line_offers_every_rule() -> None:
    assert tuple(RULES) == CONFLICT_RULES


def test_order_of_decisions_does_not_matter(desk: Desk) -> None:
    made = [
        desk.decide(1, "relabel", "x"),
        desk.decide(1, "edit", "t", field="text", from_="odd  spacing"),
        desk.decide(1, "drop", reviewer="bob"),
        desk.decide(1, "relabel", "y"),
        desk.decide(5, "drop"),
        desk.decide(6, "drop"),
        desk.decide(2, "relabel", "z", draw=1),
        desk.decide(2, "edit", "z", field="text", draw=2),
    ]
    forward, backward = settle(made, "latest"), settle(reversed(made), "latest")
    assert forward == backward
    assert forward.changes[made[0].key] == (made[1], made[3])
    assert forward.changes[made[4].key] == (made[4], made[5])
    assert forward.changes[made[6].key] == (made[7],)


def test_the_input_is_never_the_output(desk: Desk, run: Callable[..., Any]) -> None:
    link, twin = desk.data.with_name("link.jsonl"), desk.data.with_name("twin.jsonl")
    link.symlink_to(desk.data)
    os.link(desk.data, twin)
    for target in (
        desk.data,
        link,
        twin,
        desk.data.parent / ".." / desk.data.parent.name / "data.jsonl",
    ):
        done = run("apply", desk.decisions, desk.data, "-o", target, "--force")
        assert done.code == 2
        assert "is the input" in done.err
    done = run("apply", desk.decisions, link, "-o", desk.data, "--force")
    assert (done.code, "is the input" in done.err) == (2, True)
    rejects = ("--rejects", desk.decisions)
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean, "--force", *rejects).code == 2
    assert desk.data.read_bytes() == LINES


def test_outputs_are_not_overwritten_unasked(desk: Desk, run: Callable[..., Any]) -> None:
    desk.clean.write_text("mine")
    done = run("apply", desk.decisions, desk.data, "-o", desk.clean)
    assert (done.code, desk.clean.read_text()) == (2, "mine")
    assert "--force" in done.err
    assert run("apply", desk.decisions, desk.data, "-o", desk.clean, "--force").code == 0
    assert desk.clean.read_bytes() == LINES
    for output in (desk.clean.with_name("a.csv"), desk.clean.with_name("a.jsonl.gz")):
        assert "format and compression" in run("apply", desk.decisions, desk.data, "-o", output).err
    missing = desk.clean.parent / "no" / "a.jsonl"
    assert "cannot be written" in run("apply", desk.decisions, desk.data, "-o", missing).err


def test_check_and_diff_write_nothing(desk: Desk, run: Callable[..., Any]) -> None:
    before = sorted(desk.data.parent.iterdir())
    assert run("apply", desk.decisions, desk.data, "--check").code == 0
    desk.decide(1, "relabel", "\x1b[31mred\u202e")
    desk.decide(5, "drop")
    assert run("apply", desk.decisions, desk.data, "--check", "-o", desk.clean).code == 1
    done = run("apply", desk.decisions, desk.data, "--diff")
    assert done.code == 0
    assert done.out.splitlines() == [
        f"--- {desk.data}",
        f"+++ {desk.data} (corrected)",
        "@@ -1 +1 @@",
        "-" + LINES.split(b"\r\n")[0].decode(),
        "+" + LINES.split(b"\r\n")[0].decode().replace('"a"', '"\\u001b[31mred\ufffd"'),
        "@@ -5 +5,0 @@",
        '-\ufffd{ "text":"copy","label":"a" }',
        "# goes: decision",
    ]
    assert sorted(desk.data.parent.iterdir()) == before
    assert run("apply", desk.decisions, desk.data).code == 2


def test_a_long_line_is_cut_around_the_change(desk: Desk, run: Callable[..., Any]) -> None:
    desk.data.write_text(json.dumps({"text": "x" * 5000, "label": "a", "z": "y" * 5000}) + "\n")
    desk.decide(1, "relabel", "b")
    out = run("apply", desk.decisions, desk.data, "--diff").out
    assert max(map(len, out.splitlines())) < 700
    assert '"label": "b"' in out


def test_the_manifest_tells_what_was_done(desk: Desk, run: Callable[..., Any]) -> None:
    desk.decide(1, "relabel", "z")
    desk.decide(5, "drop")
    desk.decide(2, "keep")
    desk.decide(7, "unsure")
    run("apply", desk.decisions, desk.data, "-o", desk.clean)
    manifest = json.loads(desk.manifest.read_bytes())
    before = hashlib.sha256(LINES).hexdigest()
    after = hashlib.sha256(desk.clean.read_bytes()).hexdigest()
    assert manifest["counts"] == {
        "conflict": 0,
        "drop": 1,
        "drop: decision": 1,
        "edit": 0,
        "keep": 1,
        "relabel": 1,
        "unsure": 1,
    }
    assert manifest["files"] == [
        {
            "input": "data.jsonl",
            "output": "clean.jsonl",
            "sha256_before": before,
            "sha256_after": after,
            "records_before": 7,
            "records_after": 6,
        }
    ]
    assert (manifest["dataset_before"], manifest["dataset_after"]) == (before, after)
    assert manifest["decisions_sha256"] == hashlib.sha256(desk.decisions.read_bytes()).hexdigest()
    first = desk.manifest.read_bytes()
    run("apply", desk.decisions, desk.data, "-o", desk.clean, "--force")
    assert desk.manifest.read_bytes() == first


def test_several_files_go_to_a_folder(tmp_path: Path, run: Callable[..., Any]) -> None:
    desk = Desk(tmp_path)
    other = tmp_path / "other.jsonl"
    other.write_bytes(b'{"text": "more", "label": "a"}\n')
    dataset = read([desk.data, other])
    key = dataset.frame.loc[dataset.frame["source"] == str(other), "key"].iloc[0]
    desk.decide(1, "relabel", "z", dataset_sha256=dataset.sha256, key=str(key), from_="a")
    folder = tmp_path / "clean"
    done = run("apply", desk.decisions, desk.data, other, "-o", folder)
    assert done.code == 0, done.err
    assert (folder / "data.jsonl").read_bytes() == LINES
    assert (folder / "other.jsonl").read_bytes() == b'{"text": "more", "label": "z"}\n'
    assert (tmp_path / "clean.manifest.json").is_file()
    both = (folder / "data.jsonl", folder / "other.jsonl")
    assert run("apply", desk.decisions, *both, "-o", tmp_path / "again").code == 0
    assert (tmp_path / "again" / "other.jsonl").read_bytes() == both[1].read_bytes()
    assert run("apply", desk.decisions, other, desk.data, "-o", tmp_path / "swapped").code == 2
    assert not (tmp_path / "swapped").exists()
