"""What went wrong, by cause, and decisions over many steps."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from contactflow.core.clock import database_now
from engagement.models import Message
from tests import factories as f
from workflows import controls, failures
from workflows.models import BulkDecision, ControlEntry, ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db
REASON = "The sender was corrected"


@pytest.fixture
def world():
    email = f.EngagementTemplateFactory(name="Welcome")
    version = f.WorkflowVersionFactory()
    step = f.StepFactory(version=version, action_type="send_email", template=email, target=None)
    return version, step


def wrong(world, cause="sender_refused", status="failed", at=f.NOW, contact=None, **values):
    version, step = world
    instance = f.WorkflowInstanceFactory(version=version, contact=contact or f.ContactFactory())
    action = f.ScheduledActionFactory(
        instance=instance,
        step=step,
        status=status,
        cause=cause,
        finished_at=None if status in ("ambiguous", "pending") else at,
        started_at=at,
        reason={"code": "sender_refused", "said": "553 5.7.1 Sender address rejected"},
        **values,
    )
    if status in ("failed", "dead"):
        WorkflowInstance.objects.filter(pk=instance.pk).update(status="failed", ended_at=at)
    return action


def decided(verb="retry", cause="sender_refused", chosen=(), deadline=30.0, limit=failures.AT_ONCE):
    decision = BulkDecision.objects.create(
        verb=verb, cause=cause, chosen=list(chosen), reason=REASON, actor="ada", decided_at=database_now()
    )
    failures.carry_out(decision, deadline=time.monotonic() + deadline, limit=limit)
    return decision


def test_nothing_went_wrong():
    assert failures.groups() == []


def test_steps_are_gathered_by_cause_with_the_most_first(world):
    wrong(world, "mailbox_unknown")
    wrong(world, at=f.NOW - dt.timedelta(days=2))
    wrong(world, status="dead")

    found = failures.groups()

    assert [(group.cause, group.steps, group.workflows) for group in found] == [
        ("sender_refused", 2, 1),
        ("mailbox_unknown", 1, 1),
    ]
    assert found[0].since == f.NOW - dt.timedelta(days=2)


def test_unclear_steps_come_first_and_apart(world):
    wrong(world, "worker_cut_off")
    wrong(world, "worker_cut_off")
    wrong(world, "worker_cut_off", status="ambiguous")

    found = failures.groups()

    assert [(group.is_unclear, group.steps) for group in found] == [(True, 1), (False, 2)]
    assert found[0].verbs == ["resolve_sent", "resolve_not_sent"]
    assert found[1].verbs == ["retry", "skip"]


def test_group_shows_its_newest_steps(world):
    made = [wrong(world, at=f.NOW - dt.timedelta(hours=hours)) for hours in range(5)]

    group = failures.groups()[0]

    assert group.examples == made[:3]


def test_groups_take_as_many_queries_for_many_causes_as_for_one(world, django_assert_num_queries):
    for cause in ("sender_refused", "mailbox_unknown", "refused 550: no"):
        wrong(world, cause)

    with django_assert_num_queries(4):
        for group in failures.groups():
            assert [example.instance.contact.email for example in group.examples]


def test_preview_counts_steps_people_and_emails(world):
    ada = f.ContactFactory()
    wrong(world, contact=ada)
    wrong((f.WorkflowVersionFactory(), world[1]), contact=ada)

    seen = failures.preview(verb="retry", cause="sender_refused", now=database_now())

    assert (seen.steps, seen.people, seen.workflows, seen.emails) == (2, 1, 2, 2)


def test_preview_tells_what_cannot_go_out(world):
    blocked = f.ContactFactory(status=f.ContactStatusFactory(slug="do_not_contact"))
    wrong(world, contact=blocked)
    paused = wrong(world)
    WorkflowInstance.objects.filter(pk=paused.instance_id).update(status="paused", paused_at=f.NOW, ended_at=None)
    cancelled = wrong(world)
    WorkflowInstance.objects.filter(pk=cancelled.instance_id).update(status="cancelled")

    seen = failures.preview(verb="retry", cause="sender_refused", now=database_now())

    assert (seen.steps, seen.emails, seen.blocked, seen.waiting, seen.cancelled) == (2, 0, 1, 1, 1)


def test_preview_tells_that_an_email_is_switched_off(world):
    wrong(world)
    world[1].template.active = False
    world[1].template.save()

    seen = failures.preview(verb="retry", cause="sender_refused", now=database_now())

    assert (seen.emails, seen.switched_off) == (0, 1)


def test_preview_tells_whose_refused_address_is_unchanged(world):
    same, corrected = wrong(world, "mailbox_unknown"), wrong(world, "mailbox_unknown")
    for action, address in ((same, same.instance.contact.email), (corrected, "typo@example.org")):
        Message.objects.create(
            action=action.pk, contact=action.instance.contact, recipient=address, subject="Hi", status="failed"
        )

    seen = failures.preview(verb="retry", cause="mailbox_unknown", now=database_now())

    assert seen.unchanged == 1


def test_leaving_out_sends_nothing(world):
    wrong(world)

    assert failures.preview(verb="skip", cause="sender_refused", now=database_now()).emails == 0


@pytest.mark.parametrize(
    ("verb", "status", "becomes"),
    [
        ("retry", "failed", "pending"),
        ("retry", "dead", "pending"),
        ("skip", "failed", "skipped"),
        ("resolve_sent", "ambiguous", "done"),
        ("resolve_not_sent", "ambiguous", "pending"),
    ],
)
def test_decision_is_carried_out_on_every_step_of_the_cause(world, verb, status, becomes):
    steps = [wrong(world, status=status) for _ in range(3)]
    for step in steps:
        Message.objects.create(
            action=step.pk, contact=step.instance.contact, recipient="a@example.org", subject="Hi", status="ambiguous"
        )
    other = wrong(world, "mailbox_unknown", status=status)

    decision = decided(verb)

    assert {ScheduledAction.objects.get(pk=step.pk).status for step in steps} == {becomes}
    assert ScheduledAction.objects.get(pk=other.pk).status == status
    assert (decision.done, decision.refused) == (3, 0)
    assert decision.finished_at is not None


def test_every_step_keeps_who_and_why(world):
    step = wrong(world)

    decided()

    entry = ControlEntry.objects.get()
    assert (entry.action_id, entry.verb, entry.reason, entry.actor) == (step.pk, "retry", REASON, "ada")


def test_chosen_steps_are_decided_about_alone(world):
    chosen, other = wrong(world), wrong(world)

    decided(cause="", chosen=[chosen.pk])

    assert ScheduledAction.objects.get(pk=chosen.pk).status == "pending"
    assert ScheduledAction.objects.get(pk=other.pk).status == "failed"


def test_what_cannot_be_tried_is_counted_and_left(world):
    cancelled = wrong(world)
    WorkflowInstance.objects.filter(pk=cancelled.instance_id).update(status="cancelled")

    decision = decided()

    assert (decision.done, decision.refused) == (0, 1)
    assert ScheduledAction.objects.get(pk=cancelled.pk).status == "failed"


def test_failure_of_a_cancelled_workflow_can_be_put_away(world):
    cancelled = wrong(world)
    WorkflowInstance.objects.filter(pk=cancelled.instance_id).update(status="cancelled")

    decided("skip")

    cancelled.refresh_from_db()
    assert cancelled.status == "skipped"
    assert WorkflowInstance.objects.get(pk=cancelled.instance_id).status == "cancelled"


def test_what_fails_after_the_decision_is_not_touched(world):
    decision = BulkDecision.objects.create(
        verb="retry", cause="sender_refused", reason=REASON, actor="ada", decided_at=database_now()
    )
    later = wrong(world, at=database_now() + dt.timedelta(minutes=1))

    failures.carry_out(decision, deadline=time.monotonic() + 10)

    later.refresh_from_db()
    assert later.status == "failed"


def test_a_step_that_breaks_its_control_holds_up_no_other(world, monkeypatch):
    broken, other = wrong(world), wrong(world)
    real = failures.controls.retry

    def retry(*, action, **told):
        if action.pk == broken.pk:
            raise RuntimeError("nobody foresaw this")
        real(action=action, **told)

    monkeypatch.setitem(failures.CONTROLS, "retry", retry)

    decision = decided()

    other.refresh_from_db()
    assert (decision.done, decision.refused, other.status) == (1, 1, "pending")


def test_chosen_step_that_went_wrong_once_more_since_is_not_touched(world):
    again = wrong(world, at=database_now() + dt.timedelta(minutes=1))

    decision = decided(cause="", chosen=[again.pk])

    again.refresh_from_db()
    assert again.status == "failed"
    assert decision.done == 0


def test_decision_about_nothing_touches_nothing(world):
    nameless = wrong(world, cause="")

    decision = decided(cause="", chosen=[])

    nameless.refresh_from_db()
    assert nameless.status == "failed"
    assert decision.done == 0


def test_what_the_page_does_not_reach_the_pump_does(world, monkeypatch):
    monkeypatch.setattr(failures, "BATCH", 2)
    for _ in range(5):
        wrong(world)
    decision = decided(limit=2)
    assert (decision.done, decision.finished_at) == (2, None)

    failures.run_pump_step(time.monotonic() + 10)

    decision.refresh_from_db()
    assert decision.done == 5
    assert decision.finished_at is not None


def test_step_that_fails_again_is_not_tried_twice_by_one_decision(world, monkeypatch):
    monkeypatch.setattr(failures, "BATCH", 1)
    step = wrong(world)
    decision = decided(limit=1)
    ScheduledAction.objects.filter(pk=step.pk).update(status="failed", finished_at=f.NOW)

    failures.run_pump_step(time.monotonic() + 10)

    step.refresh_from_db()
    decision.refresh_from_db()
    assert step.status == "failed"
    assert decision.done == 1


def test_pump_has_nothing_to_do_without_a_decision(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert failures.run_pump_step(time.monotonic() + 10) == 0


def test_retried_step_leaves_the_groups(world):
    controls.retry(action=wrong(world), reason=REASON, actor="ada", now=database_now())

    assert failures.groups() == []


def test_a_decision_reads_as_what_was_done(world):
    wrong(world)

    decided()

    assert str(BulkDecision.objects.get()) == "Try again by ada"
