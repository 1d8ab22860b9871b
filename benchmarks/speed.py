"""Time whole commands: start-up, small and large audits.

    python benchmarks/speed.py [DATA_FOLDER]

Each command runs three times; the median wall time and the largest peak memory are printed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 3
SAMPLE = Path(__file__).parent.parent / "sample_data"


def measure(arguments: list[str]) -> tuple[float, float]:
    """Return the median seconds and the largest peak memory in MiB."""
    seconds, peak = [], 0.0
    for _ in range(RUNS):
        started = time.perf_counter()
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - started)
        peak = max(peak, usage.ru_maxrss / 1024)
    return statistics.median(seconds), peak


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    cli = [sys.executable, "-m", "dataqa"]
    with tempfile.TemporaryDirectory() as scratch:
        outputs = [f"--out={name}={scratch}/{name}" for name in ("json", "findings", "html")]
        jobs = {
            "import dataqa": [sys.executable, "-c", "import dataqa"],
            "dataqa --help": [*cli, "--help"],
            "audit sample_data/noisy (1,600)": [*cli, "audit", str(SAMPLE / "noisy/data.jsonl")],
        }
        for name in ("weak_agnews_dev", "banking77", "alpaca_original"):
            path = folder / f"{name}.jsonl" if folder else None
            if path is None or not path.exists():
                print(f"skipped {name}: not in the data folder")
                continue
            jobs[f"audit {name}"] = [*cli, "audit", str(path), *outputs]
        print("| command | seconds | peak MiB |\n|---|---|---|")
        for name, arguments in jobs.items():
            seconds, peak = measure(arguments)
            print(f"| {name} | {seconds:.2f} | {peak:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
