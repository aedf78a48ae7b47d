"""What goes to colleagues, on its way."""

from __future__ import annotations

import datetime as dt
import time
import uuid

import pytest
from django.db import InterfaceError, OperationalError, connection

from contactflow.core import disconnects
from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from contactflow.today import attention
from contacts import consent
from engagement import alerts, deliveries, describe, dispatcher
from engagement.alerts import letter
from engagement.channels import registry, state
from engagement.dispatcher import Outcome, Result
from engagement.models import ChannelState, Delivery
from tests.factories import NOW, ContactFactory, TargetFactory

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)
DOWN = Reason.of("server_unreachable", host="mail.example", said="down")


def raise_alert(*, target=None, **fields):
    given = {"title": "New artist", "contact": None, **fields}
    return alerts.raise_alert(action_id=None, target=target or reachable(), now=NOW, **given)


def reachable(*addresses):
    return TargetFactory(extra_emails=list(addresses or ["mia@staff.example"]))


def only_delivery():
    return Delivery.objects.get()


def deliver(*, now_due=False):
    if now_due:
        Delivery.objects.update(next_attempt_at=NOW)
    return deliveries.run_pump_step(time.monotonic() + 10)


def test_an_alert_arrives_by_email(sink):
    raise_alert(priority="urgent", contact=ContactFactory(first_name="Ada", last_name="Lovelace"))

    assert deliver() == 1

    assert sink.messages[0]["To"] == "mia@staff.example"
    assert sink.messages[0]["Subject"] == "[urgent] New artist: Ada Lovelace"
    assert (only_delivery().status, only_delivery().attempts) == ("sent", 1)
    assert only_delivery().finished_at is not None


@pytest.mark.parametrize(
    ("block", "status"),
    [
        ({"reason": "manual"}, "failed"),
        ({"reason": "bounced"}, "failed"),
        ({"reason": "manual", "scope": "marketing"}, "sent"),
        ({"reason": "manual", "until": NOW}, "sent"),
        ({"reason": "erased"}, "sent"),
    ],
)
def test_nothing_leaves_to_a_colleague_whose_address_is_blocked(sink, block, status):
    consent.suppress(email="mia@staff.example", **block)
    raise_alert(target=reachable("Mia@staff.example"))

    deliver()

    assert (only_delivery().status, len(sink.messages)) == (status, int(status == "sent"))
    assert only_delivery().reason.get("code", "") == ("address_suppressed" if status == "failed" else "")


@pytest.mark.parametrize(
    ("answer", "told"),
    [("550 5.1.1 user unknown", ["mia@staff.example"]), ("550 5.7.1 blocked", []), ("550 5.2.2 full", [])],
)
def test_a_colleague_whose_mailbox_does_not_exist_gets_no_more_and_staff_are_told(sink, answer, told):
    sink.refuse_rcpt = answer
    raise_alert()

    deliver()

    notices = " ".join(notice.sentence for notice in attention.gather(now=NOW).notices)
    assert sorted(alerts.unreachable()) == told
    assert ("mia@staff.example" in notices) == bool(told)


def test_several_alerts_share_one_connection(sink):
    raise_alert(target=reachable("mia@staff.example", "leo@staff.example"))
    raise_alert(target=reachable("mia@staff.example"), title="Another")

    assert deliver() > 1

    assert sink.connections == 1


def test_alerts_of_one_target_travel_together(sink):
    target = reachable()
    for number in range(66):
        raise_alert(target=target, title=f"New artist {number}")

    deliver()

    (letter,) = sink.messages
    assert "66 alerts" in letter["Subject"]
    assert all(f"New artist {number}" in letter.get_content() for number in (0, 33, 49))
    assert set(Delivery.objects.values_list("status", "attempts")) == {("sent", 1)}


def test_alerts_of_different_targets_and_urgent_ones_travel_alone(sink):
    target = reachable()
    raise_alert(target=target)
    raise_alert(target=target, priority="urgent")
    raise_alert(target=target, priority="urgent")
    raise_alert(target=TargetFactory(slug="others", extra_emails=target.extra_emails))

    deliver()

    assert len(sink.received) == 4


def test_alerts_soon_after_an_email_wait_for_each_other_and_urgent_ones_do_not(sink):
    target = reachable()
    raise_alert(target=target)
    deliver()
    for priority in ("low", "high", "urgent"):
        raise_alert(target=target, priority=priority)

    deliver()

    assert [one["Subject"].split()[0] for one in sink.messages[1:]] == ["[urgent]"]
    assert Delivery.objects.filter(status="pending", next_attempt_at__gt=database_now()).count() == 2
    Delivery.objects.filter(status="sent").update(finished_at=database_now() - deliveries.TOGETHER)
    deliver(now_due=True)
    assert [one["Subject"].split()[:2] for one in sink.messages[2:]] == [["[high]", "2"]]


