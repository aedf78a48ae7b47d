"""When a task is due, in words."""

from __future__ import annotations

import datetime as dt

import pytest

from engagement.admin import due_dates, task_actions
from engagement.models import Task
from tests import factories as f


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "due now"),
        (0.5, "due now"),
        (1, "due in 1 minute"),
        (89, "due in 89 minutes"),
        (100, "due in 2 hours"),
        (35 * 60, "due in 35 hours"),
        (48 * 60, "due in 2 days"),
        (-5, "5 minutes late"),
        (-180, "3 hours late"),
        (-2 * 24 * 60, "2 days late"),
    ],
)
def test_due_is_said_in_the_unit_people_would_use(minutes, said):
    assert due_dates.words(f.NOW + dt.timedelta(minutes=minutes), now=f.NOW) == said


@pytest.mark.parametrize(("hours", "colour"), [(-1, "is-bad"), (1, "is-warn"), (5, "")])
def test_late_and_soon_stand_out(hours, colour):
    assert due_dates.colour(f.NOW + dt.timedelta(hours=hours), now=f.NOW) == colour


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "no due date"),
        ({"due_at": f.NOW - dt.timedelta(days=3)}, "3 days late"),
        ({"due_at": f.NOW, "status": "done", "completed_at": f.NOW}, "done"),
        ({"due_at": f.NOW - dt.timedelta(days=3), "status": "cancelled"}, "cancelled"),
    ],
)
def test_only_what_is_open_is_late(values, said):
    assert said in due_dates.chip(Task(**values), now=f.NOW)


def at(day: int, hour: int = 15) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, tzinfo=dt.UTC)  # the 23rd is a Monday


@pytest.mark.parametrize(
    ("wish", "now", "until"),
    [
        ("hours", at(23), at(23, 17)),
        ("tomorrow", at(23), at(24, 9)),
        ("monday", at(24), at(30, 9)),
        ("monday", at(23), at(30, 9)),
        ("monday", at(29), at(30, 9)),
    ],
)
def test_later_means_a_moment(settings, wish, now, until):
    settings.TIME_ZONE = "UTC"

    assert task_actions.put_off_until(wish, now=now) == until
