"""When two texts count as the same: one normal form, one hash, one grouping."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xxhash

from dataqa.dataset import Dataset, Shard, cuts

if TYPE_CHECKING:
    from dataqa.engine import Engine
    from dataqa.progress import Progress

_MARK, _QUOTE = r"[.,;:!?…\"'“”‘’]", r"[\"'“”‘’]"
_SENTENCE_MARKS = re.compile(rf"(?<!{_MARK}){_MARK}++(?=\s|$)|(?<!\S){_QUOTE}++")
"""Possessive and anchored, so that a long run of marks is looked at once."""
EMPTY = xxhash.xxh3_128_hexdigest(b"")


def normal_form(text: str) -> str:
    """Return the text without differences of case, spacing, Unicode form and sentence marks.

    Marks inside a word or number stay, so ``3.5`` and ``35``, ``x+1`` and ``x-1`` stay apart.
    A text of nothing but marks is left as it is.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = " ".join(_SENTENCE_MARKS.sub(" ", folded).split())
    return plain or " ".join(folded.split())


@dataclass(frozen=True)
class Hashes:
    """128-bit hashes of normal forms as hexadecimal digits, one per record."""

    text: list[str]
    pair: list[str]
    """Of text and response together."""


def hash_stage(shard: Shard) -> Hashes:
    """Hash the normal forms of one shard."""
    texts = [normal_form(text) for text in shard.texts]
    answers = [normal_form(response) for response in shard.responses]
    pairs = ["\x1f".join(pair) if any(pair) else "" for pair in zip(texts, answers, strict=True)]
    return Hashes(text=_hashes(texts), pair=_hashes(pairs))


def _hashes(texts: Iterable[str]) -> list[str]:
    digest = xxhash.xxh3_128_hexdigest
    return [digest(text.encode("utf-8", "surrogatepass")) for text in texts]


@dataclass(frozen=True, eq=False)
class Groups:
    """Records that share a normal form; groups are numbered in the order of their hashes."""

    of: np.ndarray
    """(records,) number of the group of each record."""
    hashes: np.ndarray
    """(groups,) hash of the normal form of each group."""
    first: np.ndarray
    """(groups,) first record of each group in canonical order."""
    sizes: np.ndarray
    """(groups,) records in each group."""

    @property
    def empty(self) -> np.ndarray:
        """(groups,) whether the group is the one of records without any text."""
        return np.asarray(self.hashes == EMPTY)

    def members(self) -> list[np.ndarray]:
        """List the records of every group."""
        order = np.argsort(self.of, kind="stable")
        return np.split(order, np.cumsum(self.sizes)[:-1])


def group(hashes: list[str]) -> Groups:
    """Group records by hash."""
    names, first, of, sizes = np.unique(
        np.array(hashes, dtype="S32").astype("U32"),
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    return Groups(of=of, hashes=names, first=first, sizes=sizes)


def find_groups(
    dataset: Dataset, engine: Engine, progress: Progress, shard_records: int
) -> tuple[Groups, Groups]:
    """Group the records by text, and by text and response together."""
    partials = progress.track(
        engine.map(hash_stage, dataset.shards(shard_records)),
        "normalising texts",
        len(cuts(len(dataset), shard_records)),
    )
    texts: list[str] = []
    pairs: list[str] = []
    for partial in partials:
        texts += partial.text
        pairs += partial.pair
    return group(texts), group(pairs)
