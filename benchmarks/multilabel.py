"""How well wrong and missing labels of label sets are found, and what the rate claims.

    python benchmarks/multilabel.py [--embedder lsa] [--embedder minilm] [--records 2000]

The tickets are those of `sample_data/several.py` (one to three things a ticket, eight labels; one
in twenty is vague), made anew with two seeds for every row. Half of the faults drop a label, half
add one. The peer in the same run: TF-IDF, one-vs-rest logistic regression, cleanlab's multilabel
filter.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from cleanlab.multilabel_classification import get_label_quality_scores
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict
from sklearn.multiclass import OneVsRestClassifier

import dataqa

sys.path.insert(0, str(Path(__file__).parents[1] / "sample_data"))

import several
from tickets import Writer, load_tables

SEEDS = (1, 2)
RATES = (0.0, 0.03, 0.07, 0.15, 0.3)


def make(records: int, rate: float, seed: int) -> tuple[list[dict], np.ndarray]:
    """Write tickets, and tell which have a wrong set of labels."""
    writer = Writer(load_tables(), seed)
    items = [several.joint(writer) for _ in range(records)]
    wrong = np.zeros(records, dtype=bool)
    for at in writer.rng.sample(range(records), int(rate * records)):
        drop = len(items[at]["label"]) > 1 and writer.rng.random() < 0.5
        change = several.without_one if drop else several.with_one_more
        items[at], wrong[at] = change(writer, items[at]).value, True
    return items, wrong


def scores(wrong: np.ndarray, flagged: np.ndarray, quality: np.ndarray) -> list[float]:
    """Return average precision, precision, recall and the share that is flagged."""
    ranked = average_precision_score(wrong, -quality) if wrong.any() else np.nan
    hits = (wrong & flagged).sum()
    return [ranked, hits / max(flagged.sum(), 1), hits / max(wrong.sum(), 1), flagged.mean()]


def ours(items: list[dict], wrong: np.ndarray, embedder: str) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
        result = dataqa.audit(path, embedder=embedder, select=("multilabel",))
    flagged = result.records["line"].isin(result.findings["line"]).to_numpy()
    quality = result.records["label_quality"].fillna(1).to_numpy()
    high = result.metrics["multilabel.mislabel_rate.high"]
    return [*scores(wrong, flagged, quality), np.nan if high is None else high]


def peer(items: list[dict], wrong: np.ndarray) -> list[float]:
    names = sorted({name for item in items for name in item["label"]})
    labels = [sorted(names.index(name) for name in item["label"]) for item in items]
    table = np.array([[number in own for number in range(len(names))] for own in labels])
    features = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True).fit_transform(
        [item["input"] for item in items]
    )
    model = OneVsRestClassifier(LogisticRegression(max_iter=300))
    probabilities = cross_val_predict(model, features, table, cv=5, method="predict_proba")
    flagged = find_multilabel_issues_per_class(
        labels, probabilities, filter_by="confident_learning", n_jobs=1
    )
    quality = get_label_quality_scores(labels, probabilities)
    return scores(wrong, np.asarray(flagged).any(axis=1), quality)


def row(name: str, rate: float, values: list[list[float]]) -> str:
    numbers = ["-" if np.isnan(value) else f"{value:.3f}" for value in np.mean(values, axis=0)]
    return f"| {name} | {rate:.2f} | {' | '.join(numbers)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the check of label sets.")
    parser.add_argument("--embedder", action="append", default=[])
    parser.add_argument("--records", type=int, default=2000)
    given = parser.parse_args()
    print("| by | truth | AP | precision | recall | low end | high end |")
    print("|---|---|---|---|---|---|---|")
    for rate in RATES:
        made = [make(given.records, rate, seed) for seed in SEEDS]
        for embedder in given.embedder or ["lsa"]:
            values = [ours(items, wrong, embedder) for items, wrong in made]
            print(row(f"`multilabel`, `{embedder}`", rate, values), flush=True)
        values = [[*peer(items, wrong), np.nan] for items, wrong in made]
        print(row("peer", rate, values), flush=True)


if __name__ == "__main__":
    main()
