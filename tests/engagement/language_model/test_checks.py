from __future__ import annotations

import pytest

from engagement.language_model import checks, languages
from engagement.language_model.checks import Rules
from tests.engagement.language_model import samples


def rules(language: str) -> Rules:
    topic = [samples.ASKED[language], samples.APPROVED[language], "sculpture", "light"]
    return Rules(known=samples.KNOWN, topic=topic, language=language)


def codes(text: str, given: Rules) -> list[str]:
    return [finding.code for finding in checks.findings(text, given)]


def test_no_good_passage_is_refused():
    found = {text: codes(text, rules(language)) for language, texts in samples.GOOD.items() for text in texts}

    assert {text: why for text, why in found.items() if why} == {}


def test_each_bad_passage_is_refused_for_what_is_bad_in_it():
    found = [(code, text, codes(text, rules(language))) for code, language, text in samples.BAD]

    assert [(code, text, why) for code, text, why in found if code not in why] == []


def test_what_is_wrong_in_plain_words_is_left_to_a_person():
    assert [codes(text, rules("en")) for text in samples.MISSED] == [[], [], []]


def test_a_statement_may_be_repeated_and_not_be_stretched():
    stated = Rules(known=["Entry is free on Mondays."])

    assert codes("Come by, entry is free on Mondays.", stated) == []
    assert codes("Come by, entry is free.", stated) == ["claim"]
    assert codes("You pay no fee.", Rules(known=["You pay no fee."])) == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (samples.GOOD["en"][0], "en"),
        (samples.GOOD["de"][0], "de"),
        ("Nous serions heureux de vous montrer la galerie et les œuvres.", "fr"),
        ("Nos gustaría ver sus obras en la galería y hablar con usted.", "es"),
        ("Kunst", ""),
    ],
)
def test_the_language_is_told_by_its_commonest_words(text, language):
    assert languages.of(text) == language
