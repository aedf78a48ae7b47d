"""A brand whose mail comes back too often stops its marketing, and says so; small samples stop nobody."""

from __future__ import annotations

import datetime as dt

import pytest

from contactflow.core.clock import database_now
from contactflow.today import attention
from engagement import breakers
from engagement.models import Alert, Message, SendingBreaker
from tests.engagement.test_message_consequences import FULL, HARD, OURS, Type, fact, learn, mail
from tests.factories import BusinessEntityFactory, ContactFactory, TargetFactory
from workflows import analytics

pytestmark = pytest.mark.django_db


@pytest.fixture
def brand():
    TargetFactory(slug=breakers.LEADERSHIP)
    return BusinessEntityFactory()


def sent(brand, count, *, contact=None):
    contact = contact or ContactFactory()
    now = database_now()
    rows = [
        Message(
            contact=contact, business_entity=brand, recipient=contact.email, subject="Hello", text="Hello",
            status=Message.Status.SENT, sent_at=now,
        )
        for _ in range(count)
    ]  # fmt: skip
    return Message.objects.bulk_create(rows)


def come_back(messages, kind=Type.BOUNCED, detail=HARD):
    learn(*(fact(message, kind, detail) for message in messages))


@pytest.mark.parametrize(
    ("total", "count", "state"),
    [
        (40, 40, None),  # too few to say anything
        (60, 9, None),
        (100, 10, "stopped"),
        (200, 10, "warned"),
        (1_100, 55, "stopped"),
    ],
)
def test_hard_bounces_stop_at_the_limit(brand, total, count, state):
    come_back(sent(brand, total)[:count])

    row = SendingBreaker.objects.first()
    found = None if row is None else "stopped" if row.stopped_at else "warned"
    assert found == state


@pytest.mark.parametrize(("total", "count", "is_stopped"), [(90, 5, False), (150, 2, False), (150, 3, True)])
def test_complaints_stop_sooner(brand, total, count, is_stopped):
    come_back(sent(brand, total)[:count], Type.COMPLAINED, {})

    assert bool(breakers.stopped()) is is_stopped


@pytest.mark.parametrize("detail", [FULL, OURS])
def test_what_says_nothing_of_the_list_is_not_counted(brand, detail):
    come_back(sent(brand, 100)[:50], detail=detail)

    assert not SendingBreaker.objects.exists()


def test_only_the_brand_that_is_concerned_stops(brand):
    other = BusinessEntityFactory(slug="am_consulting")
    sent(other, 100)

    come_back(sent(brand, 100)[:20])

    assert breakers.stopped_brands() == {brand.pk}


def test_it_is_said_on_the_start_page_in_the_status_and_as_one_alert(brand):
    messages = sent(brand, 100)

    come_back(messages[:15])
    come_back(messages[15:30])

    now = database_now()
    assert any(str(brand) in one for one in analytics.problems_of(now=now))
    assert any(notice.model is SendingBreaker for notice in attention.gather(now=now).notices)
    assert Alert.objects.filter(priority="urgent", business_entity=brand).count() == 1


def test_who_resumes_begins_to_count_anew(brand):
    messages = sent(brand, 100)
    come_back(messages[:15])

    breakers.resume(breaker=SendingBreaker.objects.get(), by="grace", now=database_now())
    come_back(messages[15:24])

    assert breakers.stopped() == []


def test_what_is_a_day_old_does_not_count(brand):
    messages = sent(brand, 100)
    yesterday = database_now() - dt.timedelta(hours=25)

    learn(*(fact(message, Type.BOUNCED, HARD, at=yesterday) for message in messages[:50]))

    assert breakers.stopped() == []


def test_many_refusals_for_our_own_fault_are_said(brand):
    come_back([mail(brand=brand) for _ in range(3)], detail=OURS)

    sentences = [notice.sentence for notice in attention.gather(now=database_now()).notices]

    assert any("SPF" in sentence for sentence in sentences)
