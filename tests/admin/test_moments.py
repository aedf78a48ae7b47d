"""Times as people read them, in their own zone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone

from contactflow import middleware
from contactflow.core import datetimes
from contacts.models import Contact
from engagement.models import Message
from tests.admin import rows

NOW = dt.datetime(2026, 11, 18, 12, tzinfo=dt.UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (dt.datetime(2026, 11, 18, 9, 0, tzinfo=dt.UTC), "9:00"),
        (dt.datetime(2026, 11, 18, 23, 59, tzinfo=dt.UTC), "23:59"),
        (dt.datetime(2026, 11, 17, 9, 0, tzinfo=dt.UTC), "yesterday 9:00"),
        (dt.datetime(2026, 11, 19, 9, 0, tzinfo=dt.UTC), "tomorrow 9:00"),
        (dt.datetime(2026, 11, 16, 9, 0, tzinfo=dt.UTC), "Mon 9:00"),
        (dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC), "Sun 9:00"),
        (dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC), "23 Nov 2026, 9:00"),
        (dt.datetime(2025, 11, 18, 9, 0, tzinfo=dt.UTC), "18 Nov 2025, 9:00"),
    ],
)
def test_moment_is_as_long_as_it_must_be(value, read):
    with timezone.override(dt.UTC):
        shown = datetimes.moment(value, now=NOW)

    assert f">{read}</time>" in shown


def test_exact_moment_stands_on_hover():
    value = dt.datetime(2026, 11, 18, 8, 0, 7, tzinfo=dt.UTC)

    with timezone.override("Europe/Berlin"):
        shown = datetimes.moment(value, now=NOW)

    assert 'datetime="2026-11-18T09:00:07+01:00"' in shown
    assert 'title="Wednesday 18 November 2026, 9:00:07 CET"' in shown


def test_today_is_the_readers_day():
    late = dt.datetime(2026, 11, 18, 23, 30, tzinfo=dt.UTC)

    with timezone.override("Asia/Tokyo"):
        shown = datetimes.words(late, now=NOW)

    assert shown == "tomorrow 8:30"


def test_no_moment_is_a_dash():
    assert datetimes.moment(None) == "-"


def test_tag_shows_a_moment():
    shown = Template("{% load moments %}{% moment at %}").render(Context({"at": NOW}))

    assert shown.startswith("<time ")


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "a" * 500, "Europe", "\x00", "/etc/localtime"]
)
def test_name_of_no_zone_is_ignored(name):
    assert middleware.zone_named(name) is None


@pytest.fixture
def newcomer(db):
    person = rows.contact()
    Contact.objects.filter(pk=person.pk).update(created_at=dt.datetime(2020, 3, 3, 12, tzinfo=dt.UTC))
    return person


@pytest.mark.parametrize(
    ("zone", "read"),
    [("Asia/Tokyo", "3 Mar 2020, 21:00"), ("America/New_York", "3 Mar 2020, 7:00"), ("nowhere", "3 Mar 2020, 12:00")],
)
def test_list_and_page_tell_times_in_the_readers_zone(desk, address, newcomer, zone, read):
    desk.cookies[middleware.COOKIE] = zone

    pages = [desk.get(page).content.decode() for page in (address.list(Contact), address.change(newcomer))]

    assert [read in page for page in pages] == [True, True]


def test_column_of_moments_can_still_be_sorted(desk, address, newcomer):
    listing = desk.get(address.list(Message)).context["cl"]
    position = [getattr(name, "__name__", name) for name in listing.list_display].index("created_at")

    sorted_by = desk.get(address.list(Message), {"o": str(position)}).context["cl"].queryset.query.order_by

    assert sorted_by[0] == "created_at"


def test_zone_of_one_request_is_not_that_of_the_next(desk, address, newcomer):
    desk.cookies[middleware.COOKIE] = "Asia/Tokyo"
    desk.get(reverse("admin:index"))

    assert timezone.get_current_timezone_name() == timezone.get_default_timezone_name()


def test_api_does_not_depend_on_the_cookie(desk, newcomer):
    desk.cookies[middleware.COOKIE] = "Asia/Tokyo"

    answer = desk.get(f"/api/v1/contacts/{newcomer.pk}")

    assert "2020-03-03T12:00:00" in answer.content.decode()


def test_every_page_of_the_admin_has_the_script(client, db):
    assert "contactflow/timezone.js" in client.get(reverse("admin:login")).content.decode()
