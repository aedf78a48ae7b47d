"""What is due next, and whether what was due happened on time."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from contactflow.today import upcoming
from contacts.models import BusinessEntity
from tests import factories as f
from workflows.models import ScheduledAction, WorkflowInstance

NOW = dt.datetime(2026, 3, 2, 9, 20, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def utc():
    with timezone.override(dt.UTC):
        yield


def planned(at, **values):
    action = f.ScheduledActionFactory()
    ScheduledAction.objects.filter(pk=action.pk).update(due_at=at, next_attempt_at=at, **values)
    return ScheduledAction.objects.select_related("instance").get(pk=action.pk)


def done(late, *, ago=HOUR):
    finished = NOW - ago
    return planned(finished - late, status="done", finished_at=finished)


def counts(**options):
    hours, _ = upcoming.due_by_hour(now=NOW, **options)
    return [hour.count for hour in hours]


def test_steps_stand_at_their_hour():
    planned(NOW + dt.timedelta(minutes=10))
    planned(NOW + HOUR)
    planned(NOW + HOUR)

    assert counts() == [1, 2, *[0] * 22]


@pytest.mark.parametrize("kind", ["send_email", "create_task", "send_notification", "schedule_follow_up", "follow_up"])
def test_every_kind_of_step_is_counted(kind):
    planned(NOW + HOUR, action_type=kind)

    assert sum(counts()) == 1


@pytest.mark.parametrize("at", [NOW - HOUR, NOW + dt.timedelta(hours=25)], ids=["past", "later"])
def test_steps_of_other_times_are_not_counted(at):
    planned(at)

    assert sum(counts()) == 0


def test_first_hour_is_the_one_that_runs():
    hours, _ = upcoming.due_by_hour(now=NOW)

    assert (hours[0].begins, len(hours)) == (NOW.replace(minute=0), 24)


def test_fullest_hour_is_the_tallest():
    planned(NOW + HOUR)
    for _ in range(4):
        planned(NOW + 2 * HOUR)

    hours, _ = upcoming.due_by_hour(now=NOW)

    assert [hour.share for hour in hours[:4]] == [0, 25, 100, 0]


def test_counting_ends_somewhere(monkeypatch):
    monkeypatch.setattr(upcoming, "LOOKED_AT", 2)
    for _ in range(3):
        planned(NOW + HOUR)

    assert upcoming.due_by_hour(now=NOW)[1] is True


def test_lateness_of_half_and_of_nearly_all():
    for seconds in range(1, 101):
        done(dt.timedelta(seconds=seconds))

    found = upcoming.punctuality(now=NOW)

    assert (found.half_within, found.most_within) == (dt.timedelta(seconds=50.5), dt.timedelta(seconds=95.05))
    assert found.done == 100


def test_early_is_not_late():
    done(dt.timedelta(seconds=-30))

    assert upcoming.punctuality(now=NOW).half_within == dt.timedelta(0)


def test_nothing_done_is_nothing_to_judge():
    found = upcoming.punctuality(now=NOW)

    assert (found.half_within, found.most_within, found.done, found.oldest_overdue) == (None, None, 0, None)


def test_what_was_done_long_ago_does_not_count():
    done(HOUR, ago=dt.timedelta(hours=25))

    assert upcoming.punctuality(now=NOW).done == 0


def test_oldest_overdue_step_is_named():
    planned(NOW - HOUR)
    oldest = planned(NOW - 3 * HOUR)
    planned(NOW + HOUR)

    found = upcoming.punctuality(now=NOW)

    assert (found.oldest_overdue, found.oldest_id) == (NOW - 3 * HOUR, str(oldest.pk))


def test_step_of_somebody_on_hold_is_not_overdue():
    step = planned(NOW - HOUR)
    WorkflowInstance.objects.filter(pk=step.instance_id).update(status="paused", paused_at=NOW)

    assert upcoming.punctuality(now=NOW).oldest_overdue is None


def test_one_brand_is_judged_by_its_own_steps():
    brand = BusinessEntity.objects.create(slug="ours", name="Ours")
    other = BusinessEntity.objects.create(slug="theirs", name="Theirs")
    for each in (brand, other):
        for step in (planned(NOW + HOUR), planned(NOW - HOUR), done(HOUR)):
            WorkflowInstance.objects.filter(pk=step.instance_id).update(business_entity=each)

    found = upcoming.punctuality(now=NOW, brand=brand)

    assert sum(counts(brand=brand)) == found.done == 1
    assert found.oldest_overdue == NOW - HOUR
