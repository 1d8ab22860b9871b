"""What a trainer keeps of records that are longer than its limit, when it keeps the start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from dataqa.formats.conversation import spoken
from dataqa.tokens import Counter

FIELDS = ("prompt", "context", "response", "rejected", "messages")
Segment = tuple[int, str, bool]
"""Row, text, and whether the model learns to say it."""


@dataclass(frozen=True, eq=False)
class Counts:
    """Tokens of each record, arrays (n,) int64."""

    total: np.ndarray
    """Of the prompt and the response, or the chosen one of two."""
    longest: np.ndarray
    """The same with the longer one of two responses."""
    learned: np.ndarray
    """Of what the model learns to say: the response, or the turns of the assistant."""
    kept: np.ndarray
    """What is left of these after the cut."""
    same: np.ndarray
    """Whether two different responses are the same after the cut."""


def length_stage(shard: tuple[list[str], ...], counter: Counter, limit: int) -> Counts:
    """Measure a slice; ``limit`` is the tokens that a trainer keeps, 0 without a cut."""
    prompts, contexts, responses, rejected, messages = shard
    count = len(prompts)
    segments = list(_segments(prompts, contexts, responses, messages))
    row = np.array([segment[0] for segment in segments], dtype=np.int64)
    learned = np.array([segment[2] for segment in segments], dtype=bool)
    tokens = counter.count([segment[1] for segment in segments])
    before = np.cumsum(tokens) - tokens
    first = np.full(count, len(before), dtype=np.int64)
    np.minimum.at(first, row, np.arange(len(row)))
    begin = before - np.append(before, 0)[first][row]
    room = np.clip(limit - begin, 0, tokens) if limit else tokens
    total = _summed(row, tokens, count)
    pairs = np.array([at for at, text in enumerate(rejected) if text], dtype=np.int64)
    chosen = counter.count([responses[at] for at in pairs])
    other = counter.count([rejected[at] for at in pairs])
    longest, same = total.copy(), np.zeros(count, dtype=bool)
    longest[pairs] += np.maximum(other - chosen, 0)
    left = limit - (total[pairs] - chosen)
    for place in np.flatnonzero((np.maximum(chosen, other) > left) & (limit > 0)):
        at = pairs[place]
        same[at] = _same(counter, responses[at], rejected[at], max(int(left[place]), 0))
    return Counts(
        total=total,
        longest=longest,
        learned=_summed(row, tokens * learned, count),
        kept=_summed(row, room * learned, count),
        same=same,
    )


def joined(parts: Sequence[Counts]) -> Counts:
    """Put the lengths of shards under each other."""
    names = ("total", "longest", "learned", "kept", "same")
    return Counts(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )


def _segments(
    prompts: list[str], contexts: list[str], responses: list[str], messages: list[str]
) -> Iterator[Segment]:
    """Cut records into what is learned and what is not, in the order of the text."""
    for row, turns in enumerate(messages):
        if turns:
            yield from _turns(row, orjson.loads(turns))
            continue
        yield row, "\n\n".join(filter(None, (prompts[row], contexts[row]))), False
        yield row, responses[row], True


def _turns(row: int, turns: list[dict[str, Any]]) -> Iterator[Segment]:
    for turn in turns:
        learned = turn["role"] == "assistant" and turn.get("weight", 1) != 0
        yield row, spoken(turn) or "", learned


def _summed(row: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(row, weights=values, minlength=count).astype(np.int64)


def _same(counter: Counter, chosen: str, rejected: str, left: int) -> bool:
    """Tell whether two different texts begin with the same ``left`` tokens."""
    return chosen != rejected and counter.pieces(chosen)[:left] == counter.pieces(rejected)[:left]
