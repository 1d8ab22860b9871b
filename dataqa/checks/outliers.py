"""Records that are unlike all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa import oddness, text_forms
from dataqa.checks.interface import Found, findings_table, join_findings
from dataqa.checks.outlier_scores import TextScores
from dataqa.dataset import Dataset
from dataqa.layout import coordinates
from dataqa.quoting import LABEL_CHARACTERS, shortened
from dataqa.settings import unknown_name
from dataqa.shared import NEIGHBOURS, Shared

MIN_TEXTS = 3 * NEIGHBOURS
MAX_UNSCORED = 0.05
"""With a larger share of records that cannot be compared, there is no rate."""
LEAST_REPORTED = 0.5
"""Least score of a finding; what is reported for its form or words need not be odd otherwise."""
MAPS = ("pca", "off")


@dataclass(frozen=True)
class Outliers:
    """Texts that are unlike all others.

    **What it finds.** Records whose text is far from the ten most similar other texts (near-copies
    of it do not count), or, with `lsa` vectors, made of words that no other text has; where labels
    can be predicted, also records that no class claims (`outliers.far`). What can be explained has
    a code of its own: texts of a few characters (`outliers.near_empty`), many times longer than
    most (`outliers.very_long`), in another script or language than nearly all
    (`outliers.wrong_language`), or far ones full of symbols, such as code or encoded bytes
    (`outliers.format`).

    `outlier_score` rises with the oddness of a text: the distance to its neighbours, less a quarter
    of their own such distance, in interquartile ranges above the median; with labels also the
    entropy of its neighbours' labels and the energy of a class model that never saw it. Its own
    label plays no part: a wrong label makes no outlier. A record is reported (as a finding of
    at least 0.5) when its distance or its unfamiliarity lies beyond *third quartile + `fence` ×
    interquartile range* of all texts, with labels also when its oddness lies beyond `label_fence`
    of them and is 4 or more, or when it shares no word with any other text. Where more than 5 % of
    the records share no word with others, there is no rate.

    `map_x` and `map_y` place every record on a map: the two axes of largest variance.

    **Why it hurts fine-tuning.** A recipe among support tickets, a scraped menu, a wrong file:
    the model learns from it all the same.

    **Known false alarms.** The only record of a rare but legitimate kind; texts full of names;
    short follow-up questions that would fit any class.

    **Example.** `Preheat the oven to 180 degrees ...` labelled `billing`.

    **Settings.** `fence`: how many interquartile ranges above the third quartile (default 3).
    `label_fence`: the same for oddness, where labels can be predicted. `map`: `pca` or `off`.

    **Reference.** Ramaswamy, Rastogi, Shim, "Efficient algorithms for mining outliers from large
    data sets", SIGMOD 2000; Liu et al., "Energy-based Out-of-distribution Detection", NeurIPS 2020;
    Tukey, *Exploratory Data Analysis*, 1977 (fences).
    """

    fence: float = 3.0
    label_fence: float = 1.75
    map: str = "pca"

    name: ClassVar[str] = "outliers"
    codes: ClassVar[Mapping[str, str]] = {
        "far": "The text is unlike all others. Check that it belongs in this dataset.",
        "near_empty": "The text has almost no content. Fill it or drop the record.",
        "very_long": "The text is far longer than others. Check for several records run together.",
        "wrong_language": "The text is in another language or script than nearly all others.",
        "format": "The text is of another format than the others, such as code or encoded bytes.",
    }
    metrics: ClassVar[tuple[str, ...]] = ("outliers.rate",)
    columns: ClassVar[Mapping[str, str]] = {
        "outlier_score": "float64",
        "map_x": "float64",
        "map_y": "float64",
    }

    def __post_init__(self) -> None:
        """Refuse a fence inside the middle half."""
        for name in ("fence", "label_fence"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} {getattr(self, name)} is not 0 or more")
        if self.map not in MAPS:
            raise unknown_name("map", self.map, MAPS)

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Score every record that has text; ``outliers.rate`` is the share of those reported."""
        texts = TextScores(dataset, shared)
        scored = texts.scored
        if scored.sum() < MIN_TEXTS:
            return Found(
                metrics={"outliers.rate": None},
                columns=self._map(shared),
                skipped=True,
                reason=f"{int(scored.sum())} different texts with words; "
                f"neighbours mean little below {MIN_TEXTS}",
            )
        of = shared.text_groups.of
        unscored = float((~scored[of]).mean())
        found = self._judge(texts, lone_texts=unscored <= MAX_UNSCORED)
        reported = (found.code != "")[of]
        rate = float(reported.mean()) if unscored <= MAX_UNSCORED else None
        per_record = found.score[of]
        return Found(
            findings=_findings(dataset, texts, found),
            metrics={"outliers.rate": rate},
            columns={"outlier_score": per_record, **self._map(shared)},
            reason=None
            if rate is not None
            else f"{unscored:.0%} of the records share no word with others and cannot be compared",
            notes=_notes(int(np.isnan(per_record).sum()), texts),
        )

    def _judge(self, texts: TextScores, *, lone_texts: bool) -> Judged:
        scored, least = texts.scored, oddness.LEAST_SPREAD["distance"]
        lone = ~scored & ~texts.shared.text_groups.empty & lone_texts
        far = oddness.beyond(texts.local_distance, scored, self.fence, least)
        unfamiliar = oddness.beyond(1 - texts.familiarity, scored, self.fence, least)
        unclaimed = np.zeros_like(far)
        if texts.labels is not None:
            unclaimed = oddness.beyond(texts.oddness, scored, self.label_fence, 1)
            unclaimed &= texts.oddness >= oddness.HALF
        odd = far | unfamiliar | unclaimed | lone
        language, languages = text_forms.wrong_language(texts.forms)
        code = np.select(
            [
                text_forms.near_empty(texts.forms),
                text_forms.very_long(texts.forms),
                language,
                odd & text_forms.odd_format(texts.forms),
                odd,
            ],
            ["near_empty", "very_long", "wrong_language", "format", "far"],
            default="",
        )
        score = np.where(scored, oddness.score(texts.oddness), np.where(lone, 1, np.nan))
        return Judged(code, score, lone, far, unclaimed & ~far, languages)

    def _map(self, shared: Shared) -> dict[str, np.ndarray]:
        if self.map == "off":
            return {}
        place = coordinates(shared.embeddings)[shared.text_groups.of]
        return {"map_x": place[:, 0], "map_y": place[:, 1]}


