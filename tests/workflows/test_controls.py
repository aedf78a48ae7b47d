from __future__ import annotations

import datetime as dt

import pytest

from contactflow.core.clock import database_now
from engagement.models import Message
from tests.factories import NOW, ContactFactory, EngagementTemplateFactory, ScheduledActionFactory
from tests.workflows import world
from workflows import controls, leases
from workflows.models import ControlEntry, ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db

BY = {"reason": "the customer asked", "actor": "ada", "now": NOW}


def action(**fields: object) -> ScheduledAction:
    if fields.get("status") in ("done", "failed", "dead", "skipped", "cancelled"):
        fields["finished_at"] = NOW
    return ScheduledActionFactory(**fields)


def entries() -> list[tuple[str, str, str]]:
    return list(ControlEntry.objects.values_list("verb", "reason", "actor"))


# Instances


def test_a_paused_instance_stops_the_clock() -> None:
    waiting = action()

    controls.pause(instance=waiting.instance, **BY)
    world.run_due()

    waiting.refresh_from_db()
    assert (waiting.instance.status, waiting.status) == ("paused", "pending")


def test_who_paused_why_and_when_is_kept() -> None:
    controls.pause(instance=action().instance, **BY)

    entry = ControlEntry.objects.get()
    assert (entry.verb, entry.reason, entry.actor, entry.at) == ("pause", "the customer asked", "ada", NOW)


def test_resuming_shifts_what_waits_by_the_length_of_the_pause() -> None:
    waiting = action(due_at=NOW + dt.timedelta(hours=5))
    controls.pause(instance=waiting.instance, **BY)

    controls.resume(instance=waiting.instance, **BY | {"now": NOW + dt.timedelta(days=2)})

    waiting.refresh_from_db()
    assert waiting.due_at == waiting.next_attempt_at == NOW + dt.timedelta(days=2, hours=5)
    assert waiting.instance.status == "active"


def test_resuming_does_not_move_what_is_over() -> None:
    over = action(status="done")
    controls.pause(instance=over.instance, **BY)

    controls.resume(instance=over.instance, **BY | {"now": NOW + dt.timedelta(days=2)})

    over.refresh_from_db()
    assert over.due_at == NOW


def test_what_ended_during_the_pause_ends_the_instance_on_resuming() -> None:
    over = action(status="done")
    controls.pause(instance=over.instance, **BY)

    controls.resume(instance=over.instance, **BY)

    assert over.instance.status == "completed"


def test_cancelling_cancels_what_waits() -> None:
    waiting = action()
    done = action(instance=waiting.instance, status="done")

    controls.cancel(instance=waiting.instance, **BY)

    waiting.refresh_from_db(), done.refresh_from_db()
    assert (waiting.instance.status, waiting.status, done.status) == ("cancelled", "cancelled", "done")
    assert waiting.instance.ended_at == NOW


def test_a_worker_loses_what_is_cancelled_under_its_hands() -> None:
    held = action()
    claim = leases.claim_inside(limit=1)[0]

    controls.cancel(instance=held.instance, **BY)

    assert not ScheduledAction.objects.filter(pk=held.pk, token=claim.token).exists()


def test_a_paused_instance_can_be_cancelled() -> None:
    instance = action().instance
    controls.pause(instance=instance, **BY)

    controls.cancel(instance=instance, **BY)

    assert (instance.status, instance.paused_at) == ("cancelled", None)


@pytest.mark.parametrize(
    ("control", "status", "sentence"),
    [
        (controls.pause, "completed", "Only an active workflow can be paused; this one is completed."),
        (controls.resume, "active", "Only a paused workflow can be resumed; this one is active."),
        (controls.cancel, "failed", "Only a workflow that is not over can be cancelled; this one is failed."),
    ],
)
def test_what_the_state_does_not_allow_is_refused_in_words(control, status: str, sentence: str) -> None:
    ended = {"instance__ended_at": NOW} if status != "active" else {}
    instance = action(instance__status=status, status="done", **ended).instance

    with pytest.raises(controls.NotPossible) as refusal:
        control(instance=instance, **BY)

    assert str(refusal.value) == sentence
    assert entries() == []


# Actions


