"""The same question in other words."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping

import numpy as np

from dataqa.embedding.terms import Corpus
from dataqa.overlap.closeness import Closest, closest
from dataqa.overlap.matches import Matches, Task
from dataqa.overlap.sides import Distinct, distinct_texts

THRESHOLDS: Mapping[str, float] = {"minilm": 0.45, "lsa": 0.52}
"""Embedder -> least closeness of texts that ask the same (``benchmarks/README.md``)."""
USUAL_THRESHOLD = 0.52
"""For models that were not measured: the more cautious one."""
LEAST_TEXTS: Mapping[str, int] = {"lsa": 100}
"""Embedder that knows only the words of these texts -> how many it takes to know them."""
LEAST_COSINE = 0.7
BACKGROUND_WEIGHT, NUMBERS_WEIGHT = 0.7, 0.4
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def threshold_of(embedder: str, wanted: float) -> float:
    """Return the threshold that the user wants, or for 0 that of the embedder."""
    return wanted or THRESHOLDS.get(embedder, USUAL_THRESHOLD)


def find_rephrased(task: Task) -> Matches:
    """Match records of which the question means what an evaluation question means.

    Closeness is the cosine of the two, less 0.7 times their background (see ``closeness``), plus
    0.4 times the agreement of their numbers: who rephrases a question keeps its numbers.
    """
    mine = distinct_texts(task.train.core, task.rows)
    other = distinct_texts(task.other.core, np.flatnonzero(~task.other.blank))
    name = task.tools.embedder.name
    if not (task.settings.rephrased and len(mine.first) and len(other.first)):
        return Matches.none()
    if len(mine.first) + len(other.first) < LEAST_TEXTS.get(name, 0):
        return Matches.none(
            f"rephrased records were not looked for: {name} needs {LEAST_TEXTS[name]} different "
            f"texts, choose another embedder"
        )
    found = _closest(task, mine, other)
    least = threshold_of(name, task.settings.closeness)
    plain = found.cosine - BACKGROUND_WEIGHT * found.background
    hopeful = np.flatnonzero((found.cosine >= LEAST_COSINE) & (plain + NUMBERS_WEIGHT >= least))
    agreement = [
        number_agreement(task.train.core[row], task.other.core[match])
        for row, match in zip(mine.first[hopeful], other.first[found.of[hopeful]], strict=True)
    ]
    close = hopeful[plain[hopeful] + NUMBERS_WEIGHT * np.array(agreement) >= least]
    rows, position = mine.spread(close)
    of, cosine = other.first[found.of[close]], np.minimum(found.cosine[close], 1)
    return Matches(rows, of[position], cosine[position])


def _closest(task: Task, mine: Distinct, other: Distinct) -> Closest:
    """Embed the texts of both sides, as one corpus with the training texts first."""
    texts = [task.train.core[row] for row in mine.first]
    texts += [task.other.core[row] for row in other.first]
    search = task.tools.search
    corpus = Corpus(texts, search.engine, search.progress, search.shard_records)
    embedder = copy.copy(task.tools.embedder)  # keeps its notes on the training texts
    vectors = embedder.embed(corpus)
    border = len(mine.first)
    return closest(vectors[:border], vectors[border:], search.progress, task.tools.threads)


def number_agreement(one: str, other: str) -> float:
    """Return how far the numbers in two texts agree: shared ones, of all different ones and two.

    Below 1, and the larger the more numbers agree, because one may be alike by chance.
    """
    left, right = _numbers(one), _numbers(other)
    return len(left & right) / (len(left | right) + 2)


def _numbers(text: str) -> set[str]:
    return {found.replace(",", "") for found in _NUMBER.findall(text)}
