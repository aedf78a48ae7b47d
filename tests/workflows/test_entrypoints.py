"""The doors that answer which workflows started."""

from __future__ import annotations

import pytest
from django_q.models import OrmQ

from contactflow.core.clock import database_now
from contacts.intake import Arrival, Change, IntakeError
from contacts.models import Contact, ContactEvent
from tests.workflows import world
from workflows import entrypoints
from workflows.models import ScheduledAction, WorkflowInstance, WorkflowTemplate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


def receive(event_key: str | None = None, **known: object) -> entrypoints.Answer:
    arrival = Arrival(**({"email": "ada@example.org"} | known))
    return entrypoints.apply(change=Change(arrival=arrival, source="api", event_key=event_key), now=database_now())


def started(answer: entrypoints.Answer) -> set[str]:
    return {instance.template.slug for instance in answer.enrolment.instances}


def test_the_same_delivery_answers_the_same_and_starts_nothing() -> None:
    first = receive("delivery-1", contact_types=("Artist",))

    again = receive("delivery-1", contact_types=("Artist",))

    assert again.receipt.duplicate
    assert again.enrolment.outcome == first.enrolment.outcome
    assert started(again) == started(first)
    assert WorkflowInstance.objects.count() == len(started(first))


def test_bad_input_leaves_nothing() -> None:
    with pytest.raises(IntakeError):
        receive(contact_types=("Astronaut",))

    assert not Contact.objects.exists()
    assert not ContactEvent.objects.exists()


def test_instances_and_actions_stand_when_the_answer_is_given() -> None:
    answer = receive(contact_types=("Business Contact",), lead_source="Event")

    assert ScheduledAction.objects.filter(instance__in=answer.enrolment.instances).count() == 8


def test_a_commit_wakes_a_worker(django_capture_on_commit_callbacks: object) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        receive(contact_types=("Artist",))

    assert OrmQ.objects.count() == 1


def test_the_event_keeps_what_arrived_and_what_was_decided() -> None:
    event = receive(contact_types=("Artist",), payload={"email": "ada@example.org", "extra": 1}).receipt.event

    assert event.payload["extra"] == 1
    assert event.processed_at is not None
    assert {answer["workflow"] for answer in event.outcome if answer["matched"]} == {
        "the7space_artist_discovery",
        "website_lead_nurturing",
    }


def test_naming_workflows_starts_just_those() -> None:
    receive(contact_types=("Artist",), lead_source="Referral")

    answer = world.happen("ada@example.org", "manual_trigger", workflows=["the7space_wellness_inquiry"])

    assert started(answer) == {"the7space_wellness_inquiry"}


def test_naming_a_workflow_of_another_brand_says_why_not() -> None:
    receive(contact_types=("Artist",))

    answer = world.happen("ada@example.org", "manual_trigger", workflows=["am_consulting_lead_qualification"])

    assert started(answer) == set()
    reason = next(one for one in answer.enrolment.outcome if one["workflow"] == "am_consulting_lead_qualification")
    assert reason["because"]["code"] == "other_brand"


def test_a_brand_named_for_the_event_opens_its_workflows() -> None:
    receive(contact_types=("Artist",))

    answer = world.happen("ada@example.org", "consultation_completed", business_entities=("AM Consulting",))

    assert started(answer) == {"am_consulting_proposal_follow_up"}
    assert [entity.name for entity in Contact.objects.get().business_entities.all()] == ["The 7 Space"]


def test_named_workflows_are_not_repeated_without_force() -> None:
    receive(contact_types=("Artist",))
    named = ["the7space_artist_discovery"]

    again = world.happen("ada@example.org", "manual_trigger", named)
    forced = world.happen("ada@example.org", "manual_trigger", named, is_forced=True)

    assert started(again) == set()
    assert started(forced) == {"the7space_artist_discovery"}


def test_a_business_event_may_come_again_and_starts_once() -> None:
    receive(contact_types=("Potential Client",))

    first = world.happen("ada@example.org", "consultation_completed")
    again = world.happen("ada@example.org", "consultation_completed")

    assert (started(first), started(again)) == ({"am_consulting_proposal_follow_up"}, set())


def test_an_event_nobody_waits_for_is_recorded_and_starts_nothing() -> None:
    receive(contact_types=("Artist",))

    answer = world.happen("ada@example.org", "left_the_building")

    assert started(answer) == set()
    assert answer.receipt.event.kind == "left_the_building"
    assert {one["because"]["code"] for one in answer.enrolment.outcome} == {"other_event"}


def test_an_inactive_workflow_cannot_be_named() -> None:
    world.WorkflowInstance.objects.all().delete()
    WorkflowTemplate.objects.filter(slug="website_lead_nurturing").update(active=False)

    with pytest.raises(entrypoints.UnknownWorkflow, match="website_lead_nurturing"):
        world.happen("ada@example.org", "manual_trigger", workflows=["website_lead_nurturing"])


def test_do_not_contact_arrives_and_starts_nothing() -> None:
    answer = receive(contact_types=("Artist",), status="Do Not Contact")

    assert answer.receipt.created
    assert started(answer) == set()
    assert {one["because"]["code"] for one in answer.enrolment.outcome} == {"status_blocks"}