@dataclass(frozen=True, eq=False)
class Judged:
    """What became of each text."""

    code: np.ndarray
    """Finding code without the check's name, empty where the text is not reported."""
    score: np.ndarray
    """0..1, 1 = worst; NaN where the text could not be compared."""
    lone: np.ndarray
    """Whether the text shares no word with others, while nearly all others do."""
    far: np.ndarray
    unclaimed: np.ndarray
    languages: list[str]

    def reason(self, text: int, texts: TextScores, words: list[str]) -> str:
        """Say why a text is reported; ``words`` are those that no other text has."""
        reasons = [self._form(text, texts.forms)]
        if self.lone[text]:
            reasons.append("shares no word with any other text")
        elif self.far[text]:
            mean = f"mean distance {texts.distance[text]:.2f}"
            reasons.append(f"far from its {NEIGHBOURS} nearest texts ({mean})")
        elif self.unclaimed[text]:
            reasons.append("no class claims it, and its nearest texts disagree or are far")
        if words:
            reasons.append(f"words that no other text has: {', '.join(words)}")
        return "; ".join(filter(None, reasons)) or "made of words that few other texts have"

    def _form(self, text: int, forms: text_forms.Forms) -> str:
        usual = int(np.median(forms.characters))
        length = f"{forms.characters[text]:,} characters, half of the texts have over {usual:,}"
        return {
            "near_empty": length,
            "very_long": length,
            "wrong_language": f"{self.languages[text]} where nearly all others are not",
            "format": f"{forms.symbols[text]:.0%} signs and digits, longest run without a space "
            f"{forms.longest[text]} characters",
        }.get(str(self.code[text]), "")


def _findings(dataset: Dataset, texts: TextScores, found: Judged) -> pd.DataFrame:
    groups = texts.shared.text_groups
    return join_findings(
        [
            _table(dataset, texts, found, code, np.flatnonzero((found.code == code)[groups.of]))
            for code in Outliers.codes
        ]
    )


def _table(
    dataset: Dataset, texts: TextScores, found: Judged, code: str, rows: np.ndarray
) -> pd.DataFrame:
    shared = texts.shared
    of = shared.text_groups.of[rows]
    quoted = shared.config.show_text == "full"
    words = [shared.corpus.unfamiliar_words(text) if quoted else [] for text in of]
    words = [[shortened(word, LABEL_CHARACTERS) for word in some] for some in words]
    nearest = shared.neighbours.index[of, :3]
    return findings_table(
        dataset,
        rows,
        f"outliers.{code}",
        score=np.fmax(found.score[of], LEAST_REPORTED),
        message=[found.reason(text, texts, own) for text, own in zip(of, words, strict=True)],
        evidence=[_evidence(text, texts) for text in of],
        related=[shared.text_groups.first[some[some >= 0]].tolist() for some in nearest],
    )


def _evidence(text: int, texts: TextScores) -> dict[str, float | int]:
    facts: dict[str, float | int] = {
        "characters": int(texts.forms.characters[text]),
        "distance": round(float(texts.distance[text]), 4),
        "familiarity": round(float(texts.familiarity[text]), 4),
        "oddness": round(float(texts.oddness[text]), 4),
    }
    if texts.labels is not None:
        facts["neighbour_label_entropy"] = round(float(texts.labels.entropy[text]), 4)
    return facts


def _notes(unscored: int, texts: TextScores) -> tuple[str, ...]:
    unseen = f"{unscored:,} records without comparable words have no score" if unscored else None
    return tuple(note for note in (unseen, texts.shared.neighbours.note) if note)
