"""Days stay days, moments are minutes in UTC, and nobody's time zone is lost on the way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notion_bridge import mapping
from notion_bridge.mapping import Unreadable, datetimes, field_of
from tests.matrix import matrix
from tests.notion_bridge.mapping import answers
from tests.notion_bridge.mapping.answers import date

DAY = field_of("contacts", "date_added")
MOMENT = field_of("tasks", "due_date")
MOMENTS = st.datetimes(
    min_value=dt.datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=dt.datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.timezones(),
    allow_imaginary=False,
)


class TestReading:
    @matrix(
        "start, day",
        [
            ("2026-03-01", "2026-03-01"),
            ("2026-03-01T23:30:00.000-05:00", "2026-03-01"),
            ("2026-03-01T00:30:00.000+09:00", "2026-03-01"),
            ("2026-03-01T12:00:00Z", "2026-03-01"),
            ("2024-02-29", "2024-02-29"),
        ],
    )
    def test_a_day_is_the_one_that_is_written_there(self, start: str, day: str) -> None:
        assert mapping.read(date(start), DAY) == day

    @matrix(
        "start, moment",
        [
            ("2026-03-01T09:30:00.000+00:00", "2026-03-01T09:30Z"),
            ("2026-03-01T09:30:00Z", "2026-03-01T09:30Z"),
            ("2026-03-01T23:30:00.000-05:00", "2026-03-02T04:30Z"),
            ("2026-03-01T00:15:00.000+05:45", "2026-02-28T18:30Z"),
            ("2026-03-01T09:30:59.999+00:00", "2026-03-01T09:30Z"),
            ("2026-03-01T09:30", "2026-03-01T09:30Z"),
        ],
    )
    def test_a_moment_is_its_minute_in_utc(self, start: str, moment: str) -> None:
        assert mapping.read(date(start), MOMENT) == moment

    def test_a_moment_without_time_stays_a_day(self) -> None:
        assert mapping.read(date("2026-03-01"), MOMENT) == "2026-03-01"

    @matrix(
        "start, zone, moment",
        [
            ("2026-01-15T09:00:00", "Europe/Berlin", "2026-01-15T08:00Z"),
            ("2026-07-15T09:00:00", "Europe/Berlin", "2026-07-15T07:00Z"),
            ("2026-07-15T09:00:00", "Asia/Kathmandu", "2026-07-15T03:15Z"),
            ("2026-07-15T09:00:00.000+02:00", "Europe/Berlin", "2026-07-15T07:00Z"),
        ],
    )
    def test_a_named_time_zone_is_heard(self, start: str, zone: str, moment: str) -> None:
        assert mapping.read(date(start, time_zone=zone), MOMENT) == moment

    def test_of_a_period_the_beginning_counts(self) -> None:
        assert mapping.read(date("2026-03-01", "2026-03-05"), DAY) == "2026-03-01"

    @matrix(
        "given",
        [
            date("soon"),
            date("2026-02-30"),
            date("2026-13-01T00:00:00Z"),
            date(""),
            date("2026-03-01T09:00:00", time_zone="Mars/Olympus"),
            date("2026-03-01T09:00:00", time_zone="../../etc/passwd"),
            date("0001-01-01T00:00:00+14:00"),
            date("9999-12-31T23:00:00-14:00"),
            date("12026-03-01"),
        ],
    )
    def test_what_is_no_date_is_unreadable(self, given: dict[str, Any]) -> None:
        with pytest.raises(Unreadable, match="Due Date cannot be read"):
            mapping.read(given, MOMENT)


class TestWriting:
    def test_a_day_is_written_as_a_day(self) -> None:
        assert mapping.write("2026-03-01", DAY, "date").payload == {"date": {"start": "2026-03-01"}}

    def test_a_moment_is_written_with_its_offset(self) -> None:
        payload = mapping.write("2026-03-01T09:30Z", MOMENT, "date").payload

        assert payload == {"date": {"start": "2026-03-01T09:30:00.000+00:00"}}

    def test_a_moment_without_time_is_written_as_a_day(self) -> None:
        assert mapping.write("2026-03-01", MOMENT, "date").payload == {"date": {"start": "2026-03-01"}}

    def test_the_time_of_what_is_a_day_is_not_written(self) -> None:
        assert mapping.write("2026-03-01T09:30Z", DAY, "date").payload == {"date": {"start": "2026-03-01"}}

    def test_no_date_empties_the_property(self) -> None:
        assert mapping.write("", DAY, "date").payload == {"date": None}

    @matrix("value", ["soon", "2026-02-30", "2026-03-01T09:30"])
    def test_what_is_no_date_leaves_notion_alone(self, value: str) -> None:
        written = mapping.write(value, MOMENT, "date")

        assert (written.payload, len(written.limits)) == (None, 1)

    @given(st.dates())
    def test_any_day_reads_back(self, day: dt.date) -> None:
        payload = mapping.write(day.isoformat(), DAY, "date").payload

        assert payload is not None
        assert mapping.read(answers.shown("date", payload), DAY) == day.isoformat()

    @given(MOMENTS)
    def test_any_moment_reads_back(self, moment: dt.datetime) -> None:
        value = datetimes.canonical(moment)

        payload = mapping.write(value, MOMENT, "date").payload

        assert payload is not None
        assert mapping.read(answers.shown("date", payload), MOMENT) == value

    @given(MOMENTS)
    def test_a_canonical_moment_is_the_same_minute(self, moment: dt.datetime) -> None:
        minute = datetimes.parsed(datetimes.canonical(moment))

        assert minute == moment.astimezone(dt.UTC).replace(second=0, microsecond=0)

    @given(MOMENTS)
    def test_any_spelling_of_a_moment_reads_as_the_same_value(self, moment: dt.datetime) -> None:
        exact = moment.astimezone(dt.UTC)

        assert mapping.read(date(exact.isoformat()), MOMENT) == datetimes.canonical(moment)


class TestPeriods:
    @matrix(
        "value, current, end",
        [
            ("2026-03-02", date("2026-03-01", "2026-03-05"), "2026-03-05"),
            ("2026-03-05", date("2026-03-01", "2026-03-05"), "2026-03-05"),
            (
                "2026-03-01T09:30Z",
                date("2026-03-01T08:00:00.000+00:00", "2026-03-01T12:00:00.000+01:00"),
                "2026-03-01T11:00:00.000+00:00",
            ),
        ],
    )
    def test_an_end_that_still_fits_stays(self, value: str, current: dict[str, Any], end: str) -> None:
        written = mapping.write(value, MOMENT, "date", current=current)

        assert written.payload is not None
        assert (written.payload["date"]["end"], written.limits) == (end, ())

    @matrix(
        "value, current",
        [
            ("2026-03-06", date("2026-03-01", "2026-03-05")),
            ("2026-03-01T09:30Z", date("2026-03-01", "2026-03-05")),
            ("2026-03-01", date("2026-03-01T08:00:00.000+00:00", "2026-03-05T08:00:00.000+00:00")),
            ("2026-03-06T09:30Z", date("2026-03-01T08:00:00.000+00:00", "2026-03-05T08:00:00.000+00:00")),
            ("2026-03-01T09:30Z", date("2026-03-01T08:00:00", "2026-03-05T08:00:00", "Europe/Berlin")),
            ("2026-03-01", date("2026-03-01", "soon")),
        ],
    )
    def test_an_end_that_fits_no_more_goes_and_is_reported(self, value: str, current: dict[str, Any]) -> None:
        written = mapping.write(value, MOMENT, "date", current=current)

        assert written.payload is not None
        assert "end" not in written.payload["date"]
        assert "was a period in Notion" in written.limits[0]

    @matrix("current", [None, {}, {"date": None}, {"date": "x"}, date("2026-03-01")])
    def test_what_was_no_period_is_no_matter(self, current: dict[str, Any] | None) -> None:
        assert mapping.write("2026-03-02", DAY, "date", current=current).limits == ()


def test_a_time_without_a_zone_is_not_guessed() -> None:
    with pytest.raises(datetimes.Malformed):
        datetimes.canonical(dt.datetime(2026, 3, 1, 9, 30))  # noqa: DTZ001 - the subject
