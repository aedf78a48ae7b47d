from __future__ import annotations

import datetime as dt
import uuid

import pytest

from engagement import alerts
from engagement.alerts import raising
from engagement.models import Alert, Delivery
from tests.factories import NOW, TargetFactory, UserFactory

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


def raise_alert(*, target=None, action=None, **fields):
    given = {"title": "New artist", "contact": None, **fields}
    return alerts.raise_alert(action_id=action, target=target or reachable(), now=NOW, **given)


def reachable(*addresses):
    return TargetFactory(extra_emails=list(addresses or ["mia@staff.example"]))


def only_delivery():
    return Delivery.objects.get()


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
    assert delivery.reason == {"code": "nobody_behind", "target": "Gallery curator"}


def test_a_target_that_wants_no_email_gets_none():
    raise_alert(target=TargetFactory(alert_by_email=False, extra_emails=["mia@staff.example"]))

    assert not Delivery.objects.exists()


def test_the_same_action_raises_one_alert():
    action, target = uuid.uuid4(), reachable()

    first, second = raise_alert(action=action, target=target), raise_alert(action=action, target=target)

    assert first.pk == second.pk
    assert Delivery.objects.count() == 1


def test_the_first_to_acknowledge_counts():
    alert = raise_alert()

    alerts.acknowledge(alert=alert, by="grace", now=NOW)
    alerts.acknowledge(alert=alert, by="ada", now=NOW + MINUTE)

    assert (alert.acknowledged_by, alert.acknowledged_at) == ("grace", NOW)


def test_alert_is_stored_even_when_nobody_is_told():
    alert = raise_alert(target=TargetFactory())

    assert Alert.objects.get() == alert
