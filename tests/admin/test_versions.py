"""Workflows are changed in a draft; what is published stays as it was."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages

from tests import factories as f
from tests.admin import browser, rows
from workflows import publishing
from workflows.admin import unfamiliar
from workflows.models import PlannedTouch, Step, WorkflowTemplate, WorkflowVersion

pytestmark = pytest.mark.django_db


def edit(desk, address, draft, **changes):
    return browser.submit(desk, address.change(draft), "workflowversion_form", **changes)


def test_workflow_is_described_in_sentences(desk, address):
    workflow = rows.workflow()

    page = desk.get(address.change(workflow)).content.decode()

    assert "When the event is new_contact or contact_updated" in page
    assert "At once: task “Look at it”" in page


def test_edit_draft_copies_what_runs_and_opens_it(desk, address):
    workflow = rows.workflow()

    response = desk.get(address.button(workflow, "edit_draft"))

    draft = workflow.versions.get(published_at=None)
    assert response.url == address.change(draft)
    assert [step.title for step in draft.steps.all()] == ["Look at it"]


def test_edit_draft_opens_the_draft_that_is_there(desk, address):
    workflow = rows.workflow()
    draft = publishing.draft_of(workflow)

    response = desk.get(address.button(workflow, "edit_draft"))

    assert response.url == address.change(draft)
    assert workflow.versions.count() == 2


def test_reader_opens_no_draft(reading_room, address):
    workflow = rows.workflow()

    response = reading_room.get(address.button(workflow, "edit_draft"))

    assert response.status_code == 403
    assert workflow.versions.count() == 1


def test_saved_draft_stays_open_and_waits_to_be_published(desk, address):
    draft = publishing.draft_of(rows.workflow())

    response = edit(desk, address, draft, tags="VIP")

    assert response.url == address.change(draft)
    assert [str(said) for said in get_messages(response.wsgi_request)] == ["Saved. Publish it when it is ready."]


def test_draft_names_the_events_there_are(desk, address):
    draft = publishing.draft_of(rows.workflow())

    page = desk.get(address.change(draft)).content.decode()

    assert unfamiliar.HELP in page


@pytest.mark.parametrize(
    ("events", "warned"),
    [
        (["new_contcat"], True),
        (["new_contact", "contact_updated", "engagement_detected", "manual_trigger"], False),
        (["started_elsewhere"], False),
        (["arrived_before"], False),
    ],
)
def test_publishing_warns_of_events_that_nothing_has_sent(desk, address, events, warned):
    f.WorkflowVersionFactory(events=["started_elsewhere"], published_at=f.NOW)
    f.ContactEventFactory(kind="arrived_before")
    draft = f.WorkflowVersionFactory(events=events)

    page = desk.get(address.button(draft, "publish")).content.decode()

    assert (f"Nothing has sent {events[0]} so far" in page) is warned


def test_draft_takes_changed_steps(desk, address):
    draft = publishing.draft_of(rows.workflow())

    edit(desk, address, draft, **{"steps-0-title": "Look closely", "steps-0-delay_hours": "2"})

    step = draft.steps.get()
    assert (step.title, step.delay_hours) == ("Look closely", 2)


def test_draft_takes_changed_triggers(desk, address):
    draft = publishing.draft_of(rows.workflow())
    artist = f.ContactTypeFactory()

    edit(desk, address, draft, events="new_contact", contact_types=[artist.pk], tags="VIP\nHot", reentry="always")

    draft.refresh_from_db()
    assert (draft.events, draft.tags, draft.reentry) == (["new_contact"], ["VIP", "Hot"], "always")
    assert list(draft.contact_types.all()) == [artist]


def test_draft_takes_changed_touches(desk, address):
    step = f.StepFactory(action_type="schedule_follow_up", target=None)
    touch = PlannedTouch.objects.create(step=step, day=1, template=f.EngagementTemplateFactory())

    edit(desk, address, step.version, **{"steps-0-touches-0-day": "3"})

    touch.refresh_from_db()
    assert touch.day == 3


def test_draft_loses_a_deleted_step(desk, address):
    draft = publishing.draft_of(rows.workflow())

    edit(desk, address, draft, **{"steps-0-DELETE": "on"})

    assert not draft.steps.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps-0-action_type": "send_email"}, "Choose the email to send."),
        ({"steps-0-delay_hours": "-1"}, "The delay cannot be negative: 0 is at once."),
        ({"steps-0-target": ""}, "Choose who is alerted or gets the task."),
        ({"reentry": "after_days", "reentry_days": "0"}, "Say after how many days the workflow may start again."),
    ],
)
def test_fault_in_a_draft_is_said_in_a_sentence(desk, address, changes, sentence):
    draft = publishing.draft_of(rows.workflow())

    response = edit(desk, address, draft, **changes)

    assert sentence in response.content.decode()


def test_draft_is_published_by_whoever_pressed_the_button(desk, address, boss):
    workflow = rows.workflow()
    draft = publishing.draft_of(workflow)

    desk.post(address.button(draft, "publish"))

    workflow.refresh_from_db()
    assert workflow.current_version == draft
    assert WorkflowVersion.objects.get(pk=draft.pk).published_by == boss


def test_draft_without_steps_is_not_published(desk, address):
    draft = f.WorkflowVersionFactory()

    response = desk.post(address.button(draft, "publish"))

    assert "Add at least one step." in [str(message) for message in get_messages(response.wsgi_request)]
    assert WorkflowVersion.objects.get().is_draft


def test_published_version_has_no_button(desk, address):
    version = rows.version()

    page = desk.get(address.change(version)).content.decode()

    assert address.button(version, "publish") not in page


def test_published_version_is_not_changed(desk, address):
    version = rows.version()

    response = desk.post(address.change(version), {"events": "other", "reentry": "always"})

    assert response.status_code == 403


def test_published_version_is_not_deleted(desk, address):
    version = rows.version()

    response = desk.post(address.delete(version), {"post": "yes"})

    assert response.status_code == 403


def test_draft_can_be_thrown_away(desk, address):
    draft = publishing.draft_of(rows.workflow())

    desk.post(address.delete(draft), {"post": "yes"})

    assert not WorkflowVersion.objects.filter(pk=draft.pk).exists()
    assert not Step.objects.filter(version_id=draft.pk).exists()


def test_version_is_not_made_by_hand(desk, address):
    response = desk.get(address.add(WorkflowVersion))

    assert response.status_code == 403


def test_new_workflow_begins_with_nothing_published(desk, address):
    browser.submit(desk, address.add(WorkflowTemplate), "workflowtemplate_form", name="Art fair", slug="art_fair")

    workflow = WorkflowTemplate.objects.get()
    assert workflow.current_version is None
    assert "Nothing is published yet" in desk.get(address.change(workflow)).content.decode()


@pytest.mark.parametrize("slug", ["Art fair", "art-fair", "", "_art", "x" * 65])
def test_slug_that_cannot_be_is_refused(desk, address, slug):
    response = browser.submit(desk, address.add(WorkflowTemplate), "workflowtemplate_form", name="Art fair", slug=slug)

    assert "slug" in response.context["adminform"].form.errors


@pytest.mark.parametrize(("state", "expected"), [("draft", True), ("published", False)])
def test_versions_are_filtered_by_state(desk, address, state, expected):
    publishing.draft_of(rows.workflow())

    listing = desk.get(address.list(WorkflowVersion), {"state": state}).context["cl"]

    assert {version.is_draft for version in listing.result_list} == {expected}
