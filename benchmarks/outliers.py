"""How well texts that do not belong are ranked and reported.

    python benchmarks/outliers.py DATA_FOLDER [--embedders lsa,minilm]

`clinc150_oos` holds 1,200 out-of-scope utterances among 22,500 of 150 intents; each gets a random
intent as its label (seed 0), and the tool sees text and label only. Peers get the same vectors in
the same run. `banking77` gets 15 % uniformly flipped labels (seed 0): a wrong label must not make a
record an outlier, so that its AUROC should be near 0.5.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import orjson
from cleanlab.outlier import OutOfDistribution
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from threadpoolctl import threadpool_limits

from dataqa import Config, read
from dataqa.checks.outliers import Outliers
from dataqa.embedding import choose_embedder
from dataqa.engine.serial import SerialEngine
from dataqa.errors import DataqaError
from dataqa.progress import Silent
from dataqa.shared import Shared

SEED = 0
SETS = ("clinc150_oos", "banking77")


def load(path: Path) -> list[dict]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def out_of_scope(rows: list[dict]) -> list[dict]:
    rng = np.random.default_rng(SEED)
    names = sorted({row["label"] for row in rows} - {"oos"})
    return [
        {
            "text": row["text"],
            "label": str(rng.choice(names)) if row["is_outlier"] else row["label"],
            "truth": row["is_outlier"],
        }
        for row in rows
    ]


def flipped(rows: list[dict]) -> list[dict]:
    rng = np.random.default_rng(SEED)
    names = sorted({row["label"] for row in rows})
    return [
        {
            "text": row["text"],
            "label": str(rng.choice([name for name in names if name != row["label"]]))
            if wrong
            else row["label"],
            "truth": wrong,
        }
        for row, wrong in zip(rows, (rng.random(len(rows)) < 0.15).tolist(), strict=True)
    ]


def prepared(rows: list[dict], fields: tuple[str, ...], embedder: str) -> tuple[Shared, np.ndarray]:
    """Read the rows as a user's file; return what checks share, and the truth in its order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        lines = (orjson.dumps({name: row[name] for name in fields}) for row in rows)
        path.write_bytes(b"\n".join(lines))
        dataset = read([path])
    config = Config(embedder=embedder)
    made, _ = choose_embedder(embedder, SEED)
    truth = np.array([row["truth"] for row in rows])[dataset.frame["line"].to_numpy() - 1]
    return Shared(dataset, config, made, SerialEngine(), Silent()), truth


def peers(vectors: np.ndarray) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    def lof() -> np.ndarray:
        model = LocalOutlierFactor(n_neighbors=20, metric="cosine", algorithm="brute")
        return -model.fit(vectors).negative_outlier_factor_

    yield "scikit-learn LocalOutlierFactor (k = 20, cosine)", lof
    forest = IsolationForest(random_state=SEED)
    yield "scikit-learn IsolationForest", lambda: -forest.fit(vectors).score_samples(vectors)
    yield (
        "cleanlab OutOfDistribution",
        lambda: -OutOfDistribution().fit_score(features=vectors, verbose=False),
    )


def row(name: str, embedder: str, method: str, truth: np.ndarray, score: np.ndarray) -> str:
    ranked = average_precision_score(truth, score)
    return f"| {name} | {embedder} | {method} | {ranked:.3f} | {roc_auc_score(truth, score):.3f} |"


def measure(name: str, rows: list[dict], embedder: str) -> None:
    for fields in (("text", "label"), ("text",)):
        shared, truth = prepared(rows, fields, embedder)
        vectors = shared.embeddings[shared.text_groups.of]
        started, cpu = time.perf_counter(), time.process_time()
        found = Outliers().find(shared.dataset, shared)
        seconds = f"{time.perf_counter() - started:.1f} ({time.process_time() - cpu:.1f})"
        score = np.nan_to_num(np.asarray(found.columns["outlier_score"], float), nan=0)
        reported = np.isin(shared.dataset.frame["line"].to_numpy(), found.findings["line"])
        hits = int((reported & truth).sum())
        share = f"{hits / reported.sum():.2f}" if reported.any() else "none"
        method = f"dataqa, {' and '.join(fields)}"
        flags = f" {reported.sum():,} | {share} | {hits / truth.sum():.2f} | {seconds} |"
        print(row(name, embedder, method, truth, score) + flags, flush=True)
    if name != SETS[0]:
        return
    for method, run in peers(vectors):
        started, cpu = time.perf_counter(), time.process_time()
        score = run()
        seconds = f"{time.perf_counter() - started:.1f} ({time.process_time() - cpu:.1f})"
        print(row(name, embedder, method, truth, score) + f" | | | {seconds} |", flush=True)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    chosen = sys.argv[3] if "--embedders" in sys.argv[2:3] else "lsa,minilm"
    print("| set | vectors | method | AP | AUROC | reported | precision | recall | s (CPU s) |")
    print("|---" * 9 + "|")
    for name, change in zip(SETS, (out_of_scope, flipped), strict=True):
        path = folder / f"{name}.jsonl" if folder else None
        if path is None or not path.exists():
            print(f"| {name} | skipped: not in the data folder |")
            continue
        rows = change(load(path))
        for embedder in chosen.split(","):
            try:
                with threadpool_limits(1, "blas"):
                    measure(name, rows, embedder)
            except DataqaError as error:
                print(f"| {name} | {embedder} | skipped: {error.message} |")


if __name__ == "__main__":
    main()
