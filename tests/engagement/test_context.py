from __future__ import annotations

import datetime as dt

import pytest

from engagement import context
from engagement.models import HumanTouch, Message, MessageEvent
from tests.factories import (
    NOW,
    BusinessEntityFactory,
    ContactFactory,
    ContactTypeFactory,
    LeadSourceFactory,
)

EVERYTHING = {"contact_type", "opens", "clicks", "last_touch", "score"}


def gather(contact, *, brand=None, facts=None, names=EVERYTHING):
    return context.gather(contact=contact, business_entity=brand, facts=facts, names=names)


def message_to(contact, *, status="sent", sent_at=NOW):
    return Message.objects.create(contact=contact, recipient=contact.email, status=status, sent_at=sent_at)


@pytest.mark.django_db
def test_profile_and_brand_are_gathered():
    contact = ContactFactory(first_name="Ada", company="Engines", interests=["art", "yoga"])
    brand = BusinessEntityFactory(name="The 7 Space", website="https://x.example", response_hours=24)

    values = gather(contact, brand=brand)

    assert (values.first_name, values.company, values.interests) == ("Ada", "Engines", ["art", "yoga"])
    assert (values.entity, values.entity_website, values.response_time) == (
        "The 7 Space",
        "https://x.example",
        "24 hours",
    )


@pytest.mark.django_db
def test_without_a_brand_its_values_are_empty():
    values = gather(ContactFactory())

    assert (values.entity, values.entity_website, values.response_time) == ("", "", "")


@pytest.mark.django_db
def test_a_website_that_is_no_web_address_is_none():
    brand = BusinessEntityFactory(website="javascript:alert(1)")

    assert gather(ContactFactory(), brand=brand).entity_website == ""


@pytest.mark.django_db
def test_types_and_source_come_from_the_contact():
    contact = ContactFactory(lead_source=LeadSourceFactory(name="Website"))
    contact.contact_types.set([ContactTypeFactory(name="Artist"), ContactTypeFactory(slug="media", name="Media")])

    values = gather(contact)

    assert (values.contact_type, values.lead_source) == ("Artist and Media", "Website")


@pytest.mark.django_db
def test_facts_of_the_event_outrank_the_contact():
    contact = ContactFactory(lead_source=LeadSourceFactory(name="Website"))

    values = gather(contact, facts={"contact_types": ["Artist"], "lead_source": "Event"})

    assert (values.contact_type, values.lead_source) == ("Artist", "Event")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stored", "told"),
    [("Bonn", "Bonn"), (3, 3), (True, True), (["a", "evil.com"], ["a"]), ({"a": 1}, {"a": 1}), (None, None)],
)
def test_custom_fields_keep_their_type(stored, told):
    assert gather(ContactFactory(custom={"field": stored})).custom == {"field": told}


@pytest.mark.django_db
def test_behaviour_counts_people_and_not_machines():
    contact = ContactFactory()
    message = message_to(contact)
    MessageEvent.objects.create(message=message, type="opened", at=NOW, label="human")
    MessageEvent.objects.create(message=message, type="opened", at=NOW, label="machine")
    MessageEvent.objects.create(message=message, type="clicked", at=NOW, label="human")

    values = gather(contact)

    assert (values.opens, values.clicks, values.score) == (1, 1, 4)


@pytest.mark.django_db
def test_behaviour_of_many_is_one_statement(monkeypatch):
    people = [ContactFactory() for _ in range(3)]
    MessageEvent.objects.create(message=message_to(people[0]), type="replied", at=NOW, label="human")
    HumanTouch.objects.create(contact=people[1], kind="called", at=NOW, colleague="Grace")

    asked, rows = [], context.prepared.rows
    monkeypatch.setattr(context.prepared, "rows", lambda sql, values: asked.append(sql) or rows(sql, values))

    context.prefetch_behaviour(people)
    told = [gather(one, names={"replies", "last_human_touch"}) for one in people]

    assert len(asked) == 1
    assert [(one.replies, one.last_human_touch, one.score) for one in told] == [
        (1, None, 10), (0, NOW.date(), 0), (0, None, 0),
    ]  # fmt: skip


@pytest.mark.django_db
def test_behaviour_of_others_does_not_count():
    MessageEvent.objects.create(message=message_to(ContactFactory()), type="opened", at=NOW, label="human")

    assert gather(ContactFactory()).opens == 0


@pytest.mark.django_db
def test_last_touch_is_the_day_where_the_contact_lives():
    contact = ContactFactory(timezone="Pacific/Auckland")
    message_to(contact, sent_at=dt.datetime(2026, 3, 2, 20, 0, tzinfo=dt.UTC))

    assert gather(contact).last_touch == dt.date(2026, 3, 3)


@pytest.mark.django_db
def test_an_unknown_time_zone_does_no_harm():
    contact = ContactFactory(timezone="Mars/Olympus")
    message_to(contact)

    assert gather(contact).last_touch == dt.date(2026, 3, 2)


@pytest.mark.django_db
def test_failed_messages_are_no_touch():
    contact = ContactFactory()
    message_to(contact, status="failed")

    assert gather(contact).last_touch is None


@pytest.mark.django_db
def test_only_what_is_asked_is_queried(django_assert_num_queries):
    contact = ContactFactory()

    with django_assert_num_queries(0):
        gather(contact, names={"first_name"})
