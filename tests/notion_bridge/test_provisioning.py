"""Databases and properties that Contactflow makes in Notion for staff."""

from __future__ import annotations

from typing import Any

import pytest

from contactflow.core.clock import database_now
from notion_bridge import connection_check, mapping, provisioning, schemas
from notion_bridge.client import NotFound, Unclear
from notion_bridge.models import NotionDatabase, PropertyMapping
from notion_bridge.syncing import Busy, lock
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]
ALL = ["Contacts & Profiles", "Master Tasks", "Active Workflow Instances"]


@pytest.fixture(autouse=True)
def connected(notion: Sandbox, settings: Any) -> None:
    """A key, but no database."""
    bridge.connect(notion, settings)
    settings.NOTION_DATABASES = dict.fromkeys(settings.NOTION_DATABASES, "")


def create(parent: str) -> provisioning.Made:
    return provisioning.create_databases(parent=parent, now=database_now())


def databases_in(notion: Sandbox) -> int:
    return sum(one.parent_id == notion.parent_page for one in notion.workspace.databases.values()) - len(ALL)


def test_all_three_are_made_in_one_go(notion: Sandbox) -> None:
    made = create(notion.parent_page)

    assert (made.names, made.trouble) == (ALL, None)


def test_what_was_made_has_a_property_for_every_field(notion: Sandbox) -> None:
    create(notion.parent_page)

    assert not PropertyMapping.objects.filter(property_id="").exists()
    assert PropertyMapping.objects.count() == sum(len(fields) for fields in mapping.FIELDS.values())


def test_what_was_made_is_synchronised_without_a_setting(notion: Sandbox) -> None:
    create(notion.parent_page)
    bridge.arrive("ada@example.org", first_name="Ada")

    bridge.sync()

    source = NotionDatabase.objects.get(kind="contacts").data_source_id
    (page,) = notion.pages_of(source)
    assert notion.values_of(page)["Email"] == "ada@example.org"


def test_a_database_that_is_named_is_not_made(notion: Sandbox, settings: Any) -> None:
    settings.NOTION_DATABASES = settings.NOTION_DATABASES | {"tasks": notion.standard_databases()["tasks"].database_id}

    assert create(notion.parent_page).names == [ALL[0], ALL[2]]


def test_asking_again_makes_nothing(notion: Sandbox) -> None:
    create(notion.parent_page)

    assert create(notion.parent_page) == provisioning.Made()


def test_a_page_that_is_not_shared_says_so(notion: Sandbox) -> None:
    made = create("11111111-2222-3333-4444-555555555555")

    assert isinstance(made.trouble, NotFound)
    assert "not shared" in connection_check.in_words(made.trouble)


def test_what_is_made_stays_when_the_next_one_fails(notion: Sandbox) -> None:
    notion.faults.add("error_before", method="GET", path="data_sources", times=1)

    made = create(notion.parent_page)

    assert made.trouble
    assert provisioning.lacking() == ["tasks", "instances"]


def test_a_database_whose_reading_failed_is_not_made_twice(notion: Sandbox) -> None:
    notion.faults.add("error_before", method="GET", path="data_sources", times=1)
    create(notion.parent_page)

    create(notion.parent_page)

    assert databases_in(notion) == len(ALL)


def test_an_answer_that_was_lost_is_looked_after_by_a_person(notion: Sandbox) -> None:
    notion.faults.add("cut_after", method="POST", path="databases", times=1)

    made = create(notion.parent_page)

    assert isinstance(made.trouble, Unclear)
    assert provisioning.may_be_done(made.trouble)


def test_slow_answers_leave_the_rest_for_another_time(notion: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "SECONDS", -1.0)

    made = create(notion.parent_page)

    assert made.names == []
    assert isinstance(made.trouble, Busy)


def test_nothing_is_made_while_a_worker_reads_notion(notion: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_lock", lambda function: False)

    assert isinstance(create(notion.parent_page).trouble, Busy)
    assert databases_in(notion) == 0


def test_missing_properties_are_added(notion: Sandbox) -> None:
    create(notion.parent_page)
    database = NotionDatabase.objects.get(kind="contacts")
    notion.remove_property(database.data_source_id, "Phone")
    PropertyMapping.objects.filter(database=database, field="phone").update(property_id="")

    made = provisioning.add_properties(database=database, now=database_now())

    assert made.names == ["Phone"]
    assert PropertyMapping.objects.get(database=database, field="phone").property_id


def test_a_refused_key_is_told_when_properties_are_added(notion: Sandbox) -> None:
    create(notion.parent_page)
    database = NotionDatabase.objects.get(kind="contacts")
    PropertyMapping.objects.filter(database=database, field="phone").update(property_id="")
    notion.revoke_key()

    made = provisioning.add_properties(database=database, now=database_now())

    assert made.trouble is not None
    assert "NOTION_API_KEY" in connection_check.in_words(made.trouble)


@pytest.mark.parametrize(
    "named",
    [
        "0123456789abcdef0123456789abcdef",
        "01234567-89AB-CDEF-0123-456789ABCDEF",
        "https://www.notion.so/0123456789abcdef0123456789abcdef?v=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "https://www.notion.so/team/My-Page-0123456789abcdef0123456789abcdef",
        "https://www.notion.so/Abc-Facade-0123456789abcdef0123456789abcdef?pvs=4",
    ],
)
def test_an_id_is_found_in_what_people_copy(named: str) -> None:
    assert schemas.plain_id(named) == "01234567-89ab-cdef-0123-456789abcdef"
