"""All records as columns, and the slices of them that stages work on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

SHARD_RECORDS = 8192
"""Records in one shard. Fixed, so that the cutting never depends on the engine or its jobs."""

REPEATED_PROMPTS = 0.1
"""With fewer distinct prompts than this share of the records, prompts are a template."""

JUDGED_SHAPE = "kto"
"""The shape whose label is a judgement of the response."""

FRAME_DTYPES = {
    "source": "str",
    "line": "int64",
    "offset": "int64",
    "key": "str",
    "id": "str",
    "shape": "str",
    "prompt": "str",
    "context": "str",
    "response": "str",
    "label": "str",
    "rejected": "str",
    "messages": "str",
    "label_kind": "str",
}
"""``rejected`` is the worse answer of a preference pair, ``messages`` the turns of a conversation
as canonical JSON, ``label_kind`` the JSON type of the label (a list is in ``label`` as JSON)."""

FAULT_DTYPES = {
    "source": "str",
    "line": "int64",
    "offset": "int64",
    "code": "str",
    "message": "str",
}


@dataclass(frozen=True)
class SourceFile:
    """One input file as it was read."""

    path: str
    sha256: str
    records: int


@dataclass(frozen=True)
class Shard:
    """A slice of a dataset: what a stage gets. Plain lists, so that it travels between processes.

    ``prompts[i]`` is what record i asks, with its context, ``responses[i]`` its answer.
    """

    prompts: list[str]
    responses: list[str]
    whole: np.ndarray | None = None
    """Whether the response is part of the text, by record; ``None`` where it nowhere is."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """The records that were read, in canonical order: by content key, then by place.

    The order makes every later step independent of the order of rows in the files: numbers are
    added up in the same sequence, ties fall the same way.
    """

    frame: pd.DataFrame
    """One row per record, columns ``FRAME_DTYPES``, missing values null."""
    faults: pd.DataFrame
    """What reading found wrong, columns ``FAULT_DTYPES``; lines without a record are only here."""
    files: tuple[SourceFile, ...]
    unreadable: int = 0
    """Lines that hold something, but no record."""
    fields_seen: tuple[str, ...] = ()
    """Field names of the records, in order of appearance; not all of them where there are many."""
    extra: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Source fields that the config asks to keep, one column each, rows as in ``frame``: texts,
    other values as canonical JSON, null where a record has none."""
    majority_of: str | None = None
    """Field with the labels of several annotators, where its majority is the label of a record,
    because no record has one of its own."""

    def __len__(self) -> int:
        """Count the records."""
        return len(self.frame)

    @cached_property
    def sha256(self) -> str:
        """Hash of the input: the file's, or for several files that of their hashes in order."""
        return combined_sha256([file.sha256 for file in self.files])

    @cached_property
    def labeled(self) -> bool:
        """Whether any record has a label."""
        return bool(self.frame["label"].notna().any())

    @cached_property
    def has_label(self) -> np.ndarray:
        """(records,) whether the record has a label, and not a blank one."""
        labels = self.frame["label"]
        return (labels.notna() & (labels.str.strip() != "")).to_numpy()

    @cached_property
    def multilabel(self) -> bool:
        """Whether labels are lists: at least half of those that there are."""
        kinds = self.frame["label_kind"].dropna()
        return bool(len(kinds)) and bool((kinds == "list").mean() >= 0.5)

    @cached_property
    def malformed(self) -> np.ndarray:
        """(records,) whether a field of the record has the wrong type, so that it is no text."""
        faults = self.faults[self.faults["code"] == "wrong_type"]
        places = pd.MultiIndex.from_frame(faults[["source", "line"]])
        return pd.MultiIndex.from_frame(self.frame[["source", "line"]]).isin(places)

    @cached_property
    def texts(self) -> list[str]:
        """What each record says, as one text.

        The prompt with its context; in a dataset without labels also the response. Where there
        are labels the response stays out, because it often spells the label, and a model that
        reads the label cannot find it wrong. It stays in where the label judges the response.
        """
        rows = zip(self.prompts, self.responses, self.whole, strict=True)
        return [
            "\n\n".join(filter(None, (prompt, response))) if whole else prompt
            for prompt, response, whole in rows
        ]

    @cached_property
    def whole(self) -> np.ndarray:
        """(records,) whether the response is part of the text."""
        judged = self.frame["shape"] == JUDGED_SHAPE
        return np.asarray(judged | (not self.labeled), dtype=bool)

    @cached_property
    def prompts(self) -> list[str]:
        """What each record asks: its prompt with its context."""
        columns = (self.frame[name].fillna("") for name in ("prompt", "context"))
        return ["\n\n".join(filter(None, row)) for row in zip(*columns, strict=True)]

    @cached_property
    def templated(self) -> bool:
        """Whether the records repeat few prompts, so that what they say is in their contexts."""
        return bool(self.frame["prompt"].nunique() <= REPEATED_PROMPTS * len(self))

    @cached_property
    def essence(self) -> list[str]:
        """What to quote of each record: its text, without a prompt that most records repeat."""
        if not self.templated:
            return self.texts
        context = self.frame["context"].fillna("")
        return [own or text for own, text in zip(context, self.texts, strict=True)]

    def quotes(self, rows: np.ndarray) -> list[str]:
        """Return the ``essence`` of some records; cheap where they are few."""
        if not len(rows):
            return []
        some = replace(self, frame=self.frame.iloc[rows].reset_index(drop=True))
        vars(some).update(labeled=self.labeled, templated=self.templated)  # facts about the whole
        return some.essence

    @cached_property
    def contents(self) -> list[str]:
        """What each record says of its own: its text, without a prompt that most records repeat."""
        if not self.templated:
            return self.texts
        rows = zip(self.essence, self.responses, self.whole & self.with_context, strict=True)
        return [
            "\n\n".join(filter(None, (own, answer))) if both else own for own, answer, both in rows
        ]

    @property
    def with_context(self) -> np.ndarray:
        """(records,) whether a record has a context beside its prompt."""
        return np.asarray(self.frame["context"].fillna("") != "", dtype=bool)

    @cached_property
    def responses(self) -> list[str]:
        """The response of each record, empty where there is none."""
        responses: list[str] = self.frame["response"].fillna("").to_list()
        return responses

    def shards(self, size: int = SHARD_RECORDS) -> Iterator[Shard]:
        """Cut the dataset into slices of at most ``size`` records, in canonical order."""
        for cut in cuts(len(self), size):
            yield Shard(self.prompts[cut], self.responses[cut], self.whole[cut])

    def columns(
        self, names: Sequence[str], size: int = SHARD_RECORDS
    ) -> Iterator[tuple[list[str], ...]]:
        """Cut columns of texts into slices, as ``shards``; an empty text where there is none."""
        whole = [self.frame[name].fillna("").to_list() for name in names]
        for cut in cuts(len(self), size):
            yield tuple(values[cut] for values in whole)

    @cached_property
    def input_order(self) -> np.ndarray:
        """Row numbers that put the records back into the order of the input."""
        rank = {file.path: position for position, file in enumerate(self.files)}
        position = self.frame["source"].map(rank).to_numpy()
        return np.lexsort((self.frame["line"].to_numpy(), position))


def combined_sha256(hashes: Sequence[str]) -> str:
    """Return the hash of a dataset from those of its files, in order."""
    return hashes[0] if len(hashes) == 1 else _sha256("\n".join(hashes))


def cuts(count: int, size: int) -> list[slice]:
    """Cut ``count`` rows into slices of at most ``size``, in order."""
    return [slice(start, start + size) for start in range(0, count, size)]


def empty_frame(dtypes: dict[str, str]) -> pd.DataFrame:
    """Make a frame without rows that has the given columns."""
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in dtypes.items()})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
