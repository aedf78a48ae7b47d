from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from engagement import stream
from engagement.models import Alert, Delivery, Message, MessageEvent, Task
from tests import factories
from tests.api.caller import Caller

MESSAGES, TASKS, ALERTS = "/api/v1/messages/", "/api/v1/tasks/", "/api/v1/alerts/"
STREAM = "/contact-workflows/alerts/stream"
PROMISED = {
    MESSAGES: "id action contact_email business_entity template subject text html status message_id sent_at events",
    TASKS: "id action title description category priority status target due_at contact_email business_entity "
    "completed_at",
    ALERTS: "id action title message priority target contact_email created_at acknowledged_at deliveries",
}

pytestmark = pytest.mark.django_db


def make_message(**values: Any) -> Message:
    contact = values.pop("contact", None) or factories.ContactFactory()
    template = factories.EngagementTemplateFactory()
    message = Message.objects.create(
        action=uuid.uuid4(),
        contact=contact,
        business_entity=factories.BusinessEntityFactory(),
        version=template.current_version,
        recipient=contact.email,
        subject="Hello",
        text="Hello",
        html="<p>Hello</p>",
        **{"status": "sent", **values},
    )
    MessageEvent.objects.create(message=message, type="sent")
    return message


def make_task(**values: Any) -> Task:
    return Task.objects.create(
        **{
            "title": "Look",
            "target": factories.TargetFactory(),
            "contact": factories.ContactFactory(),
            "business_entity": factories.BusinessEntityFactory(),
            **values,
        }
    )


def make_alert(**values: Any) -> Alert:
    alert = Alert.objects.create(
        **{
            "title": "An artist",
            "target": factories.TargetFactory(),
            "contact": factories.ContactFactory(),
            "business_entity": factories.BusinessEntityFactory(),
            **values,
        }
    )
    Delivery.objects.create(alert=alert, address="team@example.org")
    return alert


MAKERS = {MESSAGES: make_message, TASKS: make_task, ALERTS: make_alert}


@pytest.mark.parametrize("path", MAKERS)
def test_rows_are_shown_with_all_that_is_promised(reader: Caller, path: str) -> None:
    row = MAKERS[path]()

    listed = reader.get(path).json()["results"][0]
    alone = reader.get(f"{path}{row.pk}").json()

    assert set(PROMISED[path].split()) <= set(listed)
    assert listed == alone
    assert listed["id"] == str(row.pk)


@pytest.mark.parametrize("path", MAKERS)
def test_lists_need_no_query_per_row(
    reader: Caller, django_assert_num_queries: DjangoAssertNumQueries, path: str
) -> None:
    for _ in range(6):
        MAKERS[path]()
    reader.get(path)

    with django_assert_num_queries(3 if path == TASKS else 4):  # key, count, rows, and what hangs on them
        assert len(reader.get(path).json()["results"]) == 6


@pytest.mark.parametrize("path", MAKERS)
def test_rows_are_found_by_the_address_of_their_contact(reader: Caller, path: str) -> None:
    sought = MAKERS[path](contact=factories.ContactFactory(email="ada@example.org"))
    MAKERS[path]()

    found = reader.get(f"{path}?contact_email=ADA@example.org").json()["results"]

    assert [row["id"] for row in found] == [str(sought.pk)]
    assert found[0]["contact_email"] == "ada@example.org"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (f"{MESSAGES}?status=lost", "status"),
        (f"{MESSAGES}?status=SENT", "status"),
        (f"{MESSAGES}?status=%00", "status"),
        (f"{MESSAGES}?contact_email=%00", "contact_email"),
        (f"{TASKS}?status=finished", "status"),
        (f"{TASKS}?target=x", "target"),
        (f"{ALERTS}?target=nobody", "target"),
        (f"{ALERTS}?target=%00", "target"),
        (f"{ALERTS}?status=open", "status"),
    ],
)
def test_wrong_filter_is_refused_naming_it(reader: Caller, query: str, field: str) -> None:
    answer = reader.get(query)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_refused_status_names_the_allowed_ones(reader: Caller) -> None:
    message = reader.get(f"{TASKS}?status=finished").json()["errors"]["status"][0]

    assert "to_do, in_progress, on_hold, done, cancelled" in message


