"""The daily digest: who gets it, when, what it tells, and that nobody gets it twice."""

from __future__ import annotations

import datetime as dt
import threading
import time

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from contactflow.core.clock import database_now
from engagement import deliveries
from engagement.channels import registry
from engagement.models import Alert, ChannelState, Delivery, Task
from tests import factories as f
from workflows import digest
from workflows.models import DigestLetter, ScheduledAction

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def mail(smtp_sink, settings):
    """A mail server, and an hour that has come."""
    settings.EMAIL_URL = smtp_sink.url
    settings.DIGEST_HOUR = 0
    yield smtp_sink
    registry.release_all()


def reader(role="Operator", **values):
    user = f.UserFactory(**values)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def failure(at=None, cause="sender_refused", status="failed"):
    at = at or database_now()
    finished = None if status == "ambiguous" else at
    return f.ScheduledActionFactory(status=status, cause=cause, finished_at=finished, started_at=at)


def run():
    """Write and deliver what is due."""
    written = digest.run_pump_step(time.monotonic() + 20)
    deliveries.run_pump_step(time.monotonic() + 20)
    return written


def told(sink):
    message = sink.messages[0]
    return message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()


def test_operator_is_told_what_went_wrong_in_both_parts(mail):
    ada = reader()
    failure()

    run()

    assert [one.recipients for one in mail.received] == [[ada.email]]
    for part in told(mail):
        assert "The mail server refused the sender" in part
        assert "/admin/workflows/scheduledaction/failures/" in part
        assert "/admin/workflows/scheduledaction/digest/" in part


def test_subject_says_how_much_there_is(mail):
    reader()
    failure()
    Task.objects.create(title="Call", due_at=database_now() - DAY)

    run()

    assert mail.messages[0]["Subject"] == "Contactflow: 1 step went wrong, 1 task is overdue"


def test_what_waits_is_counted_with_the_address_of_its_list(mail, settings):
    settings.PUBLIC_URL = "https://flow.example.org"
    reader()
    Alert.objects.create(title="Look", target=f.TargetFactory())
    past = database_now() - dt.timedelta(hours=1)
    f.ScheduledActionFactory(due_at=past)

    run()

    text, _ = told(mail)
    assert "1 alert waits for somebody: https://flow.example.org/admin/engagement/alert/?state=open" in text
    assert "1 step is late" in text


def test_step_of_a_paused_workflow_is_not_late():
    past = database_now() - dt.timedelta(hours=1)
    action = f.ScheduledActionFactory(due_at=past)
    type(action.instance).objects.filter(pk=action.instance_id).update(status="paused", paused_at=past)

    assert digest.gather(since=past - DAY, now=database_now()).is_empty


def test_nobody_gets_it_twice_a_day(mail):
    reader()
    failure()

    counts = [run(), run()]

    assert counts == [1, 0]
    assert len(mail.received) == 1


def test_next_day_tells_what_went_wrong_since(mail):
    ada = reader()
    yesterday = database_now() - DAY
    DigestLetter.objects.create(user=ada, day=yesterday.date(), since=yesterday - DAY, until=yesterday)
    failure(at=yesterday - dt.timedelta(hours=2), cause="mailbox_unknown")
    failure(at=yesterday + dt.timedelta(hours=2))

    run()

    text, _ = told(mail)
    assert "refused the sender" in text
    assert "The mailbox does not exist" not in text


def test_what_is_unclear_is_told_every_day(mail):
    reader()
    failure(at=database_now() - 5 * DAY, cause="no_answer", status="ambiguous")

    run()

    assert "No answer came after the email was handed over (unclear)" in told(mail)[0]


def test_quiet_day_sends_nothing_and_is_settled(mail):
    reader()

    run()

    assert mail.received == []
    assert DigestLetter.objects.get().delivery is None


@pytest.mark.parametrize(
    "values", [{"email": ""}, {"is_active": False}, {"role": "Reader"}, {"role": "Editor"}], ids=str
)
def test_who_is_not_asked_gets_none(mail, values):
    reader(**values)
    failure()

    run()

    assert mail.received == []


def test_who_is_owner_and_operator_gets_one(mail):
    ada = reader("Owner")
    ada.groups.add(Group.objects.create(name="Operator"))
    failure()

    run()

    assert len(mail.received) == 1


