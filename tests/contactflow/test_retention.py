"""How long data is kept: nothing goes unasked, what goes was shown, and what has to stay stays."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.urls import reverse

from contactflow.core.clock import database_now
from contactflow.models import AuditEntry, ErasureRequest, RetentionPeriod, RetentionRun
from contactflow.personal_data import retention
from contacts import contact_actions
from contacts.models import Contact, ContactEvent
from engagement.models import Delivery, GeneratedPassage, Message, MessageEvent, ProviderDelivery, Reply
from notion_bridge.models import NotionDatabase, PageLink, SyncEntry, SyncProblem, SyncRun, WebhookDelivery
from tests import factories as f
from workflows.models import ActionAttempt, DigestLetter, ImportRun

pytestmark = pytest.mark.django_db
PAGE = "admin:contactflow_retentionrun_periods"


def mail(person: Contact, at: dt.datetime, **values: Any) -> Message:
    about = {"recipient": person.email, "subject": "S", "text": "T", "html": "H", "status": "sent", "created_at": at}
    return Message.objects.create(contact=person, **about | values)


def reply(at: dt.datetime, **values: Any) -> Reply:
    about = {"key": uuid4().hex, "digest": uuid4().hex, "raw": b"raw", "received_at": at, "state": "done"}
    return Reply.objects.create(**about | values)


def one_of_each(at: dt.datetime) -> None:
    person = f.ContactFactory()
    f.ContactEventFactory(contact=person, payload={"a": 1}, received_at=at, processed_at=at)
    sent = mail(person, at)
    version = f.TemplateVersionFactory()
    GeneratedPassage.objects.create(
        action=uuid4(), contact=person, version=version, name="opening", status="written", wanted_at=at, wait_until=at
    )
    detail = {"ip": "192.0.2.1", "agent": "x", "headers": {}, "link": 7}
    MessageEvent.objects.create(message=sent, type="clicked", at=at, detail=detail, label_version=1)
    ProviderDelivery.objects.create(
        provider="postal", kind="tracking", status="done", digest=uuid4().hex, received_at=at
    )
    reply(at, contact=person)
    reply(at, raw=b"")
    delivery = Delivery.objects.create(address="a@staff.example", status="sent", finished_at=at)
    user = f.UserFactory()
    about = {"user": user, "day": at.date(), "since": at, "until": at, "delivery": None}
    DigestLetter.objects.create(**about, created_at=at)
    assert delivery.pk
    action = f.ScheduledActionFactory(instance__contact=person)
    ActionAttempt.objects.create(action=action, number=1, token=1, started_at=at, ended_at=at)
    AuditEntry.objects.create(actor="x", table="t", object_id="1", verb="changed", at=at)
    LogEntry.objects.create(user=user, object_repr="x", action_flag=1, action_time=at)
    link = PageLink.objects.create(
        database=NotionDatabase.objects.get_or_create(kind="contacts")[0], state="linked", page_id=uuid4()
    )
    SyncEntry.objects.create(link=link, direction="to_notion", what="changed", at=at)
    SyncRun.objects.create(trigger="command", started_at=at, ended_at=at)
    SyncProblem.objects.create(cause="trashed", subject="x", message="x", last_at=at, closed_at=at)
    WebhookDelivery.objects.create(event_id=uuid4().hex, type="x", received_at=at, processed_at=at)
    ImportRun.objects.create(file_name="x", source="x", state="done", created_at=at)
    ErasureRequest.objects.create(contact_keys=[uuid4()], actor="x", asked_at=at, due_at=at, finished_at=at)
    RetentionRun.objects.create(kind="gone", before=at, began_at=at, finished_at=at)


@pytest.fixture
def long_ago() -> dt.datetime:
    return database_now() - dt.timedelta(days=100)


def go() -> int:
    return retention.run_pump_step(time.monotonic() + 5)


def test_nothing_goes_before_somebody_says_so(long_ago: dt.datetime) -> None:
    one_of_each(long_ago)

    assert set(retention.periods().values()) == {0}
    assert go() == 0
    assert Message.objects.get().text == "T"


@pytest.mark.parametrize("name", sorted(retention.BY_NAME))
def test_of_each_kind_what_is_older_goes_and_the_rest_stays(name: str, long_ago: dt.datetime) -> None:
    one_of_each(long_ago)
    one_of_each(database_now() - dt.timedelta(days=1))
    rows = retention.BY_NAME[name]
    kept = rows.model._default_manager.count()
    assert retention.foreseen({name: 30}, now=database_now()) == {name: 1}
    retention.keep({name: 30})

    assert go() == 1

    assert retention.foreseen({name: 30}, now=database_now()) == {name: 0}
    left = rows.model._default_manager.count() - (rows.model is RetentionRun)
    assert left == (kept if rows.blank or rows.sweep else kept - 1)
    run = RetentionRun.objects.get(kind=name)
    assert (run.rows, run.finished_at is not None) == (1, True)
    assert go() == 0


def test_what_is_known_of_a_click_without_its_traces_stays(long_ago: dt.datetime) -> None:
    one_of_each(long_ago)
    retention.keep({"hits": 30})
    go()

    detail = MessageEvent.objects.get().detail
    assert detail["link"] == 7
    assert not {"ip", "agent", "headers"} & set(detail)


def test_notes_and_what_waits_are_kept(long_ago: dt.datetime) -> None:
    person = f.ContactFactory()
    contact_actions.leave_note(contact=person, text="tea", colleague="max", now=long_ago)
    ContactEvent.objects.update(received_at=long_ago)
    f.ContactEventFactory(contact=person, payload={"a": 1}, received_at=long_ago)
    mail(person, long_ago, status="held")
    reply(long_ago, state="new")
    reply(long_ago, state="quarantined")
    retention.keep({"payloads": 1, "bodies": 1, "strangers": 1})

    assert go() == 0


def test_more_than_a_batch_goes_a_batch_at_a_time(long_ago: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    person = f.ContactFactory()
    for minute in range(5):
        mail(person, long_ago + dt.timedelta(minutes=minute))
    retention.keep({"bodies": 30})

    assert go() == 5
    assert RetentionRun.objects.get().rows == 5


def test_a_pass_that_was_cut_short_goes_on(long_ago: dt.datetime) -> None:
    mail(f.ContactFactory(), long_ago)
    retention.keep({"bodies": 30})
    now = database_now()
    RetentionRun.objects.create(kind="bodies", before=now - dt.timedelta(days=30), began_at=now, rows=7)

    go()

    assert RetentionRun.objects.get().rows == 8
    assert RetentionRun.objects.get().finished_at is not None


def test_the_next_pass_begins_where_the_last_one_ended(long_ago: dt.datetime) -> None:
    mail(f.ContactFactory(), long_ago)
    retention.keep({"bodies": 30})
    go()
    RetentionRun.objects.update(began_at=database_now() - dt.timedelta(days=2))

    go()

    first, second = RetentionRun.objects.order_by("began_at")
    assert second.reached == first.before - retention.AGAIN


def test_message_without_its_text_is_still_shown(admin_client: Client, long_ago: dt.datetime) -> None:
    sent = mail(f.ContactFactory(email="ada@example.org"), long_ago)
    retention.keep({"bodies": 30})
    go()

    for name, row in (("engagement_message", sent.pk), ("contacts_contact", sent.contact_id)):
        assert admin_client.get(reverse(f"admin:{name}_change", args=[row])).status_code == 200


# The page


def test_page_shows_what_would_go_before_it_keeps_anything(admin_client: Client, long_ago: dt.datetime) -> None:
    mail(f.ContactFactory(), long_ago)
    page = reverse(PAGE)

    unseen = admin_client.post(page, {"bodies": 30, "keep": ""})
    assert "Would go now: 1" in unseen.content.decode()
    assert not RetentionPeriod.objects.exists()

    other = admin_client.post(page, {"bodies": 20, "keep": "", "shown": unseen.context["typed"]})
    assert not RetentionPeriod.objects.exists()

    admin_client.post(page, {"bodies": 20, "keep": "", "shown": other.context["typed"]})
    assert retention.periods()["bodies"] == 20
    assert AuditEntry.objects.get(table="contactflow_retentionperiod").verb == "created"

    shown = admin_client.post(page, {"bodies": 0, "look": ""}).context["typed"]
    admin_client.post(page, {"bodies": 0, "keep": "", "shown": shown})
    assert not RetentionPeriod.objects.exists()


@pytest.mark.parametrize("days", ["-1", "x", "99999999999"])
def test_page_says_what_is_wrong(admin_client: Client, days: str) -> None:
    answer = admin_client.post(reverse(PAGE), {"bodies": days, "look": ""})

    assert answer.context["form"].errors["bodies"]
    assert not RetentionPeriod.objects.exists()


def test_setting_periods_is_a_right_of_its_own() -> None:
    colleague = f.UserFactory()
    colleague.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(colleague)

    assert client.get(reverse(PAGE)).status_code == 200
    assert client.post(reverse(PAGE), {"bodies": 30, "look": ""}).status_code == 403


def test_database_serves_the_oldest_by_an_index() -> None:
    now = database_now()
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_sort = off")
        for name in ("payloads", "bodies", "hits", "inbound", "audit", "notion_entries"):
            sql, params = retention.BY_NAME[name].rows(before=now)[:10].query.sql_with_params()
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Index Scan" in plan, (name, plan)
            assert "Sort" not in plan or "Incremental Sort" in plan, (name, plan)
