"""What people do ends or delays what is still to be written to them, in all brands; colleagues' work goes on."""

from __future__ import annotations

import datetime as dt

import pytest

from contactflow.core.clock import database_now
from contacts import consent, intake
from engagement.inbound import take_in
from engagement.models import Purpose
from tests import factories as f
from tests.engagement.inbound.letters import OURS, mail, sent
from tests.workflows import world
from workflows import controls, leases, publishing
from workflows.models import ControlEntry, ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True, scope="module")
def _deployed(deployed):
    """What a fresh deployment has, once for all tests."""


def workflow(*steps: tuple[str, int], brand=None, **about):
    """Published; steps are (action type, hours)."""
    template = f.WorkflowTemplateFactory(business_entity=brand)
    version = f.WorkflowVersionFactory(template=template, events=["begun"], **about)
    for kind, hours in steps:
        email = f.EngagementTemplateFactory(words=("Hello", "Hello there.")) if kind == "send_email" else None
        f.StepFactory(version=version, action_type=kind, delay_hours=hours, template=email)
    publishing.publish(version=version, by=None, now=database_now())
    return template


def start(template, email="ada@example.org"):
    world.happen(email, "begun", [template.slug])
    return WorkflowInstance.objects.get(template=template, contact__email=email)


def states(instance):
    return list(instance.actions.order_by("due_at").values_list("action_type", "status"))


def test_a_reply_stops_what_is_still_to_be_written_in_every_brand():
    mail = start(workflow(("send_email", 24), ("send_email", 48)))
    other = start(workflow(("send_email", 24)))

    world.happen("ada@example.org", "replied", business_entities=["The 7 Space"])

    for instance in (mail, other):
        instance.refresh_from_db()
        assert {status for _, status in states(instance)} == {"skipped"}
        assert instance.status == "cancelled"


def test_tasks_of_colleagues_go_on():
    instance = start(workflow(("send_email", 24), ("create_task", 48)))

    world.happen("ada@example.org", "replied")

    instance.refresh_from_db()
    assert states(instance) == [("send_email", "skipped"), ("create_task", "pending")]
    assert instance.status == "active"


def test_it_says_why():
    instance = start(workflow(("send_email", 24)))

    world.happen("ada@example.org", "replied")

    entry = ControlEntry.objects.get(instance=instance)
    assert (entry.verb, entry.actor) == ("stop", "Contactflow")
    assert instance.actions.get().result["reason"]["code"] == "contact_replied"


@pytest.mark.parametrize("kind", ["converted", "unsubscribed", "bounced", "complained"])
def test_other_ends(kind):
    instance = start(workflow(("send_email", 24), on_reply="go_on"))

    world.happen("ada@example.org", kind)

    assert instance.actions.get().result["reason"]["code"] == f"contact_{kind}"


def test_do_not_contact_stops_everything_that_would_write():
    instance = start(workflow(("send_email", 24)))

    consent.do_not_contact(contact=instance.contact, source="on the telephone", now=database_now())
    world.run_due()

    instance.refresh_from_db()
    assert (instance.status, instance.actions.get().result["reason"]["code"]) == ("cancelled", "status_blocks")


def test_unsubscribing_from_one_brand_leaves_the_others():
    one = workflow(("send_email", 24), brand=f.BusinessEntityFactory(slug="the_7_space"))
    other = workflow(("send_email", 24), brand=f.BusinessEntityFactory(slug="am_consulting"))
    world.arrive(email="ada@example.org", business_entities=["The 7 Space", "AM Consulting"])
    stopped, going_on = start(one), start(other)

    world.happen("ada@example.org", "unsubscribed", business_entities=["The 7 Space"])

    assert (stopped.actions.get().status, going_on.actions.get().status) == ("skipped", "pending")


def test_a_workflow_may_go_on_after_a_reply():
    instance = start(workflow(("send_email", 24), on_reply="go_on"))

    world.happen("ada@example.org", "replied")

    assert instance.actions.get().status == "pending"


