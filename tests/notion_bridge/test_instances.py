"""Active Workflow Instances: written by Contactflow; from Notion they are paused, resumed and cancelled."""

from __future__ import annotations

from typing import Any

import pytest

from contactflow.core.clock import database_now
from notion_bridge.adapters.instances import InstanceAdapter
from notion_bridge.models import PageLink
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.workflows import world
from workflows import controls
from workflows.models import ControlEntry, WorkflowInstance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]

SLUG = "the7space_artist_discovery"


@pytest.fixture
def ids(notion: Sandbox, settings: Any) -> dict[str, str]:
    return bridge.in_step(notion, settings, "contacts", "instances")


@pytest.fixture
def instance(notion: Sandbox, ids: dict[str, str]) -> WorkflowInstance:
    """Ada's workflow, in step."""

    def build() -> None:
        world.arrive(email="ada@example.org", first_name="Ada", contact_types=("Artist",))
        bridge.sync()

    bridge.once("Ada's workflow", notion, build)
    return WorkflowInstance.objects.get(template__slug=SLUG)


def page_of(instance: WorkflowInstance) -> str:
    return str(PageLink.objects.get(instance=instance).page_id)


def shown(notion: Sandbox, instance: WorkflowInstance) -> dict[str, Any]:
    return notion.values_of(page_of(instance))


def test_a_workflow_that_starts_here_gets_a_page(notion: Sandbox, instance: WorkflowInstance) -> None:
    values = shown(notion, instance)

    assert {
        "Instance Name": f"{instance.template.name}: Ada",
        "Instance ID": str(instance.pk),
        "Workflow": SLUG,
        "Status": "Active",
        "Contact Email": "ada@example.org",
        "Business Entity": "The 7 Space",
        "End Date": "",
    }.items() <= values.items()
    assert values["Current Step"].startswith("1 of ")
    assert values["Start Date"]


def test_the_step_under_way_and_what_was_done_reach_notion(notion: Sandbox, instance: WorkflowInstance) -> None:
    world.let_pass(minutes=1)
    world.run_due()

    bridge.sync()

    values = shown(notion, instance)
    assert values["Execution Results"]
    assert not values["Current Step"].startswith("1 of ")


@pytest.mark.parametrize(
    ("chosen", "status", "verb"), [("On Hold", "paused", "pause"), ("Cancelled", "cancelled", "cancel")]
)
def test_a_status_chosen_in_notion_controls_the_workflow(
    chosen: str, status: str, verb: str, notion: Sandbox, instance: WorkflowInstance
) -> None:
    notion.person_edits(page_of(instance), {"Status": chosen})

    bridge.sync()

    instance.refresh_from_db()
    assert instance.status == status
    assert shown(notion, instance)["Status"] == chosen
    entry = ControlEntry.objects.get(instance=instance)
    assert (entry.verb, entry.actor) == (verb, "Notion")


def test_a_workflow_on_hold_in_notion_is_resumed_from_there(notion: Sandbox, instance: WorkflowInstance) -> None:
    notion.person_edits(page_of(instance), {"Status": "On Hold"})
    bridge.sync()
    notion.person_edits(page_of(instance), {"Status": "Active"})

    bridge.sync()

    instance.refresh_from_db()
    assert instance.status == "active"


def test_a_workflow_on_hold_in_notion_is_cancelled_from_there(notion: Sandbox, instance: WorkflowInstance) -> None:
    notion.person_edits(page_of(instance), {"Status": "On Hold"})
    bridge.sync()
    notion.person_edits(page_of(instance), {"Status": "Cancelled"})

    bridge.sync()

    instance.refresh_from_db()
    assert instance.status == "cancelled"
    assert shown(notion, instance)["End Date"]


@pytest.mark.parametrize("chosen", ["Completed", "Error", None])
def test_a_status_that_nobody_may_choose_is_put_back(
    chosen: str | None, notion: Sandbox, instance: WorkflowInstance
) -> None:
    notion.person_edits(page_of(instance), {"Status": chosen})

    bridge.sync()

    instance.refresh_from_db()
    assert instance.status == "active"
    assert shown(notion, instance)["Status"] == "Active"
    (conflict,) = bridge.conflicts()
    assert (conflict.field, conflict.winner, conflict.remote) == ("status", "contactflow", chosen or "")


