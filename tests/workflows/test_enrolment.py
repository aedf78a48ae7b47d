from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contactflow.core.clock import database_now
from contacts.models import Contact, ContactEvent, Suppression
from tests.factories import NOW, ContactEventFactory, ContactFactory, ContactStatusFactory, StepFactory
from tests.workflows import world
from workflows import active_workflows, drafts, enrolment, entrypoints, publishing
from workflows.models import ScheduledAction, WorkflowInstance, WorkflowVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow() -> WorkflowVersion:
    """One active workflow that asks for nothing but an arrival."""
    version = StepFactory(version__template__slug="greet").version
    return publishing.publish(version=version, by=None, now=NOW)


def republished(version: WorkflowVersion, **fields: object) -> None:
    template = version.template
    template.refresh_from_db()
    draft = drafts.draft_of(template)
    WorkflowVersion.objects.filter(pk=draft.pk).update(**fields)
    publishing.publish(version=draft, by=None, now=NOW)


def test_a_match_starts_an_instance_with_its_actions(workflow: WorkflowVersion) -> None:
    event = ContactEventFactory()

    result = enrolment.enrol(event=event, now=NOW)

    instance = result.instances[0]
    assert (instance.contact, instance.version, instance.started_at) == (event.contact, workflow, NOW)
    assert instance.actions.get().due_at == NOW


def test_the_outcome_is_stored_with_the_event(workflow: WorkflowVersion) -> None:
    event = ContactEventFactory()

    enrolment.enrol(event=event, now=NOW)

    event.refresh_from_db()
    assert event.processed_at == NOW
    assert event.outcome == [{"workflow": "greet", "matched": True, "because": {"code": "asks_nothing"}}]


def test_enrolling_an_event_again_starts_nothing(workflow: WorkflowVersion) -> None:
    event = ContactEventFactory()
    first = enrolment.enrol(event=event, now=NOW)

    again = enrolment.enrol(event=event, now=NOW)

    assert again.outcome == first.outcome
    assert again.instances == first.instances
    assert WorkflowInstance.objects.count() == 1


def test_once_is_once_per_contact(workflow: WorkflowVersion) -> None:
    contact = ContactFactory()
    enrolment.enrol(event=ContactEventFactory(contact=contact), now=NOW)

    again = enrolment.enrol(event=ContactEventFactory(contact=contact, kind="contact_updated"), now=NOW)

    assert again.instances == []
    assert again.outcome[0]["because"]["code"] == "once"


def test_force_passes_over_reentry(workflow: WorkflowVersion) -> None:
    contact = ContactFactory()
    enrolment.enrol(event=ContactEventFactory(contact=contact), now=NOW)

    again = enrolment.enrol(event=ContactEventFactory(contact=contact, is_forced=True), now=NOW)

    assert len(again.instances) == 1


@pytest.mark.parametrize(("days", "starts"), [(29, False), (30, True)])
def test_after_some_days_it_may_start_again(workflow: WorkflowVersion, days: int, starts: bool) -> None:
    republished(workflow, reentry="after_days", reentry_days=30)
    contact = ContactFactory()
    enrolment.enrol(event=ContactEventFactory(contact=contact), now=NOW)

    again = enrolment.enrol(event=ContactEventFactory(contact=contact), now=NOW + world.dt.timedelta(days=days))

    assert bool(again.instances) == starts


def test_always_starts_with_every_event(workflow: WorkflowVersion) -> None:
    republished(workflow, reentry="always")
    contact = ContactFactory()

    for _ in range(3):
        enrolment.enrol(event=ContactEventFactory(contact=contact), now=NOW)

    assert contact.workflow_instances.count() == 3


def test_do_not_contact_starts_nothing(workflow: WorkflowVersion) -> None:
    blocked = ContactFactory(status=ContactStatusFactory(slug="do_not_contact"))

    result = enrolment.enrol(event=ContactEventFactory(contact=blocked, is_forced=True), now=NOW)

    assert result.instances == []
    assert result.outcome[0]["because"] == {"code": "status_blocks", "status": "Do Not Contact"}


def test_a_caller_may_name_the_workflows(workflow: WorkflowVersion) -> None:
    StepFactory(version__template__slug="other")
    event = ContactEventFactory(kind="manual_trigger", mode="named", workflows=["greet"])

    result = enrolment.enrol(event=event, now=NOW)

    assert [(answer["workflow"], answer["matched"]) for answer in result.outcome] == [("greet", True)]
    assert result.outcome[0]["because"] == {"code": "caller_named_it"}


def test_what_the_caller_did_not_name_stays_out(workflow: WorkflowVersion) -> None:
    event = ContactEventFactory(kind="manual_trigger", mode="named", workflows=["other"])

    result = enrolment.enrol(event=event, now=NOW)

    because = {"code": "caller_asked_for_others", "named": ["other"]}
    assert result.outcome[0] == {"workflow": "greet", "matched": False, "because": because}


def test_an_unknown_workflow_is_refused_with_the_allowed_ones(workflow: WorkflowVersion) -> None:
    with pytest.raises(entrypoints.UnknownWorkflow, match=r"no active workflow nope\. Allowed: greet"):
        world.happen("someone@example.org", "manual_trigger", workflows=["nope"])

    assert not ContactEvent.objects.exists()


