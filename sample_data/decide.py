"""Write ``decisions.jsonl`` into ``clean/`` and ``noisy/``: a reviewer who knows what was planted.

Run ``python sample_data/decide.py [--out DIR]`` after ``make.py``, with dataqa installed. The first
60 draws of a plan are judged; they are uniform, so they depend on the records alone and not on
what models think of them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import dataqa
from dataqa.review.decisions import Decision, append_decisions
from dataqa.review.weights import SCHEDULE

HERE = Path(__file__).resolve().parent
FOLDERS = ("clean", "noisy")
DRAWS = SCHEDULE[1][0] - 1
RIGHT = "right label: "


def decisions(folder: Path) -> list[Decision]:
    """Judge the first draws of the plan by the planted truth."""
    truth = json.loads((folder / "expected.json").read_bytes())["truth"]
    lines = (folder / "data.jsonl").read_text(encoding="utf-8").splitlines()
    result = dataqa.audit(folder / "data.jsonl", embedder="lsa", select=("schema",))
    return [
        _decision(result.dataset["sha256"], draw, lines, truth.get(str(draw["line"])))
        for draw in result.review_plan[:DRAWS]
    ]


def _decision(sha256: str, draw: dict, lines: list[str], note: str | None) -> Decision:
    label = json.loads(lines[draw["line"] - 1])["label"]
    change = {"field": "label", "from_": label, "to": (note or "").removeprefix(RIGHT)}
    return Decision(
        dataset_sha256=sha256,
        key=draw["key"],
        line=draw["line"],
        action="relabel" if note else "keep",
        reviewer="example",
        at=f"2026-01-05T09:{draw['draw'] - 1:02}:00+00:00",
        draw=draw["draw"],
        **(change if note else {}),
    )


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write into")
    out = parser.parse_args().out
    for name in FOLDERS:
        (out / name).mkdir(parents=True, exist_ok=True)
        path = out / name / "decisions.jsonl"
        path.unlink(missing_ok=True)
        append_decisions(path, decisions(HERE / name))


if __name__ == "__main__":
    main()
