"""What a person sees of a long run."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from dataqa.progress import Silent, pace


@pytest.mark.parametrize(
    ("records_per_s", "left_s", "told"),
    [
        (None, None, ""),
        (12.0, None, ""),
        (345.2, 75.4, "345 rec/s, 1:15 left"),
        (1310, 0, "1,310 rec/s, 0:00 left"),
        (0.2, 3600, "0 rec/s, 60:00 left"),
    ],
)
def test_pace(records_per_s: float | None, left_s: float | None, told: str) -> None:
    assert pace(records_per_s, left_s) == told


def test_nobody_watching_changes_nothing() -> None:
    batches = [([0, 1], "a"), ([2], "b")]
    assert list(Silent().records(batches, "embedding", 3)) == batches
    assert list(Silent().track("ab", "counting", 2)) == ["a", "b"]


def test_a_terminal_shows_records_a_second_and_the_time_left() -> None:
    code = (
        "import time\n"
        "from dataqa.progress import Bars\n"
        "def batches():\n"
        "    for start in range(0, 400, 50):\n"
        "        time.sleep(0.1)\n"
        "        yield range(start, start + 50), None\n"
        "with Bars() as bars:\n"
        "    assert len(list(bars.records(batches(), 'embedding', 400))) == 8\n"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
    ) as run:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # how Linux tells that the other side is closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    assert run.returncode == 0
    assert b"embedding" in shown
    assert b" rec/s, " in shown
    assert b" left" in shown