@pytest.mark.parametrize("status", ["failed", "dead", "skipped"])
def test_retry_tries_again_now(status: str) -> None:
    over = action(status=status, attempts=7, lone_crashes=3, suspect=True)

    controls.retry(action=over, **BY)

    assert (over.status, over.next_attempt_at, over.attempts) == ("pending", NOW, 0)
    assert (over.suspect, over.lone_crashes, over.finished_at) == (False, 0, None)


def test_retry_makes_the_instance_active_again() -> None:
    over = action(status="failed", instance__status="failed", instance__ended_at=NOW)

    controls.retry(action=over, **BY)

    over.instance.refresh_from_db()
    assert (over.instance.status, over.instance.ended_at) == ("active", None)


@pytest.mark.parametrize("status", ["pending", "done", "cancelled", "ambiguous"])
def test_retry_refuses_what_did_not_fail(status: str) -> None:
    over = action(status=status)

    with pytest.raises(controls.NotPossible, match="Only what failed, gave up or was skipped"):
        controls.retry(action=over, **BY)


def test_retry_is_refused_in_a_cancelled_instance() -> None:
    over = action(status="failed", instance__status="cancelled", instance__ended_at=NOW)

    with pytest.raises(controls.NotPossible, match="was cancelled"):
        controls.retry(action=over, **BY)


def test_skip_leaves_out_and_keeps_the_reason() -> None:
    waiting = action()

    controls.skip(action=waiting, **BY)

    assert (waiting.status, waiting.result) == ("skipped", {"reason": "the customer asked", "by": "ada"})


def test_skipping_the_last_failure_completes_the_instance() -> None:
    failed = action(status="failed", instance__status="failed", instance__ended_at=NOW)

    controls.skip(action=failed, **BY)

    failed.instance.refresh_from_db()
    assert failed.instance.status == WorkflowInstance.Status.COMPLETED


@pytest.mark.parametrize("status", ["done", "cancelled", "skipped", "ambiguous"])
def test_skip_refuses_what_is_settled_or_unclear(status: str) -> None:
    with pytest.raises(controls.NotPossible):
        controls.skip(action=action(status=status), **BY)


def unclear_email() -> ScheduledAction:
    unclear = ScheduledActionFactory(
        step__action_type="send_email",
        step__target=None,
        step__template=EngagementTemplateFactory(),
        instance__contact=ContactFactory(first_name="Ada"),
        status="ambiguous",
    )
    Message.objects.create(
        action=unclear.pk,
        contact=unclear.instance.contact,
        recipient=unclear.instance.contact.email,
        subject="Hello",
        status="ambiguous",
    )
    return unclear


def test_resolved_as_sent_is_done() -> None:
    unclear = unclear_email()

    controls.resolve(action=unclear, sent=True, **BY)

    unclear.instance.refresh_from_db()
    assert (unclear.status, Message.objects.get().status, unclear.instance.status) == ("done", "sent", "completed")
    assert entries() == [("resolve_sent", "the customer asked", "ada")]


def test_resolved_as_not_sent_is_sent_now() -> None:
    unclear = unclear_email()

    controls.resolve(action=unclear, sent=False, **BY | {"now": database_now()})
    world.run_due()

    unclear.refresh_from_db()
    assert (unclear.status, Message.objects.get().status) == ("done", "sent")


@pytest.mark.parametrize("status", ["pending", "done", "failed"])
def test_only_the_unclear_can_be_resolved(status: str) -> None:
    with pytest.raises(controls.NotPossible, match="Only an unclear action"):
        controls.resolve(action=action(status=status), sent=True, **BY)


def test_resolved_as_not_sent_in_a_cancelled_instance_stays_unsent() -> None:
    unclear = unclear_email()
    controls.cancel(instance=unclear.instance, **BY)

    controls.resolve(action=unclear, sent=False, **BY)

    assert unclear.status == "cancelled"


def test_a_retry_during_a_pause_is_not_put_off_by_it() -> None:
    failed = action(status="failed")
    action(instance=failed.instance, due_at=NOW + dt.timedelta(days=9))
    controls.pause(instance=failed.instance, **BY)
    controls.retry(action=failed, **BY | {"now": NOW + dt.timedelta(days=1)})

    controls.resume(instance=failed.instance, **BY | {"now": NOW + dt.timedelta(days=2)})

    failed.refresh_from_db()
    assert failed.next_attempt_at == NOW + dt.timedelta(days=1)
