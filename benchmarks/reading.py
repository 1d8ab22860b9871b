"""Time reading and schema check of generated instruction records, by number and by format.

    python benchmarks/reading.py [--records 1000000] [--formats jsonl,csv,parquet,jsonl.gz]

One record is about 800 bytes. Each row is one run of `dataqa audit FILE --select schema --quiet`,
start to exit: reading, Great Expectations, review plan, verdict. Memory is the largest sum over
the process and its workers, as the kernel shares pages out (PSS), sampled five times a second.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 20_000
FIELDS = ("id", "instruction", "input", "output")
Record = dict[str, str]


def records(count: int) -> Iterator[Record]:
    """Yield records of words that no two runs draw differently."""
    rng = random.Random(7)  # noqa: S311 - no cryptography
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 10))) for _ in range(20_000)]
    for number in range(count):
        drawn = rng.choices(words, k=114)
        yield {
            "id": f"r{number}",
            "instruction": " ".join(drawn[:20]),
            "input": " ".join(drawn[20:50]) if number % 3 else "",
            "output": " ".join(drawn[50:]) + ".",
        }


def write(path: Path, count: int) -> None:
    """Write records in the format of the suffix."""
    if path.suffix == ".parquet":
        schema = pa.schema([(name, pa.string()) for name in FIELDS])
        with pq.ParquetWriter(path, schema) as writer:
            waiting: list[Record] = []
            for number, record in enumerate(records(count), 1):
                waiting.append(record)
                if len(waiting) == BATCH or number == count:
                    writer.write_table(pa.Table.from_pylist(waiting, schema))
                    waiting = []
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, FIELDS)
            table.writeheader()
            table.writerows(records(count))
    else:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "wb") as file:
            file.writelines(orjson.dumps(record) + b"\n" for record in records(count))


def descendants(process: int) -> Iterator[int]:
    """Yield a process and all that it started."""
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from descendants(int(child))


def memory(process: int) -> int:
    """Return the bytes that a process and its workers hold, shared pages counted once."""
    total = 0
    for one in descendants(process):
        rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:")
    return total * 1024


def measure(path: Path) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and peak GiB of one run."""
    command = [sys.executable, "-m", "dataqa", "audit", str(path), "--select", "schema", "--quiet"]
    before, started, peak = os.times(), time.perf_counter(), 0
    process = subprocess.Popen([*command, "--exit-zero"], stdout=subprocess.DEVNULL)
    while process.poll() is None:
        with contextlib.suppress(OSError, StopIteration):  # a process ended meanwhile
            peak = max(peak, memory(process.pid))
        time.sleep(0.2)
    seconds, after = time.perf_counter() - started, os.times()
    if process.returncode:
        raise SystemExit(f"dataqa ended with {process.returncode}")
    used = after.children_user + after.children_system
    return seconds, used - before.children_user - before.children_system, peak / 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--formats", default="jsonl,jsonl.gz,csv,parquet")
    given = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores")
    print(
        "| records | format | MB | seconds | processor seconds | seconds per 100,000 | peak GiB |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in given.formats.split(","):
            for count in (given.records // 10, given.records):
                path = Path(folder, f"data.{name}")
                write(path, count)
                seconds, used, peak = measure(path)
                print(
                    f"| {count:,} | {name} | {path.stat().st_size / 1e6:,.0f} | {seconds:.1f} "
                    f"| {used:.1f} | {seconds / count * 1e5:.1f} | {peak:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
