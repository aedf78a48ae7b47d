"""Everything that runs for one contact, controlled at once."""

from __future__ import annotations

import datetime as dt

import pytest

from tests import factories as f
from workflows import controls
from workflows.models import ControlEntry, WorkflowInstance

pytestmark = pytest.mark.django_db

LATER = f.NOW + dt.timedelta(hours=2)
SAID = {"reason": "On holiday", "actor": "ada"}


@pytest.fixture
def person():
    return f.ContactFactory()


def running(person, **values):
    return f.WorkflowInstanceFactory(contact=person, **values)


def statuses():
    return sorted(WorkflowInstance.objects.values_list("status", flat=True))


def test_all_active_workflows_are_paused(person):
    running(person)
    running(person)
    running(person, status="completed", ended_at=f.NOW)

    count = controls.pause_all(contact=person, now=LATER, **SAID)

    assert count == 2
    assert statuses() == ["completed", "paused", "paused"]


def test_pausing_all_leaves_other_people_alone(person):
    other = running(f.ContactFactory())

    controls.pause_all(contact=person, now=LATER, **SAID)

    other.refresh_from_db()
    assert other.status == "active"


def test_each_workflow_keeps_who_paused_it_and_why(person):
    running(person)
    running(person)

    controls.pause_all(contact=person, now=LATER, **SAID)

    assert set(ControlEntry.objects.values_list("verb", "reason", "actor")) == {("pause", "On holiday", "ada")}
    assert ControlEntry.objects.count() == 2


def test_all_paused_workflows_go_on(person):
    paused, active = running(person, status="paused", paused_at=f.NOW), running(person)
    f.ScheduledActionFactory(instance=paused)
    f.ScheduledActionFactory(instance=active)

    count = controls.resume_all(contact=person, now=LATER, **SAID)

    assert count == 1
    assert statuses() == ["active", "active"]


def test_all_that_is_not_over_is_cancelled(person):
    running(person)
    running(person, status="paused", paused_at=f.NOW)
    running(person, status="failed", ended_at=f.NOW)

    count = controls.cancel_all(contact=person, now=LATER, **SAID)

    assert count == 2
    assert statuses() == ["cancelled", "cancelled", "failed"]


def test_nothing_runs_and_nothing_is_paused(person):
    assert controls.pause_all(contact=person, now=LATER, **SAID) == 0
