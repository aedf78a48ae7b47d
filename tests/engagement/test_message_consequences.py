"""What follows from facts about messages: in any order, told once or often."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import time

import pytest

from contactflow.core.clock import database_now
from contacts import consent
from contacts.models import Consent, ContactEvent, Suppression
from engagement import message_consequences, message_events
from engagement.message_events import Fact
from engagement.models import BounceRule, Message, MessageEvent
from tests.factories import BusinessEntityFactory, ContactFactory

pytestmark = pytest.mark.django_db
Type = MessageEvent.Type
HARD = {"kind": "hard", "reason": "mailbox_unknown", "gives_up_at": 1, "said": "550 5.1.1 User unknown"}
VAGUE = {**HARD, "gives_up_at": 2, "said": "550 No such user"}
FULL = {"kind": "soft", "reason": "mailbox_full", "gives_up_at": 0, "said": "452 4.2.2 Mailbox full"}
OURS = {"kind": "sender", "reason": "blocked", "gives_up_at": 0, "said": "550 5.7.1 Blocked"}
DAY = dt.timedelta(days=1)


def mail(contact=None, brand=None, **about):
    contact = contact or ContactFactory()
    values = {"recipient": contact.email, "subject": "Hello", "text": "Hello", "status": Message.Status.SENT, **about}
    return Message.objects.create(contact=contact, business_entity=brand, **values)


def fact(message, kind, detail=None, *, at=None, key=""):
    at = at or database_now()
    return Fact(message_id=message.pk, type=kind, at=at, key=key or f"{message.pk}:{kind}:{at}", detail=detail or {})


def learn(*facts):
    new = message_events.record(facts)
    message_consequences.run_pump_step(time.monotonic() + 60)
    return new


def suppressed(message):
    return consent.suppression_of(email=message.recipient)


def events_of(message):
    return list(ContactEvent.objects.filter(contact=message.contact).order_by("kind").values_list("kind", flat=True))


def test_a_hard_bounce_gives_up_the_address_and_is_an_event_of_the_person():
    message = mail()

    learn(fact(message, Type.BOUNCED, detail=HARD))

    assert (suppressed(message).reason, suppressed(message).until) == (Suppression.Reason.BOUNCED, None)
    assert events_of(message) == ["bounced"]


def test_nobody_else_is_suppressed_by_a_bounce():
    message, other = mail(), mail()

    learn(fact(message, Type.BOUNCED, detail=HARD), fact(other, Type.DELIVERED))

    assert suppressed(other) is None


def test_a_complaint_stops_everything_at_once():
    message = mail()

    learn(fact(message, Type.COMPLAINED, detail={"said": "abuse"}))

    assert suppressed(message).reason == Suppression.Reason.COMPLAINED
    assert events_of(message) == ["complained"]


def test_who_unsubscribed_with_the_provider_gets_no_marketing_of_the_brand():
    message = mail(brand=BusinessEntityFactory())

    learn(fact(message, Type.UNSUBSCRIBED))

    (word,) = Consent.objects.filter(contact=message.contact)
    assert (word.state, word.business_entity) == (Consent.State.WITHDRAWN, message.business_entity)
    assert suppressed(message) is None


def test_what_they_said_since_is_not_undone_by_a_late_word_of_the_provider():
    message = mail(brand=BusinessEntityFactory())
    consent.grant(contact=message.contact, business_entity=message.business_entity, source="form", now=database_now())

    learn(fact(message, Type.UNSUBSCRIBED, at=database_now() - DAY))

    assert [word.state for word in Consent.objects.filter(contact=message.contact)] == [Consent.State.GRANTED]
    assert events_of(message) == []


@pytest.mark.parametrize("detail", [FULL, OURS])
def test_a_full_mailbox_or_our_own_fault_is_not_held_against_the_person(detail):
    message = mail()

    learn(fact(message, Type.BOUNCED, detail=detail))

    assert suppressed(message) is None
    assert events_of(message) == []


def test_a_vague_bounce_counts_at_the_second_within_a_week():
    contact = ContactFactory()
    first, second = mail(contact), mail(contact)
    now = database_now()
    learn(fact(first, Type.BOUNCED, at=now - 6 * DAY, detail=VAGUE))
    after_first = suppressed(first)

    learn(fact(second, Type.BOUNCED, at=now, detail=VAGUE))

    assert after_first is None
    assert suppressed(first) is not None


def test_two_vague_bounces_of_one_message_are_one():
    message = mail()

    learn(
        fact(message, Type.BOUNCED, key="provider", detail=VAGUE),
        fact(message, Type.BOUNCED, key="report", detail=VAGUE),
    )

    assert suppressed(message) is None


def test_vague_bounces_far_apart_are_two_single_ones():
    contact = ContactFactory()
    now = database_now()

    learn(
        fact(mail(contact), Type.BOUNCED, at=now - 9 * DAY, detail=VAGUE),
        fact(mail(contact), Type.BOUNCED, detail=VAGUE),
    )

    assert Suppression.objects.count() == 0


def soft_bounces(contact, days, now):
    return [fact(mail(contact), Type.BOUNCED, at=now - day * DAY, detail=FULL) for day in days]


def test_an_address_rests_that_came_back_on_five_days_within_thirty():
    contact, now = ContactFactory(), database_now()

    learn(*soft_bounces(contact, [0, 1, 2, 3, 4], now))

    rests = consent.suppression_of(email=contact.email)
    assert rests.until == now + 30 * DAY


@pytest.mark.parametrize("days", [[0, 1, 2, 3], [0, 0, 0, 0, 0, 1], [0, 1, 2, 3, 31]])
def test_fewer_days_or_a_longer_time_are_no_reason_to_rest(days):
    contact = ContactFactory()

    learn(*soft_bounces(contact, days, database_now()))

    assert consent.suppression_of(email=contact.email) is None


@pytest.mark.parametrize("is_late", [False, True])
def test_a_delivery_in_between_begins_the_count_anew_whenever_it_is_told(is_late):
    contact, now = ContactFactory(), database_now()
    bounces = soft_bounces(contact, [0, 1, 2, 4, 5], now)
    delivery = fact(mail(contact), Type.DELIVERED, at=now - 3 * DAY)

    for facts in [bounces, [delivery]] if is_late else [[delivery], bounces]:
        learn(*facts)

    assert consent.suppression_of(email=contact.email) is None


def test_staff_say_how_many_days_it_takes():
    BounceRule(soft_bounces=2, within_days=10, rest_days=3).save()
    contact, now = ContactFactory(), database_now()

    learn(*soft_bounces(contact, [0, 1], now))

    assert consent.suppression_of(email=contact.email).until == now + 3 * DAY


def test_the_address_somebody_had_before_is_given_up_but_says_nothing_of_them():
    message = mail(recipient="former@example.org")

    learn(fact(message, Type.BOUNCED, detail=HARD))

    assert suppressed(message) is not None
    assert events_of(message) == []


def test_one_event_told_forty_six_times_is_one():
    message = mail()

    new = [learn(fact(message, Type.BOUNCED, key="sg-1", detail=HARD)) for _ in range(46)]

    assert [len(found) for found in new] == [1] + [0] * 45
    assert events_of(message) == ["bounced"]


def test_facts_of_a_message_that_is_gone_are_let_go():
    message = mail()
    told = fact(message, Type.BOUNCED, detail=HARD)
    message.delete()

    assert learn(told) == []


def test_a_fault_with_one_fact_keeps_no_other_waiting(monkeypatch):
    poison, healthy = mail(), mail()

    def follow(event, now):
        if event.message_id == poison.pk:
            raise ValueError
        consequence(event, now)

    consequence = message_consequences.FOLLOWS[Type.BOUNCED]
    monkeypatch.setitem(message_consequences.FOLLOWS, Type.BOUNCED, follow)

    learn(fact(poison, Type.BOUNCED, detail=HARD), fact(healthy, Type.BOUNCED, detail=HARD))

    assert suppressed(healthy) is not None
    assert poison.events.get().follow_up_at > database_now()


SIX = (
    (Type.DELIVERED, {}),
    (Type.OPENED, {}),
    (Type.BOUNCED, HARD),
    (Type.COMPLAINED, {"said": "abuse"}),
    (Type.UNSUBSCRIBED, {}),
    (Type.BOUNCED, FULL),
)


def state_after(order, brand):
    message = mail(brand=brand)
    for number, (kind, detail) in order:
        told = Fact(message_id=message.pk, type=kind, at=database_now(), key=f"{message.pk}:{number}", detail=detail)
        learn(told)
        learn(told)
    stop = suppressed(message)
    return (
        (stop.reason, stop.scope, stop.until, stop.detail),
        events_of(message),
        list(Consent.objects.filter(contact=message.contact).values_list("state", flat=True)),
        sorted(message.events.values_list("type", flat=True)),
    )


def test_six_facts_in_any_order_end_alike():
    brand = BusinessEntityFactory()
    orders = list(itertools.permutations(enumerate(SIX)))
    chosen = random.Random(11).sample(orders, 24)  # all of them: trials

    assert len({str(state_after(order, brand)) for order in chosen}) == 1