@pytest.mark.parametrize("status", Message.Status.values)
def test_messages_are_found_by_status(reader: Caller, status: str) -> None:
    sought = make_message(status=status)
    make_message(status="held" if status != "held" else "sent")

    found = reader.get(f"{MESSAGES}?status={status}").json()["results"]

    assert [row["id"] for row in found] == [str(sought.pk)]


def test_message_tells_its_words_and_what_became_of_it(reader: Caller) -> None:
    message = make_message(message_id="<1@example.org>")

    shown = reader.get(f"{MESSAGES}{message.pk}/").json()

    assert (shown["subject"], shown["text"], shown["html"]) == ("Hello", "Hello", "<p>Hello</p>")
    assert (shown["action"], shown["message_id"]) == (str(message.action), "<1@example.org>")
    assert shown["template"] == message.version.template.slug if message.version else False
    assert shown["business_entity"] == "The 7 Space"
    assert [set(event) for event in shown["events"]] == [{"type", "at", "machine", "label"}]


def test_message_without_a_template_has_none(reader: Caller) -> None:
    message = make_message()
    Message.objects.update(version=None)

    assert reader.get(f"{MESSAGES}{message.pk}/").json()["template"] is None


def test_task_is_made_by_hand(operator: Caller) -> None:
    contact = factories.ContactFactory(email="ada@example.org")
    factories.TargetFactory()
    factories.BusinessEntityFactory()

    answer = operator.post(
        TASKS,
        {
            "title": "Call back",
            "description": "About the fair",
            "category": "SALES",
            "priority": "high",
            "target": "gallery_curator",
            "contact_email": "Ada@example.org",
            "business_entity": "The 7 Space",
            "effort_hours": 1.5,
            "due_at": "2026-03-05T09:00:00+01:00",
        },
    )

    task = Task.objects.get()
    assert answer.status_code == 201
    assert answer.json()["action"] is None
    assert (task.contact, task.source, task.status) == (contact, "manual", "to_do")
    assert task.due_at == dt.datetime(2026, 3, 5, 8, 0, tzinfo=dt.UTC)
    assert (answer.json()["target"], answer.json()["priority"]) == ("gallery_curator", "high")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": 5}, "title"),
        ({"title": "a" * 301}, "title"),
        ({"title": "x", "status": "done"}, "status"),
        ({"title": "x", "priority": "huge"}, "priority"),
        ({"title": "x", "priority": 1}, "priority"),
        ({"title": "x", "priority": []}, "priority"),
        ({"title": "x", "target": "nobody"}, "target"),
        ({"title": "x", "target": {}}, "target"),
        ({"title": "x", "contact_email": "nobody@example.org"}, "contact_email"),
        ({"title": "x", "contact_email": "nonsense"}, "contact_email"),
        ({"title": "x", "business_entity": "Acme"}, "business_entity"),
        ({"title": "x", "effort_hours": -1}, "effort_hours"),
        ({"title": "x", "effort_hours": 1e9}, "effort_hours"),
        ({"title": "x", "effort_hours": "many"}, "effort_hours"),
        ({"title": "x", "due_at": "tomorrow"}, "due_at"),
        ({"title": "x", "due_at": "0001-01-01T00:00:00+14:00"}, "due_at"),
        ({"title": "x", "due_at": 5}, "due_at"),
    ],
)
def test_wrong_task_is_refused_naming_the_field(operator: Caller, body: dict[str, Any], field: str) -> None:
    answer = operator.post(TASKS, body)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Task.objects.exists()


