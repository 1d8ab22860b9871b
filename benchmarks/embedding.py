"""Embedding: speed and agreement beside sentence-transformers, lsa, and what the cache saves.

    python benchmarks/embedding.py DATA_FOLDER [--records 50000] [--parts speed,lsa,cache]

*speed*: the same texts through `SentenceTransformer.encode` (torch, its defaults) and through
`minilm` (all cores, no cache), models loaded before, in turns; medians of three. CPU time is told,
because it moves less than seconds when something else runs. *lsa*: 100,000 texts, which are the
52,002 of `alpaca_original` and as many of them again, without their first word. *cache*:
`dataqa audit --embedder minilm` twice on the first RECORDS of `alpaca_original`, with a new folder
for the cache.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from threadpoolctl import threadpool_limits

from dataqa.embedding import choose_embedder
from dataqa.embedding.terms import Corpus
from dataqa.engine import choose_engine
from dataqa.engine.serial import SerialEngine
from dataqa.progress import Silent

ROUNDS = 3
SPEED_SETS = {"weak_agnews_dev": 1000, "clinc150_oos": 3000}
"""File of news and file of queries -> how many texts of it."""
LSA_TEXTS = 100_000
ALPACA = "alpaca_original"


def load(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    started, cpu = time.perf_counter(), time.process_time()
    vectors = work()
    return vectors, time.perf_counter() - started, time.process_time() - cpu


def speed(folder: Path) -> None:
    """Compare the embedder with the library that the model comes from."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        print("skipped speed: sentence-transformers is not installed")
        return
    from dataqa.embedding.weights import checked_minilm

    peer = SentenceTransformer(str(checked_minilm()[0]), device="cpu")
    ours, _ = choose_embedder("minilm")
    print("| texts | tokens each | method | texts/s | CPU ms/text | cosine: mean, least | times |")
    print("|" + "---|" * 7)
    for name, count in SPEED_SETS.items():
        path = folder / f"{name}.jsonl"
        if not path.exists():
            print(f"| {name} | skipped: not in the data folder |")
            continue
        texts = list(dict.fromkeys(row["text"] for row in load(path)))
        order = np.random.default_rng(0).permutation(len(texts))[:count]
        compare(name, [texts[at] for at in order], peer, ours)


def compare(name: str, texts: list[str], peer: Any, ours: Any) -> None:
    def embed(chosen: list[str]) -> np.ndarray:
        return ours.embed(Corpus(chosen, SerialEngine(), Silent(), 8192))

    def encode(chosen: list[str]) -> np.ndarray:
        return peer.encode(chosen, normalize_embeddings=True, show_progress_bar=False)

    tokens = np.mean([len(ids) for ids in peer.tokenizer(texts)["input_ids"]])
    methods = {"SentenceTransformer.encode (torch)": encode, "dataqa minilm (onnx, int8)": embed}
    runs: dict[str, list[tuple[np.ndarray, float, float]]] = {method: [] for method in methods}
    for work in methods.values():
        work(texts[:50])
    for _ in range(ROUNDS):
        for method, work in methods.items():
            runs[method].append(timed(lambda work=work: work(texts)))
    pace = {method: statistics.median(run[1] for run in done) for method, done in runs.items()}
    reference, slowest = next(iter(runs.values()))[0][0], max(pace.values())
    for method, done in runs.items():
        cpu = 1000 * statistics.median(run[2] for run in done) / len(texts)
        cosine = np.sum(done[0][0] * reference, axis=1)
        print(
            f"| {len(texts):,} of {name} | {tokens:.0f} | {method} | "
            f"{len(texts) / pace[method]:,.0f} | {cpu:.2f} | "
            f"{cosine.mean():.4f}, {cosine.min():.4f} | {slowest / pace[method]:.2f} |",
            flush=True,
        )


def lsa(folder: Path) -> None:
    """Time the built-in embedder, counting of terms included."""
    path = folder / f"{ALPACA}.jsonl"
    if not path.exists():
        print(f"skipped lsa: no {ALPACA} in the data folder")
        return
    texts = [alpaca_text(row) for row in load(path)]
    texts = (texts + [text.partition(" ")[2] or text for text in texts])[:LSA_TEXTS]
    embedder, _ = choose_embedder("lsa")
    print("| texts | method | s | CPU s of this process |\n|---|---|---|---|")
    with threadpool_limits(1, "blas"):
        engine = choose_engine("auto", 0, sum(map(len, texts)))
        work = lambda: embedder.embed(Corpus(texts, engine, Silent(), 8192))  # noqa: E731
        vectors, seconds, cpu = timed(work)
    print(f"| {len(vectors):,} of Alpaca | dataqa lsa | {seconds:.1f} | {cpu:.1f} |", flush=True)


def alpaca_text(row: dict[str, Any]) -> str:
    return "\n".join(row[part] for part in ("instruction", "input", "output") if row.get(part))


def cache(folder: Path, records: int) -> None:
    """Time an audit, and the same audit again."""
    path = folder / f"{ALPACA}.jsonl"
    if not path.exists():
        print(f"skipped cache: no {ALPACA} in the data folder")
        return
    print("| records | run | s | of the first |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data.jsonl"
        data.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:records]))
        command = [sys.executable, "-m", "dataqa", "audit", data, "--embedder=minilm"]
        command += [f"--cache-dir={scratch}/cache", "--exit-zero", "--quiet"]
        first = 0.0
        for run in ("first", "second"):
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds = time.perf_counter() - started
            first = first or seconds
            print(f"| {records:,} | {run} | {seconds:.1f} | {seconds / first:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--parts", default="speed,lsa,cache")
    given = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "speed": lambda: speed(given.folder),
        "lsa": lambda: lsa(given.folder),
        "cache": lambda: cache(given.folder, given.records),
    }
    for part in given.parts.split(","):
        parts[part]()
        print()


if __name__ == "__main__":
    main()