def test_alert_that_cannot_be_written_is_found_among_those_it_travels_with(monkeypatch, sink):
    target, short = reachable(), letter._in_short
    for title in ("Good", "Bad", "Fine"):
        raise_alert(target=target, title=title)
    bad = Delivery.objects.get(alert__title="Bad")
    monkeypatch.setattr(
        letter, "_in_short", lambda alert: fail_with(KeyError())() if alert.title == "Bad" else short(alert)
    )
    monkeypatch.setattr(letter, "text_of", lambda alert: fail_with(KeyError())() if alert.title == "Bad" else "Look")

    deliver()
    deliver(now_due=True)

    bad.refresh_from_db()
    assert (bad.status, len(sink.received)) == ("pending", 2)


def test_without_a_mail_server_the_alert_stays_in_the_admin(settings):
    settings.EMAIL_URL = ""
    raise_alert()

    deliver()

    assert (only_delivery().status, only_delivery().address) == ("sent", "mia@staff.example")


def test_what_is_delivered_is_not_delivered_again(sink):
    raise_alert()
    deliver()

    assert deliver() == 0
    assert len(sink.received) == 1


def test_a_refusal_for_now_is_tried_again_later(sink):
    sink.refuse_rcpt = "450 greylisted"
    raise_alert()

    deliver()

    delivery = only_delivery()
    assert (delivery.status, delivery.attempts, describe.why(delivery.reason)) == ("pending", 1, "450 greylisted")
    assert database_now() < delivery.next_attempt_at < database_now() + dt.timedelta(seconds=30)


def test_after_a_greylisting_it_arrives(sink):
    sink.refuse_rcpt = "450 greylisted"
    raise_alert()
    deliver()
    sink.refuse_rcpt = ""

    deliver(now_due=True)

    assert (only_delivery().status, only_delivery().reason, len(sink.received)) == ("sent", {}, 1)


def test_the_last_of_many_refusals_is_final(sink):
    sink.refuse_rcpt = "450 greylisted"
    raise_alert()
    Delivery.objects.update(attempts=dispatcher.MAX_ATTEMPTS - 1)

    deliver()

    assert only_delivery().status == "failed"


def test_a_refusal_for_good_is_final_at_once(sink):
    sink.refuse_rcpt = "550 no such person"
    raise_alert()

    deliver()

    assert (only_delivery().status, describe.why(only_delivery().reason)) == ("failed", "550 no such person")


def test_an_address_no_server_takes_is_final_at_once(sink):
    raise_alert(target=reachable("zoë@staff.example"))

    deliver()

    assert only_delivery().status == "failed"


def test_one_bad_address_does_not_hold_up_the_others(sink):
    raise_alert(target=reachable("zoë@staff.example", "mia@staff.example"))

    deliver()

    assert [one.recipients for one in sink.received] == [["mia@staff.example"]]


def test_a_cut_after_the_body_is_ambiguous_and_not_repeated(sink):
    sink.cut_after_body = True
    raise_alert()

    deliver()
    deliver(now_due=True)

    assert only_delivery().status == "ambiguous"
    assert len(sink.received) == 1


