"""The pages on which the draft of an email is published or thrown away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.urls import reverse

from contactflow.core.reasons import Reason
from engagement import drafts, link_check, spam_score
from engagement.models import EngagementTemplate
from engagement.rendering import Words
from tests import factories as f
from tests.admin import browser

pytestmark = pytest.mark.django_db


def at(name, email, *more):
    return reverse(f"admin:engagement_engagementtemplate_{name}", args=[email.pk, *more])


def drafted(**words):
    email = f.EngagementTemplateFactory(words=("Sent words", "Good day."))
    said = replace(Words.of(email.current_version), **words)
    drafts.save(template=email, words=said, business_entity=None, by=None, now=f.NOW)
    return email


def seen(desk, email):
    return desk.get(at("publish", email)).context["seen"]


def test_page_shows_what_becomes_different_and_publishes_it(desk, boss):
    email = drafted(subject="Next words")

    page = desk.get(at("publish", email)).content.decode()
    desk.post(at("publish", email), {"seen": seen(desk, email)})

    assert "<del>Sent</del><ins>Next</ins>" in page
    email.refresh_from_db()
    assert (email.current_version.subject, email.current_version.published_by) == ("Next words", boss)


def test_draft_that_changed_meanwhile_is_not_published(desk, address):
    email = drafted(subject="Looked at")
    shown = seen(desk, email)
    browser.submit(desk, address.change(email), "engagementtemplate_form", subject="Not looked at")

    page = desk.post(at("publish", email), {"seen": shown}, follow=True).content.decode()

    assert "changed since you looked at it" in page
    assert EngagementTemplate.objects.get().current_version.subject == "Sent words"


def test_unknown_variable_is_refused_in_words(desk):
    email = drafted(body="{{ nickname }}")

    page = desk.get(at("publish", email)).content.decode()
    desk.post(at("publish", email), {"seen": seen(desk, email)})

    assert "It cannot be published yet" in page
    assert EngagementTemplate.objects.get().current_version.number == 1


def test_what_should_be_seen_first_is_asked_once_more(desk):
    f.ContactFactory(first_name="")
    email = drafted(subject="BUY IT NOW!!", fallbacks={"first_name": None}, body="Dear {{ first_name }}.")

    asked = desk.post(at("publish", email), {"seen": seen(desk, email)})
    waiting = EngagementTemplate.objects.get().current_version.number
    accepted = [one["key"] for one in asked.context["findings"]]
    f.ContactFactory(first_name="")
    desk.post(at("publish", email), {"seen": asked.context["seen"], "accepted": accepted})

    assert "1 of 1 contacts have no first_name" in asked.content.decode()
    assert at("lacking", email, "first_name") in asked.content.decode()
    assert (waiting, EngagementTemplate.objects.get().current_version.number) == (1, 2)


def test_slow_checks_are_fetched_beside_the_page(desk, monkeypatch):
    email = drafted(body="[Read](https://gone.example/a)")
    monkeypatch.setattr(link_check, "dead", lambda links: {link: Reason.of("link_dead", status=404) for link in links})
    monkeypatch.setattr(spam_score, "of", lambda **about: None)

    assert "https://gone.example/a answers 404" in desk.get(at("checks", email)).content.decode()


def test_draft_is_thrown_away_after_seeing_what_is_lost(desk):
    email = drafted(subject="Next words")

    page = desk.get(at("discard", email)).content.decode()
    desk.post(at("discard", email), {"seen": drafts.state_of(email)})

    assert "<del>Sent</del><ins>Next</ins>" in page
    assert drafts.draft_of(email) is None


def test_without_a_draft_both_lead_back(desk, address):
    email = f.EngagementTemplateFactory()

    assert {desk.get(at(name, email)).url for name in ("publish", "discard")} == {address.change(email)}


def test_readers_publish_and_discard_nothing(reading_room):
    email = drafted(subject="Next words")

    assert {reading_room.post(at(name, email)).status_code for name in ("publish", "discard")} == {403}
