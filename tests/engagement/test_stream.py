from __future__ import annotations

import json

import pytest
from django.db import OperationalError, connection
from django.http import StreamingHttpResponse

from engagement import stream
from engagement.models import Alert
from tests.factories import BusinessEntityFactory, ContactFactory, TargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(stream, "POLL_SECONDS", 0)


@pytest.fixture
def opened():
    """Opens streams and closes them after the test."""
    streams = []

    def open_one(**options):
        streams.append(stream.open_stream(**options))
        return streams[-1]

    yield open_one
    for one in streams:
        one.close()


def alert(title="New artist", **fields):
    return Alert.objects.create(title=title, target=TargetFactory(), **fields)


def next_event(opened_stream):
    for chunk in opened_stream:
        if not chunk.startswith(b":"):
            return dict(line.split(": ", 1) for line in chunk.decode().strip().splitlines())
    return None


def test_a_stream_begins_at_once_and_says_how_to_return(opened):
    assert next(opened()) == b": connected\nretry: 3000\n\n"


def test_an_open_alert_is_an_event_with_id_and_data(opened, settings):
    settings.PUBLIC_URL = "https://crm.example"
    contact = ContactFactory(email="ada@example.org", first_name="Ada")
    raised = alert(contact=contact, business_entity=BusinessEntityFactory(name="The 7 Space"), message="Look\nnow")

    event = next_event(opened())

    data = json.loads(event["data"])
    assert (event["id"], event["event"]) == (str(raised.pk), "alert")
    assert (data["title"], data["target"], data["contact_email"]) == (
        "New artist",
        "gallery_curator",
        "ada@example.org",
    )
    assert (data["message"], data["business_entity"]) == ("Look\nnow", "The 7 Space")
    assert data["url"].startswith("https://crm.example/admin/")


def test_an_alert_raised_later_follows(opened):
    alert("first")
    reading = opened()
    next_event(reading)

    alert("second")

    assert json.loads(next_event(reading)["data"])["title"] == "second"


def test_a_silent_stream_beats(monkeypatch, opened):
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0)
    reading = opened()
    next(reading)

    assert next(reading) == b": still here\n\n"


@pytest.mark.parametrize("last", ["nonsense", "12345678-1234-5678-1234-567812345678", ""])
def test_an_unknown_last_event_begins_anew(opened, last):
    alert("open")

    assert json.loads(next_event(opened(last_event_id=last))["data"])["title"] == "open"


def test_a_stream_resumes_behind_the_last_event(opened):
    seen = alert("seen")
    alert("missed")

    assert json.loads(next_event(opened(last_event_id=str(seen.pk)))["data"])["title"] == "missed"


def test_too_many_streams_are_refused_with_the_remedy(opened, settings):
    settings.ALERT_STREAM_LIMIT = 2
    opened()
    opened()

    with pytest.raises(stream.StreamsExhausted, match="2 alert streams are open already"):
        opened()


def test_a_closed_stream_makes_room_and_ends(opened, settings):
    settings.ALERT_STREAM_LIMIT = 1
    first = opened()
    next(first)
    first.close()
    first.close()

    assert next(first, None) is None
    assert next(opened())


def test_a_stream_ends_after_a_while_so_that_its_key_is_asked_for_again(monkeypatch, opened):
    reading = opened()
    next(reading)
    monkeypatch.setattr(stream, "LONGEST_SECONDS", 0)

    assert next(reading, None) is None


def test_a_reader_of_a_stream_that_ended_misses_nothing(monkeypatch, opened):
    alert("read")
    reading = opened()
    last = next_event(reading)["id"]
    with monkeypatch.context() as later:
        later.setattr(stream, "LONGEST_SECONDS", 0)
        assert next(reading, None) is None
    alert("raised in between")

    resumed = next_event(opened(last_event_id=last))

    assert json.loads(resumed["data"])["title"] == "raised in between"


def test_a_response_that_ends_closes_its_stream(opened, settings):
    settings.ALERT_STREAM_LIMIT = 1
    response = StreamingHttpResponse(opened())

    response.close()

    assert next(opened())


def test_a_database_that_restarts_does_not_end_the_stream(monkeypatch, opened):
    reading = opened()
    next(reading)
    monkeypatch.setattr(connection, "close", lambda: None)
    with monkeypatch.context() as down:
        down.setattr(stream.Feed, "read", fail)
        down.setattr(stream, "HEARTBEAT_SECONDS", 0)
        assert next(reading) == b": still here\n\n"
    alert("afterwards")

    assert json.loads(next_event(reading)["data"])["title"] == "afterwards"


def fail(feed):
    raise OperationalError


def test_a_line_break_cannot_forge_an_event():
    event = stream.event_of(alert("x\n\nevent: forged")).decode()

    assert event.count("\n\n") == 1
    assert "\nevent: forged" not in event
