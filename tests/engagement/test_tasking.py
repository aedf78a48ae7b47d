from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from engagement import tasking
from engagement.models import Task
from tests.factories import NOW, ContactFactory, TargetFactory

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=1)


def create(**fields):
    given = {"action_id": uuid.uuid4(), "title": "Call", "target": TargetFactory(), "contact": ContactFactory()}
    return tasking.create_task(**{**given, "now": NOW, **fields})


def test_a_task_has_what_the_step_said():
    task = create(
        title="Artist Portfolio Review", category="CURATION", priority="high", effort_hours=Decimal(2), due_at=LATER
    )

    task.refresh_from_db()
    assert (task.title, task.category, task.priority, task.effort_hours) == (
        "Artist Portfolio Review",
        "CURATION",
        "high",
        Decimal(2),
    )
    assert (task.status, task.source, task.due_at, task.created_at) == ("to_do", "workflow", LATER, NOW)


def test_the_same_action_makes_one_task():
    action = uuid.uuid4()

    first, second = create(action_id=action), create(action_id=action, title="Other")

    assert first.pk == second.pk
    assert Task.objects.get().title == "Call"


def test_tasks_made_by_hand_are_each_their_own():
    first, second = create(action_id=None), create(action_id=None)

    assert first.pk != second.pk
    assert first.source == "manual"


def test_an_empty_priority_is_medium():
    assert create(priority="").priority == "medium"


def test_done_has_its_time():
    task = tasking.set_status(task=create(), status="done", now=LATER)

    assert (task.status, task.completed_at, task.updated_at) == ("done", LATER, LATER)


def test_reopening_forgets_when_it_was_done():
    task = tasking.set_status(task=create(), status="done", now=NOW)

    reopened = tasking.set_status(task=task, status="in_progress", now=LATER)

    assert (reopened.status, reopened.completed_at) == ("in_progress", None)


def test_done_twice_keeps_the_first_time():
    task = tasking.set_status(task=create(), status="done", now=NOW)

    assert tasking.set_status(task=task, status="done", now=LATER).completed_at == NOW


@pytest.mark.parametrize("status", Task.Status.values)
def test_a_task_can_have_every_status(status):
    assert tasking.set_status(task=create(), status=status, now=NOW).status == status


def test_an_unknown_status_is_refused_with_the_known_ones():
    with pytest.raises(tasking.UnknownStatus, match="to_do, in_progress, on_hold, done, cancelled"):
        tasking.set_status(task=create(), status="finished", now=NOW)
