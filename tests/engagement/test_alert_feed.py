from __future__ import annotations

import datetime as dt
import uuid

import pytest

from contactflow.core.clock import database_now
from engagement.alerts import feed
from engagement.alerts.feed import Feed
from engagement.models import Alert
from tests.factories import NOW, TargetFactory

pytestmark = pytest.mark.django_db
SECOND = dt.timedelta(seconds=1)


def alert(title="New artist", **fields):
    return Alert.objects.create(title=title, target=fields.pop("target", None) or TargetFactory(), **fields)


def titles(alerts):
    return [one.title for one in alerts]


def test_a_new_reader_first_sees_what_is_open_oldest_first():
    now = database_now()
    alert("second", created_at=now - 5 * SECOND)
    alert("first", created_at=now - 10 * SECOND)
    alert("settled", created_at=now - 7 * SECOND, acknowledged_at=now)

    assert titles(Feed().read()) == ["first", "second"]


def test_the_backlog_is_limited_to_the_newest():
    now = database_now()
    for number in range(5):
        alert(str(number), created_at=now - (9 - number) * SECOND)

    assert titles(Feed(backlog=2).read()) == ["3", "4"]


def test_then_every_new_alert_comes_once():
    reader = Feed()
    reader.read()
    alert("one")

    assert titles(reader.read()) == ["one"]
    assert titles(reader.read()) == []


def test_an_alert_that_is_committed_late_is_not_missed():
    reader = Feed()
    reader.read()
    alert("shown")
    reader.read()

    alert("late", created_at=database_now() - 30 * SECOND)

    assert titles(reader.read()) == ["late"]
    assert titles(reader.read()) == []


def test_what_was_there_and_settled_before_is_no_news():
    alert("settled", acknowledged_at=database_now())
    reader = Feed()
    reader.read()

    assert reader.read() == []


def test_a_reader_of_one_role_sees_that_role_alone():
    reader = Feed(target="gallery_curator")
    reader.read()
    alert("mine", target=TargetFactory(slug="gallery_curator"))
    alert("other", target=TargetFactory(slug="wellness_team"))

    assert titles(reader.read()) == ["mine"]


def test_a_reader_resumes_behind_the_alert_it_saw_last():
    now = database_now()
    seen = alert("seen", created_at=now - 600 * SECOND)
    alert("old", created_at=now - 900 * SECOND)
    alert("missed", created_at=now - 300 * SECOND, acknowledged_at=now)

    assert titles(Feed(after=seen).read()) == ["missed"]


def test_more_alerts_than_one_reading_takes_come_with_the_next():
    reader = Feed()
    reader.read()
    for number in range(5):
        alert(str(number), created_at=database_now())

    assert titles(reader.read(limit=3)) == ["0", "1", "2"]
    assert titles(reader.read(limit=3)) == ["3", "4"]


def test_a_reader_does_not_remember_without_end():
    reader = Feed()
    reader.read()
    alert("old", created_at=database_now() - 30 * SECOND)
    reader.read()
    alert("new", created_at=database_now() + 600 * SECOND)

    reader.read()

    assert len(reader._seen) == 1


def test_since_without_a_cursor_begins_at_the_first():
    alert("second", created_at=NOW)
    alert("first", created_at=NOW - SECOND)

    assert titles(feed.since(after=None)) == ["first", "second"]


def test_since_leaves_out_the_cursor_and_what_was_seen():
    cursor = alert("cursor", created_at=NOW)
    seen = alert("seen", created_at=NOW - SECOND)
    alert("next", created_at=NOW + SECOND)

    found = feed.since(after=(NOW, cursor.pk), seen=frozenset({seen.pk}))

    assert titles(found) == ["next"]


def test_since_is_limited():
    for number in range(3):
        alert(str(number), created_at=NOW + number * SECOND)

    assert titles(feed.since(after=(NOW, uuid.uuid4()), limit=2)) == ["0", "1"]


def test_reading_costs_one_query(django_assert_num_queries):
    reader = Feed()
    reader.read()
    alert("one")

    with django_assert_num_queries(1):
        str(reader.read()[0].target)
