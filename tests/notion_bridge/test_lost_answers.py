"""Requests whose answers were lost, refused or late: no page twice, none missing, and nobody knocks too early."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from contacts.models import Contact, ContactEvent
from notion_bridge.models import PageLink
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]

PAGES = "/v1/pages"


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    found = bridge.in_step(notion, settings, "contacts")
    notion.requests.clear()
    return found


def pages(notion: Sandbox, ids: dict[str, str]) -> list[str]:
    return notion.pages_of(ids["contacts"])


def arrive(number: int = 1) -> list[Contact]:
    people = [bridge.arrive(f"p{one}@example.org") for one in range(number)]
    ContactEvent.objects.update(processed_at=dt.datetime.now(dt.UTC))  # nobody enrols: pages of people alone
    return people


def arrive_and_sync(number: int = 1) -> list[Contact]:
    people = arrive(number)
    bridge.sync()
    return people


# Creating


def test_a_creation_whose_answer_was_lost_makes_one_page(notion: Sandbox, ids: dict[str, str]) -> None:
    for kind in ("cut_after", "cut_before"):
        notion.faults.add(kind, times=1, method="POST", path=PAGES)
    for kind, status in (("error_after", 500), ("error_after", 502), ("error_after", 504), ("error_before", 503)):
        notion.faults.add(kind, status=status, times=1, method="POST", path=PAGES)

    people = arrive_and_sync(6)

    assert sorted(pages(notion, ids)) == sorted(map(bridge.page_of, people))
    assert {bridge.link_of(contact).state for contact in people} == {"linked"}


def test_a_page_that_was_made_unheard_is_not_asked_for_again(notion: Sandbox, ids: dict[str, str]) -> None:
    for kind in ("cut_after", "error_after"):
        notion.faults.add(kind, times=1, method="POST", path=PAGES)

    arrive_and_sync(2)

    assert notion.requests.count("POST", PAGES) == 2


def test_a_creation_that_was_refused_for_the_moment_is_made_later(notion: Sandbox, ids: dict[str, str]) -> None:
    for kind in ("overload", "rate_limited", "conflict"):
        notion.faults.add(kind, times=1, method="POST", path=PAGES, seconds=1)

    people = arrive_and_sync(3)

    assert sorted(pages(notion, ids)) == sorted(map(bridge.page_of, people))
    assert notion.requests.violations() == []


def test_several_lost_answers_in_a_row_make_one_page(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.faults.add("cut_before", times=3, method="POST", path=PAGES)

    (contact,) = arrive_and_sync()

    assert pages(notion, ids) == [bridge.page_of(contact)]


def test_lost_answers_are_looked_for_with_one_query_for_all(notion: Sandbox, ids: dict[str, str]) -> None:
    for number in range(5):
        bridge.arrive(f"p{number}@example.org").events.update(processed_at=dt.datetime.now(dt.UTC))
    notion.faults.add("cut_after", times=5, method="POST", path=PAGES)

    bridge.sync(pull=False)

    assert len(pages(notion, ids)) == 5
    assert notion.requests.count("POST", "/query") <= 5
    assert notion.requests.count("POST", PAGES) == 5


def test_a_change_here_after_a_lost_answer_is_not_forgotten(
    notion: Sandbox, ids: dict[str, str], settings: Any
) -> None:
    settings.NOTION_LOOK_UP_SECONDS = 3_600
    bridge.watch()
    contact = bridge.arrive("ada@example.org", company="Old")
    notion.faults.add("cut_after", times=1, method="POST", path=PAGES)
    bridge.turn()
    unclear = bridge.link_of(contact).is_unclear
    bridge.edit(contact, company="New")
    bridge.let_pass(notion, hours=2)

    bridge.turn()

    assert unclear
    assert notion.values_of(bridge.page_of(contact))["Company"] == "New"


def test_a_page_found_in_a_list_before_it_was_looked_for_is_ours(
    notion: Sandbox, ids: dict[str, str], settings: Any
) -> None:
    settings.NOTION_LOOK_UP_SECONDS = 3_600
    bridge.watch()
    contact = bridge.arrive("ada@example.org")
    notion.faults.add("cut_after", times=1, method="POST", path=PAGES)
    bridge.turn()

    bridge.turn()

    assert bridge.link_of(contact).state == "linked"
    assert len(pages(notion, ids)) == 1


def test_who_is_deleted_after_a_lost_answer_leaves_no_page(notion: Sandbox, ids: dict[str, str], settings: Any) -> None:
    settings.NOTION_LOOK_UP_SECONDS = 3_600
    bridge.watch()
    contact = bridge.arrive("ada@example.org")
    notion.faults.add("cut_after", times=1, method="POST", path=PAGES)
    bridge.turn()
    contact.delete()
    bridge.let_pass(notion, hours=2)

    for _ in range(2):
        bridge.turn()
        bridge.let_pass(notion, minutes=5)

    assert pages(notion, ids) == []
    assert not Contact.objects.exists()


# Two pages all the same: the index of Notion lags behind


def test_of_two_pages_made_for_one_person_the_younger_is_trashed_and_reported(
    notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.let_index_lag(3_600)
    notion.faults.add("cut_after", times=1, method="POST", path=PAGES)
    (contact,) = arrive_and_sync()
    made = pages(notion, ids)

    bridge.sync()

    assert len(made) == 2
    assert pages(notion, ids) == [bridge.page_of(contact)]
    assert len(bridge.problems("two_pages")) == 1


def test_the_elder_of_two_pages_stays(notion: Sandbox, ids: dict[str, str], settings: Any) -> None:
    notion.let_index_lag(3_600)
    settings.NOTION_LOOK_UP_SECONDS = 0
    notion.faults.add("cut_after", times=1, method="POST", path=PAGES)
    (contact,) = arrive_and_sync()
    elder = pages(notion, ids)[0]
    notion.workspace.pages[elder].created -= dt.timedelta(minutes=5)

    bridge.sync()

    assert pages(notion, ids) == [elder] == [bridge.page_of(contact)]


def test_two_pages_found_by_our_id_become_one(notion: Sandbox, ids: dict[str, str], settings: Any) -> None:
    settings.NOTION_LOOK_UP_SECONDS = 3_600
    bridge.watch()
    contact = bridge.arrive("ada@example.org")
    notion.faults.add("cut_after", times=1, method="POST", path=PAGES)
    bridge.turn(poll=False)
    notion.person_duplicates(pages(notion, ids)[0], by=notion.workspace.bot.id)
    bridge.let_pass(notion, hours=2)
    PageLink.objects.update(wanted_at=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))

    bridge.turn(poll=False)

    assert len(pages(notion, ids)) == 1
    assert bridge.link_of(contact).state == "linked"


# Changing


def test_a_change_whose_answer_was_lost_is_there_in_the_end(notion: Sandbox, ids: dict[str, str]) -> None:
    faults = [("cut_after", 500), ("cut_before", 500), ("error_after", 500), ("error_before", 503)]
    faults += [("conflict", 500), ("overload", 500), ("rate_limited", 500)]
    people = arrive_and_sync(len(faults))
    for contact in people:
        bridge.edit(contact, company="New")
    for kind, status in faults:
        notion.faults.add(kind, status=status, times=1, method="PATCH", path=PAGES, seconds=1)

    bridge.sync()
    bridge.sync(full=True)

    assert {notion.values_of(bridge.page_of(contact))["Company"] for contact in people} == {"New"}
    assert (notion.faults.active, bridge.conflicts(), notion.requests.violations()) == ([], [], [])


def test_trouble_with_one_page_holds_up_no_other(notion: Sandbox, ids: dict[str, str]) -> None:
    people = [bridge.arrive(f"p{number}@example.org") for number in range(3)]
    bridge.sync()
    for contact in people:
        bridge.edit(contact, company="New")
    bridge.watch()
    notion.faults.add("conflict", method="PATCH", path=bridge.page_of(people[0]))

    bridge.turn(poll=False)

    told = [notion.values_of(bridge.page_of(contact))["Company"] for contact in people]
    assert told == ["", "New", "New"]
    assert bridge.link_of(people[0]).attempts >= 1


def test_what_was_put_off_says_why(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    bridge.edit(contact, company="New")
    bridge.watch()
    notion.faults.add("conflict", method="PATCH", path=PAGES)

    bridge.turn(poll=False)

    assert bridge.link_of(contact).error
    assert bridge.link_of(contact).wanted_at is not None
