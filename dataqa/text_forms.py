"""The outer form of texts: length, script, language, symbols; and which are far from usual."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SEEN = 2000
"""Characters of a text whose script, language and symbols are looked at."""
_FUNCTION_WORDS: Mapping[str, str] = {
    "English": "the and of to is that it for with was this you are have not",
    "German": "der und das ist nicht ich mit ein eine für auf den von wir",
    "French": "le la les des et est que une pour dans vous pas sur nous avec",
    "Spanish": "el los las que es una por para con del se su como pero",
    "Italian": "il che di non una per con della sono gli come anche questo nel",
    "Portuguese": "os que não uma para com da em por mais como você são",
    "Dutch": "het een van ik niet dat je zijn op voor met maar er ook wij",
    "Swedish": "och att det som en är inte jag på med för av till har om",
    "Danish": "og det er en ikke jeg på med til af der har som vi",
    "Finnish": "ja ei se että oli mutta hän minä kun niin myös kuin ovat jo",
    "Polish": "nie się na że jest co jak ale po za dla",
    "Czech": "se na je že jsem ale jako tak pro jsou",
    "Turkish": "bir ve bu için ile de da ne gibi çok ama daha mı ben",
    "Indonesian": "yang dan di itu dengan untuk tidak ini dari dalam akan pada saya juga ada",
}
"""Frequent short words, without those that English has; enough to tell a text of a sentence or
more, silent on shorter ones. A detector of all languages guesses on every short text, and its
errors would be false alarms."""
LANGUAGES = tuple(_FUNCTION_WORDS)
_LANGUAGE_OF: dict[str, tuple[int, ...]] = {}
for _number, _words in enumerate(_FUNCTION_WORDS.values()):
    for _word in _words.split():
        _LANGUAGE_OF[_word] = (*_LANGUAGE_OF.get(_word, ()), _number)
_SCRIPTS: Mapping[str, str] = {
    "Greek": r"\u0370-\u03ff",
    "Cyrillic": r"\u0400-\u052f",
    "Hebrew": r"\u0590-\u05ff",
    "Arabic": r"\u0600-\u06ff\u0750-\u077f",
    "Indic": r"\u0900-\u0dff",
    "Thai": r"\u0e00-\u0e7f",
    "Korean": r"\u1100-\u11ff\uac00-\ud7af",
    "Chinese or Japanese": r"\u3040-\u30ff\u3400-\u9fff",
}
SCRIPTS = ("Latin", *_SCRIPTS)
_SCRIPT_RUNS = [re.compile(f"[{span}]") for span in _SCRIPTS.values()]
_LATIN = re.compile(r"[a-zA-Z\u00c0-\u024f]")
_WORD = re.compile(r"[^\W\d_]+")
_PLAIN = (
    bytes(range(128, 256)) + b" \t\r\n.,!?'\"-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
MOST = 0.02
"""A form that more than this share of the texts has is a kind of text here, not an outlier."""
MAIN = 0.9
"""Share of the texts that must agree on a script or language for others to be wrong."""
MIN_HITS = 3
MOST_LETTERS = 40
"""Characters among which letters and digits are counted; more than a few are enough."""


@dataclass(frozen=True, eq=False)
class Forms:
    """Form of each text, arrays (n,)."""

    characters: np.ndarray
    letters: np.ndarray
    """Letters and digits among the characters that are looked at."""
    symbols: np.ndarray
    """Share 0..1 of digits and signs that are no sentence marks."""
    longest: np.ndarray
    """Characters of the longest run without a space."""
    script: np.ndarray
    """Number into ``SCRIPTS``, -1 without letters."""
    language: np.ndarray
    """Number into ``LANGUAGES``, -1 where the function words do not tell."""
    hits: np.ndarray
    """(n, languages) different function words seen."""


def measure(texts: list[str]) -> Forms:
    """Measure one shard."""
    seen = [text[:SEEN] for text in texts]
    encoded = [text.encode("utf-8", "replace") for text in seen]
    hits = np.array([_hits(text) for text in seen], dtype=np.int8).reshape(-1, len(LANGUAGES))
    best = np.sort(hits, axis=1)[:, -2:]
    certain = (best[:, 1] >= MIN_HITS) & (best[:, 1] > best[:, 0])
    return Forms(
        characters=np.array([len(text.strip()) for text in texts], dtype=np.int64),
        letters=np.array([sum(map(str.isalnum, text[:MOST_LETTERS])) for text in seen]),
        symbols=np.array(
            [len(text.translate(None, _PLAIN)) / max(len(text), 1) for text in encoded]
        ),
        longest=np.array([max(map(len, text.split()), default=0) for text in seen]),
        script=np.array([_script(text) for text in seen], dtype=np.int8),
        language=np.where(certain, hits.argmax(axis=1), -1),
        hits=hits,
    )


def joined(parts: list[Forms]) -> Forms:
    """Put the forms of shards under each other."""
    names = ("characters", "letters", "symbols", "longest", "script", "language", "hits")
    return Forms(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )


def _hits(text: str) -> list[int]:
    counts = [0] * len(LANGUAGES)
    for word in set(_WORD.findall(text.lower())):
        for language in _LANGUAGE_OF.get(word, ()):
            counts[language] += 1
    return counts


def _script(text: str) -> int:
    if text.isascii():
        return 0 if _LATIN.search(text) else -1
    counts = [len(_LATIN.findall(text)), *(len(run.findall(text)) for run in _SCRIPT_RUNS)]
    return int(np.argmax(counts)) if any(counts) else -1


def near_empty(forms: Forms) -> np.ndarray:
    """Return which texts have at most two letters or digits where texts are usually longer."""
    lengths = np.log(np.maximum(forms.characters, 1))
    low, high = np.quantile(lengths, [0.25, 0.75])
    short = (lengths < low - 3 * max(high - low, 0.35)) & (forms.letters <= 2)
    return _rare(short & (forms.characters > 0))


def very_long(forms: Forms) -> np.ndarray:
    """Return which texts are many times longer than most."""
    lengths = np.log(np.maximum(forms.characters, 1))
    low, high = np.quantile(lengths, [0.25, 0.75])
    return _rare(lengths > high + 3 * max(high - low, 0.7))


def wrong_language(forms: Forms) -> tuple[np.ndarray, list[str]]:
    """Return which texts are in another script or language than nearly all, and what each is in."""
    script = _main(forms.script)
    other = (forms.script >= 0) & (forms.script != script) & (script >= 0)
    language = _main(forms.language)
    speaks = (forms.language >= 0) & (forms.language != language) & (language >= 0)
    speaks &= forms.hits[:, language] == 0
    names = [
        SCRIPTS[form] + " script" if wrong else LANGUAGES[tongue] if tongue >= 0 else ""
        for wrong, form, tongue in zip(other, forms.script, forms.language, strict=True)
    ]
    return _rare(other) | _rare(speaks), names


def odd_format(forms: Forms) -> np.ndarray:
    """Return which texts have far more symbols, or a far longer word, than most."""
    found = np.zeros(len(forms.symbols), dtype=bool)
    for values, least in ((forms.symbols, 0.03), (forms.longest, 6)):
        low, high = np.quantile(values, [0.25, 0.75])
        found |= values > high + 3 * max(high - low, least)
    return found


def _main(numbers: np.ndarray) -> int:
    """Return the number that nearly all known ones are, or -1."""
    known = numbers[numbers >= 0]
    if len(known) < max(len(numbers) / 4, 1):
        return -1
    counts = np.bincount(known)
    return int(counts.argmax()) if counts.max() >= MAIN * len(known) else -1


def _rare(found: np.ndarray) -> np.ndarray:
    return found if found.mean() <= MOST else np.zeros_like(found)
