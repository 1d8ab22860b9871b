"""How good the consensus of several annotators is, and whether they are ranked rightly.

    python benchmarks/annotators.py DATA_FOLDER [--embedder lsa] [--embedder minilm]

The set runs through `dataqa.audit` without any label, so that votes and models alone decide.
Compared on the records with a gold label: the majority (an even split of two labels counts as half
right), Dawid-Skene (EM on the votes alone, written here, since the package leaves it out), and the
consensus of the check `annotators`. The true accuracy of annotators comes from the gold labels,
which are used for scoring only. At the end: the time of CROWDLAB on made-up votes. Sets that are
not in the folder are named.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import orjson
from cleanlab.multiannotator import get_label_quality_multiannotator
from sklearn.metrics import roc_auc_score

import dataqa
from dataqa.crowd import Panel, crowdlab

NEWS = "noisyag_3annotators"
PAIRS = "pandalm_3annotators"
ROUNDS = 50
CLASSES = 4


def load(path: Path) -> list[dict]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def audited(records: list[dict], embedder: str) -> dataqa.AuditResult:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
        return dataqa.audit(path, annotators_field="votes", embedder=embedder)


def expected_majority(votes: list[dict], gold: list[str]) -> float:
    """Return the accuracy of the majority when even splits are broken at random."""
    right = []
    for given, truth in zip(votes, gold, strict=True):
        counts = Counter(given.values())
        leading = [name for name, count in counts.items() if count == max(counts.values())]
        right.append((truth in leading) / len(leading))
    return float(np.mean(right))


def dawid_skene(votes: list[dict]) -> list[str]:
    """Return the consensus of Dawid and Skene, 1979: EM over one confusion matrix an annotator."""
    names = sorted({name for given in votes for name in given.values()})
    people = sorted({person for given in votes for person in given})
    table = np.full((len(votes), len(people)), -1)
    for row, given in enumerate(votes):
        for person, name in given.items():
            table[row, people.index(person)] = names.index(name)
    belief = np.stack([(table == number).sum(axis=1) for number in range(len(names))], axis=1) + 0.0
    for _ in range(ROUNDS):
        belief /= belief.sum(axis=1, keepdims=True)
        log = np.tile(np.log(belief.mean(axis=0) + 1e-9), (len(votes), 1))
        for column in table.T:
            confusion = np.stack(
                [belief[column == number].sum(axis=0) for number in range(len(names))], axis=1
            )
            confusion = (confusion + 0.01) / (confusion + 0.01).sum(axis=1, keepdims=True)
            voted = column >= 0
            log[voted] += np.log(confusion[:, column[voted]]).T
        belief = np.exp(log - log.max(axis=1, keepdims=True))
    return [names[number] for number in belief.argmax(axis=1)]


def news(path: Path, embedders: list[str]) -> None:
    records = load(path)
    votes = [{"text": row["text"], "votes": row["annotations"]} for row in records]
    known = [number for number, row in enumerate(records) if row["gold_label"]]
    gold = [records[number]["gold_label"] for number in known]
    judged = [records[number]["annotations"] for number in known]
    print(f"{NEWS}: {len(records):,} records, {len(known)} with a gold label\n")
    print("| consensus | right, of the gold labels | AUC of its quality |")
    print("|---|---|---|")
    print(f"| majority, even splits broken at random | {expected_majority(judged, gold):.3f} | |")
    skene = dawid_skene([row["annotations"] for row in records])
    right = np.mean([skene[at] == truth for at, truth in zip(known, gold, strict=True)])
    print(f"| Dawid-Skene (not in the package) | {right:.3f} | |")
    for embedder in embedders:
        result = audited(votes, embedder)
        table = result.records.iloc[known]
        correct = (table["consensus_label"] == gold).to_numpy()
        auc = roc_auc_score(correct, table["consensus_quality"])
        print(f"| `annotators` with `{embedder}` | {correct.mean():.3f} | {auc:.3f} |", flush=True)
    auc = roc_auc_score(correct, table["annotator_agreement"])
    print(f"| (agreement with the consensus alone as quality) | | {auc:.3f} |\n")
    print("| annotator | as ranked, worst first | right, of the gold labels |")
    print("|---|---|---|")
    for note in result.checks["annotators"].notes:
        if note.startswith("annotator '"):
            person = note.split("'")[1]
            accuracy = np.mean(
                [given[person] == truth for given, truth in zip(judged, gold, strict=True)]
            )
            print(f"| {person} | {note.partition(': ')[2]} | {accuracy:.3f} |")


def pairs(path: Path) -> None:
    """Audit preference pairs; there is no gold, so only the agreement is told."""
    records = load(path)
    rows = [
        {
            "text": "\n".join(
                row[name] for name in ("instruction", "input", "response1", "response2")
            ),
            "votes": row["annotators"],
        }
        for row in records
    ]
    result = audited(rows, "lsa")
    print(f"\n{PAIRS}: {len(records):,} records, no gold label\n")
    print("| metric | value |\n|---|---|")
    for name, value in result.metrics.items():
        if name.startswith("annotators."):
            print(f"| `{name}` | {'not measured' if value is None else f'{value:.3f}'} |")


def speed() -> None:
    """Time CROWDLAB on columns of votes against cleanlab's on a table; the numbers are the same."""
    print("\n| records | annotators | votes a record | dataqa s | cleanlab s |")
    print("|---|---|---|---|---|")
    for records, people in ((100_000, 5), (100_000, 300)):
        rng = np.random.default_rng(0)
        chosen = np.argsort(rng.random((records, people)), axis=1)[:, :3]
        table = np.full((records, people), np.nan)
        truth = rng.integers(0, CLASSES, records)
        for column in chosen.T:
            right = rng.random(records) < 0.8
            other = rng.integers(0, CLASSES, records)
            table[np.arange(records), column] = np.where(right, truth, other)
        probabilities = rng.dirichlet(np.ones(CLASSES), records)
        item, annotator = np.nonzero(~np.isnan(table))
        panel = Panel(item, annotator, table[item, annotator].astype(int), probabilities)
        seconds = []
        for run in (
            lambda panel=panel: crowdlab(panel),
            lambda table=table, given=probabilities: get_label_quality_multiannotator(
                table, given, verbose=False
            ),
        ):
            started = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - started)
        told = " | ".join(f"{value:.2f}" for value in seconds)
        print(f"| {records:,} | {people} | 3 | {told} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure consensus labels against gold labels.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--embedder", action="append", default=[])
    given = parser.parse_args()
    for name, measure in (
        (NEWS, lambda path: news(path, given.embedder or ["lsa"])),
        (PAIRS, pairs),
    ):
        path = given.folder / f"{name}.jsonl"
        if path.exists():
            measure(path)
        else:
            print(f"{name}: skipped, not in the data folder")
    speed()


if __name__ == "__main__":
    main()
