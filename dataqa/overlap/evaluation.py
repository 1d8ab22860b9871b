"""Evaluation files: read like training files, with the field names of benchmarks, too."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataqa.config import Config
from dataqa.dataset import Dataset
from dataqa.engine import Engine
from dataqa.formats import SHAPES, UNKNOWN, Shape, choose_shapes
from dataqa.formats.fields import take_fields
from dataqa.progress import Progress
from dataqa.reading import read

EVAL, BENCHMARK = "eval", "benchmark"
KINDS = (EVAL, BENCHMARK)
"""What a file is for: the user's own evaluation, or a public benchmark."""

QUESTIONS = tuple(
    Shape(
        prompt,
        (prompt,),
        take_fields,
        title="Evaluation",
        prompt=prompt,
        context=context,
        response=response,
    )
    for prompt, context, response in (
        ("question", "context", "answer"),
        ("problem", None, "solution"),
        ("query", "context", "answer"),
    )
)
"""Shapes that only evaluation sets have; tried after the usual ones."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One evaluation file."""

    kind: str
    path: str
    dataset: Dataset

    @property
    def ignored(self) -> int:
        """Lines of which nothing can be compared."""
        return self.dataset.unreadable + int((self.dataset.frame["shape"] == UNKNOWN).sum())


def read_evaluations(config: Config, engine: Engine, progress: Progress) -> tuple[Evaluation, ...]:
    """Read the files of the settings ``eval`` and ``benchmark``.

    Raises:
        InputError: a file is absent, empty, of an unknown format, or without any usable record.
    """
    shapes = evaluation_shapes(config)
    plain = replace(config, label_field=None, id_field=None, group_by=(), annotators_field=None)
    return tuple(
        Evaluation(kind, path, read([path], plain, engine, progress, shapes=shapes))
        for kind, paths in zip(KINDS, (config.eval, config.benchmark), strict=True)
        for path in _once(paths)
    )


def evaluation_shapes(config: Config) -> tuple[Shape, ...]:
    """Return the shapes to try: that of the training records first, then all others.

    Training and evaluation often have other field names; so the user's names are tried, but not
    required.
    """
    named = choose_shapes(config.format, config.text_field, config.label_field, config.id_field)
    usual = choose_shapes("auto", None, config.label_field, config.id_field)
    own = named if config.text_field or config.format in SHAPES else ()
    return (*own, *usual, *QUESTIONS)


def _once(paths: Sequence[str]) -> list[str]:
    """Leave out repetitions of a file."""
    return list({os.path.realpath(path): path for path in reversed(paths)}.values())[::-1]
