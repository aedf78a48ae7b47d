"""Notion as people really use it: what they type, rename, forbid and break there, through a sandbox of Notion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contacts.models import BusinessEntity, Contact, ContactEvent, ContactType, LeadSource
from engagement.models import Task
from notion_bridge.models import PageLink
from notion_bridge.syncing import drain
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from workflows.models import WorkflowInstance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]

ADA = {"First Name": "Ada", "Email": "ada@example.org"}


@pytest.fixture
def notion(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(drain, "FIRST_PAUSE", 0.001)
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def people(notion: Sandbox, settings: Any) -> str:
    """The data source of Contacts & Profiles, in step."""
    return bridge.in_step(notion, settings, "contacts")["contacts"]


@pytest.fixture
def tasks(notion: Sandbox, settings: Any) -> str:
    """The data source of Master Tasks, in step."""
    return bridge.in_step(notion, settings, "contacts", "tasks")["tasks"]


def told(cause: str) -> list[str]:
    return [one.message for one in bridge.problems(cause)]


# What nobody made here


@pytest.mark.parametrize(
    "about",
    [
        {"Contact Type": ["Künstler"]},
        {"Contact Type": ["Artist", "Künstler"]},
        {"Contact Type": ["Artist"], "Lead Source": "Instagram"},
        {"Contact Type": ["Artist"], "Business Entity": ["The 8 Space"]},
        {"Contact Type": ["Artist"], "Status": "Do not call"},
    ],
)
def test_a_page_with_something_unknown_waits_and_is_left_as_it_is(
    about: dict[str, Any], notion: Sandbox, people: str
) -> None:
    page = notion.person_creates(people, ADA | about)
    before = notion.values_of(page)

    for _ in range(2):
        bridge.sync(full=True)

    assert not Contact.objects.exists()
    assert not WorkflowInstance.objects.exists()
    assert notion.values_of(page) == before
    assert PageLink.objects.get().state == "waiting"
    assert len(told("page_refused")) == len(told("unknown_option")) == 1


def test_a_page_that_waited_for_a_type_arrives_once_the_type_is_made(notion: Sandbox, people: str) -> None:
    notion.person_creates(people, ADA | {"Contact Type": ["Künstler"]})
    bridge.sync()
    ContactType.objects.create(name="Künstler", slug="kuenstler", position=900)

    bridge.sync()

    assert [one.name for one in bridge.person("ada@example.org").contact_types.all()] == ["Künstler"]
    assert told("page_refused") == told("unknown_option") == []
    assert ContactEvent.objects.get().kind == "new_contact"


@pytest.mark.parametrize(("label", "model"), [("Lead Source", LeadSource), ("Business Entity", BusinessEntity)])
def test_monitoring_takes_a_waiting_page_over_by_itself(label: str, model: Any, notion: Sandbox, people: str) -> None:
    value: Any = "Podcast" if label == "Lead Source" else ["Podcast"]
    notion.person_creates(people, ADA | {"Contact Type": ["Artist"], label: value})
    bridge.watch()
    bridge.turn()
    waiting = Contact.objects.count()
    model.objects.create(name="Podcast", slug="podcast", position=900)

    bridge.turn()

    assert (waiting, Contact.objects.count()) == (0, 1)


def test_who_waited_since_the_first_pull_is_still_of_the_baseline(notion: Sandbox, settings: Any) -> None:
    people = bridge.connect(notion, settings, "contacts")["contacts"]
    notion.person_creates(people, ADA | {"Contact Type": ["Artist"], "Lead Source": "Podcast"})
    bridge.sync()
    LeadSource.objects.create(name="Podcast", slug="podcast", position=900)

    bridge.sync()

    assert bridge.link_of(bridge.person("ada@example.org")).came_first
    assert not WorkflowInstance.objects.exists()


def test_a_type_replaced_by_an_unknown_one_changes_nothing_here_or_there(notion: Sandbox, people: str) -> None:
    page = bridge.typed(notion, {"contacts": people}, ADA | {"Contact Type": ["Artist"]})
    started = WorkflowInstance.objects.count()
    notion.person_edits(page, {"Contact Type": ["Künstler"], "Company": "Analytical"})

    for _ in range(2):
        bridge.sync(full=True)

    ada = bridge.person("ada@example.org")
    assert ([one.name for one in ada.contact_types.all()], ada.company) == (["Artist"], "Analytical")
    assert notion.values_of(page)["Contact Type"] == ["Künstler"]
    assert WorkflowInstance.objects.count() == started


def test_nothing_is_written_beside_the_unknown_type_of_somebody_known_here(notion: Sandbox, people: str) -> None:
    bridge.arrive("ada@example.org")
    page = notion.person_creates(people, ADA | {"Contact Type": ["Künstler"]})

    for _ in range(2):
        bridge.sync(full=True)

    assert bridge.page_of(bridge.person("ada@example.org")) == page
    assert notion.values_of(page)["Contact Type"] == ["Künstler"]


@pytest.mark.parametrize("about", [{"Business Entity": "The 8 Space"}, {"Priority": "Sofort"}, {"Status": "Geparkt"}])
def test_a_task_with_something_unknown_waits(about: dict[str, str], notion: Sandbox, tasks: str) -> None:
    page = notion.person_creates(tasks, {"Task Name": "Call", **about})

    for _ in range(2):
        bridge.sync(full=True)

    assert not Task.objects.exists()
    assert notion.values_of(page).items() >= about.items()
    assert len(told("page_refused")) == 1
