"""Findings and speed of the checks on single records, on real sets that are mostly in order.

``python benchmarks/field_checks.py DATA_FOLDER [--show CODE]`` prints Markdown tables; ``--show``
prints records with a finding of that code instead.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from dataqa import Config
from dataqa.checks import CHECKS
from dataqa.embedding import choose_embedder
from dataqa.engine import choose_engine
from dataqa.progress import Silent
from dataqa.reading import read
from dataqa.shared import Shared

NAMES = ("content", "conversations", "lengths", "responses", "label_names", "language")
SETS = (
    "alpaca_original",
    "weak_agnews_dev",
    "weak_imdb",
    "weak_yelp",
    "weak_youtube",
    "banking77",
    "clinc150_oos",
    "disaster_tweets_crowd",
    "contam_gsm8k",
    "gsm8k_pref_pairs",
    "halueval_general",
    "pandalm_3annotators",
    "presidio_synth_v2",
)
TIMED = "alpaca_original"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", default="", help="finding code")
    given = parser.parse_args()
    counts: dict[str, dict[str, int]] = {}
    sizes: dict[str, int] = {}
    for name in SETS:
        path = given.folder / f"{name}.jsonl"
        if not path.is_file():
            print(f"skipped {name}: not there")
            continue
        counts[name], sizes[name] = measure(path, given.show, timed=name == TIMED)
    if not given.show:
        print_counts(counts, sizes)


def measure(path: Path, show: str, *, timed: bool) -> tuple[dict[str, int], int]:
    """Run the checks on one set; count the findings by code."""
    config = Config(max_length=1024, embedder="lsa", cache_dir="off")
    engine = choose_engine("auto", 0, path.stat().st_size)
    dataset = read([path], config, engine, Silent())
    embedder, _ = choose_embedder("lsa", 0, config)
    found: Counter[str] = Counter()
    lines = path.read_bytes().splitlines() if show else []
    for name in NAMES:
        shared = Shared(dataset, config, embedder, engine, Silent())
        started, own = time.perf_counter(), time.process_time()
        result = CHECKS[name]().find(dataset, shared)
        wall, cpu = time.perf_counter() - started, time.process_time() - own
        found.update(result.findings["code"])
        if timed and not show:
            print(f"| {name} | {wall:.1f} | {cpu:.1f} |")
        for row in result.findings[result.findings["code"] == show].head(40).itertuples():
            text = json.loads(lines[row.line - 1])
            print(path.stem, row.line, row.message, row.evidence, str(text)[:500], sep="\n  ")
    return dict(found), len(dataset)


def print_counts(counts: dict[str, dict[str, int]], sizes: dict[str, int]) -> None:
    codes = [f"{name}.{code}" for name in NAMES for code in CHECKS[name].codes]
    print(f"\n| code | {' | '.join(f'{name} ({sizes[name]:,})' for name in counts)} |")
    print("|---" * (len(counts) + 1) + "|")
    for code in codes:
        row = [found.get(code, 0) for found in counts.values()]
        if any(row):
            print(f"| {code} | {' | '.join(f'{count:,}' for count in row)} |")
    quiet = [code for code in codes if not any(found.get(code) for found in counts.values())]
    print(f"\nNo finding in any set: {', '.join(quiet)}.")


if __name__ == "__main__":
    main()
