"""Who came, what was sent, and who heard from us in time."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from contactflow.today import response_times, volume
from contacts.models import BusinessEntity, EntityMembership
from engagement import response_clock, touches
from engagement.models import Message
from tests import factories as f

NOW = dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def utc():
    with timezone.override(dt.UTC):
        yield


@pytest.fixture
def gallery(db):
    return BusinessEntity.objects.create(slug="gallery", name="Gallery", response_hours=4, colour="#112233")


@pytest.fixture
def school(db):
    return BusinessEntity.objects.create(slug="school", name="School", response_hours=24)


def came(brand, ago):
    """Somebody who arrived so long ago; the brand promises four hours."""
    person = f.ContactFactory()
    EntityMembership.objects.create(contact=person, business_entity=brand)
    EntityMembership.objects.filter(contact=person).update(since=NOW - ago)
    event = f.ContactEventFactory(contact=person)
    (clock,) = response_clock.of_arrival(event=event, brands=[brand], source=None, tags=[], now=NOW)
    due_at = NOW - ago + brand.response_hours * HOUR
    clock.started_at, clock.warn_at, clock.due_at = NOW - ago, due_at, due_at
    clock.save()
    return person


def answered(person, ago):
    touches.log(contact=person, kind="called", business_entity=None, at=NOW - ago, colleague="ada", now=NOW)


def sent(person, ago, *, brand=None, status="sent"):
    return Message.objects.create(
        action=uuid.uuid4(),
        contact=person, business_entity=brand, recipient="a@example.org", subject="Hello", text="", html="",
        status=status, sent_at=NOW - ago if status == "sent" else None,
    )  # fmt: skip


def test_people_are_counted_on_their_day_for_their_brand(gallery, school):
    came(gallery, HOUR)
    came(gallery, DAY)
    came(gallery, DAY)
    came(school, HOUR)

    found = volume.arrivals(now=NOW, brands=[gallery, school])

    assert [line.counts[-2:] for line in found.lines] == [[2, 1], [0, 1]]
    assert found.total == 4


def test_thirty_days_are_shown_and_no_more(gallery):
    came(gallery, 29 * DAY)
    came(gallery, 30 * DAY)

    found = volume.arrivals(now=NOW, brands=[gallery])

    assert (len(found.days), found.lines[0].total) == (30, 1)
    assert (found.days[0], found.days[-1]) == (dt.date(2026, 3, 2), dt.date(2026, 3, 31))


def test_day_is_the_readers(gallery):
    came(gallery, 13 * HOUR)  # 23:00 the day before in UTC, the same day in Tokyo

    with timezone.override("Asia/Tokyo"):
        found = volume.arrivals(now=NOW, brands=[gallery])

    assert found.lines[0].counts[-1] == 1


def test_only_what_was_sent_counts_as_sent(gallery):
    person = came(gallery, DAY)
    sent(person, HOUR, brand=gallery)
    sent(person, HOUR, brand=gallery, status="held")

    assert volume.sends(now=NOW, brands=[gallery]).total == 1


def test_chart_has_a_named_colour_for_each_brand(gallery, school):
    chart = volume.arrivals(now=NOW, brands=[gallery, school]).chart()

    assert chart["labels"][-1] == "31 Mar"
    assert [(line["label"], line["backgroundColor"]) for line in chart["datasets"]] == [
        ("Gallery", "#112233"),
        ("School", school.colour),
    ]


def test_table_begins_with_the_newest_day(gallery):
    came(gallery, HOUR)

    assert volume.arrivals(now=NOW, brands=[gallery]).rows()[0] == (dt.date(2026, 3, 31), [1])


def the_clock(brand):
    (found,) = response_times.clocks(now=NOW, brands=[brand])
    return found


def test_answer_within_the_promise_is_in_time(gallery):
    answered(came(gallery, 10 * HOUR), 7 * HOUR)

    assert (the_clock(gallery).in_time, the_clock(gallery).kept) == (1, 100)


def test_email_that_a_workflow_sent_is_no_answer_and_stands_beside_it(gallery):
    sent(came(gallery, 10 * HOUR), 9 * HOUR)

    clock = the_clock(gallery)
    assert (clock.in_time, clock.overdue, clock.automatic, clock.kept) == (0, 1, 1, 0)


def test_answer_after_the_promise_is_late(gallery):
    answered(came(gallery, 10 * HOUR), 5 * HOUR)

    assert (the_clock(gallery).late, the_clock(gallery).kept) == (1, 0)


def test_each_brand_has_its_own_promise(gallery, school):
    for brand in (gallery, school):
        answered(came(brand, 10 * HOUR), HOUR)

    assert (the_clock(gallery).late, the_clock(school).in_time) == (1, 1)


def test_unanswered_person_waits_in_time_and_then_too_long(gallery):
    came(gallery, HOUR)
    came(gallery, 5 * HOUR)

    assert (the_clock(gallery).waiting, the_clock(gallery).overdue, the_clock(gallery).new) == (1, 1, 2)


def test_who_needed_no_answer_is_not_counted(gallery):
    response_clock.drop(contact=came(gallery, HOUR), brand=gallery, now=NOW)

    assert the_clock(gallery).new == 0


def test_what_was_missed_before_it_was_dropped_stays_missed(gallery):
    response_clock.drop(contact=came(gallery, 5 * HOUR), brand=gallery, now=NOW)

    assert the_clock(gallery).overdue == 1


def test_promise_nobody_could_break_yet_is_not_judged(gallery):
    came(gallery, HOUR)

    assert the_clock(gallery).kept is None


def test_people_of_last_month_do_not_count(gallery):
    came(gallery, 8 * DAY)

    assert the_clock(gallery).new == 0


def test_newest_people_are_enough(gallery, monkeypatch):
    monkeypatch.setattr(response_times, "LOOKED_AT", 2)
    for hours in (1, 2, 5):
        came(gallery, hours * HOUR)

    assert (the_clock(gallery).new, the_clock(gallery).overdue) == (2, 0)


@pytest.mark.parametrize("how", response_times.OUTCOMES)
def test_people_behind_a_number_are_as_many(gallery, how):
    came(gallery, HOUR)
    came(gallery, 9 * HOUR)
    answered(came(gallery, 10 * HOUR), 9 * HOUR)
    answered(came(gallery, 10 * HOUR), HOUR)
    sent(came(gallery, HOUR / 2), HOUR / 4)
    clock = the_clock(gallery)
    expected = clock.new if how == "all" else getattr(clock, how)

    found = response_times.people(brand_id=gallery.pk, how=how, now=NOW)

    assert len(found) == expected == {"all": 5, "waiting": 2}.get(how, 1)


def test_no_brand_has_no_clock(db):
    assert response_times.clocks(now=NOW, brands=[]) == []
