"""Training records that evaluation records give away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dataqa.checks.interface import Found, join_findings
from dataqa.checks.leakage_findings import COLUMNS, PREFIX, RATES, SEEN, Compared
from dataqa.dataset import Dataset
from dataqa.engine import workers
from dataqa.overlap.evaluation import BENCHMARK, EVAL
from dataqa.overlap.matches import Settings, Tools
from dataqa.overlap.repeated import MOST_WORDS
from dataqa.overlap.search import find_overlap
from dataqa.overlap.sides import Side, join_sides, make_side
from dataqa.shared import Shared

MISSING: Mapping[str, str] = {
    EVAL: "no evaluation file given (--eval FILE)",
    BENCHMARK: "no benchmark file given (--benchmark FILE)",
}


@dataclass(frozen=True)
class Leakage:
    """Training records that overlap evaluation records or public benchmarks.

    **What it finds.** Each training record is compared with every record of the files named with
    `--eval` and `--benchmark`, and reported with the one it resembles most: the same question or
    text after normalising (`leakage.verbatim`), nearly the same words (`leakage.near`: Jaccard
    similarity of word n-grams, setting `near_threshold`), a passage of 13 words in common
    (`leakage.passage`), or the same question in other words (`leakage.rephrased`). A text shorter
    than 13 words has no passage: it overlaps as a whole or not at all. Instructions, system
    prompts and phrases that stand in more than 10 texts of a side, and in more than 0.1 % of them,
    are left out before. Rephrased is what is close by the embedder's vectors, measured against
    how close such texts are to each other anyway, and more so when the numbers agree: MiniLM finds
    nearly all rewritten questions, `lsa` about half of them,
    and nothing below 100 different texts. The files may have other field names
    than the training data (`question`, `problem` and `query` are known, too). `leakage.rate`
    judges the files of `--eval`, `leakage.contamination_rate` those of `--benchmark`; neither has
    a limit unless you set one. The verbatim rates count the first three kinds.

    **Why it hurts fine-tuning.** A model that was trained on its examination gets a good mark and
    has learned nothing; every comparison with other models is void.

    **Known false alarms.** Greetings and other short texts that stand in both sets by chance;
    sources about which both sets ask different things; among short requests ("Name three ways to
    save energy") the same request made twice, independently.

    **Example.** Train `A garment requires 2 bolts of blue cloth and half as much white cloth`,
    evaluation `A robe takes 2 bolts of blue cloth and half that much white cloth`.

    **Settings.** `ngram_words`: how many words make a passage (8 finds more, by chance, too);
    `common_share`: what stands in a larger share of the texts is a template; `report_rephrased`:
    whether to look for rephrased records (the slow part); `closeness`: how close these must be,
    0 for what suits the embedder (minilm 0.45, others 0.52).

    **Reference.** Brown et al., "Language Models are Few-Shot Learners", 2020, appendix C; Yang et
    al., "Rethinking Benchmark and Contamination for Language Models with Rephrased Samples", 2023.
    """

    ngram_words: int = 13
    common_share: float = 0.001
    report_rephrased: bool = True
    closeness: float = 0.0

    name: ClassVar[str] = "leakage"
    codes: ClassVar[Mapping[str, str]] = {
        "verbatim": "The record asks what an evaluation record asks. Take it out.",
        "near": "The record asks nearly what an evaluation record asks. Take it out.",
        "passage": "The record shares a passage with an evaluation record. Look at both.",
        "rephrased": "The record asks in other words what an evaluation record asks. Look at both.",
    }
    metrics: ClassVar[tuple[str, ...]] = tuple(
        f"{prefix}{name}" for prefix in PREFIX.values() for name in (*RATES, SEEN)
    )
    columns: ClassVar[Mapping[str, str]] = {"leakage": "str", "contamination": "str"}

    def __post_init__(self) -> None:
        """Refuse values that no run could use."""
        if not 3 <= self.ngram_words <= MOST_WORDS:
            raise ValueError(f"ngram_words: {self.ngram_words} is not between 3 and {MOST_WORDS}")
        if not 0 <= self.common_share <= 1:
            raise ValueError(f"common_share: {self.common_share} is not between 0 and 1")
        if not 0 <= self.closeness <= 2:
            raise ValueError(f"closeness: {self.closeness} is not between 0 and 2")

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Report records that overlap evaluation records, each once for either kind of files.

        ``leakage.rate`` is the share of training records that overlap a record of the ``--eval``
        files, ``leakage.seen_rate`` the share of the records of those files that training records
        resemble most; the same with ``contamination`` for the ``--benchmark`` files.
        """
        metrics: dict[str, float | None] = dict.fromkeys(self.metrics)
        if not shared.evaluations:
            return Found(metrics=metrics, skipped=True, reason=MISSING[EVAL])
        train = make_side(dataset, shared.groups)
        compared = [
            self._compare(kind, train, shared)
            for kind in PREFIX
            if any(given.kind == kind for given in shared.evaluations)
        ]
        for one in compared:
            metrics |= one.metrics
        missing = [MISSING[kind] for kind in PREFIX if kind not in {one.kind for one in compared}]
        return Found(
            findings=join_findings(
                [table for one in compared for table in one.findings(dataset, shared)]
            ),
            metrics=metrics,
            columns={COLUMNS[one.kind]: one.column for one in compared},
            reason="; ".join(missing) or None,
            notes=tuple(note for one in compared for note in one.notes),
        )

    def _compare(self, kind: str, train: Side, shared: Shared) -> Compared:
        files = [given for given in shared.evaluations if given.kind == kind]
        sides = [make_side(given.dataset, shared.groups_of(given.dataset)) for given in files]
        other = join_sides(sides)
        tools = Tools(shared.near_search, shared.embedder, workers(shared.config.jobs))
        settings = Settings(
            self.ngram_words, self.common_share, self.report_rephrased, self.closeness
        )
        return Compared(kind, files, find_overlap(train, other, settings, tools))