def test_inactive_templates_do_not_answer(workflow: WorkflowVersion) -> None:
    type(workflow.template).objects.update(active=False)

    assert enrolment.enrol(event=ContactEventFactory(), now=NOW).outcome == []


def test_instances_stay_pinned_to_their_version(workflow: WorkflowVersion) -> None:
    instance = enrolment.enrol(event=ContactEventFactory(), now=NOW).instances[0]

    republished(workflow, reentry="always")

    instance.refresh_from_db()
    assert instance.version == workflow


def test_the_pump_enrols_what_other_doors_left(workflow: WorkflowVersion) -> None:
    ContactEventFactory.create_batch(3)

    assert enrolment.enrol_waiting(now=NOW) == 3

    assert WorkflowInstance.objects.count() == 3
    assert enrolment.enrol_waiting(now=NOW) == 0


def test_an_event_that_cannot_be_enrolled_stops_no_other(
    workflow: WorkflowVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = ContactEventFactory(), ContactEventFactory()
    decide = enrolment.decide

    def faulty(*, events: list[ContactEvent], **rest: Any) -> object:
        if broken in events:
            raise ValueError("unforeseen")
        return decide(events=events, **rest)

    monkeypatch.setattr(enrolment, "decide", faulty)

    assert [enrolment.enrol_waiting(now=NOW) for _ in range(7)] == [1, 0, 0, 0, 0, 0, 0]

    broken.refresh_from_db(), fine.refresh_from_db()
    assert (fine.processed_at, broken.processed_at) == (NOW, None)
    assert (broken.failures, broken.error) == (enrolment.MAX_FAILURES, "ValueError: unforeseen")


def imported(**fields: object) -> Contact:
    """A person of the baseline."""
    contact = ContactFactory(**fields)
    ContactEventFactory(contact=contact, source="csv", mode="baseline", processed_at=NOW)
    return contact


def test_correcting_a_baseline_person_starts_nothing(workflow: WorkflowVersion) -> None:
    edit = ContactEventFactory(
        contact=imported(), kind="contact_updated", mode="edit", changes={"phone": ["", "+4930123456"]}
    )

    result = enrolment.enrol(event=edit, now=NOW)

    assert result.instances == []
    assert result.outcome[0]["because"]["code"] == "held_before"


def test_an_edit_of_a_baseline_person_starts_what_becomes_true(workflow: WorkflowVersion) -> None:
    republished(workflow, tags=["Hot"])
    edit = ContactEventFactory(
        contact=imported(),
        kind="contact_updated",
        mode="edit",
        facts={"tags": ["Hot"]},
        changes={"tags": [[], ["Hot"]]},
    )

    assert len(enrolment.enrol(event=edit, now=NOW).instances) == 1


def test_a_baseline_person_who_arrives_starts_what_holds(workflow: WorkflowVersion) -> None:
    arrival = ContactEventFactory(contact=imported(), kind="contact_updated")

    assert len(enrolment.enrol(event=arrival, now=NOW).instances) == 1


def test_an_edit_of_a_person_who_arrived_by_themselves_is_judged_as_ever(workflow: WorkflowVersion) -> None:
    edit = ContactEventFactory(kind="contact_updated", mode="edit")

    assert len(enrolment.enrol(event=edit, now=NOW).instances) == 1


def test_an_address_that_staff_suppressed_starts_nothing(workflow: WorkflowVersion) -> None:
    contact = ContactFactory()
    Suppression.objects.create(email=contact.email, reason="manual")

    result = enrolment.enrol(event=ContactEventFactory(contact=contact), now=NOW)

    assert result.instances == []


def test_an_address_that_bounced_still_gets_its_tasks(workflow: WorkflowVersion) -> None:
    contact = ContactFactory()
    Suppression.objects.create(email=contact.email, reason="bounced")

    assert len(enrolment.enrol(event=ContactEventFactory(contact=contact), now=NOW).instances) == 1


def test_judging_many_templates_asks_for_past_starts_once(
    workflow: WorkflowVersion,
) -> None:
    for _ in range(5):
        publishing.publish(version=StepFactory(version__template__business_entity=None).version, by=None, now=NOW)
    contact = ContactFactory()
    enrolment.enrol(event=ContactEventFactory(contact=contact), now=NOW)
    again = ContactEventFactory(contact=contact, kind="contact_updated")
    active_workflows.load()

    with CaptureQueriesContext(connection) as queries:
        enrolment.enrol(event=again, now=NOW)

    asked = [query for query in queries if "workflows_workflowinstance" in query["sql"] and "MAX" in query["sql"]]
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_two_enrolments_of_a_contact_at_once_start_it_once(workflow: WorkflowVersion) -> None:
    contact = ContactFactory()
    events = ContactEventFactory.create_batch(4, contact=contact)

    def work(event: ContactEvent) -> None:
        enrolment.enrol(event=event, now=database_now())
        connection.close()

    threads = [threading.Thread(target=work, args=(event,)) for event in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert WorkflowInstance.objects.count() == 1
    assert ScheduledAction.objects.count() == 1
