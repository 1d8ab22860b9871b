"""Duplicates against known truth, and near-duplicate search against other tools.

    python benchmarks/duplicates.py DATA_FOLDER [--parts edits,articles,conflicts,paraphrases,speed]
        [--records 100000,1000000] [--peer-python PYTHON]

The peers run in a Python of their own (``pip install datasketch rensa semhash``), see
``duplicate_peers.py``; one that is not installed is named as such.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import orjson

from dataqa import Config, read
from dataqa.embedding import choose_embedder
from dataqa.engine import Engine
from dataqa.engine.processes import ProcessesEngine
from dataqa.engine.serial import SerialEngine
from dataqa.near.minhash import LEAST_WORDS, Scheme
from dataqa.near.search import Search
from dataqa.near.stars import stars
from dataqa.normalise import Cleaning
from dataqa.progress import Silent
from dataqa.semantic import THRESHOLDS, ClosePairs, agreeing, close_pairs
from dataqa.shared import Shared

SEED = 0
CLASSES = ((5, 10), (10, 30), (30, 100), (100, 10_000))
PER_CLASS = 2000
THRESHOLD = 0.8
EDITS = ("insert", "delete", "substitute", "swap", "case", "marks")
LINKS = ("unicode", "case", "spaces", "marks", "links")
PEERS = ("datasketch", "rensa", "semhash")
PEER_SECONDS = 1800


def load(path: Path) -> list[dict]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def shared_of(rows: list[dict], config: Config) -> tuple[Shared, np.ndarray]:
    """Read the rows as a user's file; return what checks share, and the row of each record."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
        dataset = read([path], config)
    made, _ = choose_embedder(config.embedder, SEED, config)
    place = dataset.frame["line"].to_numpy() - 1
    return Shared(dataset, config, made, SerialEngine(), Silent()), place


# Injected edits


def edited(words: list[str], vocabulary: list[str], rng: np.random.Generator) -> list[str]:
    """Edit one to three words in one way."""
    words, kind = list(words), EDITS[rng.integers(len(EDITS))]
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(words)))
        if kind == "insert":
            words.insert(at, vocabulary[rng.integers(len(vocabulary))])
        elif kind == "delete" and len(words) > 1:
            del words[at]
        elif kind == "substitute":
            words[at] = vocabulary[rng.integers(len(vocabulary))]
        elif kind == "swap":
            words[at - 1], words[at] = words[at], words[at - 1]
        else:
            words[at] = words[at].upper() if kind == "case" else f"{words[at]},"
    return words


def plain_similarity(one: str, other: str) -> float:
    """Compare two texts the slow way: Jaccard of multisets of n-grams, n by the shorter text."""
    scheme = Scheme()
    words = [re.findall(r"[^\W_]+", text.casefold()) for text in (one, other)]
    shorter = min(map(len, words))
    n = max((n for n in range(1, scheme.longest + 1) if LEAST_WORDS[n] <= shorter), default=0)
    if not n:
        return 0.0
    grams = [
        Counter(zip(*(found[at : len(found) - n + 1 + at] for at in range(n)), strict=True))
        for found in words
    ]
    return (grams[0] & grams[1]).total() / (grams[0] | grams[1]).total()


def plain_texts(rows: list[dict]) -> list[str]:
    """Take all instructions and all whole records, as words of letters and digits."""
    texts = [row["instruction"] for row in rows]
    texts += [" ".join((row["instruction"], row["input"], row["output"])) for row in rows]
    return sorted({" ".join(re.findall(r"[a-zA-Z0-9]+", text)) for text in texts})


def edits(folder: Path) -> Iterator[str]:
    rng = np.random.default_rng(SEED)
    texts = plain_texts(load(folder / "alpaca_original.jsonl"))
    sizes = np.array([len(text.split()) for text in texts])
    vocabulary = sorted({word for text in texts[::50] for word in text.split()})
    yield "| words | pairs | of them similar | found | recall | pairs found in all | precision |"
    yield "|---|---|---|---|---|---|---|"
    for low, high in CLASSES:
        rows = rng.choice(np.flatnonzero((sizes >= low) & (sizes < high)), PER_CLASS, replace=False)
        pairs = [
            (texts[row], " ".join(edited(texts[row].split(), vocabulary, rng))) for row in rows
        ]
        pairs = [pair for pair in pairs if pair[0] != pair[1]]
        true = {pair for pair in pairs if plain_similarity(*pair) >= THRESHOLD}
        whole = sorted({text for pair in pairs for text in pair})
        found = Search(Scheme(THRESHOLD), Cleaning(), SerialEngine(), Silent(), 8192).pairs(whole)
        said = [
            (whole[one], whole[other])
            for one, other in zip(found.left.tolist(), found.right.tolist(), strict=True)
        ]
        hits = sum(pair in true or pair[::-1] in true for pair in said)
        right = sum(plain_similarity(*pair) >= THRESHOLD for pair in said)
        yield (
            f"| {low} to {high if high < 10_000 else 'all'} | {len(pairs):,} | {len(true):,} | "
            f"{hits:,} | {hits / len(true):.4f} | {len(said):,} | {right / len(said):.4f} |"
        )


