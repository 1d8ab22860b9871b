"""Records in another language than nearly all others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa import languages
from dataqa.checks.interface import Found, findings_table, join_findings
from dataqa.dataset import Dataset
from dataqa.languages import NAMES, Usual
from dataqa.shared import Shared

SAMPLE = 1000
"""Texts from which the usual language is learned, the first by content hash."""
PARTS: Mapping[str, float] = {"prompt": 0.5, "context": 0.5, "response": 0.7}
"""Part of a record -> score."""
_ABOUT_LANGUAGES = re.compile(r"\btranslat|\blanguages?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Language:
    """Prompts and responses in another language than nearly all others.

    **What it finds.** Where at least `dominant_share` of the prompts (or inputs, or responses)
    whose language can be told are in one language, those that are in another. Each of the three has
    a usual language of its own, so that a set of translations is in order. It is learned from the
    first 1,000 texts by content hash; every text is then compared with its frequent words, and
    those that have few of them go to the detector.

    **Why it hurts fine-tuning.** A few answers in another language teach the model to switch
    languages unasked.

    **Known false alarms.** Lists of names (ten cities of Norway). Records that are about another
    language; those whose prompt names it ("in French", "translate") are left out. Texts with fewer
    than 40 letters, code and tables are not judged, languages beside some forty neither, and close
    ones (Danish and Norwegian, Croatian and Serbian) count as one.

    **Example.** `Die Lieferung kommt morgen an, bitte halten Sie Ihren Ausweis bereit.` among
    English responses is `language.foreign_response`.

    **Settings.** `dominant_share`: share of the texts that makes a language the usual one.

    **Reference.** py3langid 0.4; Lui and Baldwin, "langid.py", ACL 2012.
    """

    dominant_share: float = 0.9

    name: ClassVar[str] = "language"
    codes: ClassVar[Mapping[str, str]] = {
        "foreign_prompt": "The prompt is in another language than nearly all. See whether it may.",
        "foreign_context": "The input is in another language than nearly all. See whether it may.",
        "foreign_response": "The response is in another language than nearly all. Translate it.",
    }
    metrics: ClassVar[tuple[str, ...]] = ("language.foreign_rate", "language.dominant_share")
    columns: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        """Refuse a share that two languages could have."""
        if not 0.5 < self.dominant_share <= 1:
            raise ValueError(f"dominant_share {self.dominant_share} is not between 0.5 and 1")

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Compare each text with the usual language of its part.

        ``language.foreign_rate`` is the share of the records with a finding,
        ``language.dominant_share`` the smaller one of the shares of the usual languages.
        """
        usual = {name: _learn(dataset, name) for name in PARTS}
        known = {name: part for name, part in usual.items() if part}
        if not known:
            return Found(
                metrics=dict.fromkeys(self.metrics),
                skipped=True,
                reason="no text is long enough to tell its language",
            )
        findings = join_findings(
            [
                _foreign(dataset, shared, name, part)
                for name, part in known.items()
                if part.share >= self.dominant_share
            ]
        )
        flagged = len(findings[["source", "line"]].drop_duplicates())
        return Found(
            findings=findings,
            metrics={
                "language.foreign_rate": flagged / len(dataset),
                "language.dominant_share": min(part.share for part in known.values()),
            },
            notes=("; ".join(_note(name, part) for name, part in known.items()),),
        )


def _learn(dataset: Dataset, name: str) -> Usual | None:
    texts = dataset.frame[name].fillna("")
    return languages.learn_usual(texts[texts != ""].iloc[:SAMPLE])


def _foreign(dataset: Dataset, shared: Shared, name: str, usual: Usual) -> pd.DataFrame:
    """Report the texts of one part that are in another language, unless the prompt asks for it."""
    stage = partial(languages.foreign_stage, usual=usual)
    found = [
        (start + row, language, probability)
        for start, part in shared.over_columns(stage, (name,), "telling languages")
        for row, language, probability in part
        if not _asked_for(dataset.prompts[start + row], name, language)
    ]
    main = NAMES[usual.language]
    return findings_table(
        dataset,
        np.array([row for row, *_ in found], dtype=np.int64),
        f"language.foreign_{name}",
        score=PARTS[name],
        message=[
            f"{name}: {NAMES[language]}, where {usual.share:.1%} are {main}"
            for _, language, _ in found
        ],
        evidence=[
            {"language": language, "usual": usual.language, "probability": round(probability, 4)}
            for _, language, probability in found
        ],
    )


def _asked_for(prompt: str, name: str, language: str) -> bool:
    """Tell whether a prompt names the language, or speaks of languages or a translation."""
    return name != "prompt" and (
        NAMES[language] in prompt or _ABOUT_LANGUAGES.search(prompt) is not None
    )


def _note(name: str, usual: Usual) -> str:
    others = "".join(f", {NAMES[code]} {share:.1%}" for code, share in usual.others)
    return f"{name}: {NAMES[usual.language]} {usual.share:.1%}{others} of {usual.texts:,} texts"
