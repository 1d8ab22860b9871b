"""How well wrong labels are ranked, and how the rate bracket compares with the truth.

    python benchmarks/label_noise.py DATA_FOLDER [--cache FOLDER] [--sets NAME ...] [--no-peer]
        [--encode]

Ours is the label check with the embedders `minilm` and `lsa`; the peer is the usual recipe:
all-MiniLM-L6-v2 (the same vectors; with `--encode` those of sentence-transformers itself,
which take minutes), `cross_val_predict` of logistic regression, cleanlab's
`Datalab.find_issues` (from its scores where the package `datasets`, which Datalab needs, is not
installed). Seconds are those after embedding, of each: neighbours, near-duplicates, models, ranking
and findings against cross-validation and `find_issues`. Truth is only used for scoring. Sets that
are not in the folder are named. With `--cache`, embeddings are kept for the next run.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import tempfile
import time
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import orjson
from label_cases import BASE, REAL, SEED, Case, cases, clean_cases
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict
from threadpoolctl import threadpool_limits

import dataqa
from dataqa.checks.labels import RATE, Labels
from dataqa.config import Config
from dataqa.embedding import choose_embedder
from dataqa.embedding.terms import Corpus
from dataqa.embedding.weights import checked_minilm
from dataqa.engine import choose_engine
from dataqa.gate import decide
from dataqa.progress import Silent
from dataqa.shared import Shared

LIMIT = 0.15
PEER = "all-MiniLM-L6-v2 + LogisticRegression + Datalab"


@dataclass(frozen=True)
class Outcome:
    """What one way of judging says: doubt by record, bracket or count, verdict, seconds."""

    doubt: np.ndarray
    rate: str
    seconds: float
    state: str = ""


class Bench:
    """Runs cases and remembers vectors."""

    def __init__(self, cache: Path, *, encode: bool) -> None:
        """Keep vectors in ``cache``; with ``encode``, the peer embeds for itself."""
        self.cache = cache
        self.encode = encode

    def vectors(self, texts: list[str]) -> np.ndarray:
        """Return the peer's vectors: those that we use, or its own."""
        if not self.encode:
            config = Config(cache_dir=str(self.cache))
            model, _ = choose_embedder("minilm", config.seed, config)
            return model.embed(Corpus(texts, choose_engine("serial", 1, 0), Silent(), 8192))
        digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
        path = self.cache / f"sentence-transformers-{digest}.npy"
        if not path.exists():
            from sentence_transformers import SentenceTransformer

            folder, _ = checked_minilm(allow_download=False)
            model = SentenceTransformer(str(folder))
            np.save(path, model.encode(texts, batch_size=64, normalize_embeddings=True))
        return np.load(path)

    def ours(self, case: Case, embedder: str) -> Outcome:
        """Run the label check on vectors that are there."""
        config = Config(embedder=embedder, cache_dir=str(self.cache))
        path = self.cache / "case.jsonl"
        rows = zip(case.texts, case.labels, strict=True)
        path.write_bytes(
            b"".join(orjson.dumps({"text": text, "label": label}) + b"\n" for text, label in rows)
        )
        engine = choose_engine("serial", 1, 0)
        dataset = dataqa.read([path], config)
        model, _ = choose_embedder(embedder, config.seed, config)
        with threadpool_limits(1, "blas"):
            shared = Shared(dataset, config, model, engine, Silent())
            _ = shared.embeddings, shared.corpus.terms
            started = time.perf_counter()
            found = Labels().find(dataset, shared)
            seconds = time.perf_counter() - started
        quality = np.asarray(found.columns["label_quality"])
        doubt = 1 - np.nan_to_num(quality, nan=1.0)[dataset.input_order]
        ends = [found.metrics[f"{RATE}{end}"] for end in (".low", "", ".high")]
        rate = "not measured" if None in ends else " ".join(f"{end:.3f}" for end in ends)
        verdict = decide(found.metrics, {}, {RATE: LIMIT}, len(dataset))
        return Outcome(doubt, rate, seconds, verdict.state)

    def peer(self, case: Case) -> Outcome:
        """Run the usual recipe on its vectors."""
        vectors = self.vectors(case.texts)
        label = np.unique(case.labels, return_inverse=True)[1]
        started = time.perf_counter()
        model = LogisticRegression(max_iter=1000)
        probabilities = cross_val_predict(model, vectors, label, cv=5, method="predict_proba")
        quality, flagged = _datalab(case.labels, label, probabilities)
        seconds = time.perf_counter() - started
        return Outcome(1 - quality, f"{flagged / len(label):.3f}", seconds)


