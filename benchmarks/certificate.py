"""How many reviews a certificate takes, and how often it is wrong: a simulated reviewer.

    python benchmarks/certificate.py DATA_FOLDER [--runs 500]

Every set is audited once with the built-in `lsa` embedder. A reviewer who knows the truth then
judges the records in the order of a plan, until the certificate decides or the 1,000 draws end;
this is done anew for every run with other draws. Sets are thinned to other rates by leaving out
wrong (or right) records at random. The bets and the weights of the draws are the product's own
(`dataqa.review.betting`, `dataqa.review.weights`); only the draws come from numpy instead of
hashes, which is faster and gives the same distribution (`tests/test_plan.py`).

Truth is only used by the simulated reviewer. Sets that are not in the folder are named.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from scipy.stats import beta, binom

import dataqa
from dataqa.review.betting import Draws, Side, log_capital
from dataqa.review.fixed import lower, upper
from dataqa.review.plan import DRAWS
from dataqa.review.weights import stratified, weigh

SETS = ("weak_agnews_dev", "weak_youtube", "weak_yelp", "weak_imdb")
FREE_FORM = "halueval_general"
RATES = (None, 0.01, 0.03, 0.05, 0.10, 0.12, 0.20)
LIMIT, RISK = 0.15, 0.05
TARGETS = ((0.011, 30), (0.031, 45), (0.051, 55))
"""(true rate at most, median reviews at most)."""
SEED = 0
SAMPLE = 200
NEVER = 10**9


@dataclass(frozen=True)
class Population:
    """Records of one cell: the model's doubt and the truth."""

    name: str
    score: np.ndarray
    wrong: np.ndarray

    @property
    def rate(self) -> float:
        """Share of wrong records."""
        return float(self.wrong.mean())

    def thinned(self, rate: float | None) -> Population:
        """Leave out wrong or right records at random until the rate is as wanted."""
        if rate is None:
            return self
        rng = np.random.default_rng(SEED)
        bad, good = (rng.permutation(np.flatnonzero(self.wrong == kind)) for kind in (1, 0))
        kept = round(rate / (1 - rate) * len(good)), round((1 - rate) / rate * len(bad))
        rows = np.sort(np.concatenate([bad[: kept[0]], good[: kept[1]]]))
        return Population(self.name, self.score[rows], self.wrong[rows])


def load(path: Path, name: str) -> Population:
    """Audit a set without its truth; one row per record."""
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    fields = ("instruction", "output") if "output" in rows[0] else ("text", "label")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.jsonl"
        data.write_bytes(
            b"".join(orjson.dumps({field: row[field] for field in fields}) + b"\n" for row in rows)
        )
        records = dataqa.audit(data, embedder="lsa").records
    columns = [records[column] for column in ("label_quality", "pair_match") if column in records]
    known = [column.astype(float) for column in columns if column.notna().any()]
    quality = known[0].fillna(known[0].mean()).to_numpy() if known else np.ones(len(records))
    wrong = np.array([float(row["is_error"]) for row in rows])
    return Population(name, (1 - quality).clip(0, 1), wrong)


@dataclass(frozen=True)
class Reviews:
    """Simulated draws; arrays of shape (runs, draws)."""

    rows: np.ndarray
    draws: Draws
    wrong: np.ndarray

    def decided(self, limit: float, risk: float, side: Side) -> np.ndarray:
        """Return for every run the draw that refutes the hypothesis, or NEVER."""
        hits = log_capital(self.draws, self.wrong, limit, side) >= -np.log(risk)
        return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, NEVER)

    def records(self, draws: np.ndarray) -> np.ndarray:
        """Return how many different records the first draws of every run hold."""
        counts = [
            len(np.unique(row[:count])) if count < NEVER else NEVER
            for row, count in zip(self.rows, draws, strict=True)
        ]
        return np.array(counts)


def review(population: Population, runs: int, rng: np.random.Generator) -> Reviews:
    """Draw as a plan does, and judge by the truth."""
    size = len(population.score)
    rows, worth, bounds = [], [], []
    for start, end, weight, phase in weigh(population.score, np.ones(size), DRAWS):
        steps = weight.cumsum()
        taken = np.searchsorted(steps, rng.random((runs, end - start)) * steps[-1])
        rows.append(np.minimum(taken, size - 1))
        worth.append(weight.mean() / weight[rows[-1]])
        names = ("max_worth", "max_worth_score", "max_worth_rest")
        bounds.append(np.tile([phase[name] for name in names], (end - start, 1)))
    chosen = np.concatenate(rows, axis=1)
    limits = np.concatenate(bounds).T
    draws = Draws(
        np.concatenate(worth, axis=1),
        population.score[chosen],
        float(population.score.mean()),
        *limits,
    )
    return Reviews(chosen, draws, population.wrong[chosen])