@pytest.mark.parametrize("status", Task.Status.values)
def test_task_is_moved(operator: Caller, status: str) -> None:
    task = make_task()

    answer = operator.patch(f"{TASKS}{task.pk}/", {"status": status})

    assert answer.status_code == 200
    assert answer.json()["status"] == status
    assert bool(answer.json()["completed_at"]) is (status == "done")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "status"), ({"status": "finished"}, "status"), ({"status": None}, "status"), ({"title": "x"}, "title")],
)
def test_wrong_move_is_refused(operator: Caller, body: dict[str, Any], field: str) -> None:
    task = make_task()

    answer = operator.patch(f"{TASKS}{task.pk}/", body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_tasks_are_found_by_status(reader: Caller) -> None:
    sought = make_task(status="on_hold")
    make_task()

    found = reader.get(f"{TASKS}?status=on_hold").json()["results"]

    assert [row["id"] for row in found] == [str(sought.pk)]


def test_alerts_are_found_by_target(reader: Caller) -> None:
    sought = make_alert(target=factories.TargetFactory(slug="leadership_team"))
    make_alert()

    found = reader.get(f"{ALERTS}?target=leadership_team").json()["results"]

    assert [row["id"] for row in found] == [str(sought.pk)]
    assert found[0]["deliveries"] == [{"channel": "email", "status": "pending"}]


@pytest.mark.parametrize("body", [None, {}])
def test_alert_is_acknowledged(operator: Caller, body: Any) -> None:
    alert = make_alert()

    answer = operator.post(f"{ALERTS}{alert.pk}/acknowledge/", body)

    assert answer.status_code == 200
    assert answer.json()["acknowledged_at"]
    assert answer.json()["acknowledged_by"] == "API key the operate key"


def test_first_to_acknowledge_counts(operator: Caller) -> None:
    alert = make_alert()
    first = operator.post(f"{ALERTS}{alert.pk}/acknowledge").json()

    second = operator.post(f"{ALERTS}{alert.pk}/acknowledge").json()

    assert second["acknowledged_at"] == first["acknowledged_at"]


def test_stream_tells_the_open_alerts(reader: Caller) -> None:
    alert = make_alert()

    answer = reader.get(STREAM)
    chunks = iter(answer)
    opening, event = next(chunks), next(chunks).decode()
    answer.close()

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Cache-Control"] == "no-store"
    assert opening.startswith(b":")
    assert event.startswith(f"id: {alert.pk}\nevent: alert\ndata: ")
    assert json.loads(event.split("data: ")[1])["title"] == "An artist"


def test_stream_of_a_target_leaves_out_the_others(reader: Caller) -> None:
    make_alert()
    sought = make_alert(target=factories.TargetFactory(slug="leadership_team"))

    answer = reader.get(f"{STREAM}?target=leadership_team")
    chunks = iter(answer)
    next(chunks)
    event = next(chunks).decode()
    answer.close()

    assert f"id: {sought.pk}" in event


def test_browser_may_ask_for_events(reader: Caller) -> None:
    answer = reader.get(STREAM, Accept="text/event-stream")
    answer.close()

    assert answer.status_code == 200


@pytest.mark.parametrize("target", ["nobody", "%00", "a" * 5000])
def test_stream_of_an_unknown_target_is_refused(reader: Caller, target: str) -> None:
    answer = reader.get(f"{STREAM}?target={target}", Accept="text/event-stream")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_stream_needs_a_key_that_reads(form: Caller, nobody: Caller) -> None:
    assert form.get(STREAM).status_code == 403
    assert nobody.get(STREAM).status_code == 401


def test_too_many_streams_are_refused(reader: Caller, settings: Any) -> None:
    settings.ALERT_STREAM_LIMIT = 1
    first = reader.get(STREAM)

    second = reader.get(STREAM)
    first.close()

    assert second.status_code == 503
    assert second.headers["Retry-After"]
    assert not stream._open_streams
