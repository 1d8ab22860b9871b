"""Which language a text is in, where it says enough to tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

MIN_LETTERS = 40
"""Letters that a text needs, of those that are looked at; a script with large alphabets needs a
quarter of them."""
SEEN = 500
"""Characters that are looked at."""
LETTER_SHARE = 0.7
"""Share of letters below which a text is code, a formula or a table."""
CERTAIN = 0.7
"""Probability from which on the detector is believed, where the usual language is unlikely."""
UNLIKELY = 0.001
CERTAIN_OF = {"la": 0.999}
"""The same for Latin, which lists of plants, elements and emperors are taken for."""
FREQUENT = 100
"""Most frequent words of the usual language that are kept."""
USUAL_WORDS = 0.12
"""Share of these among the words of a text from which on it surely is in that language."""
NAMES: Mapping[str, str] = {
    "af": "Afrikaans",
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "la": "Latin",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ms": "Malay",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
"""The languages that are told apart, by ISO 639 code; what the detector takes for another one is
left alone, because the rare ones are its errors more often than not."""
_SAME: Mapping[str, str] = {
    **dict.fromkeys(("ary", "arz"), "ar"),
    **dict.fromkeys(("an", "ast", "ext", "gl", "ca"), "es"),
    **dict.fromkeys(("wuu", "yue"), "zh"),
    **dict.fromkeys(("da", "nb", "nn"), "no"),
    **dict.fromkeys(("sr", "srl", "bs"), "hr"),
    **dict.fromkeys(("sk",), "cs"),
    **dict.fromkeys(("ms",), "id"),
    **dict.fromkeys(("mk",), "bg"),
}
"""Dialects, and languages that are mistaken for each other, to the one that they count as."""
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LINK = re.compile(r"(?:https?://|www\.)\S++|\S++@\S++")
_WORD = re.compile(r"[^\W\d_]+")
_LARGE = re.compile("[\u0900-\u0dff\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af]")


class Usual(NamedTuple):
    """The language that most of some texts are in."""

    language: str
    share: float
    """Of the texts whose language could be told."""
    texts: int
    words: frozenset[str]
    """Its frequent words in these texts."""
    others: tuple[tuple[str, float], ...]
    """The next languages with their shares."""


def readable(text: str) -> str:
    """Return the part of a text that tells its language, empty where that is too little."""
    plain = _LINK.sub(" ", _FENCE.sub(" ", text[: 4 * SEEN]))[:SEEN]
    letters = sum(map(len, _WORD.findall(plain)))
    marks = sum(map(len, plain.split()))
    needed = MIN_LETTERS // 4 if _LARGE.search(plain) else MIN_LETTERS
    return plain if letters >= needed and letters >= LETTER_SHARE * marks else ""


def detect(text: str) -> dict[str, float]:
    """Return the probability of each language for a readable text, the most probable first."""
    found: dict[str, float] = {}
    for code, probability in _detector().rank(text):
        language = _SAME.get(code, code)
        found[language] = found.get(language, 0.0) + float(probability)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def surest(found: Mapping[str, float]) -> str:
    """Return the most probable language, or nothing where it is no sure one that we know."""
    language, probability = next(iter(found.items()))
    certain = probability >= CERTAIN_OF.get(language, CERTAIN)
    return language if certain and language in NAMES else ""


@lru_cache(maxsize=1)
def _detector() -> Any:
    """Load the model once per process."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def learn_usual(texts: Iterable[str]) -> Usual | None:
    """Learn the usual language of texts and its frequent words."""
    found: dict[str, list[str]] = {}
    for text in filter(None, map(readable, texts)):
        if language := surest(detect(text)):
            found.setdefault(language, []).append(text)
    if not found:
        return None
    total = sum(map(len, found.values()))
    ranked = sorted(found, key=lambda name: (-len(found[name]), name))
    shares = [(name, len(found[name]) / total) for name in ranked]
    words = Counter(word for text in found[ranked[0]] for word in _words(text))
    frequent = sorted(words, key=lambda word: (-words[word], word))[:FREQUENT]
    return Usual(ranked[0], shares[0][1], total, frozenset(frequent), tuple(shares[1:4]))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def foreign_stage(shard: tuple[list[str], ...], usual: Usual) -> list[tuple[int, str, float]]:
    """Find the texts of a slice in another language: row, language, probability.

    Only texts without the frequent words of the usual language reach the detector.
    """
    found = []
    for row, text in enumerate(shard[0]):
        if not text or _is_usual(set(text[:SEEN].lower().split()), usual.words):
            continue  # the cheap way to the same answer for nearly all texts
        plain = readable(text)
        if not plain or _is_usual(_words(plain), usual.words):
            continue
        probabilities = detect(plain)
        language = surest(probabilities)
        if language and probabilities.get(usual.language, 0.0) < UNLIKELY:
            found.append((row, language, probabilities[language]))
    return found


def _is_usual(words: set[str], frequent: frozenset[str]) -> bool:
    return len(words & frequent) >= USUAL_WORDS * len(words)
