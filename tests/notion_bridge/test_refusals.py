"""Notion asks to wait, refuses the key, or hides a database: what goes on, what pauses, and what is said."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection

from contacts.models import Contact
from notion_bridge import monitoring
from notion_bridge.client import Unauthorized
from notion_bridge.models import NotionConnection, NotionDatabase, PageLink, RequestTally, SyncRun
from notion_bridge.schemas import Misconfigured
from notion_bridge.syncing import Busy, drain, lock
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    found = bridge.in_step(notion, settings, "contacts")
    notion.requests.clear()
    return found


# Asked to wait


def test_nobody_knocks_before_notion_said_so(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.arrive("ada@example.org")
    for path, kind in (("/query", "rate_limited"), ("/v1/pages", "overload"), ("/v1/data_sources", "overload")):
        notion.faults.add(kind, times=1, path=path, seconds=1)
    notion.faults.add("rate_limited", times=1, path="/v1/users/me", seconds=1)

    bridge.sync()

    assert (notion.faults.active, notion.requests.violations()) == ([], [])
    assert len(notion.pages_of(ids["contacts"])) == 1


def test_a_turn_of_the_monitoring_does_not_sit_out_a_long_wait(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    notion.faults.add("rate_limited", times=1, path="/query", seconds=120)
    began = time.monotonic()

    bridge.turn()
    bridge.turn()

    assert time.monotonic() - began < 20
    assert notion.requests.violations() == []


def test_errors_are_counted_by_their_cause(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.faults.add("error_before", status=503, times=1, path="/query")

    bridge.sync()

    assert RequestTally.objects.filter(outcome="service_unavailable").exists()


# A key that was revoked, a database out of reach


def test_a_revoked_key_pauses_and_says_why(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    notion.revoke_key()

    bridge.turn()
    asked = len(notion.requests)
    bridge.turn()

    assert "key" in monitoring.paused_because().casefold() or "NOTION_API_KEY" in monitoring.paused_because()
    assert len(notion.requests) == asked
    assert len(bridge.problems("key_refused")) == 1


def test_a_pass_with_a_revoked_key_says_so(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.revoke_key()

    with pytest.raises(Unauthorized):
        bridge.sync()

    assert monitoring.paused_because()
    assert SyncRun.objects.latest("pk").error


def test_another_key_resumes(notion: Sandbox, ids: dict[str, str], settings: Any) -> None:
    bridge.watch()
    notion.revoke_key()
    bridge.turn()
    notion.key = settings.NOTION_API_KEY = "ntn_another"
    notion.restore_key()
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})

    bridge.turn()

    assert monitoring.paused_because() == ""
    assert Contact.objects.get().email == "ada@example.org"


def test_a_pass_that_succeeds_resumes_with_the_same_key(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    notion.revoke_key()
    bridge.turn()
    notion.restore_key()

    bridge.sync()

    assert monitoring.paused_because() == ""
    assert NotionConnection.objects.get().paused_at is None
    assert bridge.problems("key_refused") == []


def test_a_database_that_was_unshared_is_reported_and_its_links_stay(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    notion.unshare(bridge.database().database_id)

    with pytest.raises(Misconfigured, match="Contacts & Profiles"):
        bridge.sync()

    assert bridge.link_of(contact).state == "linked"
    assert len(bridge.problems("database_out_of_reach")) == 1


def test_monitoring_goes_on_with_the_other_databases(notion: Sandbox, settings: Any) -> None:
    ids = bridge.in_step(notion, settings, "contacts", "tasks")
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    notion.unshare(bridge.database().database_id)
    notion.person_creates(ids["tasks"], {"Task Name": "Call Ada"})
    bridge.edit(contact, company="New")
    bridge.watch()

    for _ in range(2):
        bridge.turn()

    assert bridge.link_of(contact).state == "linked"
    assert bridge.database().problem
    assert PageLink.objects.filter(task__title="Call Ada").exists()


def test_a_database_that_is_shared_again_goes_on(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    notion.unshare(bridge.database().database_id)
    bridge.watch()
    bridge.edit(contact, company="New")
    bridge.turn()
    notion.share(bridge.database().database_id)
    bridge.let_pass(notion, minutes=10)
    NotionDatabase.objects.update(schema_seen_at=None)

    for _ in range(2):
        bridge.turn()

    assert bridge.database().problem == ""
    assert bridge.problems("database_out_of_reach") == []
    assert notion.values_of(bridge.page_of(contact))["Company"] == "New"


# Two at once


def test_two_processes_do_not_work_on_notion_at_once(notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.watch()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [lock.LOCK])

            assert bridge.turn() == 0
            assert len(notion.requests) == 0
    finally:
        other.close()


def test_who_asks_for_a_pass_while_another_runs_is_told(
    notion: Sandbox, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "LOCK_PATIENCE", 0)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [lock.LOCK])

            with pytest.raises(Busy, match="Another process"):
                bridge.sync()
    finally:
        other.close()
