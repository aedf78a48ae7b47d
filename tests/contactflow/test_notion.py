"""Notion on the start page and in the check of a deployment."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from contactflow import deployment
from contactflow.core.clock import database_now
from contactflow.today import attention
from notion_bridge import health, monitoring
from notion_bridge.errors import Unauthorized
from notion_bridge.models import NotionConnection, NotionDatabase, PageLink, SyncConflict, SyncProblem
from tests.admin import rows
from tests.notion_bridge import bridge
from tests.notion_bridge.conftest import notion
from tests.notion_bridge.observed import Sandbox

__all__ = ["notion"]  # a fixture
pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def connected(settings: Any) -> None:
    settings.NOTION_API_KEY, settings.NOTION_DATABASES = "key", {"contacts": "1", "tasks": "2", "instances": "3"}


@pytest.fixture
def monitored(connected: None) -> None:
    """Monitoring was switched on an hour ago."""
    NotionConnection.objects.create(monitoring=True, switched_at=database_now() - 60 * MINUTE)


def database(**about: Any) -> NotionDatabase:
    return NotionDatabase.objects.create(kind="contacts", **about)


def wanted(at: dt.datetime, **about: Any) -> PageLink:
    return PageLink.objects.create(database=database(**about), state="creating", wanted_at=at)


# How far behind


def test_nothing_is_behind_while_nothing_waits(monitored: None) -> None:
    now = database_now()
    database(polled_at=now)

    assert health.lag(now=now) == dt.timedelta(0)


def test_the_oldest_change_that_waits_counts(monitored: None) -> None:
    now = database_now()
    wanted(now - 9 * MINUTE, polled_at=now)

    assert health.lag(now=now) == 9 * MINUTE


def test_a_notion_that_nobody_looks_at_counts(monitored: None) -> None:
    now = database_now()
    database(polled_at=now - 20 * MINUTE)

    assert health.lag(now=now) == 20 * MINUTE


def test_what_is_put_off_is_not_behind(monitored: None) -> None:
    now = database_now()
    wanted(now + 9 * MINUTE, polled_at=now)

    assert health.lag(now=now) == dt.timedelta(0)


def test_the_time_before_monitoring_does_not_count(monitored: None) -> None:
    now = database_now()
    NotionConnection.objects.update(switched_at=now - 2 * MINUTE)
    wanted(now - 500 * MINUTE)

    assert health.lag(now=now) == 2 * MINUTE


def test_a_database_out_of_reach_does_not_count(monitored: None) -> None:
    now = database_now()
    wanted(now - 30 * MINUTE, problem="It is gone.", polled_at=now - 30 * MINUTE)

    assert health.lag(now=now) == dt.timedelta(0)


def test_what_is_not_monitored_is_not_behind(connected: None) -> None:
    now = database_now()
    wanted(now - 30 * MINUTE)

    assert health.lag(now=now) == dt.timedelta(0)


# The start page


def notices() -> list[str]:
    found = attention.gather(now=database_now()).notices
    return [notice.sentence for notice in found if "Notion" in notice.sentence]


def cards() -> list[attention.Card]:
    return [card for card in attention.gather(now=database_now()).cards if "Notion" in card.title]


def test_a_notion_in_order_is_not_mentioned(monitored: None) -> None:
    database(polled_at=database_now())

    assert notices() == []


def test_a_refused_key_is_told_with_its_remedy(connected: None) -> None:
    monitoring.pause(error=Unauthorized("unauthorized"), now=database_now())

    (sentence,) = notices()

    assert sentence.startswith("Nothing is synchronised with Notion: Notion does not accept our key")


@pytest.mark.parametrize(("minutes", "said"), [(4, []), (12, ["12 minutes behind"])])
def test_being_long_behind_is_told(monitored: None, minutes: int, said: list[str]) -> None:
    wanted(database_now() - minutes * MINUTE)

    assert len(notices()) == len(said)
    assert all(words in sentence for words, sentence in zip(said, notices(), strict=True))


def test_problems_and_conflicts_are_one_number(connected: None) -> None:
    rows.sync_problem()
    rows.sync_conflict()
    rows.sync_conflict()

    (card,) = cards()

    assert (card.value, card.means, card.is_calm) == ("3", "Problems: 1. Conflicts to settle: 2.", False)


def test_the_number_leads_to_conflicts_where_there_are_no_problems(connected: None) -> None:
    rows.sync_conflict()

    (card,) = cards()

    assert "syncconflict" in card.address
    assert card.permission == "notion_bridge.view_syncconflict"


def test_what_is_settled_does_not_count(connected: None) -> None:
    rows.sync_problem()
    rows.sync_conflict()
    SyncProblem.objects.update(closed_at=database_now())
    SyncConflict.objects.update(winner="notion")

    assert [card.value for card in cards()] == ["0"]


def test_without_a_notion_there_is_no_number() -> None:
    assert cards() == []


def test_the_start_page_asks_as_often_whatever_waits(
    connected: None, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    rows.sync_problem()
    with django_assert_max_num_queries(60) as before:
        attention.gather(now=database_now())
    for _ in range(5):
        rows.sync_problem()
        rows.sync_conflict()

    with django_assert_num_queries(len(before)):
        attention.gather(now=database_now())


# A deployment


def lines() -> list[tuple[str, str]]:
    found = deployment.deploy(check_only=True)
    return [(line.level, line.text) for line in found if line.subject == "Notion"]


def test_a_connection_in_order_is_deployed(deployed: None, notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    monitoring.switch(on=True, actor="boss", now=database_now())

    assert [level for level, _ in lines()] == ["ok"] * 4


def test_a_refused_key_fails_the_check(deployed: None, notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    notion.revoke_key()

    ((level, text),) = lines()

    assert level == "FAIL"
    assert "NOTION_API_KEY" in text


def test_a_missing_property_is_a_warning(deployed: None, notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    notion.remove_property(ids["contacts"], "Phone")

    assert (
        "warning",
        "Contacts & Profiles has no property for Phone. Add them in the admin under Notion, Fields.",
    ) in (lines())
