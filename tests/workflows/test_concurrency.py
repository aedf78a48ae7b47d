"""Several workers and people at the same rows at once, each on a connection of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from contactflow.core.clock import database_now
from contacts.models import Contact
from engagement.models import Message, Task
from tests.factories import (
    ContactEventFactory,
    ContactFactory,
    EngagementTemplateFactory,
    ScheduledActionFactory,
    StepFactory,
)
from tests.smtp import Sink
from workflows import controls, enrolment, instance_state, leases, publishing, pump
from workflows.execution import inside
from workflows.models import ActionAttempt, ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], object]) -> list[Exception]:
    """Run all of them side by side; returns what they raised."""
    faults: list[Exception] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except Exception as fault:  # noqa: BLE001 - handed to the test
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def pump_all() -> None:
    pump.run(max_seconds=30)


def emails(many: int) -> list[ScheduledAction]:
    template = EngagementTemplateFactory()
    step = StepFactory(action_type="send_email", template=template, target=None)
    return [
        ScheduledActionFactory(instance__version=step.version, step=step, instance__contact=ContactFactory())
        for _ in range(many)
    ]


def test_three_pumps_do_every_task_once() -> None:
    actions = ScheduledActionFactory.create_batch(30)

    assert at_once(pump_all, pump_all, pump_all) == []

    assert Counter(Task.objects.values_list("action", flat=True)) == Counter(action.pk for action in actions)
    assert ScheduledAction.objects.filter(status="done").count() == 30


def test_three_pumps_send_every_email_once(smtp_sink: Sink, settings: Any) -> None:
    settings.EMAIL_URL = smtp_sink.url
    actions = emails(30)

    assert at_once(pump_all, pump_all, pump_all) == []

    assert Counter(str(message["To"]) for message in smtp_sink.messages) == Counter(
        action.instance.contact.email for action in actions
    )
    assert Message.objects.filter(status="sent").count() == 30


def test_claims_never_overlap() -> None:
    ScheduledActionFactory.create_batch(20)
    claimed: list[leases.Claim] = []

    faults = at_once(*[lambda: claimed.extend(leases.claim_inside(limit=7))] * 3)

    assert faults == []
    assert len({claim.action_id for claim in claimed}) == len(claimed)
    assert len({claim.token for claim in claimed}) == len(claimed)


def test_the_last_two_actions_of_an_instance_end_it() -> None:
    instances = []
    for _ in range(10):
        action = ScheduledActionFactory()
        ScheduledActionFactory(instance=action.instance)
        instances.append(action.instance)

    assert at_once(pump_all, pump_all) == []

    assert set(WorkflowInstance.objects.values_list("status", flat=True)) == {"completed"}


def test_pausing_while_workers_run_leaves_nothing_half_done() -> None:
    instances = [ScheduledActionFactory().instance for _ in range(12)]

    def pause() -> None:
        for instance in instances:
            try:
                controls.pause(instance=instance, reason="wait", actor="ada", now=database_now())
            except controls.NotPossible:
                continue  # it was over before

    assert at_once(pause, pump_all) == []
    pump_all()

    by_status = {(one.status, one.actions.get().status) for one in WorkflowInstance.objects.all()}
    assert by_status <= {("paused", "pending"), ("completed", "done")}


def test_cancelling_while_workers_send_never_strands_an_action(smtp_sink: Sink, settings: Any) -> None:
    settings.EMAIL_URL = smtp_sink.url
    actions = emails(12)

    def cancel() -> None:
        for action in actions:
            try:
                controls.cancel(instance=action.instance, reason="stop", actor="ada", now=database_now())
            except controls.NotPossible:
                continue

    assert at_once(cancel, pump_all) == []
    pump_all()

    assert set(ScheduledAction.objects.values_list("status", flat=True)) <= {"done", "cancelled"}
    sent = ScheduledAction.objects.filter(status="done").count()
    assert len(smtp_sink.messages) == sent


def test_two_people_resolve_an_unclear_action_once() -> None:
    action = emails(1)[0]
    ScheduledAction.objects.update(status="ambiguous")
    Message.objects.create(
        action=action.pk,
        contact=action.instance.contact,
        recipient="a@example.org",
        subject="Hello",
        status="ambiguous",
    )

    faults = at_once(
        lambda: controls.resolve(action=action, sent=True, reason="seen", actor="ada", now=database_now()),
        lambda: controls.resolve(action=action, sent=False, reason="not seen", actor="bob", now=database_now()),
    )

    assert [type(fault) for fault in faults] == [controls.NotPossible]
    assert action.controls.count() == 1


def test_events_that_wait_are_enrolled_once_by_many_pumps() -> None:
    publishing.publish(version=StepFactory().version, by=None, now=database_now())
    ContactEventFactory.create_batch(10)

    faults = at_once(*[lambda: enrolment.enrol_waiting(now=database_now())] * 3)
    enrolment.enrol_waiting(now=database_now())

    assert faults == []
    assert WorkflowInstance.objects.count() == 10


def test_reapers_settle_an_expired_lease_once() -> None:
    ScheduledActionFactory()
    leases.claim_inside(limit=1)
    ScheduledAction.objects.update(lease_until=database_now())

    assert at_once(leases.reap, leases.reap, leases.reap) == []

    assert ActionAttempt.objects.filter(outcome="crashed").count() == 1


@contextmanager
def held(action: ScheduledAction) -> Iterator[None]:
    """Somebody holds the action's instance, as a frozen worker would."""
    frozen, thawed = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            instance_state.lock_instance(instance_id=action.instance_id)
            frozen.set()
            thawed.wait(20)

    holder = threading.Thread(target=lambda: (hold(), connection.close()))
    holder.start()
    frozen.wait(20)
    try:
        yield
    finally:
        thawed.set()
        holder.join()


def test_a_reaper_does_not_wait_for_a_frozen_holder() -> None:
    action = ScheduledActionFactory()
    leases.claim_inside(limit=1)
    ScheduledAction.objects.update(lease_until=database_now())

    with held(action):
        assert leases.reap() == 0

    assert leases.reap() == 1


def test_what_somebody_holds_is_given_back_and_the_rest_of_its_batch_is_done() -> None:
    waits, free = ScheduledActionFactory.create_batch(2)

    with held(waits):
        assert inside.run_inside() == 2

        waits.refresh_from_db(), free.refresh_from_db()
        assert (waits.status, waits.token, free.status) == ("pending", None, "done")

    inside.run_inside()
    waits.refresh_from_db()
    assert waits.status == "done"


def test_touches_of_a_contact_see_each_other() -> None:
    contact = ContactFactory()
    step = StepFactory(action_type="schedule_follow_up", target=None)
    template = EngagementTemplateFactory()
    for day in (1, 2, 3):
        ScheduledActionFactory(
            instance__contact=contact,
            instance__version=step.version,
            step=step,
            occurrence=day,
            action_type="follow_up",
            template=template,
        )

    assert at_once(pump_all, pump_all, pump_all) == []

    assert Contact.objects.get().messages.filter(status="sent").count() == 1
