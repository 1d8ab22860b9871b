"""Records that are longer than the trainer reads, and what the cut takes from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa.checks.interface import Found, findings_table, join_findings
from dataqa.dataset import Dataset
from dataqa.settings import refuse_outside
from dataqa.shared import Shared
from dataqa.tokens import choose_counter
from dataqa.truncation import FIELDS, Counts, joined, length_stage

USUAL_LIMIT = 1024
"""What TRL's trainers keep of a record unless they are told otherwise."""
QUANTILES = (("median_tokens", 0.5), ("p95_tokens", 0.95), ("max_tokens", 1.0))


@dataclass(frozen=True)
class Lengths:
    """Counts in tokens, and what a trainer cuts off at its limit.

    **What it finds.** The distribution of lengths; with `--max-length N`, as a trainer applies it
    that keeps the first N tokens: answers that are cut, records of whose answer nothing is left,
    texts that are cut, and preference pairs whose two answers are the same after the cut. The
    tokens are those of prompt and response (of a conversation all turns); `overhead` stands for
    what the chat template adds.

    Without `--tokenizer` the tokens are approximate (pieces of words, digits and marks are
    counted), and the result says so.

    **Why it hurts fine-tuning.** Trainers cut without a word: TRL keeps the first 1,024 tokens.
    The model learns answers that stop in the middle or, where the prompt fills the limit, nothing.

    **Known false alarms.** Trainers that drop long records, keep the end of them, or pack them.
    Approximate lengths near the limit.

    **Example.** A 900-token prompt with a 300-token answer loses 176 tokens of it at 1,024.

    **Settings.** `overhead`: tokens that the chat template adds to each record. The tokenizer and
    the limit are settings of the run: `tokenizer`, `max_length`.

    **Reference.** TRL, `SFTConfig.max_length`; LLaMA-Factory, `cutoff_len`.
    """

    overhead: int = 0

    name: ClassVar[str] = "lengths"
    codes: ClassVar[Mapping[str, str]] = {
        "no_answer_left": "The prompt fills the limit: nothing is learned. Shorten it.",
        "same_after_cut": "Both answers of the pair begin alike up to the limit. Shorten them.",
        "answer_cut": "The answer is cut at the limit. Shorten the record or raise the limit.",
        "text_cut": "The text is cut at the limit. Split it or raise the limit.",
    }
    metrics: ClassVar[tuple[str, ...]] = (
        "lengths.cut_rate",
        "lengths.answer_cut_rate",
        "lengths.no_answer_rate",
        "lengths.same_pair_rate",
        "lengths.median_tokens",
        "lengths.p95_tokens",
        "lengths.max_tokens",
    )
    columns: ClassVar[Mapping[str, str]] = {"tokens": "float64"}

    def __post_init__(self) -> None:
        """Refuse a negative number of tokens."""
        refuse_outside(self, overhead=(0, math.inf))

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Count the tokens of every record and apply the limit.

        ``lengths.cut_rate`` is a share of all records, ``answer_cut_rate`` and ``no_answer_rate``
        are shares of those with an answer, ``same_pair_rate`` of the preference pairs.
        """
        config = shared.config
        limit = max(config.max_length - self.overhead, 1) if config.max_length else 0
        lengths, counter = counted(shared, limit)
        tokens = lengths.total + self.overhead
        tables = self._tables(dataset, lengths, config.max_length, counter) if limit else []
        spread = _distribution(tokens)
        return Found(
            findings=join_findings(tables),
            metrics={**_shares(dataset, lengths, limit), **spread},
            columns={"tokens": tokens.astype(float)},
            reason=None if limit else _advice(lengths.longest + self.overhead),
            notes=(_note(spread, counter),),
        )

    def _tables(
        self, dataset: Dataset, lengths: Counts, limit: int, counter: str
    ) -> list[pd.DataFrame]:
        """Make one finding for each record that loses something, under the gravest code."""
        lost = lengths.learned - lengths.kept
        longest = lengths.longest + self.overhead
        cut = longest > limit
        nothing = (lost > 0) & (lengths.kept == 0)
        rules = (
            ("no_answer_left", nothing, 0.95, "nothing of the answer is left"),
            ("same_after_cut", lengths.same & ~nothing, 0.9, "both answers are the same then"),
            ("answer_cut", (lost > 0) & ~nothing & ~lengths.same, 0.6, "the answer is cut"),
            ("text_cut", cut & (lost == 0) & ~lengths.same, 0.3, "the end is cut"),
        )
        about = "about " if counter.startswith("an approx") else ""
        return [
            findings_table(
                dataset,
                np.flatnonzero(mask),
                f"lengths.{code}",
                score=score,
                message=[
                    f"{about}{count:,} tokens, the limit is {limit:,}: {saying}"
                    for count in longest[mask]
                ],
                evidence=[
                    {"tokens": count, "answer_tokens": of, "answer_kept": kept, "counter": counter}
                    for count, of, kept in zip(
                        longest[mask].tolist(),
                        lengths.learned[mask].tolist(),
                        lengths.kept[mask].tolist(),
                        strict=True,
                    )
                ],
            )
            for code, mask, score, saying in rules
        ]


def counted(shared: Shared, limit: int) -> tuple[Counts, str]:
    """Count the tokens of every record once for all checks; also return the counter's name."""
    return shared.once(("tokens", limit), lambda: _counted(shared, limit))


def _counted(shared: Shared, limit: int) -> tuple[Counts, str]:
    config = shared.config
    counter = choose_counter(config.tokenizer, allow_download=config.allow_download)
    stage = partial(length_stage, counter=counter, limit=limit)
    parts = [part for _, part in shared.over_columns(stage, FIELDS, "counting tokens")]
    return joined(parts), counter.name


def _shares(dataset: Dataset, lengths: Counts, limit: int) -> dict[str, float | None]:
    """Return the shares that the limit cuts; null without a limit, 0 where there is nothing."""
    if not limit:
        return dict.fromkeys(Lengths.metrics[:4])
    answered = max(int((lengths.learned > 0).sum()), 1)
    pairs = max(int(dataset.frame["rejected"].fillna("").ne("").sum()), 1)
    lost = lengths.learned > lengths.kept
    counts = (
        int((lengths.longest > limit).sum()) / len(dataset),
        int(lost.sum()) / answered,
        int((lost & (lengths.kept == 0)).sum()) / answered,
        int(lengths.same.sum()) / pairs,
    )
    return dict(zip(Lengths.metrics[:4], counts, strict=True))


def _distribution(tokens: np.ndarray) -> dict[str, float]:
    """Return quantiles that records really have, so that no arithmetic is between."""
    return {
        f"lengths.{name}": float(np.quantile(tokens, share, method="higher"))
        for name, share in QUANTILES
    }


def _note(spread: Mapping[str, float], counter: str) -> str:
    median, high, most = (f"{value:,.0f}" for value in spread.values())
    return f"median {median}, 95th percentile {high}, longest {most} tokens, counted by {counter}"


def _advice(longest: np.ndarray) -> str:
    over = float((longest > USUAL_LIMIT).mean())
    return (
        f"no limit is named (--max-length); at {USUAL_LIMIT:,} tokens, which TRL keeps by default, "
        f"{over:.1%} of the records would be cut"
    )