# Known duplicates and conflicts


def articles(folder: Path) -> Iterator[str]:
    rows = load(folder / "minhash_articles_dups.jsonl")
    shared, place = shared_of([{"text": row["text"]} for row in rows], Config(embedder="lsa"))
    ids = [rows[place[first]]["id"] for first in shared.text_groups.first]
    pairs = shared.near_pairs
    found = {
        frozenset((ids[one], ids[other]))
        for one, other in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    }
    true = {frozenset((row["id"], row["duplicate_of"])) for row in rows if row["is_duplicate"]}
    yield "| records | true pairs | found | false alarms |"
    yield "|---|---|---|---|"
    yield f"| {len(rows):,} | {len(true)} | {len(found & true)} | {len(found - true)} |"


def conflicting(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    several = {
        group
        for group, count in Counter(
            group for group, _ in set(zip(groups, labels, strict=True))
        ).items()
        if count > 1
    }
    return np.array([group in several for group in groups])


def conflicts(folder: Path) -> Iterator[str]:
    rows = load(folder / "disaster_tweets_crowd.jsonl")
    yield "| `normalise` | groups | records in conflict | recall | precision |"
    yield "|---|---|---|---|---|"
    for steps in (LINKS[:-1], LINKS, (*LINKS, "mentions"), ("unicode", "spaces", "links")):
        given = [{"text": row["text"], "label": row["label"]} for row in rows]
        shared, place = shared_of(given, Config(embedder="lsa", normalise=steps))
        truth = np.array([rows[row]["dup_label_conflict"] for row in place])
        labels = shared.dataset.frame["label"].to_numpy()
        for name, groups in (("equal", shared.text_groups), ("near", shared.near_groups)):
            found = conflicting(groups.of, labels)
            hits = int((found & truth).sum())
            yield (
                f"| {', '.join(steps)} | {name} | {found.sum()} of {truth.sum()} | "
                f"{hits / truth.sum():.3f} | {hits / found.sum():.3f} |"
            )


# Paraphrases


def neighbour_pairs(shared: Shared) -> tuple[ClosePairs, ClosePairs]:
    """Return all pairs of neighbours, and those that agree in numbers and negation."""
    every = close_pairs(shared.neighbours.index, shared.neighbours.similarity, 0.5)
    return every, agreeing(every, shared.distinct_texts)


def paraphrases(folder: Path) -> Iterator[str]:
    train, bench = (load(folder / f"{name}.jsonl") for name in ("contam_gsm8k", "bench_gsm8k_test"))
    texts = [{"text": row["instruction"]} for row in train] + [
        {"text": row["question"]} for row in bench
    ]
    item = np.array(
        [row["bench_id"] if row["is_contaminated"] else -1 - at for at, row in enumerate(train)]
        + list(range(len(bench)))
    )
    yield "| embedder | cosine | all: recall, precision | numbers agree: recall, precision |"
    yield "|---|---|---|---|"
    for embedder in ("minilm", "lsa"):
        shared, place = shared_of(texts, Config(embedder=embedder))
        own = item[place[shared.text_groups.first]]
        for least in (0.95, 0.9, 0.85, 0.8):
            shares = []
            for pairs in neighbour_pairs(shared):
                close = pairs.cosine >= least
                true = own[pairs.left] == own[pairs.right]
                hits = int((true & close).sum())
                shares.append(f"{hits / len(bench):.3f}, {hits / max(close.sum(), 1):.3f}")
            yield f"| {embedder} | {least} | {' | '.join(shares)} |"
    yield ""
    yield "| set | pairs at 0.9 that agree | texts in one | pairs with one label |"
    yield "|---|---|---|---|"
    for name in ("banking77", "clinc150_oos", "weak_agnews_dev"):
        rows = load(folder / f"{name}.jsonl")
        shared, place = shared_of(
            [{"text": row["text"]} for row in rows], Config(embedder="minilm")
        )
        own = [rows[row]["label"] for row in place[shared.text_groups.first]]
        pairs = neighbour_pairs(shared)[1]
        close = pairs.cosine >= THRESHOLDS["minilm"]
        left, right = pairs.left[close].tolist(), pairs.right[close].tolist()
        same = sum(own[one] == own[other] for one, other in zip(left, right, strict=True))
        share = len({*left, *right}) / len(own)
        yield f"| {name} | {len(left):,} | {share:.1%} | {same / len(left):.1%} |"


# Speed


def alpaca_like(rows: list[dict], count: int) -> list[str]:
    """Take the records of Alpaca, and copies of them with one to three edited words."""
    rng = np.random.default_rng(SEED)
    texts = [" ".join((row["instruction"], row["input"], row["output"])) for row in rows]
    texts = [text for text in texts if text.split()][:count]
    vocabulary = sorted({word for text in texts[::50] for word in text.split()})
    origins = rng.integers(len(texts), size=count - len(texts))
    copies = (" ".join(edited(texts[at].split(), vocabulary, rng)) for at in origins)
    return sorted({*texts, *copies})


def ninety_words(rows: list[dict], count: int) -> list[str]:
    """Put six pieces of 15 words of Alpaca together; every tenth text is an edited copy."""
    rng = np.random.default_rng(SEED)
    words = " ".join(f"{row['instruction']} {row['output']}" for row in rows).split()
    pieces = [" ".join(words[at : at + 15]) for at in range(0, len(words) - 15, 15)]
    fresh = count - count // 10
    chosen = rng.integers(len(pieces), size=(fresh, 6))
    texts = [" ".join(pieces[at] for at in row) for row in chosen.tolist()]
    vocabulary = words[:20_000]
    for at in rng.integers(fresh, size=count - fresh).tolist():
        texts.append(" ".join(edited(texts[at].split(), vocabulary, rng)))
    return sorted(set(texts))


ENGINES: dict[str, Callable[[], Engine]] = {
    "dataqa, one process": SerialEngine,
    "dataqa, two worker processes": lambda: ProcessesEngine(jobs=2),
}


def own_run(tool: str, texts: list[str]) -> dict[str, float]:
    """Search near-duplicates and group them."""
    started, cpu = time.perf_counter(), time.process_time()
    search = Search(Scheme(THRESHOLD), Cleaning(), ENGINES[tool](), Silent(), 8192)
    pairs = search.pairs(texts)
    groups = stars(len(texts), pairs.left, pairs.right, pairs.similarity)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - cpu,
        "kept": len(np.unique(groups.of)),
        "mib": peak_mib(),
    }


