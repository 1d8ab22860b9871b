"""Time, memory and recall of the ten nearest neighbours.

    python benchmarks/neighbours.py DATA_FOLDER [--sizes 30000x384,100000x384,1000000x256]

Vectors are real: the sentences and 25-word pieces of all texts in the folder (in random order,
seed 0), as `minilm` vectors (384 wide) or `lsa` vectors (256 wide). Every search runs on all cores
in a process of its own, whose peak memory, vectors included, is told. Recall is measured here,
against an exact search for 1,000 vectors that the search did not choose. With faiss installed, its
IVFFlat index with as many lists, 64 of them searched, is the peer.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from threadpoolctl import threadpool_limits

from dataqa.embedding import choose_embedder
from dataqa.embedding.terms import Corpus
from dataqa.engine import workers
from dataqa.engine.serial import SerialEngine
from dataqa.neighbours import nearest
from dataqa.progress import Silent

SIZES = "30000x384,100000x384,1000000x256"
EMBEDDERS = {384: "minilm", 256: "lsa"}
K = 10
CHECKED = 1000


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def pieces(folder: Path) -> list[str]:
    found = set()
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            for text in strings(orjson.loads(line)):
                words = text.split()
                found |= {part for part in re.split(r"(?<=[.!?])\s+|\n+", text) if " " in part}
                found |= {
                    " ".join(words[at : at + 25]) for at in range(0, max(len(words) - 10, 0), 10)
                }
    names = sorted(text for text in found if len(text.split()) >= 5)
    order = np.random.default_rng(0).permutation(len(names))
    return [names[at] for at in order]


def recall(vectors: np.ndarray, similarity: np.ndarray) -> float:
    rows = np.random.default_rng(1).choice(len(vectors), CHECKED, replace=False)
    rows = rows[vectors[rows].any(axis=1)]
    reached = []
    for block in np.array_split(rows, 20):
        scores = vectors[block] @ vectors.T
        scores[np.arange(len(block)), block] = -1
        least = np.partition(scores, -K, axis=1)[:, -K]
        reached.append(similarity[block] >= least[:, None] - 1e-5)
    return float(np.concatenate(reached).mean())


def search(vectors: np.ndarray) -> tuple[str, np.ndarray]:
    found = nearest(vectors, K, Silent(), threads=workers(0))
    return f"dataqa (states {found.recall:.1%})" if found.sample else "dataqa (exact)", (
        found.similarity
    )


def faiss_search(vectors: np.ndarray) -> tuple[str, np.ndarray]:
    import faiss

    lists, searched = int(2.5 * np.sqrt(len(vectors))), 64
    quantizer = faiss.IndexFlatIP(vectors.shape[1])
    index = faiss.IndexIVFFlat(quantizer, vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[: 40 * lists])
    index.add(vectors)
    index.nprobe = searched
    values, _ = index.search(vectors, K + 1)
    return f"faiss IVFFlat ({lists} lists, {searched} searched)", values[:, 1:]


def peak_mib() -> float:
    """Peak resident memory of this program; ``ru_maxrss`` would count the parent's, too."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def one(path: str, method: str) -> None:
    """Run in a process of its own: search, and print a row."""
    vectors = np.load(path)
    before = peak_mib()
    started, cpu = time.perf_counter(), time.process_time()
    with threadpool_limits(1, "blas"):
        name, similarity = (faiss_search if method == "faiss" else search)(vectors)
    wall, spent = time.perf_counter() - started, time.process_time() - cpu
    peak = peak_mib()
    size = f"{len(vectors):,} × {vectors.shape[1]}"
    print(
        f"| {size} | {name} | {wall:.1f} ({spent:.1f}) | {peak:,.0f} ({before:,.0f}) | "
        f"{recall(vectors, similarity):.4f} |",
        flush=True,
    )


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:4])
        return
    print("| vectors | method | s (CPU s) | peak MiB (of it before) | recall at 10 |")
    print("|---|---|---|---|---|")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if folder is None or not any(folder.glob("*.jsonl")):
        print("| all | skipped: no .jsonl files in the data folder |")
        return
    sizes = sys.argv[3] if "--sizes" in sys.argv[2:3] else SIZES
    texts = pieces(folder)
    made: dict[int, np.ndarray] = {}
    wanted = [tuple(map(int, size.split("x"))) for size in sizes.split(",")]
    with tempfile.TemporaryDirectory() as scratch:
        for count, width in wanted:
            most = max(number for number, other in wanted if other == width)
            if width not in made:
                embedder, _ = choose_embedder(EMBEDDERS[width], 0)
                corpus = Corpus(texts[:most], SerialEngine(), Silent(), 8192)
                made[width] = embedder.embed(corpus)
            path = Path(scratch) / "vectors.npy"
            np.save(path, made[width][:count])
            for method in ("dataqa", *(["faiss"] if count > 30_000 and has_faiss() else [])):
                command = [sys.executable, __file__, "--one", path, method]
                subprocess.run(command, check=True)


def has_faiss() -> bool:
    from importlib.util import find_spec

    return find_spec("faiss") is not None


if __name__ == "__main__":
    main()