def sampled(population: Population, size: int, runs: int) -> str:
    """Simulate samples of one size, stratified by score, and return their line of the table."""
    rng = np.random.default_rng(SEED)
    each, rate = np.ones(len(population.score), dtype=int), population.rate
    counts = np.array(
        [
            int(population.wrong[stratified(population.score, each, rng.random(size))].sum())
            for _ in range(runs)
        ]
    )
    low, high = (
        np.array([bound(count, size, RISK) for count in counts]) for bound in (lower, upper)
    )
    passed, failed = high <= LIMIT, low > LIMIT
    ends = [
        np.array([bound(count, size, RISK / 2) for count in counts]) for bound in (lower, upper)
    ]
    held = (ends[0] <= rate) & (rate <= ends[1])
    cells = (
        population.name,
        f"{rate:.2%}",
        f"{(passed | failed).mean():.1%}",
        f"{(failed if rate <= LIMIT else passed).mean():.1%}",
        f"{held.mean():.1%}",
        f"{(ends[1] - ends[0]).mean():.1%}",
    )
    return f"| {' | '.join(cells)} |"


def fixed_size(rate: float) -> str:
    """Return the least simple random sample whose exact test decides in half of the cases."""
    passes = rate <= LIMIT
    for size in range(5, 3001):
        if passes:
            most = next((k for k in range(size) if beta.ppf(1 - RISK, k + 1, size - k) > LIMIT), 0)
            chance = binom.cdf(most - 1, size, rate)
        else:
            least = next(
                (k for k in range(1, size + 1) if beta.ppf(RISK, k, size - k + 1) > LIMIT), size + 1
            )
            chance = binom.sf(least - 1, size, rate)
        if chance >= 0.5:
            return f"{size}"
    return "> 3,000"


def row(population: Population, runs: int) -> str:
    """Simulate one cell and return its line of the table."""
    rate = population.rate
    seen = review(population, runs, np.random.default_rng(SEED))
    passed, failed = seen.decided(LIMIT, RISK, "above"), seen.decided(LIMIT, RISK, "at_most")
    decided = np.minimum(passed, failed)
    erring = failed < passed if rate <= LIMIT else passed < failed
    median = np.median(seen.records(decided))
    missed = (seen.decided(rate, RISK / 2, "above") < NEVER) | (
        seen.decided(rate, RISK / 2, "at_most") < NEVER
    )
    target = next((most for top, most in TARGETS if rate <= top), 75 if rate >= 0.25 else None)
    cells = (
        population.name,
        f"{rate:.2%}",
        f"{len(population.wrong):,}",
        f"{median:.0f}" if median < NEVER else "over the plan",
        "" if target is None else f"{target}",
        fixed_size(rate),
        f"{(decided < NEVER).mean():.1%}",
        f"{erring.mean():.1%}",
        f"{1 - missed.mean():.1%}",
    )
    return f"| {' | '.join(cells)} |"


def populations(folder: Path) -> Iterator[Population]:
    """Yield every cell; sets that are absent are named."""
    for name in (*SETS, FREE_FORM):
        path = folder / f"{name}.jsonl"
        if not path.is_file():
            print(f"skipped {name}: {path} is absent\n")
            continue
        whole = load(path, name)
        for rate in RATES if name in SETS else (None, 0.05, 0.30):
            yield whole.thinned(rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=500)
    options = parser.parse_args()
    print(
        "| set | true rate | records | median reviews | target | simple random, exact, fixed n "
        "| decided | wrong verdicts | interval holds always |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    every = list(populations(options.folder))
    for population in every:
        print(row(population, options.runs), flush=True)
    print(
        f"\nOne sample of {SAMPLE}, stratified by score:\n\n"
        "| set | true rate | decided | wrong verdicts | interval holds | mean width |\n"
        "|---|---|---|---|---|---|"
    )
    for population in every:
        print(sampled(population, SAMPLE, options.runs), flush=True)


if __name__ == "__main__":
    main()
