"""Two pages for one person: reported with a proposal, never silently joined or doubled."""

from __future__ import annotations

from typing import Any

import pytest

from contacts.models import Contact
from notion_bridge.models import PageLink
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    return bridge.in_step(notion, settings, "contacts")


@pytest.fixture
def both(notion: Sandbox, ids: dict[str, str]) -> tuple[str, str]:
    """Two pages with Ada's address: the first is in step."""

    def build() -> tuple[str, str]:
        first = bridge.typed(notion, ids, {"Email": "ada@example.org", "Company": "First"})
        second = bridge.typed(notion, ids, {"Email": "Ada@Example.org ", "Company": "Second"})
        bridge.let_pass(notion, minutes=10)
        return first, second

    return bridge.once("two pages of Ada", notion, build)


def state(page: str) -> str:
    return PageLink.objects.get(page_id=page).state


def test_a_second_page_with_one_address_is_reported(both: tuple[str, str]) -> None:
    (problem,) = bridge.problems("duplicate_contact")

    assert "the same address" in problem.message
    assert {"first", "second"} <= problem.details.keys()


def test_a_second_page_is_neither_joined_nor_doubled(both: tuple[str, str], notion: Sandbox) -> None:
    first, second = both

    assert Contact.objects.get().company == "First"
    assert (notion.values_of(first)["Company"], notion.values_of(second)["Company"]) == ("First", "Second")
    assert notion.values_of(second)["Contact ID"] == ""
    assert (state(first), state(second)) == ("linked", "duplicate")


def test_a_second_page_is_reported_once(both: tuple[str, str]) -> None:
    for _ in range(2):
        bridge.sync(full=True)

    assert len(bridge.problems("duplicate_contact")) == 1


def test_two_pages_of_the_first_pull_with_one_address_are_reported(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings, "contacts")
    for company in ("First", "Second"):
        notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Company": company})
        notion.clock.advance(minutes=1)

    bridge.sync()

    assert Contact.objects.get().company == "First"
    assert len(bridge.problems("duplicate_contact")) == 1


def test_changes_here_go_to_the_first_page_alone(both: tuple[str, str], notion: Sandbox) -> None:
    first, second = both
    bridge.edit(Contact.objects.get(), job_title="Countess")

    bridge.sync()

    assert [notion.values_of(page)["Job Title"] for page in (first, second)] == ["Countess", ""]


def test_edits_of_the_second_page_change_nothing_here(both: tuple[str, str], notion: Sandbox) -> None:
    notion.person_edits(both[1], {"Job Title": "Analyst"})

    bridge.sync()

    assert Contact.objects.get().job_title == ""


def test_a_second_page_that_gets_another_address_is_a_person_of_its_own(both: tuple[str, str], notion: Sandbox) -> None:
    notion.person_edits(both[1], {"Email": "augusta@example.org"})

    bridge.sync()

    assert bridge.page_of(bridge.person("augusta@example.org")) == both[1]
    assert bridge.problems("duplicate_contact") == []


def test_a_second_page_that_is_trashed_is_no_problem_any_more(both: tuple[str, str], notion: Sandbox) -> None:
    notion.person_trashes(both[1])

    bridge.sync(full=True)

    assert bridge.problems("duplicate_contact") == []
    assert Contact.objects.get().company == "First"


def test_a_second_page_takes_over_when_the_first_is_trashed(both: tuple[str, str], notion: Sandbox) -> None:
    first, second = both
    notion.person_trashes(first)

    for _ in range(2):
        bridge.sync(full=True)

    assert bridge.page_of(Contact.objects.get()) == second
    assert bridge.problems("duplicate_contact") == []
    assert Contact.objects.count() == 1


def test_a_second_page_is_a_person_of_its_own_when_the_first_gets_another_address(
    both: tuple[str, str], notion: Sandbox
) -> None:
    first, second = both
    notion.person_edits(first, {"Email": "augusta@example.org"})

    for _ in range(2):
        bridge.sync(full=True)

    assert bridge.page_of(bridge.person("augusta@example.org")) == first
    assert bridge.page_of(bridge.person("ada@example.org")) == second


def test_an_address_that_somebody_else_has_is_refused_and_reported(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    page = notion.person_creates(ids["contacts"], {"Email": "bob@example.org"})
    bridge.sync()
    notion.person_edits(page, {"Email": "ada@example.org", "Company": "Bob's"})

    bridge.sync()

    assert bridge.person("bob@example.org").company == "Bob's"
    assert [problem.details["field"] for problem in bridge.problems("value_refused")] == ["email"]


# Copies made in Notion


def test_a_copied_person_is_reported_as_a_second_page(notion: Sandbox, ids: dict[str, str]) -> None:
    first = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync()
    copy = notion.person_duplicates(first)

    bridge.sync()

    assert Contact.objects.count() == 1
    assert (state(first), state(copy)) == ("linked", "duplicate")
    assert copy in notion.pages_of(ids["contacts"])


def test_a_copy_that_gets_an_address_of_its_own_is_another_person(notion: Sandbox, ids: dict[str, str]) -> None:
    first = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync()
    copy = notion.person_duplicates(first)
    notion.person_edits(copy, {"Email": "bob@example.org"})

    bridge.sync()

    bob = bridge.person("bob@example.org")
    assert notion.values_of(copy)["Contact ID"] == str(bob.pk)
    assert notion.values_of(first)["Contact ID"] == str(bridge.person("ada@example.org").pk) != str(bob.pk)


def test_a_copy_of_a_page_that_was_trashed_takes_its_place(notion: Sandbox, ids: dict[str, str]) -> None:
    first = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync()
    bridge.let_pass(notion, minutes=10)
    notion.person_trashes(first)
    bridge.sync(full=True)
    copy = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Company": "New"})

    bridge.sync()

    assert Contact.objects.count() == 1
    assert bridge.page_of(Contact.objects.get()) == copy
    assert Contact.objects.get().company == "New"


def test_a_trashed_page_whose_place_was_taken_comes_back_as_a_second_one(notion: Sandbox, ids: dict[str, str]) -> None:
    first = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync()
    bridge.let_pass(notion, minutes=10)
    notion.person_trashes(first)
    bridge.sync(full=True)
    copy = notion.person_creates(ids["contacts"], {"Email": "ada@example.org"})
    bridge.sync()
    notion.person_restores(first)

    bridge.sync(full=True)

    assert bridge.page_of(Contact.objects.get()) == copy
    assert state(first) == "duplicate"
