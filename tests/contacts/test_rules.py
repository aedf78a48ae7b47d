# ruff: noqa: RUF001 - names and words in every script are the subject here
"""The conditions of which classification and routing rules are made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import describe, rules
from contacts.rules import Condition, Field, Named, Operator, Profile
from tests.matrix import matrix

ARTIST = Named("Artist", "artist")
GALLERY = Named("Gallery Contact", "gallery_contact")


def condition(field: str, operator: str, *words: str) -> Condition:
    return Condition(name="a rule", field=field, operator=operator, words=words)


def test_every_field_a_rule_can_name_is_read() -> None:
    assert set(rules.READERS) == set(Field)


def test_every_operator_a_rule_can_name_is_known() -> None:
    assert set(rules.OPERATORS) == set(Operator)


@matrix(
    "text, word",
    [
        ("Professor of Sculpture", "professor"),
        ("PROFESSOR", "Professor"),
        ("assistant-professor", "professor"),
        ("Managing director", "managing director"),
        ("Managing   Director, EMEA", "managing director"),
        ("Ph.D. candidate", "ph.d."),
        ("Художник и поэт", "художник"),
        ("Δίκαιος ΖΩΓΡΆΦΟΣ", "ζωγράφος"),
        ("Straßenkünstler in der STRASSE", "straße"),
        ("Co-founder & CEO", "CEO"),
        ("ｃｅｏ", "CEO"),
    ],
)
def test_a_whole_word_or_phrase_is_found(text: str, word: str) -> None:
    assert rules.has_word(text=text, word=word)


@matrix(
    "text, word",
    [
        ("Artisan", "art"),
        ("start", "art"),
        ("director managing", "managing director"),
        ("managing art director", "managing director"),
        ("कलाकार", "कल"),
        ("", "art"),
        ("art", ""),
        ("anything", "..."),
    ],
)
def test_part_of_a_word_is_no_word(text: str, word: str) -> None:
    assert not rules.has_word(text=text, word=word)


@given(st.lists(st.text(alphabet="abcdéжक", min_size=1, max_size=5), min_size=1, max_size=5), st.data())
def test_every_word_of_a_text_is_found_in_it(words: list[str], data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(words))

    assert rules.has_word(text=" / ".join(words).upper(), word=word)


@matrix(
    "given_condition, profile, because",
    [
        (
            condition(Field.JOB_TITLE, Operator.HAS_WORD, "professor"),
            Profile(job_title="Professor of Sculpture"),
            'job title "Professor of Sculpture" has the word "professor"',
        ),
        (
            condition(Field.EMAIL_DOMAIN, Operator.ENDS_WITH, ".edu"),
            Profile(email="ada@art.example.edu"),
            'email domain "art.example.edu" ends with ".edu"',
        ),
        (
            condition(Field.CONTACT_TYPE, Operator.IS, "Artist"),
            Profile(contact_types=(GALLERY, ARTIST)),
            'contact type is "Artist"',
        ),
        (
            condition(Field.SOURCE, Operator.IS, "event"),
            Profile(lead_source=Named("Event", "event")),
            'lead source is "Event"',
        ),
        (
            condition(Field.TAGS, Operator.HAS_WORD, "wellness"),
            Profile(tags=("VIP", "Wellness")),
            'tags "Wellness" has the word "wellness"',
        ),
        (
            condition(Field.COMPANY, Operator.HAS_WORD, "gallery"),
            Profile(company="The Gallery"),
            'company "The Gallery" has the word "gallery"',
        ),
        (condition(Field.FORM, Operator.IS, "open call"), Profile(form="open-call"), 'form is "open-call"'),
        (
            condition(Field.INTERESTS, Operator.ENDS_WITH, "work"),
            Profile(interests=("Breathwork",)),
            'interests "Breathwork" ends with "work"',
        ),
    ],
)
def test_what_holds_is_said_in_a_sentence(given_condition: Condition, profile: Profile, because: str) -> None:
    reason = rules.reason(condition=given_condition, profile=profile)

    assert reason is not None
    assert describe.because(reason) == because


def test_a_private_message_is_not_repeated_in_the_reason() -> None:
    profile = Profile(message="After my illness I would like to try yoga.")

    reason = rules.reason(condition=condition(Field.MESSAGE, Operator.HAS_WORD, "yoga"), profile=profile)

    assert reason is not None
    assert describe.because(reason) == 'the message has the word "yoga"'


@pytest.mark.parametrize("field", list(Field))
@matrix("operator", list(Operator))
def test_nothing_known_means_no_rule_holds(field: str, operator: str) -> None:
    assert rules.reason(condition=condition(field, operator, "x"), profile=Profile()) is None


@pytest.mark.parametrize("operator", list(Operator))
def test_a_rule_without_words_never_holds(operator: str) -> None:
    assert rules.reason(condition=condition(Field.JOB_TITLE, operator), profile=Profile(job_title="CEO")) is None


def test_a_renamed_row_still_answers_to_its_slug() -> None:
    renamed = Named("Gallery Friend", "gallery_contact")

    reason = rules.reason(
        condition=condition(Field.CONTACT_TYPE, Operator.IS, "Gallery Contact"),
        profile=Profile(contact_types=(renamed,)),
    )

    assert reason is not None
    assert describe.because(reason) == 'contact type is "Gallery Friend"'
