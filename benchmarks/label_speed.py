"""Seconds and memory of the label models and the ranking, from vectors, on records made here.

    python benchmarks/label_speed.py [--sizes RECORDSxCLASSESxDIMENSIONS ...]

Vectors and words lean to their class; 10 % of the labels are flipped. Neighbours are given (other
checks share them; `benchmarks/neighbours.py` times them), drawn at random within the class and
beside it. Each size runs in a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
from scipy import sparse
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

from dataqa.checks.label_scores import LabelScores
from dataqa.dataset import SHARD_RECORDS, cuts
from dataqa.probabilities import Labeled, Nearby, assign_folds, merge, out_of_fold, sum_stage
from dataqa.probabilities.classes import Chosen
from dataqa.probabilities.label_model import LabelModel

SIZES = ("13000x77x384", "100000x150x384", "1000000x20x256")
FOLDS, NEIGHBOURS, TERMS, WORDS = 5, 10, 2**16, 30
SEED = 0


def make(records: int, classes: int, width: int) -> tuple[Labeled, Nearby, np.ndarray]:
    """Make labelled records and say which labels are flipped."""
    rng = np.random.default_rng(SEED)
    truth = rng.integers(0, classes, records)
    flipped = rng.random(records) < 0.1
    label = np.where(flipped, (truth + rng.integers(1, classes, records)) % classes, truth)
    centres = rng.normal(size=(classes, width)).astype(np.float32)
    vectors = rng.normal(size=(records, width)).astype(np.float32)
    vectors += 0.3 * centres[truth]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    own = truth[:, None] * 50 + rng.integers(0, 50, (records, WORDS // 3))
    words = rng.integers(0, TERMS, (records, WORDS - WORDS // 3))
    columns = np.concatenate([own, words], axis=1).ravel()
    starts = np.arange(0, records * WORDS + 1, WORDS)
    weights = np.full(len(columns), WORDS**-0.5, dtype=np.float32)
    terms = sparse.csr_matrix((weights, columns, starts), shape=(records, TERMS))
    order = np.argsort(truth, kind="stable")
    place = np.empty(records, dtype=np.int64)
    place[order] = np.arange(records)
    near = order[(place[:, None] + rng.integers(-40, 41, (records, NEIGHBOURS))) % records]
    fold = assign_folds(label, np.arange(records), rng.permutation(records), FOLDS)
    return Labeled(vectors, terms, label, fold), Nearby(near, np.arange(records)), flipped


def judge(records: Labeled, nearby: Nearby, classes: int) -> LabelScores:
    """Do what an audit does after embedding: models, ranking, flags, bracket."""
    shards = cuts(len(records), SHARD_RECORDS)
    sums = merge(sum_stage(records[cut], folds=FOLDS, classes=classes) for cut in shards)
    predictions = out_of_fold(records, sums, nearby)
    names = tuple(str(number) for number in range(classes))
    chosen = Chosen(names, np.arange(len(records)), records.label, 0, 0, 0, 0)
    scores = LabelScores(LabelModel(chosen, predictions, len(records), 0, 0), nearby.text)
    _ = scores.quality, scores.flagged, scores.unsupported, scores.count
    return scores


def run(size: str) -> None:
    records, classes, width = (int(part) for part in size.split("x"))
    data, nearby, flipped = make(records, classes, width)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started, worked = time.perf_counter(), time.process_time()
    with threadpool_limits(1, "blas"):
        scores = judge(data, nearby, classes)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ranked = average_precision_score(flipped, 1 - scores.quality)
    print(
        f"| {records:,} | {classes} | {width} | {seconds:.1f} | {worked:.1f} "
        f"| {peak:,.0f} | {before:,.0f} | {ranked:.3f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=SIZES)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run(options.one)
        return
    columns = ("records", "classes", "dimensions", "s", "CPU s", "peak MiB", "of which data", "AP")
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|", flush=True)
    for size in options.sizes:
        subprocess.run([sys.executable, __file__, "--one", size], check=True)


if __name__ == "__main__":
    main()
