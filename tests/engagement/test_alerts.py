from __future__ import annotations

import datetime as dt
import time
import uuid

import pytest
from django.db import InterfaceError, OperationalError, connection

from contactflow.core import disconnects
from engagement import alerts
from engagement.alerts import deliveries, letter, raising
from engagement.channels import registry, state
from engagement.models import Alert, AlertDelivery, ChannelState
from tests.factories import NOW, ContactFactory, TargetFactory, UserFactory

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


def raise_alert(*, target=None, action=None, **fields):
    given = {"title": "New artist", "contact": None, **fields}
    return alerts.raise_alert(action_id=action, target=target or reachable(), now=NOW, **given)


def reachable(*addresses):
    return TargetFactory(extra_emails=list(addresses or ["mia@staff.example"]))


def only_delivery():
    return AlertDelivery.objects.get()


def test_an_alert_waits_for_every_address_once():
    target = reachable("MIA@staff.example", "desk@staff.example")
    target.people.add(UserFactory(email="mia@staff.example"), UserFactory(email="leo@staff.example"))

    alert = raise_alert(target=target)

    addresses = alert.deliveries.values_list("address", "status")
    assert list(addresses) == [
        ("mia@staff.example", "pending"),
        ("leo@staff.example", "pending"),
        ("desk@staff.example", "pending"),
    ]


def test_people_who_left_or_have_no_address_are_not_written_to():
    target = TargetFactory()
    target.people.add(UserFactory(is_active=False), UserFactory(email=""))

    assert raising.addresses_of(target) == []


def test_a_target_without_anybody_is_undeliverable_and_says_so():
    raise_alert(target=TargetFactory(name="Gallery curator"))

    delivery = only_delivery()
    assert (delivery.status, delivery.finished_at) == ("undeliverable", NOW)
    assert "Nobody is behind Gallery curator" in delivery.error


def test_a_target_that_wants_no_email_gets_none():
    raise_alert(target=TargetFactory(alert_by_email=False, extra_emails=["mia@staff.example"]))

    assert not AlertDelivery.objects.exists()


def test_the_same_action_raises_one_alert():
    action, target = uuid.uuid4(), reachable()

    first, second = raise_alert(action=action, target=target), raise_alert(action=action, target=target)

    assert first.pk == second.pk
    assert AlertDelivery.objects.count() == 1


def test_the_first_to_acknowledge_counts():
    alert = raise_alert()

    alerts.acknowledge(alert=alert, by="grace", now=NOW)
    alerts.acknowledge(alert=alert, by="ada", now=NOW + MINUTE)

    assert (alert.acknowledged_by, alert.acknowledged_at) == ("grace", NOW)


def test_an_alert_arrives_by_email(sink):
    raise_alert(priority="urgent", contact=ContactFactory(first_name="Ada", last_name="Lovelace"))

    assert alerts.deliver_waiting(now=NOW, limit=10) == 1

    assert sink.messages[0]["To"] == "mia@staff.example"
    assert sink.messages[0]["Subject"] == "[urgent] New artist: Ada Lovelace"
    assert (only_delivery().status, only_delivery().finished_at) == ("sent", NOW)


def test_several_alerts_share_one_connection(sink):
    raise_alert(target=reachable("mia@staff.example", "leo@staff.example"))
    raise_alert(target=reachable("mia@staff.example"), title="Another")

    assert alerts.deliver_waiting(now=NOW, limit=10) > 1

    assert sink.connections == 1


def test_no_more_than_the_limit_is_tried(sink):
    raise_alert(target=reachable("mia@staff.example", "leo@staff.example"))

    assert alerts.deliver_waiting(now=NOW, limit=1) == 1

    assert len(sink.received) == 1


def test_without_a_mail_server_the_alert_stays_in_the_admin(settings):
    settings.EMAIL_URL = ""
    raise_alert()

    alerts.deliver_waiting(now=NOW, limit=10)

    assert (only_delivery().status, only_delivery().address) == ("sent", "mia@staff.example")


def test_what_is_delivered_is_not_delivered_again(sink):
    raise_alert()
    alerts.deliver_waiting(now=NOW, limit=10)

    assert alerts.deliver_waiting(now=NOW + MINUTE, limit=10) == 0
    assert len(sink.received) == 1


def test_a_refusal_for_now_is_tried_again_later(sink):
    sink.refuse_rcpt = "450 greylisted"
    raise_alert()

    alerts.deliver_waiting(now=NOW, limit=10)

    delivery = only_delivery()
    assert (delivery.status, delivery.attempts, delivery.error) == ("pending", 1, "450 greylisted")
    assert NOW + dt.timedelta(seconds=15) <= delivery.next_attempt_at <= NOW + dt.timedelta(seconds=30)


