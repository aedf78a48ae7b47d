"""What was trashed, moved, unshared or deleted, on either side, and what becomes of it when it is back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts.models import Contact
from notion_bridge import conflicts
from notion_bridge.models import PageLink
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from workflows.models import WorkflowInstance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    return bridge.connect(notion, settings, "contacts")


@pytest.fixture
def page(notion: Sandbox, ids: dict[str, str]) -> str:
    """Ada's page, in step for ten minutes."""

    def build() -> str:
        page_id = bridge.typed(notion, ids, {"Email": "ada@example.org", "Company": "Old"})
        bridge.let_pass(notion, minutes=10)
        return page_id

    return bridge.once("Ada for ten minutes", notion, build)


def ada() -> Contact:
    return bridge.person("ada@example.org")


def state() -> str:
    return PageLink.objects.get(database__kind="contacts").state


def pages(notion: Sandbox, ids: dict[str, str]) -> list[str]:
    return notion.pages_of(ids["contacts"])


def move_away(notion: Sandbox, page: str) -> None:
    notion.person_moves(page, notion.parent_page)


WAYS_TO_GO: dict[str, Callable[[Sandbox, str], Any]] = {
    "trashed": lambda notion, page: notion.person_trashes(page),
    "moved": move_away,
    "unshared": lambda notion, page: notion.unshare(page),
}


@pytest.fixture
def lost(notion: Sandbox, ids: dict[str, str]) -> dict[str, str]:
    """By the way it went: the page of somebody, in step for ten minutes, and then gone in Notion."""

    def build() -> dict[str, str]:
        people = {way: {"Email": f"{way}@example.org", "Company": "Old"} for way in WAYS_TO_GO}
        found = {way: notion.person_creates(ids["contacts"], about) for way, about in people.items()}
        bridge.sync()
        bridge.let_pass(notion, minutes=10)
        return found

    found = bridge.once("three people for ten minutes", notion, build)
    for way, page in found.items():
        WAYS_TO_GO[way](notion, page)
    return found


def companies() -> list[str]:
    return list(Contact.objects.values_list("company", flat=True))


def states() -> dict[str, str]:
    """By the way they went."""
    links = PageLink.objects.filter(database__kind="contacts").select_related("contact")
    return {link.contact.email.split("@")[0]: link.state for link in links if link.contact}


def change_everybody() -> None:
    for way in WAYS_TO_GO:
        bridge.edit(bridge.person(f"{way}@example.org"), company="New")


# Gone in Notion


def test_a_page_that_went_leaves_the_person_here(lost: dict[str, str]) -> None:
    bridge.sync(full=True)

    assert companies() == ["Old"] * 3
    assert states() == {way: way for way in WAYS_TO_GO}


def test_a_page_that_went_is_reported_once(lost: dict[str, str]) -> None:
    for _ in range(2):
        bridge.sync(full=True)
    bridge.sync()

    assert [problem.times for way in WAYS_TO_GO for problem in bridge.problems(way)] == [1, 1, 1]


def test_a_page_that_went_is_not_made_anew(lost: dict[str, str], notion: Sandbox, ids: dict[str, str]) -> None:
    bridge.sync(full=True)
    before = pages(notion, ids)
    change_everybody()
    notion.requests.clear()

    for _ in range(2):
        bridge.sync(full=True)

    assert pages(notion, ids) == before
    assert notion.requests.writes() == 0


def test_a_change_here_before_anybody_knew_is_no_new_page(
    lost: dict[str, str], notion: Sandbox, ids: dict[str, str]
) -> None:
    before = pages(notion, ids)
    change_everybody()

    bridge.sync()

    assert pages(notion, ids) == before
    assert states() == {way: way for way in WAYS_TO_GO}


def come_back(lost: dict[str, str], notion: Sandbox) -> None:
    notion.person_restores(lost["trashed"])
    notion.share(lost["unshared"])


def test_a_page_that_is_back_is_in_step_again(lost: dict[str, str], notion: Sandbox) -> None:
    bridge.sync(full=True)
    change_everybody()
    come_back(lost, notion)

    bridge.sync(full=True)

    assert states() == {"trashed": "linked", "moved": "moved", "unshared": "linked"}
    for way in ("trashed", "unshared"):
        assert notion.values_of(lost[way])["Company"] == "New"
        assert bridge.problems(way) == []


def test_what_was_edited_in_notion_meanwhile_arrives(lost: dict[str, str], notion: Sandbox) -> None:
    bridge.sync(full=True)
    come_back(lost, notion)
    for way in ("trashed", "unshared"):
        notion.person_edits(lost[way], {"Job Title": "Countess"})

    bridge.sync(full=True)

    arrived = Contact.objects.filter(job_title="Countess").values_list("email", flat=True)
    assert set(arrived) == {"trashed@example.org", "unshared@example.org"}


def test_a_restored_page_is_found_by_an_ordinary_pass(page: str, notion: Sandbox) -> None:
    notion.person_trashes(page)
    bridge.sync(full=True)
    notion.person_restores(page)

    bridge.sync()

    assert state() == "linked"


