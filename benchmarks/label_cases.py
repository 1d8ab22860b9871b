"""Records with known wrong labels: real ones from labelling rules, and flips made here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

REAL = ("weak_agnews_dev", "weak_youtube", "weak_yelp", "weak_imdb")
BASE = "banking77"
SHARES = (0.05, 0.15, 0.3)
KINDS = ("uniform", "similar")
SEED = 0
NEAREST_CLASSES = 3
CLEAN_SUBSETS, CLEAN_RECORDS = 5, 1000
Vectors = Callable[[list[str]], np.ndarray]


@dataclass(frozen=True)
class Case:
    """Records to judge: texts, given labels, and which of them are wrong."""

    name: str
    texts: list[str]
    labels: list[str]
    wrong: np.ndarray


def load(path: Path) -> list[dict]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def real_case(name: str, records: list[dict]) -> Case:
    known = [row for row in records if row["is_error"] is not None]
    wrong = np.array([row["is_error"] for row in known])
    return Case(name, [row["text"] for row in known], [row["label"] for row in known], wrong)


def flipped_case(records: list[dict], kind: str, share: float, vectors: np.ndarray) -> Case:
    """Give a share of the records another label: any, or one of the three most similar classes."""
    rng = np.random.default_rng(SEED)
    names, label = np.unique([row["label"] for row in records], return_inverse=True)
    chosen = rng.choice(len(label), int(share * len(label)), replace=False)
    given = label.copy()
    if kind == "uniform":
        given[chosen] = (given[chosen] + rng.integers(1, len(names), len(chosen))) % len(names)
    else:
        near = _similar_classes(label, len(names), vectors)
        given[chosen] = near[given[chosen], rng.integers(0, NEAREST_CLASSES, len(chosen))]
    wrong = np.zeros(len(label), dtype=bool)
    wrong[chosen] = True
    texts = [row["text"] for row in records]
    return Case(f"{BASE} {share:.0%} {kind}", texts, names[given].tolist(), wrong)


def _similar_classes(label: np.ndarray, classes: int, vectors: np.ndarray) -> np.ndarray:
    """List the classes whose mean vectors are nearest to that of each class."""
    means = np.array([vectors[label == number].mean(axis=0) for number in range(classes)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    likeness = means @ means.T
    np.fill_diagonal(likeness, -1)
    return np.argsort(-likeness, axis=1)[:, :NEAREST_CLASSES]


def cases(folder: Path, wanted: list[str], embed: Vectors) -> Iterator[Case]:
    for name in wanted:
        path = folder / f"{name}.jsonl"
        if not path.exists():
            print(f"| {name} | skipped: not in the data folder |")
        elif name != BASE:
            yield real_case(name, load(path))
        else:
            records = load(path)
            vectors = embed([row["text"] for row in records])
            for kind in KINDS:
                for share in SHARES:
                    yield flipped_case(records, kind, share, vectors)


def clean_cases(folder: Path, wanted: list[str]) -> Iterator[Case]:
    """Cut subsets of records under their gold labels; none is wrong."""
    for name in wanted:
        path = folder / f"{name}.jsonl"
        if name == BASE or not path.exists():
            continue
        records = [row for row in load(path) if row["true_label"] is not None]
        for seed in range(CLEAN_SUBSETS):
            size = min(CLEAN_RECORDS, len(records) * 4 // 5)
            rows = np.random.default_rng(seed).choice(len(records), size, replace=False)
            part = [records[row] for row in np.sort(rows)]
            labels = [str(row["true_label"]) for row in part]
            yield Case(name, [row["text"] for row in part], labels, np.zeros(size, dtype=bool))
