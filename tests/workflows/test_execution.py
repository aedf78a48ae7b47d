"""The engine, action by action."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from contactflow.core import disconnects
from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from contacts import consent
from contacts.models import Contact
from engagement import dispatcher
from engagement.channels import registry, state
from engagement.channels.base import Receipt
from engagement.channels.email import EmailChannel
from engagement.dispatcher import Outcome, Result
from engagement.models import Alert, ChannelState, Message, Task
from tests.factories import (
    NOW,
    ContactFactory,
    ContactStatusFactory,
    EngagementTemplateFactory,
    ScheduledActionFactory,
    StepFactory,
    TargetFactory,
)
from tests.smtp import Sink
from tests.workflows import world
from workflows import actions, controls, execution, leases, results
from workflows.execution import inside, outside
from workflows.execution.outside import ActionLetter, ActionQueue
from workflows.models import ActionAttempt, PlannedTouch, ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db

Status = ScheduledAction.Status
DOWN = Reason.of("server_unreachable", host="mail.example", said="down")


def email_action(**fields: object) -> ScheduledAction:
    fields.setdefault("instance__contact__first_name", "Ada")
    return ScheduledActionFactory(
        step__action_type="send_email", step__template=EngagementTemplateFactory(), step__target=None, **fields
    )


def in_the_future() -> dt.datetime:
    return database_now() + dt.timedelta(hours=1)


def run_due() -> None:
    world.run_due()


@pytest.fixture
def smtp(smtp_sink: Sink, settings: Any) -> Iterator[Sink]:
    settings.EMAIL_URL = smtp_sink.url
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp_sink.port
    yield smtp_sink
    registry.release_all()


def prepared() -> tuple[ActionQueue, ActionLetter]:
    """The email that is due, as far as it goes before anything is recorded."""
    queue = ActionQueue()
    queue.claim(limit=1, paused=[])
    (letter,) = queue.prepare(until=time.monotonic() + 60)
    return queue, letter


def intend(queue: ActionQueue, letter: ActionLetter) -> list[ActionLetter]:
    with transaction.atomic():
        return queue.intend([letter])


def about_to_leave() -> tuple[ActionQueue, ActionLetter]:
    queue, letter = prepared()
    intend(queue, letter)
    return queue, letter


def expire_lease(action: ScheduledAction) -> None:
    ScheduledAction.objects.filter(pk=action.pk).update(lease_until=NOW)


# What each action type does


def test_task_is_made_for_its_target() -> None:
    action = ScheduledActionFactory(
        step__title="Call them", step__category="SALES", step__priority="high", step__effort_hours=2
    )

    run_due()

    task = Task.objects.get(action=action.pk)
    assert (task.title, task.category, task.priority, task.target) == ("Call them", "SALES", "high", action.target)
    assert (task.contact, task.effort_hours, task.status) == (action.instance.contact, 2, "to_do")


def test_task_is_due_by_its_priority() -> None:
    action = ScheduledActionFactory(step__priority="urgent")
    before = database_now()

    run_due()

    due_in = Task.objects.get(action=action.pk).due_at - before
    assert dt.timedelta(hours=4) <= due_in < dt.timedelta(hours=4, minutes=1)


def test_alert_is_stored_for_its_target() -> None:
    action = ScheduledActionFactory(step__action_type="send_notification", step__priority="urgent", step__title="")

    run_due()

    alert = Alert.objects.get(action=action.pk)
    assert (alert.target, alert.priority, alert.contact) == (action.target, "urgent", action.instance.contact)


def test_alert_is_done_even_if_nobody_stands_behind_the_target() -> None:
    action = ScheduledActionFactory(step__action_type="send_notification", step__target=TargetFactory(slug="nobody"))

    run_due()

    action.refresh_from_db()
    assert action.status == Status.DONE


def test_email_is_sent_and_kept() -> None:
    action = email_action()

    run_due()

    action.refresh_from_db()
    message = Message.objects.get(action=action.pk)
    assert (action.status, action.attempts) == (Status.DONE, 1)
    assert (message.status, message.recipient) == ("sent", action.instance.contact.email)
    assert "Ada" in message.text


def test_follow_up_step_plans_its_touches() -> None:
    step = StepFactory(action_type="schedule_follow_up", target=None)
    PlannedTouch.objects.create(step=step, day=3, template=EngagementTemplateFactory())
    started = database_now()
    action = ScheduledActionFactory(
        step=step, instance__version=step.version, instance__started_at=started, due_at=started
    )

    run_due()

    touch = action.instance.actions.get(action_type="follow_up")
    assert (touch.due_at, touch.status) == (started + dt.timedelta(days=3), Status.PENDING)


def test_planning_touches_again_adds_none() -> None:
    step = StepFactory(action_type="schedule_follow_up", target=None)
    PlannedTouch.objects.create(step=step, day=3, template=EngagementTemplateFactory())
    action = ScheduledActionFactory(step=step, instance__version=step.version)

    for _ in range(2):
        actions.of("schedule_follow_up").perform_many([action], NOW)

    assert action.instance.actions.filter(action_type="follow_up").count() == 1


# When


def test_nothing_happens_before_its_time() -> None:
    action = ScheduledActionFactory(due_at=in_the_future())

    run_due()

    action.refresh_from_db()
    assert action.status == Status.PENDING


def test_late_steps_are_done_not_skipped() -> None:
    action = ScheduledActionFactory(due_at=NOW - dt.timedelta(days=900))

    run_due()

    action.refresh_from_db()
    assert action.status == Status.DONE


def test_nothing_happens_twice() -> None:
    action = email_action()
    run_due()

    run_due()

    assert Message.objects.filter(action=action.pk).count() == 1
    assert ActionAttempt.objects.filter(action=action).count() == 1


@pytest.mark.parametrize("status", ["paused", "cancelled"])
def test_an_instance_that_is_not_active_does_nothing(status: str) -> None:
    ended = {"ended_at": NOW} if status == "cancelled" else {"paused_at": NOW}
    action = ScheduledActionFactory(instance__status=status, **{f"instance__{key}": at for key, at in ended.items()})

    run_due()

    action.refresh_from_db()
    assert action.status == Status.PENDING


@pytest.mark.parametrize("action_type", ["create_task", "send_notification", "send_email"])
def test_do_not_contact_is_skipped_with_its_reason(action_type: str) -> None:
    action = ScheduledActionFactory(
        step__action_type=action_type,
        step__template=EngagementTemplateFactory(),
        instance__contact__status=ContactStatusFactory(slug="do_not_contact"),
    )

    run_due()

    action.refresh_from_db()
    assert (action.status, action.result) == (
        Status.SKIPPED,
        {"reason": {"code": "status_blocks", "status": "Do Not Contact"}},
    )


def test_unsubscribed_contact_is_skipped() -> None:
    action = email_action()
    consent.withdraw(contact=action.instance.contact, source="said so", now=NOW)

    run_due()

    action.refresh_from_db()
    assert action.status == Status.SKIPPED
    assert action.result["reason"]


# Instances


def test_instance_is_completed_when_all_its_actions_are_final() -> None:
    action = ScheduledActionFactory()
    ScheduledActionFactory(instance=action.instance)

    run_due()

    action.instance.refresh_from_db()
    assert action.instance.status == WorkflowInstance.Status.COMPLETED
    assert action.instance.ended_at is not None


def test_instance_stays_active_while_something_waits() -> None:
    action = ScheduledActionFactory()
    ScheduledActionFactory(instance=action.instance, due_at=in_the_future())

    run_due()

    action.instance.refresh_from_db()
    assert action.instance.status == WorkflowInstance.Status.ACTIVE


def test_a_failed_step_does_not_hold_up_the_others(smtp: Sink) -> None:
    smtp.refuse_rcpt = "550 no such user"
    refused = email_action()
    task = ScheduledActionFactory(instance=refused.instance)

    run_due()

    refused.refresh_from_db(), task.refresh_from_db(), task.instance.refresh_from_db()
    assert (refused.status, task.status, task.instance.status) == ("failed", "done", "failed")


# What mail servers answer


def test_email_goes_out_over_smtp_with_both_parts(smtp: Sink) -> None:
    email_action()

    run_due()

    kinds = {part.get_content_type() for part in smtp.messages[0].walk()}
    assert {"text/plain", "text/html"} <= kinds


def test_refused_for_good_is_failed_with_the_servers_words(smtp: Sink) -> None:
    smtp.refuse_rcpt = "550 no such user here"
    action = email_action()

    run_due()

    action.refresh_from_db()
    assert action.status == Status.FAILED
    assert "no such user here" in action.last_error


def test_refused_for_now_is_tried_again_later(smtp: Sink) -> None:
    smtp.refuse_rcpt = "450 greylisted"
    action = email_action()

    run_due()

    action.refresh_from_db()
    assert (action.status, action.attempts) == (Status.PENDING, 1)
    assert action.next_attempt_at > database_now()
    assert action.due_at == NOW


def test_after_a_refusal_the_next_attempt_sends(smtp: Sink) -> None:
    smtp.refuse_rcpt = "450 greylisted"
    action = email_action()
    run_due()
    smtp.refuse_rcpt = ""
    world.let_pass(minutes=1)

    run_due()

    action.refresh_from_db()
    assert (action.status, action.attempts, len(smtp.messages)) == (Status.DONE, 2, 1)
    assert list(action.attempt_log.values_list("outcome", flat=True)) == ["retry", "done"]


def test_refused_for_now_too_often_is_failed(smtp: Sink) -> None:
    smtp.refuse_rcpt = "450 greylisted"
    action = email_action(attempts=dispatcher.MAX_ATTEMPTS - 1)

    run_due()

    action.refresh_from_db()
    assert action.status == Status.FAILED


def test_cut_after_the_body_is_ambiguous_and_never_sent_again(smtp: Sink) -> None:
    smtp.cut_after_body = True
    action = email_action()
    run_due()
    smtp.cut_after_body = False
    world.let_pass(days=2)

    run_due()

    action.refresh_from_db()
    assert action.status == Status.AMBIGUOUS
    assert action.attempts == 1
    assert Message.objects.get(action=action.pk).status == "ambiguous"


def test_trouble_of_the_channel_costs_no_attempt(smtp: Sink) -> None:
    smtp.stop()
    action = email_action()

    run_due()

    action.refresh_from_db()
    assert (action.status, action.attempts) == (Status.PENDING, 0)
    assert action.next_attempt_at == ChannelState.objects.get().paused_until


def test_a_paused_channel_holds_mail_and_nothing_else() -> None:
    state.pause("email", DOWN, database_now())
    mail, task = email_action(), ScheduledActionFactory()

    run_due()

    mail.refresh_from_db(), task.refresh_from_db()
    assert (mail.status, task.status) == (Status.PENDING, Status.DONE)


def test_mail_goes_on_when_the_pause_is_over() -> None:
    state.pause("email", DOWN, database_now())
    action = email_action()
    world.let_pass(minutes=1)

    run_due()

    action.refresh_from_db()
    assert action.status == Status.DONE


def test_an_email_with_a_hole_is_held_and_says_what_is_missing() -> None:
    template = EngagementTemplateFactory(level="advanced", words=("Your piece", "About {{ custom.piece }}."))
    action = email_action(instance__contact__last_name="Lovelace")
    ScheduledAction.objects.filter(pk=action.pk).update(template=template)

    run_due()

    action.refresh_from_db()
    assert (action.status, action.result) == (Status.FAILED, {"missing": ["custom.piece"]})
    assert (action.cause, action.reason["contact"]) == ("held: custom.piece", "Ada Lovelace")
    assert Message.objects.get(action=action.pk).status == "held"


def test_a_held_email_goes_out_once_the_hole_is_filled() -> None:
    template = EngagementTemplateFactory(level="advanced", words=("Your piece", "About {{ custom.piece }}."))
    action = email_action()
    ScheduledAction.objects.filter(pk=action.pk).update(template=template)
    run_due()
    Contact.objects.update(custom={"piece": "Blue Nude"})
    action.refresh_from_db()
    controls.retry(action=action, reason="completed the contact", actor="ada", now=database_now())

    run_due()

    assert "Blue Nude" in Message.objects.get(action=action.pk, status="sent").text


# Leases


def test_a_claim_is_held_by_one() -> None:
    ScheduledActionFactory.create_batch(3)

    first, second = leases.claim_inside(limit=2), leases.claim_inside(limit=2)

    assert (len(first), len(second)) == (2, 1)
    assert not {claim.action_id for claim in first} & {claim.action_id for claim in second}


def test_fence_tokens_rise() -> None:
    ScheduledActionFactory.create_batch(2)

    tokens = [leases.claim_inside(limit=1)[0].token for _ in range(2)]

    assert tokens[0] < tokens[1]


def test_who_lost_the_lease_writes_nothing() -> None:
    action = ScheduledActionFactory()
    claim = leases.claim_inside(limit=1)[0]
    ScheduledAction.objects.filter(pk=action.pk).update(token=claim.token + 1)

    results.guarded(claim, inside.perform_one)

    action.refresh_from_db()
    assert action.status == Status.CLAIMED
    assert not Task.objects.exists()


def test_an_expired_claim_cannot_become_an_intent() -> None:
    action = email_action()
    claim = leases.claim_outside(limit=1)[0]
    expire_lease(action)

    assert not leases.begin_sending([world.intent(claim, action)], channel="email")


def test_an_expired_claim_returns_and_is_tried_alone() -> None:
    action = ScheduledActionFactory()
    leases.claim_inside(limit=1)
    expire_lease(action)

    leases.reap()

    action.refresh_from_db()
    assert (action.status, action.suspect, action.lone_crashes) == (Status.PENDING, True, 0)
    assert leases.claim_inside(limit=9) == []
    assert [claim.action_id for claim in leases.claim_suspect(outside=True)] == [action.pk]


def test_the_third_lone_crash_makes_it_dead() -> None:
    action = ScheduledActionFactory()
    leases.claim_inside(limit=1)
    for _ in range(4):
        expire_lease(action)
        leases.reap()
        leases.claim_suspect(outside=True)

    action.refresh_from_db()
    action.instance.refresh_from_db()
    assert (action.status, action.lone_crashes) == (Status.DEAD, 3)
    assert action.instance.status == WorkflowInstance.Status.FAILED
    assert action.attempt_log.filter(outcome="crashed").count() == 4


def test_an_expired_hand_over_is_ambiguous() -> None:
    action = email_action()
    claim = leases.claim_outside(limit=1)[0]
    leases.begin_sending([world.intent(claim, action)], channel="email")
    expire_lease(action)

    run_due()

    action.refresh_from_db()
    assert action.status == Status.AMBIGUOUS
    assert action.cause == "worker_cut_off"


def test_a_suspect_that_works_is_done() -> None:
    action = ScheduledActionFactory(suspect=True)

    run_due()

    action.refresh_from_db()
    assert action.status == Status.DONE


def test_released_claims_wait_again() -> None:
    action = ScheduledActionFactory()

    leases.release(leases.claim_inside(limit=1))

    action.refresh_from_db()
    assert (action.status, action.token, action.lease_until) == (Status.PENDING, None, None)


def test_an_outcome_known_after_the_lease_is_still_written(smtp: Sink) -> None:
    action = email_action()
    queue, letter = about_to_leave()
    receipt = registry.channel("email").hand_over(letter.parcel)
    expire_lease(action)
    leases.reap()

    queue.settle([Result(letter, Outcome.ACCEPTED, receipt=receipt)])

    action.refresh_from_db()
    assert action.status == Status.DONE


# Batches


def test_a_batch_takes_few_statements(django_assert_max_num_queries: Any) -> None:
    ScheduledActionFactory.create_batch(40, instance__version=StepFactory().version)
    ScheduledActionFactory.create_batch(10, step__action_type="send_notification")

    with django_assert_max_num_queries(20):
        assert inside.run_inside() == 50

    assert ScheduledAction.objects.filter(status=Status.DONE, attempts=1).count() == 50
    assert (Task.objects.count(), Alert.objects.count(), ActionAttempt.objects.count()) == (40, 10, 50)
    assert set(WorkflowInstance.objects.values_list("status", flat=True)) == {"completed"}


def test_the_one_to_blame_is_parked_and_the_rest_of_its_batch_is_done() -> None:
    fine = ScheduledActionFactory.create_batch(3, step__action_type="send_notification")
    nobody = ScheduledActionFactory(step__action_type="send_notification")
    ScheduledAction.objects.filter(pk=nobody.pk).update(target=None)

    inside.run_inside()

    assert ScheduledAction.objects.filter(status=Status.DONE).count() == len(fine)
    assert Alert.objects.count() == len(fine)
    nobody.refresh_from_db()
    assert (nobody.status, nobody.attempts) == (Status.PENDING, 1)


def test_a_lost_fence_does_not_fail_its_batch() -> None:
    lost, ours = ScheduledActionFactory.create_batch(2)
    claims = leases.claim_inside(limit=2)
    ScheduledAction.objects.filter(pk=lost.pk).update(token=max(claim.token for claim in claims) + 1)

    assert inside.perform(claims) == 1

    lost.refresh_from_db(), ours.refresh_from_db()
    assert (lost.status, ours.status) == (Status.CLAIMED, Status.DONE)
    assert Task.objects.get().action == ours.pk


def test_what_waits_for_a_paused_workflow_stands_in_nobodys_way() -> None:
    held, free = ScheduledActionFactory(), ScheduledActionFactory(due_at=NOW + dt.timedelta(minutes=1))
    controls.pause(instance=held.instance, reason="wait", actor="ada", now=database_now())

    assert [claim.action_id for claim in leases.claim_inside(limit=1)] == [free.pk]

    controls.resume(instance=held.instance, reason="go on", actor="ada", now=database_now())
    ScheduledAction.objects.filter(pk=held.pk).update(next_attempt_at=NOW)
    assert [claim.action_id for claim in leases.claim_inside(limit=1)] == [held.pk]


def test_a_round_that_finds_nothing_asks_once(django_assert_num_queries: Any) -> None:
    ScheduledActionFactory(due_at=in_the_future())

    with django_assert_num_queries(1):
        assert execution.run_pump_step(time.monotonic() + 60) == 0


# Faults of ours


def test_an_unexpected_fault_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    action = ScheduledActionFactory()
    monkeypatch.setattr(actions.of("create_task"), "perform_many", lambda some, now: 1 / 0)

    run_due()

    action.refresh_from_db()
    assert (action.status, action.attempts) == (Status.PENDING, 1)
    assert "ZeroDivisionError" in action.last_error


def test_an_unexpected_fault_is_parked_after_some_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    action = ScheduledActionFactory(attempts=results.MAX_UNEXPECTED - 1)
    monkeypatch.setattr(actions.of("create_task"), "perform_many", lambda some, now: 1 / 0)

    run_due()

    action.refresh_from_db()
    assert action.status == Status.FAILED


def test_one_broken_action_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ScheduledActionFactory(step__action_type="send_notification")
    fine = ScheduledActionFactory(due_at=NOW + dt.timedelta(minutes=1))
    monkeypatch.setattr(actions.of("send_notification"), "perform_many", lambda some, now: 1 / 0)

    run_due()

    broken.refresh_from_db(), fine.refresh_from_db()
    assert (broken.status, fine.status) == (Status.PENDING, Status.DONE)


def test_claiming_uses_the_partial_index(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN " + leases._CLAIM.format(lane=leases._OUTSIDE_LANE),
            {"lease": 60, "holder": "x", "limit": 10, "outside": True},
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "action_claim_outside" in plan


def test_a_frozen_process_does_not_send_any_more(monkeypatch: pytest.MonkeyPatch, smtp: Sink) -> None:
    action = email_action()
    monkeypatch.setattr(dispatcher, "HAND_OVER_WITHIN", -1.0)

    run_due()

    action.refresh_from_db()
    assert (action.status, smtp.messages) == (Status.PENDING, [])


def test_a_round_whose_time_is_up_hands_over_one_and_gives_back_the_rest() -> None:
    email_action(), email_action()

    execution.run_pump_step(time.monotonic() - 1)

    assert Message.objects.count() == 1
    assert ScheduledAction.objects.get(status=Status.PENDING).token is None


def test_a_claim_reads_only_what_is_due() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN " + leases._CLAIM.format(lane=leases._INSIDE_LANE),
            {"lease": 60, "holder": "x", "limit": 10, "outside": True},
        )
        plan = " ".join(row[0] for row in cursor.fetchall())

    assert "next_attempt_at <= statement_timestamp()" in plan.split("Index Cond")[1]


def test_trouble_of_the_channel_is_known_even_if_the_lease_was_lost(
    smtp: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = email_action()
    hand_over = EmailChannel.hand_over

    def lose_the_lease(*arguments: Any) -> Receipt:
        smtp.stop()
        ScheduledAction.objects.filter(pk=action.pk).update(token=0)
        registry.release_all()
        return hand_over(*arguments)

    monkeypatch.setattr(EmailChannel, "hand_over", lose_the_lease)

    outside.run_outside(deadline=time.monotonic())

    action.refresh_from_db()
    assert (action.status, action.token) == (Status.SENDING, 0)
    assert state.paused_until("email", now=database_now()) is not None


def test_a_fault_beside_a_lost_lease_does_not_strand_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    email_action(), email_action()

    def faulty(queue: ActionQueue, letters: Sequence[ActionLetter]) -> list[ActionLetter]:
        ScheduledAction.objects.filter(pk=letters[0].action.pk).update(token=0)
        raise ValueError("unforeseen")

    monkeypatch.setattr(ActionQueue, "intend", faulty)

    outside.run_outside(deadline=time.monotonic() - 1)

    assert ScheduledAction.objects.filter(status=Status.PENDING, suspect=False).count() == 2


def test_a_refusal_in_a_cancelled_instance_cancels(smtp: Sink) -> None:
    smtp.refuse_rcpt = "450 greylisted"
    action = email_action()
    queue, letter = about_to_leave()
    controls.cancel(instance=action.instance, reason="the customer asked", actor="ada", now=database_now())

    queue.settle([Result(letter, Outcome.PUT_OFF, Reason.of("too_many"))])

    action.refresh_from_db()
    assert action.status == Status.CANCELLED


def test_a_changed_address_is_prepared_anew(smtp: Sink) -> None:
    action = email_action()
    queue, letter = prepared()
    Contact.objects.update(email="moved@example.org")

    assert not intend(queue, letter)
    run_due()

    assert [str(message["To"]) for message in smtp.messages] == ["moved@example.org"]
    action.refresh_from_db()
    assert action.status == Status.DONE


def test_a_word_on_permission_since_the_claim_is_heard(smtp: Sink) -> None:
    action = email_action()
    queue, letter = prepared()
    consent.withdraw(contact=action.instance.contact, source="said so", now=database_now())

    assert not intend(queue, letter)
    run_due()

    action.refresh_from_db()
    assert (action.status, smtp.messages) == (Status.SKIPPED, [])


def test_a_database_that_leaves_at_the_intent_makes_nothing_unclear(
    smtp: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = email_action()
    begin = ActionQueue.intend

    def cut(*arguments: Any) -> list[ActionLetter]:
        begin(*arguments)
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(ActionQueue, "intend", cut)
    monkeypatch.setattr(disconnects, "reconnect", lambda: None)

    run_due()

    action.refresh_from_db()
    assert (action.status, smtp.messages) == (Status.PENDING, [])


def test_one_part_that_fails_does_not_stop_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    action = ScheduledActionFactory()
    monkeypatch.setattr(leases, "reap", lambda: 1 / 0)

    run_due()

    action.refresh_from_db()
    assert action.status == Status.DONE


def test_suspects_inside_the_house_are_all_tried_in_one_round() -> None:
    ScheduledActionFactory.create_batch(4, suspect=True)

    execution.run_suspects()

    assert set(ScheduledAction.objects.values_list("status", flat=True)) == {"done"}


def test_at_most_one_suspect_a_round_leaves_the_house() -> None:
    email_action(suspect=True), email_action(suspect=True)

    execution.run_suspects()

    assert sorted(ScheduledAction.objects.values_list("status", flat=True)) == ["done", "pending"]


def test_contacts_of_other_instances_do_not_matter() -> None:
    other = ContactFactory()
    action = email_action()

    run_due()

    action.refresh_from_db()
    assert action.status == Status.DONE
    assert not other.messages.exists()
