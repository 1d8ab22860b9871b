"""Run one peer of the near-duplicate search: ``python duplicate_peers.py NAME TEXTS.json``.

Called by ``duplicates.py``; imports nothing but the peer. All get words in lower case and a
threshold of 0.8. datasketch and rensa: 128 permutations, sets of word trigrams, rensa's exact path.
semhash: its own encoder protocol with hashed word trigrams in 256 dimensions, so that the time is
that of its search and not of a model; cosine 0.9.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

THRESHOLD, PERMUTATIONS, GRAM = 0.8, 128, 3


def shingles(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[at : at + GRAM]) for at in range(max(len(words) - GRAM + 1, 1))]


def datasketch(texts: list[str]) -> int:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    kept = 0
    for number, text in enumerate(texts):
        signature = MinHash(num_perm=PERMUTATIONS)
        signature.update_batch([gram.encode() for gram in shingles(text)])
        if not index.query(signature):
            index.insert(number, signature, check_duplication=False)
            kept += 1
    return kept


def rensa(texts: list[str]) -> int:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(THRESHOLD, PERMUTATIONS, 16)
    kept = 0
    for number, text in enumerate(texts):
        signature = RMinHash(PERMUTATIONS, 42)
        signature.update(shingles(text))
        if not index.query(signature):
            index.insert(number, signature)
            kept += 1
    return kept


def semhash(texts: list[str]) -> int:
    import zlib

    import numpy as np
    from semhash import SemHash

    class Hashed:
        def encode(self, inputs: list[str], **_: object) -> np.ndarray:
            vectors = np.zeros((len(inputs), 256), dtype=np.float32)
            for row, text in enumerate(inputs):
                codes = [zlib.crc32(gram.encode()) % 256 for gram in shingles(text)]
                vectors[row] = np.bincount(codes, minlength=256)
            return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    found = SemHash.from_records(records=texts, model=Hashed()).self_deduplicate(threshold=0.9)
    return len(found.selected)


PEERS: dict[str, Callable[[list[str]], int]] = {
    "datasketch": datasketch,
    "rensa": rensa,
    "semhash": semhash,
}


def main() -> None:
    name, path = sys.argv[1:]
    texts = json.loads(Path(path).read_bytes())
    started, cpu = time.perf_counter(), time.process_time()
    try:
        kept = PEERS[name](texts)
    except ModuleNotFoundError:
        sys.exit("not installed")
    spent = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**spent, "kept": kept, "mib": peak}))


if __name__ == "__main__":
    main()