def test_a_server_that_is_down_pauses_the_channel_and_costs_no_attempt(settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    raise_alert()

    deliver()

    assert (only_delivery().status, only_delivery().attempts) == ("pending", 0)
    assert only_delivery().next_attempt_at == state.paused_until("email")


def test_trouble_of_the_server_in_the_middle_costs_no_attempt(sink):
    sink.refuse_mail = "421 closing"
    raise_alert()

    deliver()

    delivery = only_delivery()
    assert (delivery.status, delivery.attempts) == ("pending", 0)
    assert delivery.next_attempt_at == state.paused_until("email")


def test_a_paused_channel_is_respected(sink):
    state.pause("email", DOWN, database_now())
    raise_alert()

    assert deliver() == 0
    ChannelState.objects.update(paused_until=database_now())
    assert deliver() == 1


def test_success_forgets_the_troubles(sink):
    state.pause("email", DOWN, NOW)
    raise_alert()

    deliver()

    assert ChannelState.objects.get().troubles == 0


@pytest.mark.parametrize(("held", "status"), [("sending", "ambiguous"), ("claimed", "pending")])
def test_what_a_process_left_behind_is_unclear_only_if_it_was_handed_over(held, status):
    raise_alert()
    Delivery.objects.update(status=held, lease_until=NOW, next_attempt_at=database_now() + MINUTE)

    deliver()

    assert (only_delivery().status, only_delivery().lease_until) == (status, None)


def test_a_lease_that_holds_is_left_alone(sink):
    raise_alert()
    Delivery.objects.update(status="sending", lease_until=database_now() + MINUTE, attempts=1)

    assert deliver() == 0
    assert only_delivery().status == "sending"


def test_what_is_not_due_yet_waits(sink):
    raise_alert()
    Delivery.objects.update(next_attempt_at=database_now() + MINUTE)

    assert deliver() == 0


def test_what_is_of_no_use_any_more_is_not_sent(sink):
    raise_alert()
    Delivery.objects.update(expires_at=NOW)

    deliver()

    assert (only_delivery().status, only_delivery().reason, sink.received) == ("failed", {"code": "too_late"}, [])


def test_whoever_lost_the_lease_writes_nothing(sink):
    raise_alert()
    queue = deliveries.DeliveryQueue()
    queue.claim(limit=1, paused=[])
    (letter,) = queue.prepare(until=time.monotonic() + 10)
    Delivery.objects.update(token=uuid.uuid4())

    assert queue.intend([letter]) == []
    queue.settle([Result(letter, Outcome.UNCLEAR, DOWN)])
    assert only_delivery().status == "claimed"


def fail_with(error):
    def write(*args, **options):
        raise error

    return write


def test_a_database_that_goes_away_while_the_letter_is_written_costs_nothing(monkeypatch, sink):
    raise_alert()
    with monkeypatch.context() as away:
        away.setattr(letter, "parts_of", fail_with(OperationalError("server closed the connection")))
        with pytest.raises(OperationalError):
            deliver()
    assert (only_delivery().status, only_delivery().attempts) == ("pending", 0)

    deliver()

    assert (only_delivery().status, len(sink.received)) == ("sent", 1)


def test_a_letter_that_cannot_be_written_waits_and_holds_nobody_up(monkeypatch, sink):
    raise_alert(target=reachable("mia@staff.example", "leo@staff.example"))
    whole = deliveries._envelope

    def write(rows, now):
        if rows[0].address == "mia@staff.example":
            raise KeyError("a fault of ours")
        return whole(rows, now)

    monkeypatch.setattr(deliveries, "_envelope", write)

    deliver()

    bad = Delivery.objects.get(address="mia@staff.example")
    assert (bad.status, bad.attempts, bad.lease_until) == ("pending", 1, None)
    assert bad.next_attempt_at > database_now()
    assert [one.recipients for one in sink.received] == [["leo@staff.example"]]


def test_a_letter_that_can_never_be_written_is_given_up(monkeypatch, sink):
    raise_alert()
    Delivery.objects.update(attempts=dispatcher.MAX_ATTEMPTS - 1)
    monkeypatch.setattr(letter, "parts_of", fail_with(KeyError("a fault of ours")))

    deliver()

    assert (only_delivery().status, only_delivery().reason["code"]) == ("failed", "our_fault")


def test_a_fault_during_the_hand_over_is_ambiguous_at_once(monkeypatch, sink):
    raise_alert()
    monkeypatch.setattr(registry.channel("email"), "hand_over", fail_with(KeyError("a fault of ours")))

    deliver()

    assert (only_delivery().status, only_delivery().lease_until) == ("ambiguous", None)


def test_a_known_outcome_is_written_when_the_database_is_back(monkeypatch, sink):
    raise_alert()
    settle, answers = deliveries._settle, [OperationalError("gone"), InterfaceError("closed")]

    def settle_at_last(result):
        if answers:
            raise answers.pop()
        settle(result)

    monkeypatch.setattr(deliveries, "_settle", settle_at_last)
    monkeypatch.setattr(disconnects, "reconnect", lambda: None)  # the test's own transaction
    monkeypatch.setattr(disconnects, "FIRST_WAIT", 0)

    deliver()

    assert (only_delivery().status, len(sink.received)) == ("sent", 1)


@pytest.mark.parametrize(("status", "index"), [("sending", "delivery_leased"), ("pending", "delivery_due")])
def test_each_search_reads_only_what_it_is_for(status, index):
    moment = {"lease_until__lte": NOW} if status == "sending" else {"next_attempt_at__lte": NOW}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Delivery.objects.filter(status=status, **moment).explain()

    assert index in plan


@pytest.mark.parametrize(
    ("attempt", "ceiling"), [(1, 30), (2, 60), (3, 120), (6, 960), (10, 15_360), (11, 21_600), (400, 21_600)]
)
def test_retry_delay_doubles_up_to_six_hours_and_is_spread(attempt, ceiling):
    delays = {dispatcher.retry_delay(attempt).total_seconds() for _ in range(50)}

    assert min(delays) >= ceiling / 2
    assert max(delays) <= ceiling
    assert len(delays) > 10


def test_the_pump_delivers_all_that_waits(sink):
    raise_alert(target=reachable("mia@staff.example", "leo@staff.example"))

    assert deliveries.run_pump_step(time.monotonic() + 10) == 2
    assert deliveries.run_pump_step(time.monotonic() + 10) == 0


def test_the_pump_stops_at_its_deadline(sink):
    raise_alert()

    assert deliveries.run_pump_step(time.monotonic() - 1) == 0


def test_an_idle_step_is_cheap(django_assert_num_queries):
    with django_assert_num_queries(1):
        deliver()
