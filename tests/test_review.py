"""``dataqa review`` in a real pseudo-terminal: judge, go back, quit, be killed, go on."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dataqa import audit
from dataqa.report.json import render
from dataqa.review.decisions import read_decisions
from dataqa.review.plan import saved_plan
from dataqa.review.session import Session, statement

WAIT_S = 60
HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold]::error::\u202e"


def _heed_control_c() -> None:
    """Undo that whoever runs the tests ignores Control-C, as background jobs do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """The command in a pseudo-terminal, its screen as text."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.handle, child = pty.openpty()
        command = [sys.executable, "-m", "dataqa", "review", "result.json", "data.jsonl"]
        environment = os.environ | {"TERM": "xterm", "COLUMNS": "120", "LINES": "50"}
        self.process = subprocess.Popen(
            [*command, "--reviewer", "ann", *arguments],
            cwd=folder,
            stdin=child,
            stdout=child,
            stderr=child,
            env=environment,
            start_new_session=True,
            preexec_fn=_heed_control_c,
        )
        os.close(child)
        self.seen = ""

    def expect(self, text: str) -> str:
        """Wait until the screen shows a text; return what came up to it."""
        end = time.monotonic() + WAIT_S
        while text not in self.seen:
            ready, _, _ = select.select([self.handle], [], [], end - time.monotonic())
            assert ready, f"{text!r} is not in {self.seen!r}"
            try:
                self.seen += os.read(self.handle, 65536).decode()
            except OSError:
                pytest.fail(f"ended before {text!r}: {self.seen!r}")
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def send(self, keys: str) -> None:
        """Type keys."""
        os.write(self.handle, keys.encode())

    def ended(self) -> int:
        """Wait for the end and return the exit code."""
        end = time.monotonic() + WAIT_S
        while (ready := select.select([self.handle], [], [], 0.05)[0]) or self.running:
            assert time.monotonic() < end, f"does not end: {self.seen!r}"
            if not ready:
                continue
            try:
                self.seen += os.read(self.handle, 65536).decode()
            except OSError:
                break
        return self.process.wait(WAIT_S)

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def close(self) -> None:
        """End the process if it still runs."""
        if self.running:
            self.process.kill()
            self.process.wait(WAIT_S)
        os.close(self.handle)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory, tickets: Any, jsonl: Any) -> Path:
    folder = tmp_path_factory.mktemp("review")
    records = tickets(90)
    for record in records:
        record["text"] += f" {HOSTILE}"
    path = jsonl(folder, [*records, *records[:30]])
    (folder / "result.json").write_bytes(render(audit(path), ".json"))
    return folder


@pytest.fixture
def desk(audited: Path, tmp_path: Path) -> Path:
    for name in ("data.jsonl", "result.json"):
        (tmp_path / name).write_bytes((audited / name).read_bytes())
    return tmp_path


@pytest.fixture
def terminal(desk: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        opened.append(Terminal(desk, *arguments))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def made(desk: Path) -> list[Any]:
    path = desk / "decisions.jsonl"
    return list(read_decisions(path).decisions) if path.exists() else []


def wait_for(desk: Path, decisions: int) -> None:
    end = time.monotonic() + WAIT_S
    while len(made(desk)) < decisions:
        assert time.monotonic() < end
        time.sleep(0.02)


def plan_keys(desk: Path) -> list[str]:
    plan = json.loads((desk / "result.json").read_bytes())["review_plan"]
    return list(dict.fromkeys(draw["key"] for draw in plan))


def test_decide_undo_quit_kill_resume(desk: Path, terminal: Callable[..., Terminal]) -> None:
    keys = plan_keys(desk)
    first = terminal()
    screen = first.expect("0 reviewed, 0 wrong")
    assert "\x1b]0;" not in screen
    assert "\u202e" not in screen
    first.send("r")
    first.expect("1 reviewed, 0 wrong")
    first.send("u")
    first.expect("2 reviewed, 0 wrong, 1 unsure")
    assert [(item.key, item.action) for item in made(desk)] == [
        (keys[0], "keep"),
        (keys[1], "unsure"),
    ]
    first.send("b")
    first.expect("judge it again")
    first.send("nodd\r")
    first.expect("note: odd")
    first.send("wlog\r")
    wait_for(desk, 3)
    last = made(desk)[-1]
    assert (last.key, last.note, last.draw) == (keys[1], "odd", made(desk)[1].draw)
    assert last.action in ("relabel", "keep")
    assert (last.action, last.to) in (("relabel", "login"), ("keep", None))
    first.send("q")
    assert first.ended() == 0

    second = terminal()
    second.expect("2 reviewed")
    second.send("r")
    second.expect("3 reviewed")
    os.killpg(second.process.pid, signal.SIGKILL)
    assert second.ended() == -signal.SIGKILL
    assert [item.key for item in made(desk)] == [keys[0], keys[1], keys[1], keys[2]]

    with (desk / "decisions.jsonl").open("ab") as file:
        file.write(b'{"schema":1,"dataset_sha')  # killed in the middle of a write
    third = terminal()
    third.expect("3 reviewed")
    third.send("r")
    third.expect("4 reviewed")
    third.send("q")
    assert third.ended() == 0
    assert [item.key for item in made(desk)][-1] == keys[3]
    assert len(made(desk)) == 5


def test_it_stops_by_itself_when_decided(desk: Path, terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    one.expect("0 reviewed")
    one.send("r" * 200)
    one.expect("PASS, certified: the rate is at most 15% (risk 5%)")
    one.expect("It is decided.")
    count = len(made(desk))
    assert count < 60
    one.send("c")
    one.expect("[q] quit")
    one.send("r")
    wait_for(desk, count + 1)
    one.send("q")
    assert one.ended() == 0
    assert len({item.key for item in made(desk)}) == count + 1


def test_a_suggestion_stays_hidden_until_asked_for(
    desk: Path, terminal: Callable[..., Terminal]
) -> None:
    result = json.loads((desk / "result.json").read_bytes())
    first = plan_keys(desk)[0]
    row = result["records"]["key"].index(first)
    result["records"]["suggested_label"] = [None] * len(result["records"]["key"])
    result["records"]["suggested_label"][row] = "zebra"
    (desk / "result.json").write_bytes(json.dumps(result).encode())
    one = terminal()
    assert "zebra" not in one.expect("[q] quit")
    one.send("s")
    one.expect("zebra")
    two = terminal("--show-suggestion")
    two.expect("zebra")


def test_control_c_loses_nothing(desk: Path, terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    one.expect("[q] quit")
    one.send("r")
    one.expect("1 reviewed")
    os.kill(one.process.pid, signal.SIGINT)
    assert one.ended() == 0
    assert len(made(desk)) == 1


def piped(desk: Path, answers: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dataqa", "review", "result.json", "data.jsonl", *arguments],
        input=answers,
        capture_output=True,
        text=True,
        cwd=desk,
        check=False,
    )


def test_answers_come_from_a_pipe_as_well(desk: Path) -> None:
    done = piped(desk, "r\nn\nlooks odd\nw\n0\nshipping\nu\n\nq\n", "--reviewer", "bob")
    assert done.returncode == 0, done.stderr
    actions = [item.action for item in made(desk)]
    assert actions[:2] == ["keep", "drop"]
    assert actions[2] in ("relabel", "keep")
    assert actions[3:] == ["unsure"]
    assert made(desk)[1].note == "looks odd"
    assert {item.reviewer for item in made(desk)} == {"bob"}
    assert "\x1b" not in done.stdout


def test_other_data_and_other_decisions_are_refused(desk: Path) -> None:
    piped(desk, "r\n")
    whole = (desk / "decisions.jsonl").read_bytes()
    (desk / "decisions.jsonl").write_bytes(
        json.dumps({**json.loads(whole), "dataset_sha256": "0" * 64}).encode() + b"\n"
    )
    done = piped(desk, "r\n")
    assert (done.returncode, "another dataset" in done.stderr) == (2, True)
    (desk / "decisions.jsonl").unlink()
    with (desk / "data.jsonl").open("ab") as file:
        file.write(b'{"text": "more", "label": "login"}\n')
    done = piped(desk, "r\n")
    assert (done.returncode, "is not the data" in done.stderr) == (2, True)
    assert not made(desk)


def test_a_session_asks_for_every_record_once(audited: Path) -> None:
    from dataqa.report.json import load

    plan = saved_plan(load(audited / "result.json"))
    session = Session(plan, "ann", limit=0.15)
    asked = []
    while session.current is not None and len(asked) < 200:
        asked.append(session.current["key"])
        session = session.judged("keep")
    assert asked == list(dict.fromkeys(draw["key"] for draw in plan.draws))
    assert "PASS, certified" in statement(session.certificate())
    other = Session(plan, "bob", limit=0.15, decisions=session.decisions)
    assert other.current is not None
    assert other.current["key"] == asked[0]


def test_going_back_replaces_the_judgement(audited: Path) -> None:
    from dataqa.report.json import load

    session = Session(saved_plan(load(audited / "result.json")), "ann", limit=0.15)
    assert session.gone_back().current == session.current
    session = session.judged("keep").judged("keep").gone_back().gone_back().judged("drop")
    certificate = session.certificate()
    assert (certificate.n_reviewed, certificate.n_wrong) == (2, 1)
    assert session.open == 2


def test_the_whole_loop(tmp_path: Path, tickets: Any, jsonl: Any, run: Callable[..., Any]) -> None:
    """Audit, review in a terminal, certify at the gate, apply, audit what was applied."""
    records = tickets(60, flip=0.07)
    names = sorted({record["truth"] for record in records})
    data, said = jsonl(tmp_path, records), tmp_path / "decisions.jsonl"
    saved, clean = tmp_path / "result.json", tmp_path / "clean.jsonl"
    assert run("audit", data, f"--out=json={saved}", "--require-certificate").code == 3
    one = Terminal(tmp_path)
    try:
        while "It is decided." not in (screen := one.expect("[q] quit")):
            line = int(re.findall(r"data\.jsonl:(\d+)", screen)[-1])
            one.send(str(names.index(records[line - 1]["truth"]) + 1))
        assert "PASS, certified" in screen
        one.send("q")
        assert one.ended() == 0
    finally:
        one.close()
    done = run("gate", saved, "--decisions", said, "--require-certificate")
    assert (done.code, "certified at risk 5%" in done.out) == (0, True)
    assert run("apply", said, data, "-o", clean).code == 0
    before, after = data.read_bytes().splitlines(), clean.read_bytes().splitlines()
    changed = [
        number for number, pair in enumerate(zip(before, after, strict=True)) if len(set(pair)) > 1
    ]
    made = read_decisions(said).decisions
    assert changed
    assert [number + 1 for number in changed] == sorted(
        item.line for item in made if item.action == "relabel"
    )
    assert all(json.loads(after[number])["label"] == records[number]["truth"] for number in changed)
    again = tmp_path / "again.json"
    reuse = ("--reuse-decisions", said, f"--out=json={again}")
    assert run("audit", clean, *reuse).code in (0, 3)
    certificate = json.loads(again.read_bytes())["certificate"]
    assert certificate["reused"] == certificate["n_reviewed"]
    assert certificate["n_wrong"] == 0
