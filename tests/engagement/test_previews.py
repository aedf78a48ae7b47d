"""An email shown to those who write it: what stands in is marked, and nothing they or a contact typed comes alive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement import highlight, previews
from engagement.models import Message
from engagement.rendering import Words
from tests import factories as f

pytestmark = pytest.mark.django_db


def preview(body="Hello {{ first_name }}.", *, contact=None, entity=None, **values):
    words = Words(**{"subject": "Hello", "preheader": "", "body": body, "level": "advanced"} | values)
    return previews.preview(words=words, business_entity=entity, contact=contact)


def test_sample_values_stand_where_no_contact_is_chosen():
    seen = preview()

    assert "Hello Ada." in seen.sent.text
    assert seen.stand_ins == []


def test_fallback_is_marked_with_its_reason_in_every_form():
    seen = preview(
        "Hello {{ first_name | default: 'friend' }}.",
        subject="Hi {{ first_name | default: 'friend' }}",
        contact=f.ContactFactory(),
    )

    for shown in (seen.subject, seen.html, seen.text):
        assert 'title="fallback: no first name"' in shown
        assert ">friend</mark>" in shown


def test_what_is_sent_has_no_mark():
    seen = preview("Hello {{ first_name | default: 'friend' }}.", contact=f.ContactFactory())

    assert "Hello friend." in seen.sent.text
    assert "<mark" not in seen.sent.html
    assert highlight.clean(seen.sent.html) == seen.sent.html


def test_value_that_is_there_is_not_marked():
    seen = preview(contact=f.ContactFactory(first_name="Grace"))

    assert "Grace" in seen.html
    assert "<mark" not in seen.html


def test_missing_value_is_marked_and_named():
    seen = preview("At {{ company }}.", fallbacks={"company": None}, contact=f.ContactFactory())

    assert 'title="missing: no company"' in seen.html
    assert seen.missing == ["Company"]


def test_variable_that_is_left_out_is_named_without_a_mark():
    seen = preview("Hello {{ last_name }}.", contact=f.ContactFactory())

    assert [(one.name, one.words) for one in seen.stand_ins] == [("last_name", "")]


def test_mark_does_not_break_an_address_or_an_alternative_text():
    body = "[go](https://x.example/?n={{ first_name | default: 'a b' }}) ![{{ first_name | default: 'a b' }}](https://x.example/p.png)"

    seen = preview(body, contact=f.ContactFactory())

    assert 'href="https://x.example/?n=a%20b"' in seen.html
    assert 'alt="a b"' in seen.html


def test_title_of_the_page_holds_no_markup():
    seen = preview(subject="Hi {{ first_name | default: 'friend' }}", contact=f.ContactFactory())

    assert "<title>Hi friend</title>" in seen.html


HOSTILE = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "</iframe><b>"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_value_stays_text(hostile):
    contact = f.ContactFactory(first_name=hostile, company=hostile)

    seen = preview("{{ first_name }} {{ company }}", subject="{{ first_name }}", contact=contact)

    for shown in (seen.html, seen.text, seen.subject):
        assert hostile not in shown
        assert "<script" not in shown


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_stay_text(hostile):
    seen = preview(f"{hostile} {{{{ first_name | default: {hostile!r} }}}}", contact=f.ContactFactory())

    assert hostile not in seen.html
    assert hostile not in seen.text


def test_value_cannot_make_a_mark():
    contact = f.ContactFactory(first_name="\ue000why\ue001Grace\ue002")

    seen = preview(contact=contact)

    assert "<mark" not in seen.html


def test_frame_forbids_scripts_by_its_own_policy():
    seen = preview()

    assert "default-src 'none'" in seen.html.partition("</head>")[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_scheme_is_the_chosen_one_whatever_the_reader_has(scheme):
    assert '<html lang="en"' in preview().in_scheme(scheme)
    assert f'style="color-scheme:{scheme}"' in preview().in_scheme(scheme)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"subject": "x" * 61}, "The subject has 61 characters"),
        ({"preheader": ""}, "No preheader"),
        ({"preheader": "x" * 111}, "The preheader has 111 characters"),
    ],
)
def test_length_is_hinted_at(values, said):
    assert any(hint.startswith(said) for hint in preview(**values).hints)


def test_good_lengths_need_no_hint():
    assert preview(preheader="Good to meet you").hints == []


def test_unfinished_words_are_shown_as_far_as_they_can_be():
    seen = preview("Hello {{ fir", contact=f.ContactFactory())

    assert seen.missing


def test_nothing_is_stored():
    preview(contact=f.ContactFactory())

    assert not Message.objects.exists()


@given(st.text(), st.text())
def test_marks_come_off_whole(words, why):
    assert highlight.strip(highlight.around(words, why)) == highlight.clean(words)


@given(st.text())
def test_marked_text_is_escaped(words):
    shown = highlight.of_text(f"a {highlight.around(words, words)} b")

    assert shown.count("<") == 2
