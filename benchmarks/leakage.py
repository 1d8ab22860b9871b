"""How much of a test set is found in training data, word for word and rephrased.

    python benchmarks/leakage.py DATA_FOLDER [--embedders lsa,minilm] [--cache DIR]

`contam_gsm8k` holds the 7,473 training questions of GSM8K and, rewritten by a language model, the
1,319 of its test set `bench_gsm8k_test`; the tool sees instruction and output only. For *copies*
the test questions stand there word for word, in capitals and without sentence marks. Peers are the
shared n-grams of the usual contamination reports (lower case, words), and the plain cosine at the
threshold where 1 % of the clean questions are above it, which a user cannot know.

The second table takes every tenth distinct text (by hash) of a set as test and the rest as
training. What is flagged there are repetitions that the sets really have, and false alarms.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson
import xxhash

from dataqa import audit
from dataqa.config import Config
from dataqa.embedding import choose_embedder
from dataqa.embedding.terms import Corpus
from dataqa.engine.serial import SerialEngine
from dataqa.errors import DataqaError
from dataqa.progress import Silent

KINDS = ("verbatim", "near", "passage", "rephrased")
HALVES: dict[str, Callable[[dict], str]] = {
    "banking77": lambda row: row["text"],
    "clinc150_oos": lambda row: row["text"],
    "weak_agnews_dev": lambda row: row["text"],
    "alpaca_original": lambda row: "\n\n".join(
        filter(None, (row["instruction"], row.get("input")))
    ),
}
MOST = 20_000
"""Texts taken of a set."""


def load(path: Path) -> list[dict]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def flagged(train: Sequence[dict], test: Sequence[dict], **settings: object) -> dict[int, str]:
    """Run the check on two files; return the kind of overlap by training row."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("train.jsonl", "test.jsonl")]
        for path, rows in zip(paths, (train, test), strict=True):
            path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
        result = audit(paths[0], eval=(str(paths[1]),), select=("leakage",), **settings)
    kinds = result.findings["code"].str.removeprefix("leakage.")
    return dict(zip(result.findings["line"] - 1, kinds, strict=True))


def ngrams(text: str, n: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(*(words[at:] for at in range(n)), strict=False))


def shares_ngram(train: Sequence[dict], questions: Sequence[str], n: int) -> set[int]:
    known = {gram for question in questions for gram in ngrams(question, n)}
    return {at for at, row in enumerate(train) if ngrams(row["instruction"], n) & known}


def near_in_cosine(
    train: Sequence[dict], questions: Sequence[str], clean: int, config: Config
) -> set[int]:
    """Flag what is closer to a question than all but 1 % of the clean rows, which come first."""
    texts = [row["instruction"] for row in train]
    distinct = sorted({*texts, *questions})
    place = {text: at for at, text in enumerate(distinct)}
    embedder, _ = choose_embedder(config.embedder, 0, config)
    vectors = embedder.embed(Corpus(distinct, SerialEngine(), Silent(), 8192))
    one, other = (vectors[[place[text] for text in some]] for some in (texts, questions))
    best = (one @ other.T).max(axis=1)
    return set(np.flatnonzero(best > np.quantile(best[:clean], 0.99)).tolist())


def gsm8k(folder: Path, embedders: Sequence[str], cache: str) -> Iterator[tuple[object, ...]]:
    """Yield method, copies found, rewritten found, clean rows flagged, seconds."""
    rows, bench = load(folder / "contam_gsm8k.jsonl"), load(folder / "bench_gsm8k_test.jsonl")
    pick = [{name: row[name] for name in ("instruction", "output")} for row in rows]
    truth = [row["is_contaminated"] for row in rows]
    clean = [row for row, wrong in zip(pick, truth, strict=True) if not wrong]
    rewritten = clean + [row for row, wrong in zip(pick, truth, strict=True) if wrong]
    questions = [row["question"] for row in bench]
    loud = [re.sub(r"[.,?!](?=\s|$)", " ", text.upper()) for text in questions]
    copied = clean + [{"instruction": text, "output": ""} for text in loud]
    methods: dict[str, Callable[[list[dict]], set[int]]] = {
        f"shared {n}-gram": lambda train, n=n: shares_ngram(train, questions, n) for n in (13, 8)
    }
    for name in embedders:
        config = Config(embedder=name, cache_dir=cache)
        methods[f"plain cosine, {name}, threshold at 1 % of clean rows"] = (
            lambda train, config=config: near_in_cosine(train, questions, len(clean), config)
        )
    for name in embedders:
        methods[f"dataqa, {name}"] = lambda train, name=name: set(
            flagged(train, bench, embedder=name, cache_dir=cache)
        )
    methods["dataqa without `rephrased`, 8 words"] = lambda train: set(
        flagged(train, bench, checks={"leakage": {"report_rephrased": False, "ngram_words": 8}})
    )
    for method, find in methods.items():
        started = time.perf_counter()
        found = find(rewritten)
        seconds = time.perf_counter() - started
        copies = find(copied)
        hits, wrong = sum(at >= len(clean) for at in found), sum(at < len(clean) for at in found)
        yield (
            method,
            f"{sum(at >= len(clean) for at in copies):,}",
            f"{hits:,}",
            f"{wrong:,} ({wrong / len(clean):.2%})",
            f"{seconds:.1f}",
        )


def halves(folder: Path, embedders: Sequence[str], cache: str) -> Iterator[tuple[object, ...]]:
    """Yield set, embedder, records and the share flagged, by kind of overlap."""
    for name, said in HALVES.items():
        path = folder / f"{name}.jsonl"
        if not path.exists():
            sys.stderr.write(f"skipped {name}: {path} is not there\n")
            continue
        texts = sorted({said(row).lower(): said(row) for row in load(path)[:MOST]}.values())
        tenth = [xxhash.xxh3_64_intdigest(text.encode()) % 10 == 0 for text in texts]
        train, test = (
            [{"text": text} for text, inside in zip(texts, tenth, strict=True) if inside == wanted]
            for wanted in (False, True)
        )
        for embedder in embedders:
            kinds = Counter(flagged(train, test, embedder=embedder, cache_dir=cache).values())
            shares = (f"{kinds[kind] / len(train):.2%}" for kind in KINDS)
            yield name, embedder, f"{len(train):,}", f"{len(test):,}", *shares


def table(heads: Sequence[str], rows: Iterator[tuple[object, ...]]) -> None:
    """Print rows as they come."""
    for row in (heads, ["---"] * len(heads)):
        print("|", " | ".join(row), "|")
    for values in rows:
        print("|", " | ".join(map(str, values)), "|", flush=True)
    print()


def option(name: str, default: str) -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def usable(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        try:
            choose_embedder(name)
        except DataqaError as error:
            sys.stderr.write(f"skipped {name}: {error.message}\n")
        else:
            yield name


def main() -> None:
    folder, cache = Path(sys.argv[1]), option("--cache", "off")
    embedders = list(usable(option("--embedders", "lsa,minilm").split(",")))
    if (folder / "contam_gsm8k.jsonl").exists():
        heads = ("method", "copies found", "rewritten found", "clean rows flagged", "seconds")
        table(heads, gsm8k(folder, embedders, cache))
    else:
        sys.stderr.write("skipped contam_gsm8k: it is not there\n")
    heads = ("set", "embedder", "training", "test", *KINDS)
    table(heads, halves(folder, embedders, cache))


if __name__ == "__main__":
    main()
