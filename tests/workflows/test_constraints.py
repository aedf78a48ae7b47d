"""What the database itself refuses, whatever code forgets."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.factories import (
    NOW,
    EngagementTemplateFactory,
    ScheduledActionFactory,
    StepFactory,
    WorkflowInstanceFactory,
    WorkflowTemplateFactory,
    WorkflowVersionFactory,
)
from workflows.models import ActionAttempt, PlannedTouch, ScheduledAction

pytestmark = pytest.mark.django_db


def refuses(constraint: str, make: Any) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make()


# Instances


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"status": "paused"}, "instance_paused_has_paused_at"),
        ({"status": "active", "paused_at": NOW}, "instance_paused_has_paused_at"),
        ({"status": "completed"}, "instance_ended_has_ended_at"),
        ({"status": "failed"}, "instance_ended_has_ended_at"),
        ({"status": "cancelled"}, "instance_ended_has_ended_at"),
        ({"status": "active", "ended_at": NOW}, "instance_ended_has_ended_at"),
    ],
)
def test_an_instance_has_the_moments_of_its_status(fields: dict[str, Any], constraint: str) -> None:
    refuses(constraint, lambda: WorkflowInstanceFactory(**fields))


def test_the_same_start_twice_is_refused() -> None:
    first = WorkflowInstanceFactory(reentry_key="once")

    refuses(
        "no_second_start",
        lambda: WorkflowInstanceFactory(contact=first.contact, version=first.version, reentry_key="once"),
    )


def test_another_contact_may_start_the_same() -> None:
    first = WorkflowInstanceFactory(reentry_key="once")

    assert WorkflowInstanceFactory(version=first.version, reentry_key="once").pk


# Actions


@pytest.mark.parametrize("status", ["claimed", "sending"])
def test_who_holds_an_action_has_lease_and_token(status: str) -> None:
    refuses("action_held_has_lease", lambda: ScheduledActionFactory(status=status))
    refuses("action_held_has_lease", lambda: ScheduledActionFactory(status=status, lease_until=NOW))
    refuses("action_held_has_lease", lambda: ScheduledActionFactory(status=status, token=1))

    assert ScheduledActionFactory(status=status, lease_until=NOW, token=1).pk


@pytest.mark.parametrize("status", ["pending", "ambiguous"])
def test_nobody_holds_what_is_not_held(status: str) -> None:
    refuses("action_held_has_lease", lambda: ScheduledActionFactory(status=status, lease_until=NOW, token=1))


@pytest.mark.parametrize("status", ["done", "failed", "dead", "skipped", "cancelled"])
def test_what_is_final_says_since_when(status: str) -> None:
    refuses("action_final_has_finished_at", lambda: ScheduledActionFactory(status=status))

    assert ScheduledActionFactory(status=status, finished_at=NOW).pk


@pytest.mark.parametrize("status", ["pending", "ambiguous"])
def test_what_is_not_final_has_not_finished(status: str) -> None:
    refuses("action_final_has_finished_at", lambda: ScheduledActionFactory(status=status, finished_at=NOW))


def test_every_status_is_held_final_or_waiting() -> None:
    held, waiting = {"claimed", "sending"}, {"pending", "ambiguous"}
    final = {"done", "failed", "dead", "skipped", "cancelled"}

    assert held | waiting | final == set(ScheduledAction.Status.values)


def test_a_step_happens_once_per_occurrence() -> None:
    first = ScheduledActionFactory()

    refuses("one_action_per_occurrence", lambda: ScheduledActionFactory(instance=first.instance, step=first.step))


def test_a_claim_is_one_attempt() -> None:
    action = ScheduledActionFactory()
    ActionAttempt.objects.create(action=action, number=1, token=7)

    refuses("one_attempt_per_token", lambda: ActionAttempt.objects.create(action=action, number=2, token=7))


# Templates, versions, steps


def test_a_template_has_one_draft() -> None:
    draft = WorkflowVersionFactory()

    refuses("one_draft_per_workflow", lambda: WorkflowVersionFactory(template=draft.template))


def test_a_version_number_is_used_once() -> None:
    version = WorkflowVersionFactory(number=1, published_at=NOW)

    refuses("one_workflow_version_number", lambda: WorkflowVersionFactory(template=version.template, number=1))


@pytest.mark.parametrize("action_type", ["send_notification", "create_task"])
def test_a_step_for_a_colleague_names_one(action_type: str) -> None:
    refuses("step_has_target", lambda: StepFactory(action_type=action_type, target=None))


def test_a_step_that_sends_names_the_email() -> None:
    refuses("step_has_email", lambda: StepFactory(action_type="send_email", target=None, template=None))


@pytest.mark.parametrize("action_type", ["send_email", "schedule_follow_up"])
def test_a_step_for_the_contact_needs_no_target(action_type: str) -> None:
    assert StepFactory(action_type=action_type, target=None, template=EngagementTemplateFactory()).pk


def test_a_position_is_used_once() -> None:
    step = StepFactory(position=1)

    refuses("one_step_per_position", lambda: StepFactory(version=step.version, position=1))


def test_a_day_has_one_touch() -> None:
    step = StepFactory(action_type="schedule_follow_up", target=None)
    PlannedTouch.objects.create(step=step, day=3, template=EngagementTemplateFactory())

    refuses(
        "one_touch_per_day",
        lambda: PlannedTouch.objects.create(step=step, day=3, template=EngagementTemplateFactory()),
    )


def test_a_slug_is_used_once() -> None:
    WorkflowTemplateFactory(slug="greet")

    refuses("slug", lambda: WorkflowTemplateFactory(slug="greet"))


def test_an_action_keeps_its_id() -> None:
    action = ScheduledActionFactory(id=uuid.UUID(int=7))

    refuses("pkey", lambda: ScheduledActionFactory(id=action.pk))
