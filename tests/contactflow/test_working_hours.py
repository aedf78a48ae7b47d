"""Time in which a team works."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from contactflow.core import working_hours
from contactflow.core.working_hours import WorkingTime

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = WorkingTime(zone="Europe/Berlin", hours=("Mon-Fri 9:00-12:30, 13:30-17:00",))
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def at(text, zone=BERLIN):
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-03-02 09:00", 2, "2026-03-02 11:00"),
        ("2026-03-02 12:00", 1, "2026-03-02 14:00"),  # over lunch
        ("2026-03-02 06:00", 1, "2026-03-02 10:00"),  # before work
        ("2026-03-02 16:00", 2, "2026-03-03 10:00"),  # over night
        ("2026-03-06 16:30", 1, "2026-03-09 09:30"),  # over the weekend
        ("2026-03-02 09:00", 3.5, "2026-03-02 12:30"),  # to the last minute
        ("2026-03-02 09:00", 0, "2026-03-02 09:00"),
    ],
)
def test_promise_is_due_in_working_time(start, hours, due):
    assert OFFICE.later(at(start), hours * HOUR) == at(due)


def test_around_the_clock_an_hour_is_an_hour():
    start = at("2026-03-07 23:00")

    assert WorkingTime().later(start, 4 * HOUR) == start + 4 * HOUR


def test_night_on_which_clocks_change_is_as_long_as_it_is():
    assert WorkingTime().elapsed(at("2026-03-29 00:00"), at("2026-03-29 06:00")) == 5 * HOUR


def test_holidays_of_the_region_are_off():
    bavaria = WorkingTime(zone="Europe/Berlin", hours=("Mon-Fri 9:00-17:00",), country="DE", subdivision="BY")
    berlin = WorkingTime(zone="Europe/Berlin", hours=("Mon-Fri 9:00-17:00",), country="DE", subdivision="BE")
    epiphany_eve = at("2026-01-05 16:00")

    assert bavaria.later(epiphany_eve, 2 * HOUR) == at("2026-01-07 10:00")
    assert berlin.later(epiphany_eve, 2 * HOUR) == at("2026-01-06 10:00")


def test_own_days_off_are_off():
    closed = WorkingTime(zone="Europe/Berlin", closed=frozenset({dt.date(2026, 3, 3)}))

    assert closed.later(at("2026-03-02 23:00"), 2 * HOUR) == at("2026-03-04 01:00")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-28", 24)])
def test_day_on_which_clocks_change_has_its_own_length(day, hours):
    always = WorkingTime(zone="Europe/Berlin", hours=("Mon-Sun 0:00-24:00",))
    midnight = at(f"{day} 00:00")

    assert always.elapsed(midnight, at(f"{day} 00:00") + DAY) == hours * HOUR


def test_hours_that_the_clock_skips_are_not_worked():
    night = WorkingTime(zone="Europe/Berlin", hours=("Sun 1:00-2:30, 3:00-4:00",))

    assert night.elapsed(at("2026-03-29 00:00"), at("2026-03-29 06:00")) == 2 * HOUR


def test_who_never_works_is_due_in_a_year():
    off = frozenset(dt.date(2026, 1, 1) + number * DAY for number in range(1000))
    start = at("2026-03-02 09:00")

    assert WorkingTime(closed=off).later(start, HOUR) == start + 366 * DAY


TIMES = st.sampled_from(
    [
        WorkingTime(),
        OFFICE,
        WorkingTime(zone="America/Santiago", hours=("Mon-Sun 0:00-24:00",)),
        WorkingTime(zone="Australia/Lord_Howe", hours=("Fri-Mon 1:45-2:15, 23:00-24:00",), country="AU"),
        WorkingTime(zone="America/New_York", hours=("Sun 1:00-3:00", "Mon-Fri 8:00-18:00"), country="US"),
    ]
)
MOMENTS = st.integers(0, 3 * 366 * 24 * 60).map(
    lambda minutes: dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
)


@given(TIMES, st.lists(MOMENTS, min_size=3, max_size=3))
def test_working_time_of_the_parts_is_that_of_the_whole(working, moments):
    first, middle, last = sorted(moments)

    assert working.elapsed(first, middle) + working.elapsed(middle, last) == working.elapsed(first, last)


@given(TIMES, MOMENTS, st.integers(0, 100))
def test_when_it_is_due_so_much_working_time_has_passed(working, start, hours):
    assert working.elapsed(start, working.later(start, hours * HOUR)) == hours * HOUR


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Mon",
        "Mon-Fri",
        "9:00-17:00",
        "Mon 9-17",
        "Mon 17:00-9:00",
        "Mon 9:00-25:00",
        "Mon 9:70-9:90",
        "Mo 9:00-9:30",
    ],
)
def test_line_that_is_not_understood_is_refused_with_an_example(line):
    with pytest.raises(ValidationError):
        working_hours.validate_line(line)


@pytest.mark.parametrize(
    "line", ["Mon-Fri 9:00-17:00", "sat 10:00\u201314:00", "Fri-Mon 0:00-24:00", "Mon 8:00-9:00,10:00-11:00"]
)
def test_line_as_people_write_it_is_taken(line):
    working_hours.validate_line(line)


@pytest.mark.parametrize(("country", "region"), [("XX", ""), ("de", ""), ("DE", "XX"), ("", "BY")])
def test_holidays_nobody_knows_are_refused(country, region):
    with pytest.raises(ValidationError):
        working_hours.validate_holidays(country, region)
