"""Texts that say nothing, repeat the question, or broke on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from dataqa import endings, text_faults
from dataqa.checks.interface import Found, findings_table, join_findings
from dataqa.dataset import Dataset
from dataqa.quoting import excerpt, shortened
from dataqa.shared import Shared

KNOWN_WORDS_FROM = 5
"""Occurrences that make a word one that an answer could have been cut in."""
CONVENTION = 0.5
"""Control tokens in more than this share of a field are a template, not an accident."""
SEEN_CHARACTERS = 60

SIGNS: Mapping[str, tuple[float, str]] = {
    "placeholder_response": (0.9, "is a placeholder, no answer"),
    "placeholder_prompt": (0.9, "is a placeholder"),
    "placeholder_context": (0.3, "is a placeholder; leave the field empty"),
    "no_words": (0.3, "has no letter and no digit"),
    "merged_records": (0.9, "runs on into another record"),
    "control_tokens": (0.6, "holds a control token of a chat template"),
    "disclaimer": (0.4, "speaks as an AI model"),
    "prompt_echo": (0.6, "begins with the whole prompt"),
    "absent_input": (0.4, "is only a link or the name of an attachment"),
    "open_fence": (0.6, "ends inside a code fence"),
    "open_bracket": (0.5, "ends inside a bracket"),
    "cut_off": (0.6, "stops in mid-sentence or mid-word"),
    "mojibake": (0.6, "holds wrongly decoded characters (UTF-8 read as Windows-1252)"),
    "replacement_character": (0.7, "holds U+FFFD, a character that was lost"),
}
"""Code -> score and what to say of the field."""
TRUNCATED = ("open_fence", "open_bracket", "cut_off")
DAMAGED = ("mojibake", "replacement_character")
PLACEHOLDER = ("placeholder_prompt", "placeholder_context", "placeholder_response", "no_words")


@dataclass(frozen=True)
class Content:
    """Placeholders, echoes, several records in one field, cut answers, damaged characters.

    **What it finds.** Fields that hold a placeholder (`no output`, `<noinput>`, `TODO`, `N/A`);
    responses without a letter or digit; a leftover instruction of another record, or a separator,
    in a response; control tokens of a chat template in a text; "as an AI language model";
    responses that begin with the whole prompt; prompts about an article or a picture whose input
    is only a link or the name of an attachment; answers that stop inside a code fence, a bracket, a
    word, or after a word such as "the"; mojibake (`Ã©`) and U+FFFD.

    **Why it hurts fine-tuning.** The model learns to say it: to answer "no output", to stop in the
    middle, to invent what stands behind a link, to write `Ã©`.

    **Known false alarms.** Answers that are an emoji or a formula; code about brackets; advice
    on chat templates. "None" or "N/A" as a response only count where at most
    `max_ambiguous_share` of the responses are that word; control tokens only where at most half of
    the records have them in that field. Function words and disclaimers are known in English only.

    **Example.** `{"instruction": "Draw a cat.", "output": "<nooutput>"}` is
    `content.placeholder_response`.

    **Settings.** `max_ambiguous_share`: share of responses up to which "None", "N/A", "null" are
    placeholders and not answers.

    **Reference.** The faults that people removed from Alpaca: Ruebsamen, "AlpacaDataCleaned", 2023.
    """

    max_ambiguous_share: float = 0.01

    name: ClassVar[str] = "content"
    codes: ClassVar[Mapping[str, str]] = {
        "placeholder_prompt": "The prompt is a placeholder. Write the prompt or drop the record.",
        "placeholder_context": "The input is a placeholder. Leave the field empty.",
        "placeholder_response": "The response is a placeholder. Write it or drop the record.",
        "no_words": "The response has no letter and no digit. See whether it answers anything.",
        "merged_records": "The response runs on into another record. Cut it where it ends.",
        "control_tokens": "A text holds control tokens of a chat template. Remove them.",
        "disclaimer": "The response speaks as an AI model. Keep it only if yours shall, too.",
        "prompt_echo": "The response begins with the whole prompt. Remove the echo.",
        "absent_input": "The input is a link or attachment that is not there. Put its text in.",
        "open_fence": "A code fence is not closed: the response was cut. Complete it.",
        "open_bracket": "A bracket is not closed at the end: probably cut. Complete it.",
        "cut_off": "The response stops in mid-sentence or mid-word. Complete it.",
        "mojibake": "Characters were decoded wrongly (UTF-8 read as Windows-1252). Decode again.",
        "replacement_character": "A character was lost (U+FFFD). Read the source in its encoding.",
    }
    metrics: ClassVar[tuple[str, ...]] = (
        "content.flagged_rate",
        "content.placeholder_rate",
        "content.truncated_rate",
        "content.damaged_rate",
    )
    columns: ClassVar[Mapping[str, str]] = {}

    def find(self, dataset: Dataset, shared: Shared) -> Found:
        """Look for signs in every text.

        Each metric is the share of records with at least one such finding: any of them, a
        placeholder or a response without words, a cut end, damaged characters.
        """
        seen = self._without_conventions(_signs(shared), dataset)
        tables = [
            _findings(dataset, str(code), signs, shared.config.show_text)
            for code, signs in seen.groupby("code", sort=True)
        ]
        kinds = (tuple(SIGNS), PLACEHOLDER, TRUNCATED, DAMAGED)
        shares = [seen.loc[seen["code"].isin(kind), "row"].nunique() for kind in kinds]
        return Found(
            findings=join_findings(tables),
            metrics={
                name: share / len(dataset) for name, share in zip(self.metrics, shares, strict=True)
            },
        )

    def _without_conventions(self, seen: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
        """Leave out what so many records share that it must be meant."""
        responses = max(int(dataset.frame["response"].notna().sum()), 1)
        answers = seen["code"].eq("placeholder_response") & seen["seen"].isin(text_faults.AMBIGUOUS)
        often = seen.loc[answers, "seen"].value_counts() > self.max_ambiguous_share * responses
        answers &= seen["seen"].isin(often.index[often])
        tokens = seen["code"].eq("control_tokens")
        usual = seen.loc[tokens, "field"].value_counts() > CONVENTION * len(dataset)
        tokens &= seen["field"].isin(usual.index[usual])
        return seen[~answers & ~tokens]


def _signs(shared: Shared) -> pd.DataFrame:
    """Run the rules over all records: columns ``row``, ``code``, ``field``, ``seen``."""
    found: list[tuple[int, str, str, str]] = []
    last: list[tuple[int, str]] = []
    stage = text_faults.fault_stage
    for start, faults in shared.over_columns(stage, text_faults.FIELDS, "reading texts"):
        found += [(start + row, code, name, seen) for row, code, name, seen in faults.found]
        last += [(start + row, word) for row, word in faults.endings]
    found += [(row, "cut_off", "response", word) for row, word in _cut_words(shared, last)]
    frame = pd.DataFrame(found, columns=["row", "code", "field", "seen"])
    frame = frame.astype({"row": "int64", "code": "str", "field": "str", "seen": "str"})
    placed = frame["code"].eq("placeholder")
    frame["code"] = frame["code"].mask(placed, frame["code"] + "_" + frame["field"])
    return frame


def _cut_words(shared: Shared, last: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Keep the endings whose last word is a piece of a word that other texts have."""
    if not last:
        return []
    words: Counter[str] = Counter()
    stage = endings.words_stage
    for _, counts in shared.over_columns(stage, text_faults.FIELDS, "counting words"):
        words.update(counts)
    cut = endings.cut_words(Counter(word for _, word in last), words, KNOWN_WORDS_FROM)
    return [(row, word) for row, word in last if word in cut]


def _findings(dataset: Dataset, code: str, signs: pd.DataFrame, show_text: str) -> pd.DataFrame:
    signs = signs.drop_duplicates("row")
    score, saying = SIGNS[code]
    return findings_table(
        dataset,
        signs["row"].to_numpy(dtype=np.int64),
        f"content.{code}",
        score=score,
        message=[f"{field}: {saying}" for field in signs["field"]],
        evidence=[
            {"field": field, "seen": excerpt(shortened(seen, SEEN_CHARACTERS), show_text)}
            for field, seen in zip(signs["field"], signs["seen"], strict=True)
        ],
    )