def test_a_cancelled_workflow_cannot_be_revived_in_notion(notion: Sandbox, instance: WorkflowInstance) -> None:
    controls.cancel(instance=instance, reason="Enough", actor="robin", now=database_now())
    bridge.sync()
    notion.person_edits(page_of(instance), {"Status": "Active"})

    bridge.sync()

    assert shown(notion, instance)["Status"] == "Cancelled"
    assert len(bridge.conflicts()) == 1


@pytest.mark.parametrize(("verb", "label"), [("pause", "On Hold"), ("cancel", "Cancelled")])
def test_a_control_here_reaches_notion(verb: str, label: str, notion: Sandbox, instance: WorkflowInstance) -> None:
    getattr(controls, verb)(instance=instance, reason="Enough", actor="robin", now=database_now())

    bridge.sync()

    assert shown(notion, instance)["Status"] == label


def test_a_control_here_and_another_there_follow_notion_and_keep_both(
    notion: Sandbox, instance: WorkflowInstance
) -> None:
    controls.pause(instance=instance, reason="Wait", actor="robin", now=database_now())
    notion.person_edits(page_of(instance), {"Status": "Cancelled"})

    bridge.sync()

    instance.refresh_from_db()
    assert instance.status == "cancelled"
    (conflict,) = bridge.conflicts()
    assert (conflict.local, conflict.remote) == ("On Hold", "Cancelled")


@pytest.mark.parametrize(
    ("label", "value"),
    [("Instance Name", "Mine"), ("Workflow", "other"), ("Current Step", "9 of 9"), ("Contact Email", "x@example.org")],
)
def test_what_only_contactflow_writes_of_a_workflow_is_put_back(
    label: str, value: str, notion: Sandbox, instance: WorkflowInstance
) -> None:
    before = shown(notion, instance)[label]
    notion.person_edits(page_of(instance), {label: value})

    bridge.sync()

    assert shown(notion, instance)[label] == before


def test_a_page_typed_among_the_workflows_starts_none(notion: Sandbox, ids: dict[str, str]) -> None:
    notion.person_creates(ids["instances"], {"Instance Name": "Mine", "Workflow": SLUG, "Status": "Active"})

    bridge.sync()

    assert not WorkflowInstance.objects.exists()
    assert len(bridge.problems("page_refused")) == 1


def test_a_copied_page_of_a_workflow_is_no_second_one(notion: Sandbox, instance: WorkflowInstance) -> None:
    notion.person_duplicates(page_of(instance))
    before = WorkflowInstance.objects.count()

    bridge.sync()

    assert WorkflowInstance.objects.count() == before
    assert PageLink.objects.filter(instance=instance).count() == 1


def test_workflows_of_somebody_whose_page_was_trashed_are_not_pushed(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    bridge.let_pass(notion, minutes=10)
    notion.person_trashes(bridge.page_of(contact))
    bridge.sync(full=True)
    before = notion.pages_of(ids["instances"])
    world.arrive(email="ada@example.org", contact_types=("Artist",))

    bridge.sync()

    assert notion.pages_of(ids["instances"]) == before


def test_workflows_are_pushed_once_their_person_is_back(notion: Sandbox, ids: dict[str, str]) -> None:
    contact = bridge.arrive("ada@example.org")
    bridge.sync()
    page = bridge.page_of(contact)
    bridge.let_pass(notion, minutes=10)
    notion.person_trashes(page)
    bridge.sync(full=True)
    world.arrive(email="ada@example.org", contact_types=("Artist",))
    bridge.sync()
    notion.person_restores(page)

    bridge.sync()
    bridge.sync(full=True)

    shown_slugs = [notion.values_of(one)["Workflow"] for one in notion.pages_of(ids["instances"])]
    assert SLUG in shown_slugs


def test_workflows_that_run_while_their_page_is_trashed_are_left_alone(
    notion: Sandbox, instance: WorkflowInstance
) -> None:
    bridge.let_pass(notion, minutes=10)
    notion.person_trashes(page_of(instance))

    bridge.sync(full=True)

    instance.refresh_from_db()
    assert instance.status == "active"
    assert len(bridge.problems("trashed")) == 1


def test_what_workflows_say_takes_as_many_queries_for_two_as_for_many(
    ids: dict[str, str], django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        world.arrive(email=f"p{number}@example.org", contact_types=("Artist",))
    keys = list(WorkflowInstance.objects.values_list("pk", flat=True))

    with django_assert_max_num_queries(5):
        few = InstanceAdapter().snapshot(keys[:2])
    with django_assert_max_num_queries(5):
        many = InstanceAdapter().snapshot(keys)

    assert (len(few), len(many)) == (2, len(keys))
