"""Workflows are changed on their page, in a draft; what is published stays as it was."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from tests import factories as f
from tests.admin import browser, rows
from tests.matrix import matrix
from workflows import drafts, publishing
from workflows.models import PlannedTouch, Step, WorkflowTemplate, WorkflowVersion

pytestmark = pytest.mark.django_db
FORM = "workflow-form"


def save(desk, address, workflow, **changes):
    return browser.submit(desk, address.change(workflow), FORM, **changes)


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def page(address, workflow, name):
    return address.of(type(workflow), name, row=workflow)


def publish(desk, address, workflow):
    place = page(address, workflow, "publish")
    return desk.post(place, {"seen": desk.get(place).context["seen"]})


@pytest.fixture
def workflow():
    return rows.workflow()


@pytest.fixture
def draft(workflow):
    return drafts.draft_of(workflow)


# The form


def test_page_tells_the_timeline_and_what_starts_it(desk, address, workflow):
    shown = desk.get(address.change(workflow)).content.decode()

    assert "When a new contact arrives or a contact&#x27;s details change" in shown
    assert "Look at it" in shown


def test_saving_nothing_new_makes_no_draft(desk, address, workflow):
    save(desk, address, workflow)

    assert workflow.versions.count() == 1


def test_saving_a_change_makes_a_draft(desk, address, workflow, boss):
    response = save(desk, address, workflow, **{"step-1-amount": "2", "tags": "VIP, Hot"})

    draft = workflow.versions.get(published_at=None)
    assert response.url == address.change(workflow)
    assert (draft.tags, draft.steps.get().delay_hours, draft.edited_by) == (["VIP", "Hot"], 2, boss)
    assert said(response) == ["Saved as a draft. What runs stays as it is until you publish."]


@pytest.mark.parametrize(
    ("amount", "unit", "hours"), [("30", "minutes", "0.5"), ("5", "minutes", "0.0833"), ("2", "days", "48")]
)
def test_delay_is_typed_in_human_units_and_comes_back_so(desk, address, workflow, amount, unit, hours):
    save(desk, address, workflow, **{"step-1-amount": amount, "step-1-unit": unit})

    form = browser.form_on(desk, address.change(workflow), FORM)
    assert f"{Step.objects.get(version__published_at=None).delay_hours.normalize():f}" == hours
    assert (form["step-1-amount"], form["step-1-unit"]) == ([amount], [unit])


def test_steps_keep_the_order_in_which_they_stand_on_the_page(desk, address, workflow):
    target = f.TargetFactory()
    second = {
        "step": ["n1", "1"], "step-n1-action_type": "create_task", "step-n1-amount": "0", "step-n1-unit": "hours",
        "step-n1-title": "Before that", "step-n1-target": target.pk,
    }  # fmt: skip

    save(desk, address, workflow, **second)

    draft = workflow.versions.get(published_at=None)
    assert [(step.position, step.title) for step in draft.steps.all()] == [(1, "Before that"), (2, "Look at it")]


def test_step_that_is_not_sent_any_more_is_gone(desk, address, workflow):
    save(desk, address, workflow, step=[])

    assert not workflow.versions.get(published_at=None).steps.exists()


def test_follow_up_takes_its_emails_by_day(desk, address, workflow):
    email = f.EngagementTemplateFactory()

    save(
        desk, address, workflow,
        **{
            "step-1-action_type": "schedule_follow_up", "step-1-touch": ["n1"],
            "step-1-touch-n1-day": "3", "step-1-touch-n1-template": email.pk,
        },
    )  # fmt: skip

    touch = PlannedTouch.objects.get(step__version__published_at=None)
    assert (touch.day, touch.template) == (3, email)


def test_what_a_kind_does_not_ask_is_not_looked_at(desk, address, workflow):
    email = f.EngagementTemplateFactory()
    changes = {"action_type": "send_email", "template": email.pk, "effort_hours": "much", "target": "999999"}

    save(desk, address, workflow, **{f"step-1-{name}": value for name, value in changes.items()})

    step = Step.objects.get(version__published_at=None)
    assert (step.template, step.target, step.effort_hours) == (email, None, None)


@pytest.fixture
def begun(desk, address, workflow):
    """The form as it was opened."""
    return browser.form_on(desk, address.change(workflow), FORM)


@matrix(
    "changes, sentence",
    [
        ({"step-1-action_type": "send_email"}, "Choose the email to send."),
        ({"step-1-amount": "-1"}, "The delay cannot be negative."),
        ({"step-1-amount": "soon"}, "Give a number; 0 is at once."),
        ({"step-1-amount": "9999", "step-1-unit": "days"}, "This is ten years or more: choose less."),
        ({"step-1-target": ""}, "Choose who is alerted or gets the task."),
        ({"step-1-target": "999999"}, "This does not exist any more. Choose another."),
        ({"reentry": "after_days", "reentry_days": ""}, "Say after how many days the workflow may start again."),
        ({"reentry": "after_days", "reentry_days": "0"}, "Say after how many days it may start again."),
        ({"name": ""}, "Give the workflow a name."),
        ({"other_events": "käse"}, "cannot be an event"),
        ({"tags": "x" * 61}, "is too long: 60 characters at most."),
    ],
)
def test_fault_is_said_at_its_field_and_what_was_typed_stays(desk, address, workflow, begun, changes, sentence):
    response = desk.post(address.change(workflow), {**begun, "description": "Typed just now", **changes})

    shown = response.content.decode()
    assert response.status_code == 200
    assert sentence in shown
    assert "Typed just now" in shown
    assert workflow.versions.count() == 1


def test_fault_that_only_keeps_from_publishing_is_saved_and_said(desk, address, workflow):
    response = save(desk, address, workflow, **{"step-1-title": ""})

    assert said(response) == [
        "Saved as a draft. 1 thing has to be settled before it can be published: see below.",
    ]
    assert "Give the task a title." in desk.get(address.change(workflow)).content.decode()


def test_second_of_two_editors_is_told_who_was_quicker(desk, address, workflow, begun):
    save(desk, address, workflow, tags="first")

    response = desk.post(address.change(workflow), {**begun, "tags": "second"})

    shown = response.content.decode()
    assert "boss saved this workflow" in shown
    assert 'value="second"' in shown
    assert workflow.versions.get(published_at=None).tags == ["first"]


def test_second_editor_replaces_what_they_were_shown(desk, address, workflow, begun):
    save(desk, address, workflow, tags="first")
    shown = desk.post(address.change(workflow), {**begun, "tags": "second"})

    desk.post(address.change(workflow), {**begun, "tags": "second", "seen": shown.context["seen"]})

    assert workflow.versions.get(published_at=None).tags == ["second"]


def test_timeline_is_redrawn_without_writing(desk, address, workflow, begun):
    response = desk.post(page(address, workflow, "preview"), {**begun, "step-1-amount": "3", "step-1-unit": "days"})

    assert "After 3 days" in response.content.decode()
    assert workflow.versions.count() == 1


def test_timeline_of_nonsense_is_a_timeline(desk, address, workflow):
    response = desk.post(page(address, workflow, "preview"), {"step": ["a", "b;c"], "step-a-action_type": "dance"})

    assert response.status_code == 200


# Readers


def test_reader_sees_sentences_and_the_timeline(reading_room, address, workflow):
    shown = reading_room.get(address.change(workflow)).content.decode()

    assert "At once: task “Look at it”" in shown
    assert FORM not in shown


@matrix("name", ["preview", "publish", "discard", "duplicate", "switch", "people"])
def test_reader_reaches_no_page_that_changes_something(reading_room, address, workflow, draft, name):
    statuses = [
        reading_room.get(page(address, workflow, name)).status_code,
        reading_room.post(page(address, workflow, name)).status_code,
    ]

    assert statuses == [403, 403]


@matrix("name", ["versions", "dry_run"])
def test_reader_reaches_the_pages_that_tell(reading_room, address, workflow, draft, name):
    assert reading_room.get(page(address, workflow, name)).status_code == 200


def test_stranger_is_sent_to_the_door(address, workflow):
    assert Client().get(page(address, workflow, "versions")).status_code == 302


# Versions


def test_publish_page_shows_the_difference_and_who_is_under_way(desk, address, workflow):
    f.WorkflowInstanceFactory(template=workflow, version=workflow.current_version)
    save(desk, address, workflow, **{"step-1-amount": "4"})

    shown = desk.get(page(address, workflow, "publish")).content.decode()

    assert "<del>at once</del>" in shown
    assert "<ins>after 4 hours</ins>" in shown
    assert "1 person on version 1: they stay on it to the end." in shown


def test_draft_is_published_by_whoever_pressed_the_button(desk, address, workflow, draft, boss):
    publish(desk, address, workflow)

    workflow.refresh_from_db()
    assert workflow.current_version == draft
    assert WorkflowVersion.objects.get(pk=draft.pk).published_by == boss


def test_draft_that_a_colleague_changed_meanwhile_is_not_published_unread(desk, address, workflow, draft):
    seen = desk.get(page(address, workflow, "publish")).context["seen"]
    save(desk, address, workflow, **{"step-1-amount": "9"})

    response = desk.post(page(address, workflow, "publish"), {"seen": seen})

    assert said(response)[-1] == (
        "The draft was changed since you looked at it. Read what it says now, then publish it."
    )
    assert WorkflowVersion.objects.get(pk=draft.pk).is_draft


def test_draft_with_a_fault_is_not_published(desk, address, workflow, draft):
    draft.steps.all().delete()

    response = publish(desk, address, workflow)

    assert said(response) == ["Add at least one step."]
    assert WorkflowVersion.objects.get(pk=draft.pk).is_draft


@pytest.mark.parametrize(
    ("events", "warned"),
    [(["new_contcat"], True), (["new_contact", "manual_trigger"], False), (["arrived_before"], False)],
)
def test_publishing_warns_of_events_that_nothing_has_sent(desk, address, events, warned):
    f.ContactEventFactory(kind="arrived_before")
    draft = f.WorkflowVersionFactory(events=events)

    shown = desk.get(page(address, draft.template, "publish")).content.decode()

    assert (f"Nothing has sent {events[0]} so far" in shown) is warned


def test_any_two_versions_are_compared(desk, address, workflow):
    save(desk, address, workflow, tags="VIP")
    publish(desk, address, workflow)

    shown = desk.get(page(address, workflow, "versions"), {"before": "2", "after": "1"})

    assert [str(change) for change in shown.context["changes"]] == ["Tags: VIP → any"]


def test_earlier_version_is_taken_back_after_asking(desk, address, workflow):
    save(desk, address, workflow, tags="VIP")
    publish(desk, address, workflow)
    restore = f"{address.change(workflow).removesuffix('change/')}restore/1/"

    asked = desk.get(restore)
    before = workflow.versions.count()
    desk.post(restore)

    assert (asked.status_code, before) == (200, 2)
    assert workflow.versions.get(published_at=None).tags == []


def test_draft_is_thrown_away_after_asking(desk, address, workflow, draft):
    asked = desk.get(page(address, workflow, "discard"))
    is_there = workflow.versions.filter(pk=draft.pk).exists()
    desk.post(page(address, workflow, "discard"))

    assert (asked.status_code, is_there) == (200, True)
    assert not workflow.versions.filter(pk=draft.pk).exists()


def test_copy_is_made_under_another_name(desk, address, workflow):
    desk.post(page(address, workflow, "duplicate"), {"name": "Copy", "slug": "copy"})

    copy = WorkflowTemplate.objects.get(slug="copy")
    assert (copy.current_version, drafts.in_work(copy).steps.count()) == (None, 1)


def test_copy_needs_a_short_name_of_its_own(desk, address, workflow):
    response = desk.post(page(address, workflow, "duplicate"), {"name": "Copy", "slug": workflow.slug})

    assert "Another workflow has this short name." in response.content.decode()


def test_version_is_read_only(desk, address, workflow):
    version = workflow.current_version

    statuses = [
        desk.post(address.change(version), {"events": "other"}).status_code,
        desk.post(address.delete(version), {"post": "yes"}).status_code,
        desk.get(address.add(WorkflowVersion)).status_code,
    ]

    assert statuses == [403, 403, 403]


@pytest.mark.parametrize(("state", "expected"), [("draft", True), ("published", False)])
def test_versions_are_filtered_by_state(desk, address, draft, state, expected):
    listing = desk.get(address.list(WorkflowVersion), {"state": state}).context["cl"]

    assert {version.is_draft for version in listing.result_list} == {expected}


# New workflows, and the switch


def test_new_workflow_begins_with_nothing_published(desk, address):
    response = browser.submit(
        desk, address.add(WorkflowTemplate), "workflowtemplate_form", name="Art fair", slug="art_fair"
    )

    workflow = WorkflowTemplate.objects.get()
    assert response.url == address.change(workflow)
    assert "Nothing is published yet" in desk.get(address.change(workflow)).content.decode()


@pytest.fixture
def empty_form(desk, address):
    return browser.form_on(desk, address.add(WorkflowTemplate), "workflowtemplate_form")


@matrix("slug", ["Art fair", "art-fair", "", "_art", "x" * 65])
def test_slug_that_cannot_be_is_refused(desk, address, empty_form, slug):
    response = desk.post(address.add(WorkflowTemplate), {**empty_form, "name": "Art fair", "slug": slug})

    assert "slug" in response.context["adminform"].form.errors


def test_switching_on_shows_first_what_it_means(desk, address, workflow):
    publishing.switch(template=workflow, is_on=False)
    contact = f.ContactFactory()
    contact.business_entities.add(workflow.business_entity)

    asked = desk.get(page(address, workflow, "switch"))
    workflow.refresh_from_db()
    was_on = workflow.active
    desk.post(page(address, workflow, "switch"), {"active": "on"})

    workflow.refresh_from_db()
    assert (asked.context["reach"].people, was_on, workflow.active) == (1, False, True)


def test_starting_for_people_who_are_here_asks_first(desk, address, workflow, boss):
    contact = f.ContactFactory()
    contact.business_entities.add(workflow.business_entity)

    shown = desk.get(page(address, workflow, "people")).content.decode()
    before = workflow.start_orders.count()
    desk.post(page(address, workflow, "people"))

    assert "Start it for 1 person" in shown
    assert (before, workflow.start_orders.get().asked_by) == (0, boss)
