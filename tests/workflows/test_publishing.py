from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from tests.factories import (
    NOW,
    EngagementTemplateFactory,
    StepFactory,
    UserFactory,
    WorkflowTemplateFactory,
    WorkflowVersionFactory,
)
from workflows import drafts, publishing
from workflows.models import PlannedTouch

pytestmark = pytest.mark.django_db


def published_version():
    version = StepFactory().version
    return publishing.publish(version=version, by=None, now=NOW)


def test_publishing_makes_the_draft_the_current_version() -> None:
    version = StepFactory().version
    editor = UserFactory()

    publishing.publish(version=version, by=editor, now=NOW)

    version.template.refresh_from_db()
    assert version.template.current_version == version
    assert (version.published_at, version.published_by) == (NOW, editor)


def test_draft_without_steps_is_not_published() -> None:
    version = WorkflowVersionFactory()

    with pytest.raises(publishing.NotPublishable, match="Add at least one step"):
        publishing.publish(version=version, by=None, now=NOW)


def test_draft_without_events_is_not_published() -> None:
    version = StepFactory(version__events=[]).version

    with pytest.raises(publishing.NotPublishable, match="Name at least one event"):
        publishing.publish(version=version, by=None, now=NOW)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"delay_hours": -1}, "Step 1: the delay cannot be negative."),
        ({"title": ""}, "Step 1: give the task a title."),
        ({"action_type": "schedule_follow_up"}, "Step 1: plan at least one touch."),
    ],
)
def test_an_unfinished_step_is_named(fields: dict[str, object], problem: str) -> None:
    version = StepFactory(**fields).version

    assert problem in publishing.problems_of(version)


def test_an_email_without_words_is_named() -> None:
    email = EngagementTemplateFactory()
    type(email).objects.filter(pk=email.pk).update(current_version=None)
    version = StepFactory(action_type="send_email", template=email).version

    assert publishing.problems_of(version) == ["Step 1: choose an email that has words."]


def test_a_version_is_published_once() -> None:
    version = published_version()

    with pytest.raises(publishing.NotPublishable, match="published already"):
        publishing.publish(version=version, by=None, now=NOW)


def test_a_published_version_cannot_change() -> None:
    version = published_version()

    with pytest.raises(IntegrityError, match="published and cannot change"), transaction.atomic():
        type(version).objects.filter(pk=version.pk).update(events=["other"])


CHANGES = {
    "update": lambda version: version.steps.update(title="other"),
    "delete": lambda version: version.steps.get().delete(),
    "insert": lambda version: StepFactory(version=version),
}


@pytest.mark.parametrize("change", CHANGES)
def test_steps_of_a_published_version_cannot_change(change: str) -> None:
    version = published_version()

    with pytest.raises(IntegrityError, match="published workflow version cannot change"), transaction.atomic():
        CHANGES[change](version)


def test_the_draft_of_a_published_template_is_a_copy() -> None:
    step = StepFactory(action_type="schedule_follow_up")
    PlannedTouch.objects.create(step=step, day=3, template=EngagementTemplateFactory())
    template = publishing.publish(version=step.version, by=None, now=NOW).template
    template.refresh_from_db()

    draft = drafts.draft_of(template)

    copy = draft.steps.get()
    assert (draft.number, draft.is_draft, draft.events) == (2, True, ["new_contact", "contact_updated"])
    assert (copy.title, copy.delay_hours, copy.touches.get().day) == (step.title, step.delay_hours, 3)


def test_there_is_one_draft_at_a_time() -> None:
    template = published_version().template
    template.refresh_from_db()

    assert drafts.draft_of(template) == drafts.draft_of(template)


def test_the_draft_of_a_new_template_is_empty() -> None:
    draft = drafts.draft_of(WorkflowTemplateFactory())

    assert (draft.number, draft.steps.count()) == (1, 0)


@pytest.mark.parametrize("days", [None, 0])
def test_starting_again_after_some_days_needs_the_days(days: int | None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkflowVersionFactory(reentry="after_days", reentry_days=days)