def test_a_page_moved_to_another_database_and_back_loses_nothing_here(
    page: str, notion: Sandbox, ids: dict[str, str]
) -> None:
    elsewhere = notion.create_database("Archive", {"Name": "title"})
    notion.person_moves(page, elsewhere.data_source_id)
    bridge.sync(full=True)
    away = state()
    notion.person_moves(page, ids["contacts"])

    bridge.sync(full=True)

    assert (away, state()) == ("moved", "linked")
    assert ada().company == "Old"
    assert pages(notion, ids) == [page]


def test_a_page_deleted_for_good_leaves_the_person_here(page: str, notion: Sandbox, ids: dict[str, str]) -> None:
    notion.deletes_forever(page)

    for _ in range(2):
        bridge.sync(full=True)

    assert ada().company == "Old"
    assert (state(), pages(notion, ids)) == ("unshared", [])


def test_a_page_trashed_and_restored_between_two_passes_is_no_news(page: str, notion: Sandbox) -> None:
    notion.person_trashes(page)
    notion.person_restores(page)

    bridge.sync(full=True)

    assert state() == "linked"
    assert bridge.problems("trashed") == []


def test_monitoring_finds_out_in_its_full_pass(page: str, notion: Sandbox) -> None:
    bridge.watch()
    notion.person_trashes(page)
    bridge.let_pass(notion, hours=31)

    bridge.turn()

    assert state() == "trashed"


# Deleted here


def test_somebody_deleted_here_leaves_the_page_in_the_trash(page: str, notion: Sandbox, ids: dict[str, str]) -> None:
    ada().delete()

    bridge.sync()

    assert pages(notion, ids) == []
    assert notion.pages_of(ids["contacts"], trashed=True) == [page]
    assert state() == "deleted"


def test_somebody_deleted_here_is_not_made_anew_of_their_page(page: str, notion: Sandbox) -> None:
    ada().delete()

    for _ in range(3):
        bridge.sync(full=True)

    assert not Contact.objects.exists()


def test_an_edit_in_notion_does_not_bring_back_who_was_deleted_here(page: str, notion: Sandbox) -> None:
    ada().delete()
    notion.person_edits(page, {"Company": "New"})

    bridge.sync()

    assert not Contact.objects.exists()


def test_somebody_deleted_here_whose_page_is_trashed_already_is_over(page: str, notion: Sandbox) -> None:
    ada().delete()
    notion.person_trashes(page)

    bridge.sync()

    assert state() == "deleted"


def test_what_was_deleted_here_and_restored_in_notion_is_reported_once(page: str, notion: Sandbox) -> None:
    ada().delete()
    bridge.sync()
    notion.person_restores(page)

    for _ in range(2):
        bridge.sync(full=True)

    assert not Contact.objects.exists()
    assert len(bridge.problems("restored")) == 1


def test_a_restored_page_is_not_trashed_again_by_us(page: str, notion: Sandbox, ids: dict[str, str]) -> None:
    ada().delete()
    bridge.sync()
    notion.person_restores(page)
    notion.requests.clear()

    bridge.sync(full=True)

    assert pages(notion, ids) == [page]
    assert notion.requests.writes() == 0


def test_staff_take_a_restored_page_over_again(page: str, notion: Sandbox) -> None:
    old = ada().pk
    ada().delete()
    bridge.sync()
    notion.person_restores(page)
    bridge.sync()

    conflicts.take_over_again(link=PageLink.objects.get(page_id=page), actor="robin", now=database_now())
    bridge.sync()

    assert (ada().company, bridge.page_of(ada())) == ("Old", page)
    assert notion.values_of(page)["Contact ID"] == str(ada().pk) != str(old)
    assert bridge.problems("restored") == []


def test_only_what_was_deleted_here_can_be_taken_over_again(page: str) -> None:
    with pytest.raises(conflicts.NotPossible):
        conflicts.take_over_again(link=bridge.link_of(ada()), actor="robin", now=database_now())


def test_somebody_who_comes_again_after_a_deletion_gets_a_new_page(
    page: str, notion: Sandbox, ids: dict[str, str]
) -> None:
    ada().delete()
    bridge.sync()
    bridge.arrive("ada@example.org", company="New")

    bridge.sync()

    (fresh,) = pages(notion, ids)
    assert fresh != page
    assert notion.values_of(fresh)["Company"] == "New"


def test_somebody_who_comes_again_before_the_deletion_was_pushed_is_one_person(
    page: str, notion: Sandbox, ids: dict[str, str]
) -> None:
    ada().delete()
    bridge.arrive("ada@example.org", company="New")

    for _ in range(2):
        bridge.sync(full=True)

    assert Contact.objects.count() == 1
    assert len(pages(notion, ids)) == 1


def test_the_pages_of_the_workflows_of_who_was_deleted_go_too(notion: Sandbox, settings: Any) -> None:
    ids = bridge.in_step(notion, settings, "contacts", "instances")
    bridge.arrive("ada@example.org", contact_types=("Artist",))
    bridge.sync()
    running = len(notion.pages_of(ids["instances"]))
    ada().delete()

    bridge.sync()

    assert running > 0
    assert not WorkflowInstance.objects.exists()
    assert notion.pages_of(ids["instances"]) == []
