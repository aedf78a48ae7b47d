"""Reading list by list: nothing is missed, whatever the minute, the cursor, or an error in the middle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts.models import Contact
from notion_bridge import pull
from notion_bridge.client import Unavailable, connect
from notion_bridge.models import NotionDatabase
from notion_bridge.reconciliation import InboundPolicy
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]

EMAILS = [f"p{number}@example.org" for number in range(5)]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    """Three empty databases in step."""
    return bridge.in_step(notion, settings, "contacts")


@pytest.fixture
def short_lists(notion: Sandbox) -> Iterator[None]:
    """Notion gives two pages at a time."""
    notion.api.reader.fewer = 2
    yield
    notion.api.reader.fewer = None


def fill(notion: Sandbox, ids: dict[str, str], *, spread: bool = True) -> list[str]:
    """Five people, each in a minute of their own or all in one."""
    pages = []
    for email in EMAILS:
        pages.append(notion.person_creates(ids["contacts"], {"Email": email, "Company": "Old"}))
        notion.clock.advance(minutes=1 if spread else 0)
    return pages


def read_one_list(database: NotionDatabase) -> pull.Unit:
    return pull.read_on(database=database, notion=connect(), policy=InboundPolicy(enrol=True), now=database_now())


def begun(*, full: bool = False) -> NotionDatabase:
    database = bridge.database()
    pull.begin(database=database, full=full, now=database_now())
    return database


def local() -> set[str]:
    return set(Contact.objects.values_list("email", flat=True))


# The overlap


def test_an_edit_in_the_minute_of_the_last_pass_is_seen(notion: Sandbox, ids: dict[str, str]) -> None:
    noon = database_now().replace(second=5, microsecond=0)
    notion.clock.set(noon)
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Company": "Old"})
    bridge.sync()
    notion.clock.set(noon + dt.timedelta(seconds=50))
    notion.person_edits(page, {"Company": "New"})

    bridge.sync()

    assert bridge.person("ada@example.org").company == "New"


def test_two_edits_in_one_minute_are_both_seen(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    notion.clock.set(database_now())
    for company in ("First", "Second"):
        notion.person_edits(page, {"Company": company})
        bridge.sync()

        assert bridge.person("ada@example.org").company == company


@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_clock_of_notion_that_is_off_a_little_hides_no_edit(
    seconds: int, notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.clock.advance(seconds=seconds)
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync()
    notion.person_edits(page, {"Company": "New"})

    bridge.sync()

    assert bridge.person("ada@example.org").company == "New"


def test_a_poll_asks_only_for_what_was_edited_since_the_last(notion: Sandbox, ids: dict[str, str]) -> None:
    fill(notion, ids)
    bridge.sync()
    bridge.let_pass(notion, hours=1)
    NotionDatabase.objects.update(read_until=database_now())
    notion.person_creates(ids["contacts"], {"Email": "late@example.org"})

    run = bridge.sync(push=False)

    assert run.counts["pages"] == 1


# A walk that stops


@pytest.mark.usefixtures("short_lists")
def test_a_walk_goes_on_where_it_stopped(notion: Sandbox, ids: dict[str, str]) -> None:
    fill(notion, ids)
    read_one_list(begun())
    notion.requests.clear()

    bridge.sync(push=False)

    assert local() == set(EMAILS)
    assert notion.requests.count("POST", f"{ids['contacts']}/query") == 2


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("full", [False, True])
def test_an_error_in_the_middle_costs_no_page(full: bool, notion: Sandbox, ids: dict[str, str]) -> None:
    fill(notion, ids)
    database = begun(full=full)
    read_one_list(database)
    notion.faults.add("error_before", status=503, times=1, path="/query")

    with pytest.raises(Unavailable):
        read_one_list(database)
    while not read_one_list(database).is_over:
        pass

    assert local() == set(EMAILS)


@pytest.mark.usefixtures("short_lists")
def test_a_pass_asks_again_while_notion_is_unwell(notion: Sandbox, ids: dict[str, str]) -> None:
    fill(notion, ids)
    for status in (500, 502, 503, 504):
        notion.faults.add("error_before", status=status, times=1, path="/query")

    bridge.sync(push=False)

    assert local() == set(EMAILS)


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("spread", [False, True])
def test_an_expired_cursor_costs_no_page(full: bool, spread: bool, notion: Sandbox, ids: dict[str, str]) -> None:
    fill(notion, ids, spread=spread)
    database = begun(full=full)
    for _ in range(2):
        read_one_list(database)
    notion.cursors.expire()

    while not read_one_list(database).is_over:
        pass

    assert local() == set(EMAILS)


@pytest.mark.usefixtures("short_lists")
def test_an_edit_during_the_walk_is_seen(notion: Sandbox, ids: dict[str, str]) -> None:
    pages = fill(notion, ids)
    database = begun()
    read_one_list(database)
    notion.person_edits(pages[0], {"Company": "New"})

    while not read_one_list(database).is_over:
        pass
    bridge.sync(push=False)

    assert bridge.person(EMAILS[0]).company == "New"


def test_a_full_pass_takes_the_place_of_a_poll_under_way(notion: Sandbox, ids: dict[str, str]) -> None:
    begun()

    assert begun(full=True).page_cursor["full"]


def test_a_poll_does_not_take_the_place_of_a_full_pass_under_way(notion: Sandbox, ids: dict[str, str]) -> None:
    begun(full=True)

    assert begun().page_cursor["full"]


# More than one query reaches


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("full", [False, True])
def test_more_than_a_query_reaches_is_read_in_slices(full: bool, notion: Sandbox, ids: dict[str, str]) -> None:
    notion.api.reader.reach = 3
    fill(notion, ids)

    bridge.sync(push=False, full=full)

    assert local() == set(EMAILS)


@pytest.mark.usefixtures("short_lists")
def test_a_first_pull_of_more_than_a_query_reaches_is_complete(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    notion.api.reader.reach = 3
    fill(notion, ids)

    bridge.sync(push=False)

    assert local() == set(EMAILS)
    assert bridge.database().baseline_at is not None


def test_more_in_one_minute_than_a_query_reaches_is_reported_and_holds_up_nothing(
    notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.api.reader.reach = 3
    fill(notion, ids, spread=False)
    notion.clock.advance(minutes=1)
    notion.person_creates(ids["contacts"], {"Email": "later@example.org"})

    bridge.sync(push=False)

    assert "later@example.org" in local()
    assert len(bridge.problems("limit")) == 1


# The full pass


def test_a_full_pass_finds_an_edit_that_a_poll_missed(notion: Sandbox, ids: dict[str, str]) -> None:
    page = fill(notion, ids)[0]
    bridge.sync()
    notion.person_edits(page, {"Company": "New"})
    notion.workspace.pages[page].edited -= dt.timedelta(days=1)  # outside of what a poll asks for
    NotionDatabase.objects.update(read_until=database_now())
    bridge.sync()
    missed = bridge.person(EMAILS[0]).company

    bridge.sync(full=True)

    assert (missed, bridge.person(EMAILS[0]).company) == ("Old", "New")
    assert bridge.database().full_pass["drift"] == 1


def test_a_full_pass_that_finds_nothing_reports_no_drift(notion: Sandbox, ids: dict[str, str]) -> None:
    fill(notion, ids)
    bridge.sync()

    bridge.sync(full=True)

    assert {"pages": 5, "drift": 0, "missing": 0}.items() <= bridge.database().full_pass.items()


def test_a_full_pass_finds_a_page_that_went_without_a_word(notion: Sandbox, ids: dict[str, str]) -> None:
    page = fill(notion, ids)[0]
    bridge.sync()
    bridge.let_pass(notion, minutes=10)
    notion.deletes_forever(page)

    bridge.sync(full=True)

    assert bridge.link_of(bridge.person(EMAILS[0])).state == "unshared"
    assert bridge.database().full_pass["missing"] == 1


def test_what_the_full_pass_found_missing_is_told_once(notion: Sandbox, ids: dict[str, str]) -> None:
    page = fill(notion, ids)[0]
    bridge.sync()
    bridge.let_pass(notion, minutes=10)
    notion.deletes_forever(page)

    for _ in range(2):
        bridge.sync(full=True)

    assert [problem.times for problem in bridge.problems("unshared")] == [1]
