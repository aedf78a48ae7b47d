"""Long, foreign and many: an exact round trip through Notion, or a limit that is reported."""

from __future__ import annotations

from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts.models import Contact
from engagement import tasking
from engagement.models import Task
from notion_bridge.models import PageLink
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]

TEXTS = {
    "of more than one item": "word " * 900,
    "at the edge of an item": "x" * 2_000,
    "just over the edge": "x" * 2_001,
    "emoji over the edge": "x" * 1_999 + "🎨" + "y" * 10,
    "family over the edge": "x" * 1_996 + "👩‍👩‍👧‍👦" + "end",
    "emoji alone": "🧮" * 3_000,
    "right to left": "גבירתי הנכבדה\n" * 300,
    "lines": "One.\n\nTwo.\tThree.\n- four",
    "a link": "See [the loom](https://loom.example/a?b=1#c) and [another](https://loom.example/d).",
    "a bare address": "See https://loom.example/a.",
    "looks like Markdown": "*not* _bold_ [no link] (at all) `code`",
    "combining marks": "e\u0301cole, Zu\u0308rich",
}


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    return bridge.in_step(notion, settings, "contacts", "tasks")


def idle(notion: Sandbox) -> bool:
    """Whether a full pass finds nothing to write and nothing to change."""
    notion.requests.clear()
    before = list(Contact.objects.values_list("notes", "tags", "updated_at"))
    bridge.sync(full=True)
    return notion.requests.writes() == 0 and before == list(Contact.objects.values_list("notes", "tags", "updated_at"))


def test_a_text_written_here_comes_back_as_it_was(notion: Sandbox, ids: dict[str, str]) -> None:
    stored = {
        name: bridge.arrive(f"p{number}@example.org", notes=text) for number, (name, text) in enumerate(TEXTS.items())
    }

    bridge.sync()

    assert idle(notion)
    for name, contact in stored.items():
        assert Contact.objects.get(pk=contact.pk).notes == contact.notes, name


def test_a_text_edited_on_both_sides_in_turn_is_the_same_on_both(notion: Sandbox, ids: dict[str, str]) -> None:
    people = [bridge.arrive(f"p{number}@example.org", notes=text) for number, text in enumerate(TEXTS.values())]
    bridge.sync()
    for page in map(bridge.page_of, people):
        notion.person_edits(page, {"Notes": f"{notion.values_of(page)['Notes']} Added."})

    bridge.sync()

    notes = Contact.objects.filter(pk__in=[one.pk for one in people]).values_list("notes", flat=True)
    assert all(text.endswith("Added.") for text in notes)
    assert idle(notion)


def test_a_text_that_is_longer_than_notion_holds_is_a_reported_limit(notion: Sandbox, ids: dict[str, str]) -> None:
    task = tasking.create_task(action_id=None, title="Read", target=None, contact=None, now=database_now())
    Task.objects.filter(pk=task.pk).update(description="é" * 210_000, updated_at=database_now())

    bridge.sync()

    task.refresh_from_db()
    page = str(PageLink.objects.get(task=task).page_id)
    assert len(task.description) == 210_000
    assert notion.values_of(page)["Description"] == "é" * len(notion.values_of(page)["Description"])
    assert [problem.link.task for problem in bridge.problems("limit") if problem.link] == [task]


def test_a_limit_is_reported_once_and_takes_no_more_writes(notion: Sandbox, ids: dict[str, str]) -> None:
    task = tasking.create_task(action_id=None, title="Read", target=None, contact=None, now=database_now())
    Task.objects.filter(pk=task.pk).update(description="x" * 210_000, updated_at=database_now())
    bridge.sync()

    assert idle(notion)
    assert len(bridge.problems("limit")) == 1
    task.refresh_from_db()
    assert len(task.description) == 210_000


def test_a_limit_is_over_when_the_text_is_shortened(notion: Sandbox, ids: dict[str, str]) -> None:
    task = tasking.create_task(action_id=None, title="Read", target=None, contact=None, now=database_now())
    Task.objects.filter(pk=task.pk).update(description="x" * 210_000, updated_at=database_now())
    bridge.sync()
    tasking.change(task=task, values={"description": "Short"}, now=database_now())

    bridge.sync()

    assert bridge.problems("limit") == []


def test_tags_over_a_hundred_are_a_reported_limit_and_stay_here(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    tags = [f"tag {number:03}" for number in range(120)]
    Contact.objects.filter(pk=contact.pk).update(tags=tags, updated_at=database_now())

    bridge.sync()

    contact.refresh_from_db()
    assert contact.tags == tags
    assert notion.values_of(bridge.page_of(contact))["Tags"] == tags[:100]
    assert len(bridge.problems("limit")) == 1


def test_tags_over_a_hundred_stay_here_whatever_else_changes(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    tags = [f"tag {number:03}" for number in range(120)]
    Contact.objects.filter(pk=contact.pk).update(tags=tags, updated_at=database_now())
    bridge.sync()
    page = bridge.page_of(contact)
    notion.person_edits(page, {"Company": "Analytical"})
    bridge.sync()
    bridge.edit(bridge.person("ada@example.org"), job_title="Countess")

    bridge.sync(full=True)

    contact.refresh_from_db()
    assert contact.tags == tags
    assert notion.values_of(page)["Tags"] == tags[:100]


def test_a_tag_with_a_comma_is_a_reported_limit_and_stays_here(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    Contact.objects.filter(pk=contact.pk).update(tags=["red, blue", "green"], updated_at=database_now())

    bridge.sync()

    assert idle(notion)
    contact.refresh_from_db()
    assert contact.tags == ["red, blue", "green"]
    assert notion.values_of(bridge.page_of(contact))["Tags"] == ["green"]
    assert len(bridge.problems("limit")) == 1


def test_an_address_that_is_longer_than_notion_takes_is_a_reported_limit(notion: Sandbox, ids: dict[str, str]) -> None:
    address = f"{'a' * 60}@{'b' * 50}.example.org"
    contact = bridge.arrive(address)

    bridge.sync()

    contact.refresh_from_db()
    assert contact.email == address
    assert len([problem for problem in bridge.problems("limit") if problem.link == bridge.link_of(contact)]) == 1
    assert idle(notion)


def test_a_text_of_more_items_than_a_page_shows_is_read_to_its_end(notion: Sandbox, ids: dict[str, str]) -> None:
    links = " and ".join(f"[the {number}th](https://loom.example/{number})" for number in range(40))
    contact = bridge.arrive("ada@example.org", notes=links)
    bridge.sync()
    notion.person_edits(bridge.page_of(contact), {"Company": "Analytical"})

    bridge.sync()

    contact.refresh_from_db()
    assert (contact.company, contact.notes) == ("Analytical", links)
    assert idle(notion)


def test_many_tags_from_notion_all_arrive(notion: Sandbox, ids: dict[str, str]) -> None:
    tags = {number: [f"tag {one:03}" for one in range(number)] for number in (26, 60, 100)}
    for number, words in tags.items():
        notion.person_creates(ids["contacts"], {"Email": f"p{number}@example.org", "Tags": words})

    bridge.sync()

    assert {number: bridge.person(f"p{number}@example.org").tags for number in tags} == tags
    assert bridge.problems("value_refused") == []