def peak_mib() -> float:
    """Add up the largest memory that this process and its workers ever had (Linux)."""
    peaks = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            facts = dict(line.split(":", 1) for line in status.read_text().splitlines())
            if str(os.getpid()) in (facts["Pid"].strip(), facts["PPid"].strip()):
                peaks.append(int(facts.get("VmHWM", "0 kB").split()[0]) / 1024)
    return sum(peaks)


def in_own_process(python: str, *arguments: str) -> dict[str, float] | str:
    """Run one tool in a fresh process; return what it printed, or why it did not run."""
    try:
        done = subprocess.run(
            [python, *arguments], capture_output=True, text=True, check=False, timeout=PEER_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {PEER_SECONDS} s"
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    return json.loads(done.stdout.splitlines()[-1])


def speed(folder: Path, records: list[int], peer_python: str) -> Iterator[str]:
    rows = load(folder / "alpaca_original.jsonl")
    yield "| texts | records | tool | seconds | CPU s, main process | texts kept | peak MiB |"
    yield "|---|---|---|---|---|---|---|"
    makers = [("Alpaca and edited copies", alpaca_like, 100_000)]
    makers += [("90 words", ninety_words, count) for count in records]
    peers = str(Path(__file__).with_name("duplicate_peers.py"))
    for name, make, count in makers:
        texts = make(rows, count)
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "texts.json"
            path.write_bytes(orjson.dumps(texts))
            size = len(texts)
            del texts
            runs = [(tool, (sys.executable, __file__, "own", tool, str(path))) for tool in ENGINES]
            if make is alpaca_like:
                runs += [(peer, (peer_python, peers, peer, str(path))) for peer in PEERS]
            for tool, command in runs:
                yield f"| {name} | {size:,} | {tool} | {told(in_own_process(*command))} |"


def told(run: dict[str, float] | str) -> str:
    if isinstance(run, str):
        return f"{run} | | |"
    return f"{run['seconds']:.1f} | {run['cpu']:.1f} | {run['kept']:,} | {run['mib']:,.0f}"


PARTS = {"edits": edits, "articles": articles, "conflicts": conflicts, "paraphrases": paraphrases}


def main() -> None:
    if sys.argv[1:2] == ["own"]:
        print(json.dumps(own_run(sys.argv[2], orjson.loads(Path(sys.argv[3]).read_bytes()))))
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", default=",".join([*PARTS, "speed"]))
    parser.add_argument("--records", default="100000,1000000")
    parser.add_argument("--peer-python", default=sys.executable)
    options = parser.parse_args()
    for part in options.parts.split(","):
        print(f"\n### {part}\n", flush=True)
        if part == "speed":
            counts = [int(count) for count in options.records.split(",") if count]
            lines = speed(options.folder, counts, options.peer_python)
        else:
            lines = PARTS[part](options.folder)
        try:
            for line in lines:
                print(line, flush=True)
        except FileNotFoundError as error:
            print(f"skipped: {error.filename} is not there")


if __name__ == "__main__":
    main()
