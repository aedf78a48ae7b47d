"""Notion as people really use it: what they type, rename, forbid and break there, through a sandbox of Notion."""

from __future__ import annotations

import datetime as dt
import itertools
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from contactflow.core.clock import database_now
from contacts.models import BusinessEntity, Contact, ContactEvent, ContactType, LeadSource
from engagement import tasking
from engagement.models import Task
from notion_bridge import bound_schema, health, mapping, provisioning, pull
from notion_bridge.errors import Endless
from notion_bridge.models import NotionDatabase, PageLink, SyncProblem
from notion_bridge.sandbox import endpoints, rendering
from notion_bridge.schemas import Misconfigured
from notion_bridge.syncing import drain
from tests.factories import UserFactory
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


@pytest.fixture(autouse=True)
def _nobody_asked_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is who in Notion is asked for anew in every test."""
    monkeypatch.setattr(bound_schema, "_directory", bound_schema._Directory())


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


# Lists without an end, answers that do not come


@pytest.mark.parametrize("first", [True, False])
def test_a_list_that_begins_again_and_again_ends_and_is_reported(first: bool, notion: Sandbox, settings: Any) -> None:
    people = (bridge.connect if first else bridge.in_step)(notion, settings, "contacts")["contacts"]
    notion.person_creates(people, ADA)
    notion.faults.add("endless", path="/query")

    with pytest.raises(Endless):
        bridge.sync()

    assert bridge.person("ada@example.org").first_name == "Ada"
    assert len(told("endless_list")) == 1
    assert len([one for one in notion.requests if one.path.endswith("/query")]) < 5


def test_monitoring_goes_on_elsewhere_while_a_list_goes_in_circles(notion: Sandbox, tasks: str) -> None:
    bridge.watch()
    notion.person_creates(tasks, {"Task Name": "Call"})
    notion.faults.add("endless", path=f"{bridge.database('contacts').data_source_id}/query")

    for _ in range(3):
        bridge.turn()

    assert Task.objects.get().title == "Call"
    assert len(told("endless_list")) == 1


def test_a_list_that_ends_again_closes_the_report(notion: Sandbox, people: str) -> None:
    notion.faults.add("endless", path="/query")
    with pytest.raises(Endless):
        bridge.sync()
    notion.faults.clear()

    bridge.sync()

    assert told("endless_list") == []


def test_a_long_text_without_an_end_is_left_out_and_the_rest_read(notion: Sandbox, people: str) -> None:
    notion.person_creates(people, ADA | {"Notes": ["x"] * 30, "Company": "Analytical"})
    notion.faults.add("endless", path="/properties/")

    bridge.sync()

    ada = bridge.person("ada@example.org")
    assert (ada.company, ada.notes) == ("Analytical", "")
    assert len(told("value_refused")) == 1


@pytest.mark.parametrize("fault", [{"kind": "error_before", "status": 504}, {"kind": "cut_before"}])
def test_a_page_that_is_too_much_is_halved_until_it_comes(fault: dict[str, Any], notion: Sandbox, people: str) -> None:
    for number in range(27):
        notion.person_creates(people, {"Email": f"p{number}@example.org", "Contact Type": ["Media Contact"]})
    notion.faults.add(path="/query", above=26, **fault)

    bridge.sync(full=True)

    assert Contact.objects.count() == 27


def test_a_page_that_was_halved_grows_again() -> None:
    sizes = [pull.size_after(100, came=False)]
    while sizes[-1] < 100:
        sizes.append(pull.size_after(sizes[-1], came=True))

    assert sizes[0] == 50
    assert len(sizes) < 10
    assert pull.size_after(1, came=False) == 1


@pytest.mark.parametrize("path", ["{}", "{}/query"])
def test_one_database_out_of_reach_does_not_keep_the_command_from_the_others(
    path: str, notion: Sandbox, tasks: str
) -> None:
    notion.person_creates(tasks, {"Task Name": "Call"})
    unwell = bridge.database("contacts").data_source_id
    notion.faults.add("error_before", status=504, path=f"data_sources/{path.format(unwell)}")

    with pytest.raises(CommandError, match="Contacts & Profiles"):
        call_command("sync_notion")

    assert Task.objects.get().title == "Call"


def test_one_database_out_of_reach_does_not_keep_monitoring_from_the_others(notion: Sandbox, tasks: str) -> None:
    bridge.watch()
    NotionDatabase.objects.update(schema_seen_at=None)
    notion.person_creates(tasks, {"Task Name": "Call"})
    notion.faults.add("error_before", status=504, path=bridge.database("contacts").data_source_id)

    for _ in range(3):
        bridge.turn()

    assert Task.objects.get().title == "Call"


# Rights


@pytest.fixture
def assigned(notion: Sandbox, settings: Any) -> str:
    """The data source of tasks whose Assigned To names people of Notion; no task was ever read."""
    source = bridge.connect(notion, settings, "contacts", "tasks")["tasks"]
    notion.change_type(source, "Assigned To", "people")
    return source


def test_without_the_right_to_read_users_only_assigned_to_stops(notion: Sandbox, assigned: str) -> None:
    notion.faults.add("forbidden", path="/users", above=1)
    notion.person_creates(assigned, {"Task Name": "Call", "Priority": "High"})

    bridge.sync()

    assert (Task.objects.get().title, Task.objects.get().priority) == ("Call", "high")
    assert "Read user information" in told("right_missing")[0]


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [("POST", "/v1/pages", "Insert content"), ("PATCH", "/v1/pages/", "Update content")],
)
def test_a_refused_right_is_named_and_reading_goes_on(
    method: str, path: str, right: str, notion: Sandbox, people: str
) -> None:
    page = bridge.typed(notion, {"contacts": people}, ADA)
    notion.faults.add("forbidden", method=method, path=path)
    bridge.edit(bridge.person("ada@example.org"), company="Analytical")
    bridge.arrive("bob@example.org")
    bridge.watch()
    bridge.turn()
    notion.person_edits(page, {"Job Title": "Countess"})

    bridge.turn()

    assert bridge.person("ada@example.org").job_title == "Countess"
    assert [right in message for message in told("right_missing")] == [True]


def test_a_right_to_read_that_is_missing_is_named(notion: Sandbox, people: str) -> None:
    notion.faults.add("forbidden", path="/query")

    with pytest.raises(Misconfigured, match="Read content"):
        bridge.sync()


def test_people_are_matched_by_address_before_name(notion: Sandbox, assigned: str) -> None:
    robin, *_ = notion.workspace.people
    UserFactory(first_name=robin.name.split()[0], last_name=robin.name.split()[-1], email="other@example.org")
    meant = UserFactory(first_name="R.", last_name="V.", email=robin.email)
    notion.person_creates(assigned, {"Task Name": "Call", "Assigned To": [robin.email]})

    bridge.sync()

    assert Task.objects.get().assignee == meant


def test_a_colleague_is_found_in_notion_by_address_before_name(notion: Sandbox, assigned: str) -> None:
    robin, kim, *_ = notion.workspace.people
    first, _, last = kim.name.partition(" ")
    bridge.sync()
    colleague = UserFactory(first_name=first, last_name=last, email=robin.email)
    task = Task.objects.create(title="Call", assignee=colleague)

    bridge.sync()

    assert notion.values_of(str(PageLink.objects.get(task=task).page_id))["Assigned To"] == robin.name


def test_two_assignees_are_said_to_be_two(notion: Sandbox, assigned: str) -> None:
    robin, kim, *_ = notion.workspace.people
    notion.person_creates(assigned, {"Task Name": "Call", "Assigned To": [robin.email, kim.email]})

    bridge.sync()

    assert Task.objects.get().assignee is None
    assert "2 people" in told("value_refused")[0]


# Days and moments


def test_the_day_a_page_was_created_is_the_day_here(notion: Sandbox, settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Kiritimati"
    source = bridge.connect(notion, settings, "contacts")["contacts"]
    notion.change_type(source, "Date Added", "created_time")
    page = notion.workspace.pages[notion.person_creates(source, ADA)]
    page.created = dt.datetime(2026, 3, 1, 20, 30, tzinfo=dt.UTC)

    bridge.sync()

    assert bridge.person("ada@example.org").added_on == dt.date(2026, 3, 2)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_a_due_date_without_a_time_stays_that_date_in_another_time_zone(
    zone: str, notion: Sandbox, tasks: str, settings: Any
) -> None:
    page = notion.person_creates(tasks, {"Task Name": "Call", "Due Date": "2026-03-01"})
    bridge.sync()
    settings.TIME_ZONE = zone
    task = Task.objects.get()
    tasking.change(task=task, values={"description": "Before noon"}, now=database_now())

    bridge.sync(full=True)

    task.refresh_from_db()
    assert task.due_date == dt.date(2026, 3, 1)
    assert notion.values_of(page)["Due Date"] == "2026-03-01"


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo", "UTC"])
def test_deploying_after_the_zone_was_corrected_moves_the_end_of_that_day(
    zone: str, notion: Sandbox, tasks: str, settings: Any
) -> None:
    notion.person_creates(tasks, {"Task Name": "Call", "Due Date": "2026-03-01"})
    notion.person_creates(tasks, {"Task Name": "Write", "Due Date": "2026-03-01T09:30:00.000+00:00"})
    bridge.sync()
    settings.TIME_ZONE = zone

    moved = [tasking.keep_days(), tasking.keep_days()]

    end = dt.datetime(2026, 3, 1, 23, 59, tzinfo=ZoneInfo(zone))
    assert Task.objects.get(title="Call").due_at == end
    assert Task.objects.get(title="Write").due_at == dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)
    assert moved == [int(zone != "UTC"), 0]


def test_a_task_put_off_to_a_moment_is_due_at_that_moment_in_notion(notion: Sandbox, tasks: str) -> None:
    page = notion.person_creates(tasks, {"Task Name": "Call", "Due Date": "2026-03-01"})
    bridge.sync()
    at = dt.datetime(2026, 3, 5, 9, 30, tzinfo=dt.UTC)
    tasking.change(task=Task.objects.get(), values={"due_at": at}, now=database_now())

    bridge.sync()

    assert notion.values_of(page)["Due Date"].startswith("2026-03-05T09:30")


# Options with another name


def options(notion: Sandbox, source: str, label: str) -> list[str]:
    found = notion.workspace.sources[source].find(label)
    assert found is not None
    return [one.name for one in found.options]


@pytest.mark.parametrize(("label", "old"), [("Contact Type", "Artist"), ("Lead Source", "Event"), ("Tags", "vip")])
def test_an_option_renamed_in_notion_is_a_rename(label: str, old: str, notion: Sandbox, people: str) -> None:
    page = bridge.typed(
        notion, {"contacts": people}, ADA | {"Contact Type": ["Artist"], "Lead Source": "Event", "Tags": ["vip"]}
    )
    started = WorkflowInstance.objects.count()
    notion.rename_option(people, label, old, "Anders")

    bridge.sync()
    bridge.edit(bridge.person("ada@example.org"), company="Analytical")
    bridge.sync(full=True)

    assert notion.values_of(page)[label] in ("Anders", ["Anders"])
    assert old not in options(notion, people, label)
    assert [told(cause) for cause in ("unknown_option", "page_refused", "value_refused")] == [[], [], []]
    assert SyncProblem.objects.filter(cause="option_renamed").count() == 1
    assert not SyncProblem.objects.filter(cause="option_removed").exists()
    assert WorkflowInstance.objects.count() == started
    assert bridge.conflicts() == []


def test_a_renamed_type_is_still_that_type_for_who_comes_and_who_goes_there(notion: Sandbox, people: str) -> None:
    bridge.typed(notion, {"contacts": people}, ADA | {"Contact Type": ["Artist"]})
    notion.rename_option(people, "Contact Type", "Artist", "Künstlerin")
    notion.person_creates(people, {"Email": "bob@example.org", "Contact Type": ["Künstlerin"]})

    bridge.sync()
    bridge.arrive("eve@example.org", contact_types=("Artist",))
    bridge.sync()

    assert [one.name for one in bridge.person("bob@example.org").contact_types.all()] == ["Artist"]
    assert notion.values_of(bridge.page_of(bridge.person("eve@example.org")))["Contact Type"] == ["Künstlerin"]
    assert "Artist" not in options(notion, people, "Contact Type")


def test_a_renamed_tag_is_renamed_here(notion: Sandbox, people: str) -> None:
    bridge.typed(notion, {"contacts": people}, ADA | {"Tags": ["vip", "press"]})
    notion.rename_option(people, "Tags", "vip", "patron")

    bridge.sync()

    assert sorted(bridge.person("ada@example.org").tags) == ["patron", "press"]


def test_a_renamed_status_of_tasks_is_still_that_status(notion: Sandbox, tasks: str) -> None:
    page = notion.person_creates(tasks, {"Task Name": "Call", "Status": "Done"})
    bridge.sync()
    notion.rename_option(tasks, "Status", "Done", "Geschafft")

    bridge.sync(full=True)
    tasking.change(task=Task.objects.get(), values={"title": "Call Ada"}, now=database_now())
    bridge.sync()

    assert Task.objects.get().status == "done"
    assert (notion.values_of(page)["Status"], notion.values_of(page)["Task Name"]) == ("Geschafft", "Call Ada")
    assert told("unknown_option") == []


# Columns of another type


def database_with(notion: Sandbox, settings: Any, *columns: Any, title: str = "First Name") -> str:
    """People in a database as somebody made it; its data source, connected and never read."""
    bridge.connect(notion, settings, "contacts")
    basic = [(title, "title"), ("Email", "email"), ("Contact ID", "rich_text"), ("Contact Type", "multi_select")]
    made = notion.create_database("People", [*basic, *columns])
    settings.NOTION_DATABASES = {"contacts": made.database_id, "tasks": "", "instances": ""}
    return made.data_source_id


def label_of(field: str) -> str:
    return mapping.field_of("contacts", field).label


@pytest.mark.parametrize(
    ("field", "kind", "typed", "read"),
    [
        ("phone", "number", 4930123456, "4930123456"),
        ("company", "multi_select", ["Analytical", "Engines"], "Analytical"),
        ("company", "url", "https://analytical.example", "https://analytical.example"),
        ("job_title", "status", "Done", "Done"),
        ("lead_source", "multi_select", ["Event", "Website"], "Event"),
        ("tags", "rich_text", "vip, press", ["vip", "press"]),
    ],
)
def test_a_column_of_another_type_is_read_as_far_as_it_can_be(
    field: str, kind: str, typed: Any, read: Any, notion: Sandbox, settings: Any
) -> None:
    source = database_with(notion, settings, (label_of(field), kind))
    page = notion.person_creates(source, ADA | {"Contact Type": ["Artist"], label_of(field): typed})
    before = notion.values_of(page)[label_of(field)]

    bridge.sync()
    bridge.sync(full=True)

    found = getattr(bridge.person("ada@example.org"), field)
    assert (found if isinstance(found, list) else str(found)) == read
    assert notion.values_of(page)[label_of(field)] == before
    assert [f"“{label_of(field)}”" in message for message in told("property_retyped")] == [True]


def test_the_text_of_a_relation_is_read(notion: Sandbox, settings: Any) -> None:
    firms = notion.create_database("Firms", [("Name", "title")])
    firm = notion.person_creates(firms.data_source_id, {"Name": "Analytical"})
    source = database_with(notion, settings, ("Company", "relation"))
    notion.person_creates(source, ADA | {"Contact Type": ["Artist"], "Company": [firm]})

    bridge.sync()

    assert bridge.person("ada@example.org").company == "Analytical"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"type": "formula", "formula": {"type": "string", "string": "Analytical"}}, "Analytical"),
        ({"type": "formula", "formula": {"type": "number", "number": 12.0}}, "12"),
        ({"type": "formula", "formula": {"type": "string", "string": None}}, ""),
        ({"type": "rollup", "rollup": {"type": "number", "number": None, "function": "sum"}}, ""),
        (
            {
                "type": "rollup",
                "rollup": {
                    "type": "array",
                    "array": [
                        {"type": "title", "title": [{"plain_text": "Analytical"}]},
                        {"type": "select", "select": {"name": "Engines"}},
                    ],
                },
            },
            "Analytical, Engines",
        ),
    ],
)
def test_the_text_of_a_formula_or_rollup_is_read(value: dict[str, Any], read: str) -> None:
    assert mapping.read(value, mapping.field_of("contacts", "company")) == read


def test_a_column_that_cannot_hold_its_field_is_named_with_its_type_and_not_added_again(
    notion: Sandbox, settings: Any
) -> None:
    source = database_with(notion, settings, ("Phone", "checkbox"))
    bridge.sync()

    provisioning.add_properties(database=bridge.database(), now=database_now())

    names = [prop.name for prop in notion.workspace.sources[source].properties.values()]
    assert [name for name in names if "Phone" in name] == ["Phone"]
    assert [("“Phone”" in message, "checkbox" in message) for message in told("property_retyped")] == [(True, True)]
    assert told("property_missing") == []


def test_a_column_given_the_right_type_is_written_again(notion: Sandbox, settings: Any) -> None:
    source = database_with(notion, settings, ("Phone", "number"))
    page = notion.person_creates(source, ADA | {"Contact Type": ["Artist"]})
    bridge.sync()
    notion.change_type(source, "Phone", "phone_number")
    bridge.edit(bridge.person("ada@example.org"), phone="+49 30 1234567")

    bridge.sync()

    assert notion.values_of(page)["Phone"] == bridge.person("ada@example.org").phone != ""
    assert told("property_retyped") == []


# Names in one piece


@pytest.mark.parametrize(
    ("columns", "typed", "first", "last"),
    [
        ((), {"Name": "Ada Lovelace"}, "Ada", "Lovelace"),
        ((), {"Name": "Ludwig van Beethoven"}, "Ludwig", "van Beethoven"),
        ((("Last Name", "rich_text"),), {"Name": "Ada Lovelace", "Last Name": "Lovelace"}, "Ada", "Lovelace"),
        ((("Last Name", "rich_text"),), {"Name": "Ada", "Last Name": "Lovelace"}, "Ada", "Lovelace"),
        (
            (("Last Name", "rich_text"),),
            {"Name": "Mary Ann Smith Jones", "Last Name": "Smith Jones"},
            "Mary Ann",
            "Smith Jones",
        ),
        ((), {"Name": "Ada"}, "Ada", ""),
        ((), {"Name": "ada@example.org"}, "", ""),
    ],
)
def test_a_title_with_the_whole_name_is_split(
    columns: Any, typed: dict[str, str], first: str, last: str, notion: Sandbox, settings: Any
) -> None:
    source = database_with(notion, settings, *columns, title="Name")
    page = notion.person_creates(source, {"Email": "ada@example.org", "Contact Type": ["Artist"], **typed})

    bridge.sync()
    bridge.sync(full=True)

    ada = bridge.person("ada@example.org")
    assert (ada.first_name, ada.last_name) == (first, last)
    assert notion.values_of(page).items() >= typed.items()
    assert bridge.conflicts() == []


def test_both_names_are_joined_in_the_title(notion: Sandbox, settings: Any) -> None:
    source = database_with(notion, settings, title="Name")
    bridge.sync()
    mary = bridge.arrive("mary@example.org", first_name="Mary Ann", last_name="Smith Jones")
    bridge.sync()
    before = notion.values_of(bridge.page_of(mary))["Name"]
    bridge.edit(mary, last_name="Smith")

    for _ in range(2):
        bridge.sync(full=True)

    mary.refresh_from_db()
    assert (before, notion.values_of(bridge.page_of(mary))["Name"]) == ("Mary Ann Smith Jones", "Mary Ann Smith")
    assert (mary.first_name, mary.last_name) == ("Mary Ann", "Smith")
    assert notion.pages_of(source) == [bridge.page_of(mary)]


def test_a_changed_title_changes_both_names(notion: Sandbox, settings: Any) -> None:
    source = database_with(notion, settings, ("Last Name", "rich_text"), title="Name")
    page = notion.person_creates(source, {"Name": "Ada Byron", "Last Name": "Byron", "Email": "ada@example.org"})
    bridge.sync()
    notion.person_edits(page, {"Name": "Ada Lovelace"})

    bridge.sync()

    ada = bridge.person("ada@example.org")
    assert (ada.first_name, ada.last_name) == ("Ada", "Lovelace")
    assert notion.values_of(page)["Last Name"] == "Lovelace"


def test_who_has_only_an_address_has_it_as_title_until_there_is_a_name(notion: Sandbox, people: str) -> None:
    ada = bridge.arrive("ada@example.org")
    bridge.sync()
    page = bridge.page_of(ada)
    alone = notion.values_of(page)["First Name"]
    bridge.sync(full=True)
    ada.refresh_from_db()
    nameless = ada.first_name
    bridge.edit(ada, first_name="Ada")

    bridge.sync()

    assert (alone, nameless, notion.values_of(page)["First Name"]) == ("ada@example.org", "", "Ada")


def test_the_title_follows_the_address_of_who_has_no_name(notion: Sandbox, people: str) -> None:
    ada = bridge.arrive("ada@example.org")
    bridge.sync()
    notion.person_edits(bridge.page_of(ada), {"Email": "augusta@example.org"})
    bridge.sync()
    bridge.edit(ada, company="Analytical", email="augusta@example.org")
    bridge.sync()

    ada.refresh_from_db()
    assert (ada.first_name, ada.email) == ("", "augusta@example.org")


# Words that were wrong


def test_the_id_of_a_data_source_is_as_good_as_that_of_its_database(
    notion: Sandbox, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.NOTION_DATABASES = bridge.connect(notion, settings)

    bridge.sync()

    assert health.gather(now=database_now()).errors == {}
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_page_that_does_not_say_where_it_is_was_not_moved(
    notion: Sandbox, people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = bridge.typed(notion, {"contacts": people}, ADA)
    whole = rendering.page
    monkeypatch.setattr(rendering, "page", lambda *about: {**whole(*about), "parent": None})
    notion.person_edits(page, {"Company": "Analytical"})

    bridge.sync(full=True)

    assert bridge.person("ada@example.org").company == "Analytical"
    assert told("moved") == []


def test_of_two_pages_with_one_address_the_older_one_is_the_first(notion: Sandbox, people: str) -> None:
    older = notion.person_creates(people, ADA | {"Company": "Older"})
    younger = notion.person_creates(people, ADA | {"Company": "Younger"})
    notion.workspace.pages[older].created -= dt.timedelta(hours=1)
    notion.workspace.pages[older].edited += dt.timedelta(minutes=1)

    bridge.sync()

    assert bridge.page_of(bridge.person("ada@example.org")) == older
    assert PageLink.objects.get(state="duplicate").page_id == UUID(younger)


@pytest.mark.parametrize("is_on", [True, False])
def test_nobody_is_promised_another_try_that_nobody_makes(is_on: bool, notion: Sandbox, people: str) -> None:
    if is_on:
        bridge.watch()
    notion.faults.add("error_before", status=504)

    with pytest.raises(CommandError) as caught:
        call_command("sync_notion")

    assert ("by itself" in str(caught.value)) == is_on


def test_a_list_of_people_that_does_not_come_holds_up_nothing_else(notion: Sandbox, assigned: str) -> None:
    notion.faults.add("error_before", status=504, path="/users", above=1)
    notion.person_creates(assigned, {"Task Name": "Call", "Priority": "High"})

    bridge.sync()

    assert Task.objects.get().priority == "high"


def test_a_page_that_changes_whenever_it_is_looked_at_is_left_alone_for_a_while(
    notion: Sandbox, people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = bridge.typed(notion, {"contacts": people}, ADA)
    update, numbers = endpoints.Api.update_page, itertools.count()

    def restless(api: Any, call: Any) -> Any:
        notion.person_edits(page, {"Job Title": f"{next(numbers)}"})
        return update(api, call)

    routes = [(verb, path, restless if given is update else given) for verb, path, given in endpoints.ROUTES]
    monkeypatch.setattr(endpoints, "ROUTES", tuple(routes))
    monkeypatch.setattr(drain, "PATIENCE", dt.timedelta(seconds=1))
    bridge.edit(bridge.person("ada@example.org"), company="Analytical")

    bridge.sync()

    assert next(numbers) < 20