def test_who_said_no_gets_none_until_they_want_it_again(mail):
    ada = reader()
    failure()
    digest.choose(user=ada, wanted=False)
    run()
    assert mail.received == []

    digest.choose(user=ada, wanted=True)
    run()

    assert len(mail.received) == 1


@pytest.mark.parametrize(
    ("hour", "zone", "at", "due"),
    [
        (8, "UTC", "07:59", False),
        (8, "UTC", "08:00", True),
        (8, "UTC", "23:59", True),
        (8, "Europe/Berlin", "06:59", False),
        (8, "Europe/Berlin", "07:00", True),
        (0, "UTC", "00:00", True),
        (None, "UTC", "12:00", False),
    ],
)
def test_it_is_due_from_its_hour_on(settings, hour, zone, at, due):
    settings.DIGEST_HOUR, settings.TIME_ZONE = hour, zone

    day = digest.due_day(now=dt.datetime.fromisoformat(f"2026-11-23T{at}+00:00"))

    assert (day == dt.date(2026, 11, 23)) is due


def test_before_its_hour_it_costs_one_question_about_the_time(settings, django_assert_num_queries):
    settings.DIGEST_HOUR = None

    with django_assert_num_queries(1):
        assert digest.run_pump_step(time.monotonic() + 20) == 0


def test_without_a_mail_server_nothing_is_claimed(settings):
    settings.EMAIL_URL, settings.DIGEST_HOUR = "", 0
    reader()
    failure()

    run()

    assert not DigestLetter.objects.exists()


def test_server_that_is_down_costs_no_letter(mail):
    reader()
    failure()
    mail.stop()

    run()

    delivery = DigestLetter.objects.get().delivery
    assert (delivery.status, delivery.attempts) == ("pending", 0)
    assert ChannelState.objects.get().paused_until == delivery.next_attempt_at


def test_refusal_for_now_is_tried_again_later_that_day(mail):
    reader()
    failure()
    mail.refuse_rcpt = "450 later"
    run()
    assert (Delivery.objects.get().status, run()) == ("pending", 0)

    mail.refuse_rcpt = ""
    Delivery.objects.update(next_attempt_at=database_now())
    run()

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts, len(mail.received)) == ("sent", 2, 1)


def test_what_did_not_arrive_is_told_the_next_day(mail):
    ada = reader()
    yesterday = database_now() - DAY
    failed = Delivery.objects.create(address=ada.email, status="failed")
    DigestLetter.objects.create(user=ada, day=yesterday.date(), since=yesterday - DAY, until=yesterday, delivery=failed)
    failure(at=yesterday + dt.timedelta(hours=1))

    run()

    assert DigestLetter.objects.latest("created_at").since < yesterday + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("switch", "answer", "status"),
    [("refuse_rcpt", "550 5.1.1 no such user", "failed"), ("cut_after_body", True, "ambiguous")],
)
def test_definite_and_unclear_outcomes_are_never_repeated(mail, switch, answer, status):
    reader()
    failure()
    setattr(mail, switch, answer)

    run()
    run()

    assert Delivery.objects.get().status == status
    assert len(mail.received) <= 1


def test_letter_of_a_worker_that_died_is_not_sent_again(mail):
    ada = reader()
    failure()
    now = database_now()
    cut_off = Delivery.objects.create(address=ada.email, status="sending", lease_until=now)
    DigestLetter.objects.create(user=ada, day=now.date(), since=now - DAY, until=now, delivery=cut_off)

    run()

    assert mail.received == []


def test_address_no_server_takes_is_recorded_and_keeps_nobody_else_waiting(mail):
    reader(email="not an address")
    ada = reader()
    failure()

    run()

    assert [one.recipients for one in mail.received] == [[ada.email]]
    assert set(Delivery.objects.values_list("status", flat=True)) == {"failed", "sent"}


@pytest.mark.django_db(transaction=True)
def test_several_workers_send_one_letter_each(mail):
    people = [reader() for _ in range(4)]
    failure()

    def work():
        run()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(one.recipients[0] for one in mail.received) == sorted(user.email for user in people)


def test_letter_holds_no_address_of_a_contact(mail):
    reader()
    action = failure()

    run()

    text, html = told(mail)
    assert action.instance.contact.email not in text + html


def test_steps_that_were_settled_are_not_told(mail):
    reader()
    ScheduledAction.objects.filter(pk=failure().pk).update(status="skipped")

    run()

    assert mail.received == []
