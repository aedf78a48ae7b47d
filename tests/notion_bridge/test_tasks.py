"""Master Tasks: made here, done there, and the other way round."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from contactflow.core.clock import database_now
from contacts.models import BusinessEntity
from engagement import tasking
from engagement.models import HumanTouch, Target, Task
from notion_bridge.models import PageLink
from tests.factories import ContactFactory, UserFactory
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    found = bridge.in_step(notion, settings, "contacts", "tasks")
    notion.requests.clear()
    return found


def make(**about: Any) -> Task:
    given: dict[str, Any] = {"action_id": uuid.uuid4(), "title": "Call Ada", "target": None, "contact": None}
    return tasking.create_task(**given | about, now=database_now())


def change(task: Task, **values: Any) -> None:
    tasking.change(task=task, values=values, now=database_now())


def page_of(task: Task) -> str:
    return str(PageLink.objects.get(task=task).page_id)


def shown(notion: Sandbox, task: Task) -> dict[str, Any]:
    return notion.values_of(page_of(task))


def test_a_task_made_here_gets_a_page(notion: Sandbox, ids: dict[str, str]) -> None:
    target = Target.objects.create(slug="studio", name="Studio")
    task = make(
        description="About the [loom](https://loom.example/a).",
        category="Follow-up",
        priority="high",
        target=target,
        contact=bridge.arrive("ada@example.org"),
        business_entity=BusinessEntity.objects.get(slug="the_7_space"),
        due_at=dt.datetime(2026, 12, 1, 9, 30, tzinfo=dt.UTC),
    )

    bridge.sync()

    about = shown(notion, task)
    assert about.pop("Due Date").startswith("2026-12-01T09:30")
    assert about.pop("Description").startswith("About the ")
    assert about == {
        "Task Name": "Call Ada",
        "Task ID": str(task.pk),
        "Status": "To Do",
        "Priority": "High",
        "Category": "Follow-up",
        "Assigned To": "Studio",
        "Contact Email": "ada@example.org",
        "Business Entity": "The 7 Space",
        "Source": "Workflow",
    }


def test_a_day_without_a_time_stays_a_day(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["tasks"], {"Task Name": "Call", "Due Date": dt.date(2026, 12, 1)})

    bridge.sync()
    task = Task.objects.get()
    change(task, title="Call Ada")
    bridge.sync()

    assert task.due_at is not None
    assert timezone.localtime(task.due_at).date() == dt.date(2026, 12, 1)
    assert notion.values_of(page)["Due Date"] == "2026-12-01"


def test_many_changes_of_a_task_are_one_write(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    for status in ("in_progress", "on_hold", "done"):
        change(task, status=status, title=f"Call: {status}")
    notion.requests.clear()

    bridge.sync()

    assert notion.requests.writes() == 1
    assert shown(notion, task)["Task Name"] == "Call: done"


# Done


def test_a_task_done_in_notion_is_done_here(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    notion.person_edits(page_of(task), {"Status": "Done"})

    bridge.sync()

    task.refresh_from_db()
    assert task.status == "done"
    assert task.completed_at is not None


def test_whoever_does_a_task_in_notion_did_it_for_its_contact(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make(contact=ContactFactory())
    bridge.sync()
    notion.person_edits(page_of(task), {"Status": "Done"})

    bridge.sync()

    touch = HumanTouch.objects.get()
    assert (touch.contact, touch.kind, touch.colleague) == (task.contact, "task_done", "Notion")


def test_a_task_done_here_is_done_in_notion(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    tasking.set_status(task=task, status="done", now=database_now())

    bridge.sync()

    assert shown(notion, task)["Status"] == "Done"


def test_a_task_reopened_in_notion_is_open_here(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    tasking.set_status(task=task, status="done", now=database_now())
    bridge.sync()
    notion.person_edits(page_of(task), {"Status": "To Do"})

    bridge.sync()

    task.refresh_from_db()
    assert (task.status, task.completed_at) == ("to_do", None)


def test_a_field_of_a_task_changed_in_notion_changes_here(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    edits = {"Task Name": "Write", "Description": "Long\ntext", "Priority": "Urgent", "Category": "New one"}
    edits |= {"Business Entity": "AM Consulting"}
    notion.person_edits(page_of(task), edits)

    bridge.sync()

    task.refresh_from_db()
    assert task.business_entity is not None
    now_local = (task.title, task.description, task.priority.title(), task.category, task.business_entity.name)
    assert dict(zip(edits, now_local, strict=True)) == edits
    assert edits.items() <= shown(notion, task).items()


def test_a_status_of_a_task_chosen_in_notion_is_its_status_here(notion: Sandbox, ids: dict[str, str]) -> None:
    chosen = {"In Progress": make(), "On Hold": make(), "Cancelled": make()}
    bridge.sync()
    for status, task in chosen.items():
        notion.person_edits(page_of(task), {"Status": status})

    bridge.sync()

    assert [one.status for one in Task.objects.order_by("created_at")] == ["in_progress", "on_hold", "cancelled"]
    assert [shown(notion, task)["Status"] for task in chosen.values()] == list(chosen)


def test_a_field_of_a_task_emptied_in_notion_is_emptied_here(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make(description="D", category="C", due_at=dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC))
    bridge.sync()
    notion.person_edits(page_of(task), {"Description": None, "Category": None, "Due Date": None})

    bridge.sync()

    task.refresh_from_db()
    assert (task.description, task.category, task.due_at) == ("", "", None)


def test_what_a_task_always_has_is_put_back(notion: Sandbox, ids: dict[str, str]) -> None:
    kept = {"Task Name": "Call Ada", "Status": "To Do", "Priority": "Medium"}
    task = make()
    bridge.sync()
    notion.person_edits(page_of(task), dict.fromkeys(kept))

    bridge.sync()

    assert kept.items() <= shown(notion, task).items()
    assert [one.winner for one in bridge.conflicts()] == ["contactflow"] * 3


def test_a_status_nobody_knows_here_is_reported_and_stays_in_notion(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    notion.person_edits(page_of(task), {"Status": "Someday"})

    bridge.sync()

    task.refresh_from_db()
    assert task.status == "to_do"
    assert shown(notion, task)["Status"] == "Someday"
    assert [one.details["option"] for one in bridge.problems("unknown_option")] == ["Someday"]


def test_a_colleague_named_in_notion_is_assigned_here(notion: Sandbox, ids: dict[str, str]) -> None:
    robin = UserFactory(first_name="Robin", last_name="Vale")
    task = make()
    bridge.sync()
    notion.person_edits(page_of(task), {"Assigned To": "robin vale"})

    bridge.sync()

    task.refresh_from_db()
    assert task.assignee == robin


def test_somebody_unknown_named_in_notion_is_reported(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    notion.person_edits(page_of(task), {"Assigned To": "Nobody Here"})

    bridge.sync()

    assert shown(notion, task)["Assigned To"] == "Nobody Here"
    assert [one.details["field"] for one in bridge.problems("value_refused")] == ["assigned_to"]


# Typed into Notion


def test_a_task_typed_into_notion_appears_here(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    about = {"Task Name": "Call Ada", "Contact Email": "Ada@example.org", "Priority": "Low", "Status": "In Progress"}
    page = notion.person_creates(ids["tasks"], about)

    bridge.sync()

    task = Task.objects.get()
    assert (task.title, task.contact, task.priority) == ("Call Ada", contact, "low")
    assert (task.status, task.source, page_of(task)) == ("in_progress", "manual", page)


def test_a_task_typed_into_notion_gets_what_only_contactflow_writes(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["tasks"], {"Task Name": "Call Ada"})

    bridge.sync()

    values = notion.values_of(page)
    assert (values["Task ID"], values["Source"]) == (str(Task.objects.get().pk), "Manual")


def test_a_task_for_somebody_unknown_is_taken_over_without_them(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["tasks"], {"Task Name": "Call", "Contact Email": "nobody@example.org"})

    bridge.sync()
    bridge.sync(full=True)

    assert Task.objects.get().contact is None
    assert notion.values_of(page)["Contact Email"] == "nobody@example.org"
    assert [one.details["field"] for one in bridge.problems("value_refused")] == ["contact_email"]


def test_a_page_without_a_name_is_no_task_yet(notion: Sandbox, ids: dict[str, str]) -> None:
    page = notion.person_creates(ids["tasks"], {"Priority": "Low"})
    bridge.sync()
    waiting = Task.objects.count()
    notion.person_edits(page, {"Task Name": "Call Ada"})

    bridge.sync()

    assert (waiting, Task.objects.get().title) == (0, "Call Ada")


def test_a_copied_task_is_a_task_of_its_own(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    copy = notion.person_duplicates(page_of(task))

    bridge.sync()

    made = Task.objects.exclude(pk=task.pk).get()
    assert page_of(made) == copy
    assert notion.values_of(copy)["Task ID"] == str(made.pk)
    assert shown(notion, task)["Task ID"] == str(task.pk)


# Both at once


def test_the_newest_change_of_a_task_wins(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    change(task, status="on_hold")
    notion.clock.advance(minutes=5)
    notion.person_edits(page_of(task), {"Status": "Done"})

    bridge.sync()

    task.refresh_from_db()
    assert task.status == "done"
    assert [(one.field, one.winner, one.rule) for one in bridge.conflicts()] == [("status", "notion", "newest")]


def test_a_task_deleted_here_leaves_its_page_in_the_trash(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    task.delete()

    bridge.sync()

    assert (notion.pages_of(ids["tasks"]), len(notion.pages_of(ids["tasks"], trashed=True))) == ([], 1)


def test_a_task_that_is_deleted_before_it_was_pushed_gets_no_page(notion: Sandbox, ids: dict[str, str]) -> None:
    make().delete()

    bridge.sync()

    assert notion.requests.writes() == 0


def test_a_task_trashed_in_notion_stays_here_and_gets_no_new_page(notion: Sandbox, ids: dict[str, str]) -> None:
    task = make()
    bridge.sync()
    bridge.let_pass(notion, minutes=10)
    notion.person_trashes(page_of(task))
    bridge.sync(full=True)
    change(task, title="Changed")

    bridge.sync(full=True)

    assert Task.objects.filter(pk=task.pk).exists()
    assert notion.pages_of(ids["tasks"]) == []
    assert len(bridge.problems("trashed")) == 1
