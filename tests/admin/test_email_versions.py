"""Versions of an email: who and when, what changed, back again, and who sends it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from engagement.models import EngagementTemplate, Message, TemplateVersion
from tests import factories as f
from workflows.models import WorkflowVersion

pytestmark = pytest.mark.django_db


def at(name, *arguments):
    return reverse(f"admin:engagement_engagementtemplate_{name}", args=arguments)


@pytest.fixture
def template():
    """An email with two versions; the second is current."""
    template = f.EngagementTemplateFactory(words=("Old subject", "Good old day."))
    template.current_version = f.TemplateVersionFactory(template=template, subject="New subject", body="Good new day.")
    template.save()
    return template


def test_newest_two_versions_are_compared_word_by_word(desk, template):
    page = desk.get(at("versions", template.pk)).content.decode()

    assert "<del>old</del><ins>new</ins>" in page
    assert "From version 1 to version 2" in page


def test_any_two_versions_are_compared_the_earlier_first(desk, template):
    f.TemplateVersionFactory(template=template, subject="Third")

    page = desk.get(at("versions", template.pk), {"before": "3", "after": "1"}).content.decode()

    assert "From version 1 to version 3" in page


@pytest.mark.parametrize("asked", [{"before": "99"}, {"before": "x", "after": "y"}, {"before": "2", "after": "2"}])
def test_odd_choice_of_versions_shows_a_page(desk, template, asked):
    assert desk.get(at("versions", template.pk), asked).status_code == 200


def test_difference_is_escaped(desk, template):
    f.TemplateVersionFactory(template=template, body="<script>alert(1)</script>")

    assert "<script>alert" not in desk.get(at("versions", template.pk)).content.decode()


def test_only_version_says_that_there_is_nothing_to_compare(desk):
    page = desk.get(at("versions", f.EngagementTemplateFactory().pk)).content.decode()

    assert "There is one version only." in page


def test_emails_sent_with_each_version_are_counted(desk, template):
    contact = f.ContactFactory()
    first = template.versions.get(number=1)
    for status in ("sent", "sent", "held"):
        Message.objects.create(contact=contact, version=first, recipient=contact.email, subject="x", status=status)

    rows = {version.number: sent for version, sent in desk.get(at("versions", template.pk)).context["rows"]}

    assert rows == {1: "2", 2: "0"}


def test_restoring_asks_first(desk, template):
    desk.get(at("restore", template.pk, 1))

    assert template.versions.count() == 2


def test_restored_words_wait_in_the_draft_by_whoever_did_it(desk, boss, template):
    desk.post(at("restore", template.pk, 1), {})

    template.refresh_from_db()
    draft = template.versions.get(published_at=None)
    assert (draft.number, draft.subject, draft.created_by) == (3, "Old subject", boss)
    assert template.current_version.subject == "New subject"


def test_words_that_the_level_no_longer_allows_wait_for_it(desk, template):
    TemplateVersion.objects.create(template=template, number=3, subject="{{ company }}", body="Hi.")

    response = desk.post(at("restore", template.pk, 3), {}, follow=True)

    assert "needs the personalisation level" in response.content.decode()


def test_version_that_is_not_there_cannot_be_restored(desk, template):
    assert desk.get(at("restore", template.pk, 9)).status_code == 404


def test_reader_compares_and_restores_nothing(reading_room, template):
    page = reading_room.get(at("versions", template.pk)).content.decode()

    assert at("restore", template.pk, 1) not in page
    assert reading_room.post(at("restore", template.pk, 1), {}).status_code == 403


@pytest.fixture
def sent_by(template):
    """A published workflow with a step that sends the email."""
    version = f.WorkflowVersionFactory(template__name="Welcome people", template__slug="welcome_people")
    f.StepFactory(version=version, action_type="send_email", target=None, template=template, delay_hours=48)
    version.template.current_version = version
    version.template.save()
    return version.template


def test_workflows_that_send_it_are_named(desk, address, template, sent_by):
    page = desk.get(address.change(template)).content.decode()

    assert "Welcome people" in page
    assert "step 1, after 2 days" in page


def test_drafts_do_not_count_as_sending(desk, address, template, sent_by):
    sent_by.current_version = None
    sent_by.save()

    page = desk.get(address.change(template)).content.decode()

    assert WorkflowVersion.objects.exists()
    assert "No workflow sends it yet." in page


def test_list_says_how_many_steps_send_it(desk, address, template, sent_by):
    assert "1 step" in desk.get(address.list(EngagementTemplate)).content.decode()


def test_list_says_who_changed_it_last(desk, address, boss):
    template = f.EngagementTemplateFactory(words__created_by=boss)

    page = desk.get(address.list(EngagementTemplate)).content.decode()

    assert template.name in page
    assert "boss" in page
