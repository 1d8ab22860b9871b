"""The language check: other languages are found, short texts and code are left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataqa.checks.language import Language
from dataqa.languages import NAMES, detect, readable, surest

if TYPE_CHECKING:
    from tests.conftest import Bench

ENGLISH = (
    "The parcel number {} left the warehouse this morning and will arrive in two days.",
    "Please write the order number {} on the box and send it back to us by mail.",
    "We have looked into ticket {} and could not find anything that is wrong with it.",
)
OTHER = {
    "de": "Das Paket hat heute Morgen das Lager verlassen und kommt in zwei Tagen bei Ihnen an.",
    "fr": "Le colis a quitté l'entrepôt ce matin et il arrivera chez vous dans deux jours.",
    "es": "El paquete salió del almacén esta mañana y llegará a su casa dentro de dos días.",
    "ru": "Посылка сегодня утром покинула склад и прибудет к вам через два дня.",
    "ja": "荷物は今朝倉庫を出発し、二日後にお手元に届く予定です。",
    "zh": "包裹今天早上已经离开仓库，两天之内会送到您的手中。",
    "ar": "غادر الطرد المستودع هذا الصباح وسيصل إليكم خلال يومين.",
    "la": "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.",
}
LEFT_ALONE = [
    "Bonjour!",
    "Paris, Lyon, Marseille",
    "Das ist gut.",
    "for (int i = 0; i < n; i++) { s += a[i] * b[i]; } return s == 0 ? -1 : s;",
    "```python\nder_wert = die_liste[0]\nfuer_jeden = [wert for wert in liste]\nprint(wert)\n```",
    "x^2 + 2xy + y^2 = (x + y)^2, 3a - 4b = 17c, sin(x) = cos(y), e^(i*pi) = -1 + 0i",
    "Hydrogen, Helium, Lithium, Beryllium, Boron, Carbon, Nitrogen, Oxygen, Fluorine, Neon",
    "1. Giraffa camelopardalis 2. Panthera leo 3. Ursus maritimus 4. Felis catus",
]


def lines(*answers: str, prompt: str = "Answer the ticket.") -> list[dict[str, str]]:
    usual = [ENGLISH[n % 3].format(n) for n in range(100)]
    return [
        *({"instruction": "Answer the ticket.", "input": f"Q{n}", "output": text}
          for n, text in enumerate(usual)),
        *({"instruction": prompt, "input": "Q", "output": text} for text in answers),
    ]  # fmt: skip


@pytest.mark.parametrize("code", OTHER)
def test_a_language_is_told(code: str) -> None:
    assert surest(detect(readable(OTHER[code]))) == code


def test_answers_in_other_languages_are_found(bench: Bench) -> None:
    found = bench.find(Language(), lines(*OTHER.values()))
    languages = found.findings["evidence"].str["language"]
    told = dict(zip(found.findings["line"], languages, strict=True))
    assert told == dict(enumerate(OTHER, 101))
    assert set(found.findings["code"]) == {"language.foreign_response"}
    assert found.metrics["language.foreign_rate"] == len(OTHER) / (100 + len(OTHER))


def test_what_tells_too_little_is_left_alone(bench: Bench) -> None:
    assert bench.find(Language(), lines(*LEFT_ALONE)).findings.empty


@pytest.mark.parametrize(
    "prompt", ["Say it in German.", "Translate the sentence.", "Which language is this?"]
)
def test_an_answer_that_was_asked_for_is_in_order(prompt: str, bench: Bench) -> None:
    assert bench.find(Language(), lines(OTHER["de"], prompt=prompt)).findings.empty


def test_in_a_set_of_two_languages_nothing_is_foreign(bench: Bench) -> None:
    found = bench.find(Language(), lines(*[f"{OTHER['de']} {n}" for n in range(30)]))
    assert found.findings.empty
    assert found.metrics["language.dominant_share"] == pytest.approx(100 / 130)
    assert "response: English 76.9%, German 23.1%" in found.notes[-1]


def test_a_set_in_another_language_finds_english(bench: Bench) -> None:
    answers = [f"Das Paket {n} kommt morgen an, und die Rechnung liegt bei." for n in range(60)]
    answers += [f"Wir haben den Fehler {n} gefunden und beheben ihn bald." for n in range(60)]
    records = [{"instruction": "?", "output": text} for text in [*answers, ENGLISH[0]]]
    findings = bench.find(Language(), records).findings
    assert findings["line"].to_list() == [121]
    assert findings["message"][0] == "response: English, where 99.2% are German"


def test_prompts_and_inputs_have_a_usual_language_of_their_own(bench: Bench) -> None:
    records = [
        {"instruction": ENGLISH[n % 3].format(n), "input": OTHER["de"], "output": OTHER["fr"]}
        for n in range(60)
    ]
    records.append({"instruction": OTHER["es"], "input": OTHER["ru"], "output": OTHER["fr"]})
    findings = bench.find(Language(), records).findings
    assert sorted(zip(findings["line"], findings["code"], strict=True)) == [
        (61, "language.foreign_context"),
        (61, "language.foreign_prompt"),
    ]


def test_texts_that_tell_nothing_skip_the_check(bench: Bench) -> None:
    found = bench.find(Language(), [{"text": "short"}, {"text": ""}])
    assert found.skipped
    assert found.reason == "no text is long enough to tell its language"


def test_a_megabyte_is_looked_at_once() -> None:
    for text in ("a" * 2**20, "```" * 2**18, "http://" + "a" * 2**20, "x@" * 2**19, " " * 2**20):
        assert len(readable(text)) <= 500


def test_names_are_codes_of_the_detector() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    known = set(LanguageIdentifier.from_model_file(MODEL_FILE).nb_classes)
    assert set(NAMES) - known == set()
