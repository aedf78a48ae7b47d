"""What waits in a draft, and what becomes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from engagement import drafts, publishing
from engagement.models import EngagementTemplate, TemplateVersion
from engagement.rendering import Words
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def email():
    return f.EngagementTemplateFactory(words=("Sent", "Good day."))


def save(email, brand=None, **words):
    held = drafts.in_work(email)
    said = replace(Words.of(held), **words)
    return drafts.save(template=email, words=said, business_entity=brand, by=None, now=f.NOW)


def publish(email, **more):
    return publishing.publish(template=email, by=None, now=f.NOW, **more)


def sent(email):
    return EngagementTemplate.objects.select_related("current_version").get(pk=email.pk)


def test_what_is_sent_stays_until_the_draft_is_published(email):
    brand, colleague = f.BusinessEntityFactory(), f.UserFactory()
    save(email, brand, subject="Next", level="advanced")
    waiting = sent(email)

    version = publishing.publish(template=email, by=colleague, now=f.NOW)

    assert (waiting.current_version.subject, waiting.level, waiting.business_entity) == ("Sent", "basic", None)
    now = sent(email)
    assert (now.current_version.subject, now.level, now.business_entity) == ("Next", "advanced", brand)
    assert (version.number, version.published_at, version.published_by) == (2, f.NOW, colleague)
    assert drafts.draft_of(email) is None


def test_the_same_words_are_no_draft(email):
    assert save(email, body="Good day.\r\n") is None


def test_draft_is_one_however_often_it_is_saved(email):
    save(email, subject="One")
    save(email, subject="Two", body="{{ unfinished")

    assert TemplateVersion.objects.get(published_at=None).subject == "Two"


def test_unknown_variable_keeps_a_draft_from_being_published(email):
    save(email, body="Hello {{ nickname }}.")

    with pytest.raises(publishing.InvalidTemplate) as refused:
        publish(email)

    assert set(refused.value.errors) == {"body"}
    assert sent(email).current_version.subject == "Sent"


def test_nothing_is_published_that_was_not_looked_at(email):
    save(email, subject="Looked at")
    seen = drafts.state_of(sent(email))
    drafts.save(
        template=email,
        words=Words("Other", "", "Hi.", "basic"),
        business_entity=None,
        by=None,
        now=f.NOW + dt.timedelta(minutes=1),
    )

    with pytest.raises(publishing.NotPublishable):
        publish(email, seen=seen)


def test_without_a_draft_there_is_nothing_to_publish(email):
    with pytest.raises(publishing.NotPublishable):
        publish(email)


def test_discarded_draft_leaves_what_is_sent(email):
    save(email, subject="Next")

    assert drafts.discard(template=email, now=f.NOW)
    assert drafts.in_work(sent(email)).subject == "Sent"
    assert not drafts.discard(template=email, now=f.NOW)


def test_first_draft_is_not_discarded():
    email = EngagementTemplate.objects.create(slug="new", name="New")
    drafts.save(template=email, words=Words("", "", "", "basic"), business_entity=None, by=None, now=f.NOW)

    assert not drafts.discard(template=email, now=f.NOW)


def test_earlier_words_come_back_into_the_draft(email):
    first = email.current_version
    save(email, subject="Next", level="advanced")
    publish(email)

    draft = drafts.restore(version=first, by=None, now=f.NOW)

    assert (draft.subject, draft.level, draft.is_draft) == ("Sent", "advanced", True)
    assert sent(email).current_version.subject == "Next"


def test_published_words_cannot_change_and_a_draft_can(email):
    draft = save(email, subject="Next")
    TemplateVersion.objects.filter(pk=draft.pk).update(subject="Better")

    for change in ({"subject": "Other"}, {"published_at": None}, {"level": "premium"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            TemplateVersion.objects.filter(pk=email.current_version_id).update(**change)
