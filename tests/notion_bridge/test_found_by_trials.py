"""What random trials brought to light, each as the smallest case."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from contactflow.core.clock import database_now
from engagement import tasking
from engagement.models import Task
from notion_bridge import budget
from notion_bridge.models import PageLink, SyncConflict
from notion_bridge.sandbox import faults
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


def page_of(**row: Any) -> str:
    return str(PageLink.objects.get(**row).page_id)


def test_new_address_of_a_person_reaches_the_pages_of_their_tasks(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    contact = bridge.arrive("ada@example.org")
    task = tasking.create_task(action_id=None, title="Call", target=None, contact=contact, now=database_now())
    bridge.sync()
    Task.objects.update(updated_at="2026-01-01T00:00Z")

    bridge.edit(contact, email="lovelace@example.org")
    bridge.sync()

    assert notion.values_of(page_of(task=task))["Contact Email"] == "lovelace@example.org"


def test_new_name_of_a_person_reaches_the_pages_of_their_workflows(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    contact = bridge.arrive("ada@example.org", contact_types=["Artist"], first_name="Ada")
    bridge.sync()
    instance = contact.workflow_instances.order_by("pk")[0]
    contact.workflow_instances.update(updated_at="2026-01-01T00:00Z")

    bridge.edit(contact, first_name="Augusta")
    bridge.sync()

    assert notion.values_of(page_of(instance=instance))["Instance Name"].endswith(": Augusta")


def test_end_of_a_workflow_that_was_cancelled_in_notion_is_written_there(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    contact = bridge.arrive("ada@example.org", contact_types=["Artist"])
    bridge.sync()
    page = page_of(instance=contact.workflow_instances.order_by("pk")[0])
    notion.person_edits(page, {"Status": "Cancelled"})

    bridge.sync()

    values = notion.values_of(page)
    assert (bool(values["End Date"]), values["Current Step"]) == (True, "All steps are over")


def test_brand_that_came_with_a_type_from_notion_is_written_there(notion: Sandbox, settings: Any) -> None:
    bridge.connect(notion, settings)
    contact = bridge.arrive("ada@example.org", contact_types=["Artist"])
    bridge.sync()
    notion.person_edits(page_of(contact=contact), {"Contact Type": ["Artist", "Business Contact"]})

    bridge.sync()

    assert notion.values_of(page_of(contact=contact))["Business Entity"] == ["The 7 Space", "AM Consulting"]


def test_what_is_ours_to_write_and_was_typed_into_a_new_page_is_kept_in_a_conflict_record(
    notion: Sandbox, settings: Any
) -> None:
    ids = bridge.connect(notion, settings)
    notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Last Interaction": "2026-03-01"})

    bridge.sync()

    conflict = SyncConflict.objects.get()
    assert (conflict.field, conflict.remote, conflict.winner) == ("last_interaction", "2026-03-01", "contactflow")


def test_page_restored_after_its_object_was_deleted_here_is_reported(notion: Sandbox, settings: Any) -> None:
    ids = bridge.connect(notion, settings)
    page = notion.person_creates(ids["contacts"], {"Email": "ada@example.org", "Contact Type": ["Artist"]})
    bridge.sync()
    notion.person_trashes(page)
    bridge.sync(full=True)
    bridge.person("ada@example.org").delete()
    bridge.sync()
    notion.person_restores(page)

    bridge.sync()

    assert PageLink.objects.get(page_id=page).state == PageLink.State.DELETED
    assert len(bridge.problems("restored")) == 1
    assert bridge.problems("trashed") == []


def test_page_is_looked_for_so_many_seconds_after_it_was_asked_for_however_long_the_request_waited(
    notion: Sandbox, settings: Any
) -> None:
    bridge.connect(notion, settings)
    settings.NOTION_LOOK_UP_SECONDS = 5
    bridge.sync()
    bridge.watch()
    bridge.turn()
    bridge.arrive("ada@example.org")
    notion.faults.add(faults.CUT_AFTER, times=1, method="POST", path="/v1/pages")
    asked_for = budget.block(0.5)

    bridge.turn(poll=False)

    link = PageLink.objects.get(is_unclear=True)
    assert link.wanted_at is not None
    assert link.wanted_at >= asked_for + dt.timedelta(seconds=5)