def _datalab(
    labels: list[str], label: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, int]:
    if find_spec("datasets") is None:
        from cleanlab.count import num_label_issues
        from cleanlab.rank import get_label_quality_scores

        count = num_label_issues(label, probabilities)
        return get_label_quality_scores(label, probabilities), int(count)
    from cleanlab import Datalab

    lab = Datalab({"label": labels}, label_name="label", verbosity=0)
    lab.find_issues(pred_probs=probabilities, issue_types={"label": {}})
    issues = lab.get_issues("label")
    return issues["label_score"].to_numpy(), int(issues["is_label_issue"].sum())


def row_of(case: Case, way: str, outcome: Outcome) -> str:
    truth = int(case.wrong.sum())
    first = np.argsort(-outcome.doubt, kind="stable")[:truth]
    numbers = (
        f"{average_precision_score(case.wrong, outcome.doubt):.3f}",
        f"{case.wrong[first].mean():.3f}",
        f"{outcome.rate} {outcome.state}".strip(),
        f"{outcome.seconds:.1f}",
    )
    share = f"{case.wrong.mean():.3f}"
    return f"| {case.name} | {len(case.texts):,} | {share} | {way} | {' | '.join(numbers)} |"


def rank_all(folder: Path, wanted: list[str], bench: Bench, *, peer: bool) -> None:
    print("| set | records | truth | by | AP | precision at truth | low point high, verdict | s |")
    print("|---" * 8 + "|")
    scores: dict[str, list[float]] = {}
    for case in cases(folder, wanted, bench.vectors):
        outcomes = {f"dataqa {name}": bench.ours(case, name) for name in ("minilm", "lsa")}
        if peer:
            outcomes["peer"] = bench.peer(case)
        for way, outcome in outcomes.items():
            print(row_of(case, way, outcome), flush=True)
            if case.name in REAL:
                score = average_precision_score(case.wrong, outcome.doubt)
                scores.setdefault(way, []).append(score)
    for way, values in scores.items():
        print(f"| mean of the real sets | | | {way} | {np.mean(values):.3f} | | | |")


def judge_clean(folder: Path, wanted: list[str], bench: Bench) -> None:
    print("\n| clean set | subsets | by | PASS | UNDECIDED | FAIL |\n|---|---|---|---|---|---|")
    states: dict[tuple[str, str], list[str]] = {}
    for case in clean_cases(folder, wanted):
        for name in ("minilm", "lsa"):
            states.setdefault((case.name, name), []).append(bench.ours(case, name).state)
    for (case_name, name), found in states.items():
        counts = " | ".join(str(found.count(state)) for state in ("PASS", "UNDECIDED", "FAIL"))
        print(f"| {case_name} | {len(found)} | dataqa {name} | {counts} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--sets", nargs="*", default=[*REAL, BASE])
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--encode", action="store_true")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as scratch:
        cache = options.cache or Path(scratch)
        cache.mkdir(parents=True, exist_ok=True)
        bench = Bench(cache, encode=options.encode)
        print(f"Peer: {PEER}. Limit {LIMIT:.0%}, seed {SEED}.\n")
        rank_all(options.folder, options.sets, bench, peer=not options.no_peer)
        judge_clean(options.folder, options.sets, bench)


if __name__ == "__main__":
    main()