def test_a_workflow_may_wait_some_days_after_a_reply():
    instance = start(
        workflow(("send_email", 24), ("create_task", 30), ("send_email", 48), on_reply="pause", reply_pause_days=5)
    )
    before = list(instance.actions.order_by("position").values_list("due_at", flat=True))

    world.happen("ada@example.org", "replied")

    first, task, second = instance.actions.order_by("position").values_list("due_at", flat=True)
    assert abs(first - (database_now() + 5 * DAY)) < dt.timedelta(minutes=1)
    assert second - first == before[2] - before[0]
    assert task == before[1]
    assert ControlEntry.objects.get().verb == "postpone"


def test_an_absence_delays_and_ends_nothing():
    instance = start(workflow(("send_email", 24)))
    until = database_now() + 10 * DAY

    world.happen("ada@example.org", "out_of_office", metadata={"until": until.isoformat()})

    action = instance.actions.get()
    assert (action.status, action.due_at, action.next_attempt_at) == ("pending", until, until)


def test_an_out_of_office_answer_puts_the_next_email_off_by_three_days():
    instance = start(workflow(("send_email", 24)))
    sent(instance.contact)
    now = database_now()

    answer = mail("I am on leave.", In_Reply_To=OURS, Auto_Submitted="auto-replied")
    take_in(answer, via="test", key="1", now=now)
    world.run_due()

    action = instance.actions.get()
    assert (action.status, action.due_at) == ("pending", now + 3 * DAY)


def test_an_absence_that_is_said_twice_delays_once():
    instance = start(workflow(("send_email", 24)))
    until = database_now() + 10 * DAY

    for _ in range(2):
        world.happen("ada@example.org", "out_of_office", metadata={"until": until.isoformat()})

    assert instance.actions.get().due_at == until


@pytest.mark.parametrize("metadata", [{}, {"until": "soon"}, {"until": None}, {"until": "2020-01-01T00:00:00+00:00"}])
def test_an_absence_without_a_time_changes_nothing(metadata):
    instance = start(workflow(("send_email", 24)))
    before = instance.actions.get().due_at

    world.happen("ada@example.org", "out_of_office", metadata=metadata)

    assert instance.actions.get().due_at == before


def test_answers_they_asked_for_are_not_stopped():
    template = workflow(("send_email", 24))
    instance = start(template)
    email = instance.actions.get().template
    email.purpose = Purpose.TRANSACTIONAL
    email.save()

    world.happen("ada@example.org", "replied")

    assert instance.actions.get().status == "pending"


def test_what_is_on_hold_ends_too():
    instance = start(workflow(("send_email", 24)))
    controls.pause(instance=instance, reason="", actor="grace", now=database_now())

    world.happen("ada@example.org", "replied")

    instance.refresh_from_db()
    assert (instance.status, instance.paused_at) == ("cancelled", None)


def test_what_a_reply_starts_is_not_stopped_by_it():
    instance = start(workflow(("send_email", 24)))
    answer = f.WorkflowTemplateFactory()
    version = f.WorkflowVersionFactory(template=answer, events=["replied"])
    f.StepFactory(version=version, action_type="send_email", delay_hours=1, template=f.EngagementTemplateFactory())
    publishing.publish(version=version, by=None, now=database_now())

    world.happen("ada@example.org", "replied")

    assert WorkflowInstance.objects.get(template=answer).actions.get().status == "pending"
    assert instance.actions.get().status == "skipped"


def test_a_follow_up_that_is_still_to_be_planned_is_not_planned():
    world.arrive(email="grace@example.org", lead_source="Website")
    nurturing = WorkflowInstance.objects.get(template__slug="website_lead_nurturing")

    world.happen("grace@example.org", "replied")
    world.run_due()

    assert states(nurturing) == [("schedule_follow_up", "skipped")]


def test_events_that_wait_for_the_pump_end_it_in_one_go():
    template = workflow(("send_email", 24))
    people = [f"person{number}@example.org" for number in range(20)]
    for email in people:
        start(template, email)
        intake.record_event(email=email, kind="replied", source="system", now=database_now())

    world.run_due()

    assert set(ScheduledAction.objects.values_list("status", flat=True)) == {"skipped"}


def test_a_claimed_email_is_taken_from_its_worker():
    instance = start(workflow(("send_email", 0)))
    (claim,) = leases.claim_outside(limit=1)

    world.happen("ada@example.org", "replied")

    action = instance.actions.get()
    assert (action.status, action.token) == ("skipped", None)
    assert leases.begin_sending([world.intent(claim, action)], channel="email") == set()