def test_after_a_greylisting_it_arrives(sink):
    sink.refuse_rcpt = "450 greylisted"
    raise_alert()
    alerts.deliver_waiting(now=NOW, limit=10)
    sink.refuse_rcpt = ""

    alerts.deliver_waiting(now=NOW + MINUTE, limit=10)

    assert (only_delivery().status, only_delivery().error, len(sink.received)) == ("sent", "", 1)


def test_the_last_of_many_refusals_is_final(sink):
    sink.refuse_rcpt = "450 greylisted"
    raise_alert()
    AlertDelivery.objects.update(attempts=deliveries.MAX_ATTEMPTS - 1)

    alerts.deliver_waiting(now=NOW, limit=10)

    assert only_delivery().status == "failed"


def test_a_refusal_for_good_is_final_at_once(sink):
    sink.refuse_rcpt = "550 no such person"
    raise_alert()

    alerts.deliver_waiting(now=NOW, limit=10)

    assert (only_delivery().status, only_delivery().error) == ("failed", "550 no such person")


def test_an_address_no_server_takes_is_final_at_once(sink):
    raise_alert(target=reachable("zoë@staff.example"))

    alerts.deliver_waiting(now=NOW, limit=10)

    assert only_delivery().status == "failed"


def test_one_bad_address_does_not_hold_up_the_others(sink):
    raise_alert(target=reachable("zoë@staff.example", "mia@staff.example"))

    alerts.deliver_waiting(now=NOW, limit=10)

    assert [one.recipients for one in sink.received] == [["mia@staff.example"]]


def test_a_cut_after_the_body_is_ambiguous_and_not_repeated(sink):
    sink.cut_after_body = True
    raise_alert()

    alerts.deliver_waiting(now=NOW, limit=10)
    alerts.deliver_waiting(now=NOW + dt.timedelta(days=1), limit=10)

    assert only_delivery().status == "ambiguous"
    assert len(sink.received) == 1


