"""How well wrong labels are ranked, and how the rate bracket compares with the truth.

    python benchmarks/label_noise.py DATA_FOLDER

Every set runs through `dataqa.audit` with the built-in `lsa` embedder and, in the same run, through
the usual recipe on the same kind of features: TF-IDF, 5-fold logistic regression, cleanlab's
self-confidence. Truth is only used for scoring. Sets that are not in the folder are named.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import orjson
from cleanlab.count import num_label_issues
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict

import dataqa

REAL = ("weak_agnews_dev", "weak_youtube", "weak_yelp", "weak_imdb")
FLIPPED = "banking77"
SEED = 0


def load(path: Path) -> list[dict]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def flipped(records: list[dict], share: float) -> list[dict]:
    """Give a share of the records another label, uniformly; the rest counts as right."""
    rng = np.random.default_rng(SEED)
    labels = sorted({record["label"] for record in records})
    chosen = set(rng.choice(len(records), int(share * len(records)), replace=False).tolist())
    result = []
    for row, record in enumerate(records):
        label, wrong = record["label"], row in chosen
        if wrong:
            label = rng.choice([name for name in labels if name != label])
        result.append({"text": record["text"], "label": str(label), "is_error": wrong})
    return result


def ours(records: list[dict]) -> tuple[float, str, float]:
    """Return average precision, bracket and seconds of a whole audit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        path.write_bytes(
            b"".join(
                orjson.dumps({"text": row["text"], "label": row["label"]}) + b"\n"
                for row in records
            )
        )
        started = time.perf_counter()
        result = dataqa.audit(path, embedder="lsa")
        seconds = time.perf_counter() - started
    wrong = [row["is_error"] for row in records]
    ranked = average_precision_score(wrong, 1 - result.records["label_quality"].fillna(1))
    low, middle, high = (
        result.metrics[f"labels.mislabel_rate{end}"] for end in (".low", "", ".high")
    )
    bracket = "not measured" if middle is None else f"{low:.3f} {middle:.3f} {high:.3f}"
    return ranked, f"{bracket} {result.verdict.state}", seconds


def peer(records: list[dict]) -> tuple[float, str, float]:
    """Return the same of TF-IDF + logistic regression + cleanlab."""
    started = time.perf_counter()
    _, label = np.unique([row["label"] for row in records], return_inverse=True)
    features = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True).fit_transform(
        [row["text"] for row in records]
    )
    model = LogisticRegression(max_iter=300)
    probabilities = cross_val_predict(model, features, label, cv=5, method="predict_proba")
    own = probabilities[np.arange(len(label)), label]
    seconds = time.perf_counter() - started
    wrong = [row["is_error"] for row in records]
    low = num_label_issues(label, probabilities) / len(label)
    return average_precision_score(wrong, 1 - own), f"{low:.3f}", seconds


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    columns = ("set", "records", "truth", "dataqa AP", "low point high, verdict at 15%", "s")
    print(f"| {' | '.join(columns)} | peer AP | peer count | s |")
    print("|---" * 9 + "|")
    for name in (*REAL, FLIPPED):
        path = folder / f"{name}.jsonl" if folder else None
        if path is None or not path.exists():
            print(f"| {name} | skipped: not in the data folder |")
            continue
        records = load(path)
        if name == FLIPPED:
            records = flipped(records, 0.15)
        truth = np.mean([row["is_error"] for row in records])
        mine, other = ours(records), peer(records)
        numbers = f"{mine[0]:.3f} | {mine[1]} | {mine[2]:.1f}"
        theirs = f"{other[0]:.3f} | {other[1]} | {other[2]:.1f}"
        print(f"| {name} | {len(records):,} | {truth:.3f} | {numbers} | {theirs} |", flush=True)


if __name__ == "__main__":
    main()
