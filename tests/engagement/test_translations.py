"""Which language somebody gets, and what stands in there."""

from __future__ import annotations

import pytest

from engagement import layout, publishing_checks, rendering, translations, unsubscribing
from engagement.models import EngagementTemplate, TemplateVersion
from engagement.rendering import Words
from tests import factories as f


def test_the_nearest_language_is_chosen():
    offered = ["de", "pt-BR", "fr"]
    asked = {
        "de-AT": "de", "de": "de", "DE": "de", "pt": "pt-BR", "pt-PT": "pt-BR", "en-GB": "en", "": "fr", "it": "fr",
        "zh-Hant-TW": "fr",
    }  # fmt: skip

    assert {tag: translations.chosen(wanted=tag, offered=offered, default="fr-CH", own="en") for tag in asked} == asked
    assert translations.chosen(wanted="it", offered=offered, default="", own="en") == "en"


WORDS = Words(
    "Hello", "Well met", "Dear {{ first_name }}, greetings to {{ company }} and {{ job_title }}.", "advanced",
    fallbacks={"first_name": "friend", "job_title": None},
    translations={
        "de": {"subject": "Guten Tag", "body": "Tag {{ first_name }}, Grüße an {{ company }} und {{ job_title }}.",
               "fallbacks": {"first_name": "und willkommen"}},
        "fr": {"subject": "Bonjour", "body": ""},
    },
)  # fmt: skip


def test_what_stands_in_is_said_in_the_language_and_what_is_held_stays_so():
    german = WORDS.in_language("de")

    assert german.fallbacks == {"first_name": "und willkommen", "company": "Ihr Unternehmen", "job_title": None}
    assert (german.preheader, german.language) == ("", "de")


def test_translation_that_is_still_being_written_is_offered_to_nobody():
    assert WORDS.offered() == ["de"]


def test_faults_of_a_translation_are_told_with_its_language():
    told = publishing_checks.refusals(WORDS)["translations"]

    assert told == ["French: The body is empty. Write what the email says."]


@pytest.mark.parametrize(("locale", "language", "way"), [("de-AT", "de", "Abmelden"), ("it", "en", "Unsubscribe")])
def test_mail_speaks_one_language_from_its_mark_to_its_footer(locale, language, way):
    version = TemplateVersion(template=EngagementTemplate(level="advanced"), **rendering.words_of(WORDS))
    brand = f.BusinessEntityFactory.build(signature="Yours", translated_signatures="[de]\nIhre Galerie")
    person = f.ContactFactory.build(locale=locale, job_title="Boss")

    way_out = unsubscribing.way_out(contact=person, message_id=person.pk)
    sent = rendering.render(version=version, contact=person, business_entity=brand, now=f.NOW, way_out=way_out)

    assert sent.language == language
    assert f'<html lang="{language}"' in sent.html
    assert way in sent.text
    assert ("Ihre Galerie" in sent.text) == (language == "de")


def test_signature_of_a_language_is_found_by_its_heading():
    text = "[de]\nHerzlich\n\n[fr-CH]\nBien à vous\n"

    found = {tag: translations.section(text, tag) for tag in ("de-AT", "fr-CH", "fr", "en")}

    assert found == {"de-AT": "Herzlich", "fr-CH": "Bien à vous", "fr": "", "en": ""}
    assert (
        layout.in_language(layout.Brand(name="A", signature="Yours", translated_signatures=text), "en").signature
        == "Yours"
    )


def test_lists_numbers_and_dates_are_written_as_the_language_does():
    told = {
        locale: (translations.listed(["a", "b", "c"], locale), translations.hours(24, locale))
        for locale in ("", "en-GB", "de-AT", "xx-YY")
    }

    assert told == {
        "": ("a, b and c", "24 hours"), "en-GB": ("a, b and c", "24 hours"), "de-AT": ("a, b und c", "24 Stunden"),
        "xx-YY": ("a, b, and c", "24 hours"),
    }  # fmt: skip
    assert [translations.region("de", one) for one in ("de-AT", "fr", "")] == ["de-AT", "de", "de"]


@pytest.mark.django_db
def test_readers_are_counted_with_what_they_would_get():
    brand = f.BusinessEntityFactory(language="de")
    for locale in ("de-AT", "fr", "fr", ""):
        f.ContactFactory(locale=locale).memberships.create(business_entity=brand)
    f.ContactFactory(locale="it")

    found = translations.readers(offered=["de"], own="en", business_entity=brand)

    assert {(one.language, one.people, one.gets, one.lack) for one in found} == {
        ("de-AT", 1, "de", False), ("fr", 2, "de", True), ("", 1, "de", False),
    }  # fmt: skip