def test_a_server_that_is_down_pauses_the_channel_and_costs_no_attempt(settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    raise_alert()

    assert alerts.deliver_waiting(now=NOW, limit=10) == 0

    assert (only_delivery().status, only_delivery().attempts) == ("pending", 0)
    assert state.paused_until("email", now=NOW) is not None


def test_trouble_of_the_server_in_the_middle_costs_no_attempt(sink):
    sink.refuse_mail = "421 closing"
    raise_alert()

    alerts.deliver_waiting(now=NOW, limit=10)

    delivery = only_delivery()
    assert (delivery.status, delivery.attempts) == ("pending", 0)
    assert delivery.next_attempt_at == state.paused_until("email", now=NOW)


def test_a_paused_channel_is_respected(sink):
    state.pause("email", "host down", NOW)
    raise_alert()

    assert alerts.deliver_waiting(now=NOW, limit=10) == 0
    assert alerts.deliver_waiting(now=NOW + MINUTE, limit=10) == 1


def test_success_forgets_the_troubles(sink):
    state.pause("email", "host down", NOW)
    raise_alert()

    alerts.deliver_waiting(now=NOW + MINUTE, limit=10)

    assert ChannelState.objects.get().troubles == 0


def test_an_expired_lease_is_ambiguous():
    raise_alert()
    AlertDelivery.objects.update(status="sending", lease_until=NOW, attempts=1)

    alerts.deliver_waiting(now=NOW, limit=10)

    assert (only_delivery().status, only_delivery().lease_until) == ("ambiguous", None)


def test_a_lease_that_holds_is_left_alone(sink):
    raise_alert()
    AlertDelivery.objects.update(status="sending", lease_until=NOW + MINUTE, attempts=1)

    assert alerts.deliver_waiting(now=NOW, limit=10) == 0
    assert only_delivery().status == "sending"


def test_what_is_not_due_yet_waits(sink):
    raise_alert()

    assert alerts.deliver_waiting(now=NOW - MINUTE, limit=10) == 0


def test_a_claim_is_taken_with_its_lease():
    raise_alert()

    claimed = deliveries._claim(NOW).delivery

    assert (claimed.status, claimed.attempts, claimed.lease_until) == ("sending", 1, NOW + deliveries.LEASE)
    assert deliveries._claim(NOW) is None


def fail_with(error):
    def write(*args, **options):
        raise error

    return write


def test_a_database_that_goes_away_while_the_letter_is_written_costs_nothing(monkeypatch, sink):
    raise_alert()
    with monkeypatch.context() as away:
        away.setattr(letter, "write", fail_with(OperationalError("server closed the connection")))
        with pytest.raises(OperationalError):
            alerts.deliver_waiting(now=NOW, limit=1)
    assert (only_delivery().status, only_delivery().attempts) == ("pending", 0)

    alerts.deliver_waiting(now=NOW, limit=1)

    assert (only_delivery().status, len(sink.received)) == ("sent", 1)


def test_a_letter_that_cannot_be_written_waits_and_holds_nobody_up(monkeypatch, sink):
    raise_alert(target=reachable("mia@staff.example", "leo@staff.example"))
    whole = letter.write

    def write(delivery, *, now):
        if delivery.address == "mia@staff.example":
            raise KeyError("a fault of ours")
        return whole(delivery, now=now)

    monkeypatch.setattr(letter, "write", write)

    alerts.deliver_waiting(now=NOW, limit=10)

    bad = AlertDelivery.objects.get(address="mia@staff.example")
    assert (bad.status, bad.attempts, bad.lease_until) == ("pending", 1, None)
    assert bad.next_attempt_at > NOW
    assert [one.recipients for one in sink.received] == [["leo@staff.example"]]


def test_a_letter_that_can_never_be_written_is_given_up(monkeypatch, sink):
    raise_alert()
    AlertDelivery.objects.update(attempts=deliveries.MAX_ATTEMPTS - 1)
    monkeypatch.setattr(letter, "write", fail_with(KeyError("a fault of ours")))

    alerts.deliver_waiting(now=NOW, limit=10)

    assert (only_delivery().status, only_delivery().error) == ("failed", "The letter could not be written (KeyError).")


def test_a_fault_during_the_hand_over_is_ambiguous_at_once(monkeypatch, sink):
    raise_alert()
    monkeypatch.setattr(registry.mail_channel(), "hand_over", fail_with(KeyError("a fault of ours")))

    alerts.deliver_waiting(now=NOW, limit=10)

    assert (only_delivery().status, only_delivery().lease_until) == ("ambiguous", None)


def test_a_known_outcome_is_written_when_the_database_is_back(monkeypatch, sink):
    raise_alert()
    settle, answers = deliveries._settle, [OperationalError("gone"), InterfaceError("closed")]

    def settle_at_last(*args, **changes):
        if answers:
            raise answers.pop()
        settle(*args, **changes)

    monkeypatch.setattr(deliveries, "_settle", settle_at_last)
    monkeypatch.setattr(disconnects, "reconnect", lambda: None)  # the test's own transaction
    monkeypatch.setattr(disconnects, "FIRST_WAIT", 0)

    alerts.deliver_waiting(now=NOW, limit=10)

    assert (only_delivery().status, len(sink.received)) == ("sent", 1)


def test_a_pause_begins_when_the_trouble_shows_not_when_the_connecting_began(settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    raise_alert()

    alerts.deliver_waiting(now=NOW, limit=10)

    assert state.paused_until("email") is not None  # by the database's clock, which is far beyond NOW


def test_the_search_for_expired_leases_reads_only_what_is_being_handed_over():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = AlertDelivery.objects.filter(status="sending", lease_until__lte=NOW).explain()

    assert "alert_delivery_leased" in plan


def test_expired_leases_are_looked_for_once_a_step(monkeypatch, sink):
    looked = []
    monkeypatch.setattr(deliveries, "_give_up_expired", looked.append)
    raise_alert(target=reachable("mia@staff.example", "leo@staff.example"))

    alerts.run_pump_step(time.monotonic() + 10)

    assert (len(looked), len(sink.received)) == (1, 2)


@pytest.mark.parametrize("attempts", [1, 2, 8, 11, 60])
def test_waits_grow_and_stay_under_six_hours(attempts):
    assert dt.timedelta(seconds=15) <= deliveries._wait(attempts) <= dt.timedelta(hours=6)


def test_the_pump_delivers_all_that_waits(sink):
    raise_alert(target=reachable("mia@staff.example", "leo@staff.example"))

    assert alerts.run_pump_step(time.monotonic() + 10) == 2
    assert alerts.run_pump_step(time.monotonic() + 10) == 0


def test_the_pump_stops_at_its_deadline(sink):
    raise_alert()

    assert alerts.run_pump_step(time.monotonic() - 1) == 0


def test_an_idle_step_is_cheap(django_assert_num_queries):
    with django_assert_num_queries(2):
        alerts.deliver_waiting(now=NOW, limit=10)


def test_alert_is_stored_even_when_nobody_is_told():
    alert = raise_alert(target=TargetFactory())

    assert Alert.objects.get() == alert
