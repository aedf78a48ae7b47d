"""The list of people: columns, filters, and what is done to several at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.contrib.messages import get_messages

from contactflow.core import clock
from contactflow.core.admin import bulk
from contacts.models import Contact, ContactEvent
from engagement.models import Message
from tests import factories as f
from workflows import publishing
from workflows.models import WorkflowInstance

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def statuses():
    f.ContactStatusFactory(slug="active_lead")
    f.ContactStatusFactory(slug="do_not_contact")


def named(*names, **values):
    return [f.ContactFactory(email=f"{name}@example.org", first_name=name.title(), **values) for name in names]


def shown(desk, address, **query):
    return {one.first_name for one in desk.get(address.list(Contact), query).context["cl"].result_list}


def choose(desk, address, people, action, **answers):
    return desk.post(
        address.list(Contact), {"action": action, "_selected_action": [str(one.pk) for one in people], **answers}
    )


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def published(**values):
    version = f.WorkflowVersionFactory(template__name="VIP care", **values)
    f.StepFactory(version=version)
    publishing.publish(version=version, by=None, now=f.NOW)
    version.template.refresh_from_db()
    return version.template


def test_list_tells_company_owner_and_what_runs(desk, address, boss):
    (ada,) = named("ada", company="Engines", owner=boss)
    instance = f.WorkflowInstanceFactory(contact=ada, status="paused", paused_at=f.NOW)

    html = desk.get(address.list(Contact)).content.decode()

    assert "ada@example.org, Engines" in html
    assert "boss" in html
    assert f"{instance.template} (on hold)" in html


def test_list_can_be_narrowed_to_people_for_whom_something_runs(desk, address):
    ada, _ = named("ada", "grace")
    f.WorkflowInstanceFactory(contact=ada)

    assert shown(desk, address, runs="yes") == {"Ada"}
    assert shown(desk, address, runs="no") == {"Grace"}


def test_list_can_be_narrowed_to_people_nobody_wrote_to(desk, address):
    ada, grace = named("ada", "grace")
    for one, status, sent in ((ada, "sent", f.NOW), (grace, "held", None)):
        Message.objects.create(
            contact=one, recipient=one.email, subject="", text="", html="", status=status, sent_at=sent
        )

    assert shown(desk, address, unwritten="7") == {"Grace"}


def test_who_arrived_long_ago_is_not_among_those_nobody_wrote_to_lately(desk, address):
    (ada,) = named("ada")
    Contact.objects.filter(pk=ada.pk).update(created_at=clock.database_now() - dt.timedelta(days=40))

    assert shown(desk, address, unwritten="30") == set()
    assert shown(desk, address, unwritten="90") == {"Ada"}


def test_list_can_be_narrowed_by_owner(desk, address, boss):
    named("ada", owner=boss)
    named("grace")

    assert shown(desk, address, owner__id__exact=boss.pk) == {"Ada"}


def test_bulk_action_asks_before_it_acts(desk, address, boss):
    people = named("ada", "grace")

    response = choose(desk, address, people, "assign_owner_to_all")

    assert "2 people chosen" in response.content.decode()
    assert not Contact.objects.filter(owner__isnull=False).exists()


def test_owner_is_assigned_to_all(desk, address, boss):
    people = named("ada", "grace")

    choose(desk, address, people, "assign_owner_to_all", answered="yes", confirmed="yes", owner=boss.pk)

    assert Contact.objects.filter(owner=boss).count() == 2


def test_replacing_owners_is_said_first(desk, address, boss):
    people = named("ada", owner=boss) + named("grace")

    response = choose(desk, address, people, "assign_owner_to_all")

    assert "1 person of them have an owner now" in response.content.decode()


def test_tag_is_added_to_all_and_starts_what_asks_for_it(desk, address):
    people = named("ada", "grace")
    published(tags=["VIP"])

    response = choose(desk, address, people, "add_tag_to_all", answered="yes", confirmed="yes", tag="VIP")

    assert {tuple(one.tags) for one in Contact.objects.all()} == {("VIP",)}
    assert said(response) == ["2 people got the tag. It started 2 workflows."]


def test_tag_is_asked_for(desk, address):
    response = choose(desk, address, named("ada"), "add_tag_to_all", answered="yes", confirmed="yes", tag="")

    assert response.status_code == 200
    assert not ContactEvent.objects.exists()


def test_ban_for_all_says_how_many_and_acts(desk, address):
    people = named("ada", "grace")
    f.WorkflowInstanceFactory(contact=people[0])

    asked = choose(desk, address, people, "do_not_contact_all").content.decode()
    choose(
        desk,
        address,
        people,
        "do_not_contact_all",
        answered="yes",
        confirmed="yes",
        reason="List was bought",
        stop="on",
    )

    assert "1 workflow running for them at present." in asked
    assert set(Contact.objects.values_list("status__slug", flat=True)) == {"do_not_contact"}
    assert WorkflowInstance.objects.get().status == "cancelled"


def test_start_for_several_says_for_whom_and_why_not(desk, address):
    people = named("ada", tags=["VIP"]) + named("grace")
    template = published(tags=["VIP"])

    asked = choose(desk, address, people, "start_for_all", answered="yes", workflow=template.pk)

    assert "It would start for 1 person." in asked.content.decode()
    assert "Not for 1 person: needs the tag VIP." in asked.content.decode()
    assert not WorkflowInstance.objects.exists()


def test_start_for_several_starts_only_where_the_conditions_hold(desk, address):
    people = named("ada", tags=["VIP"]) + named("grace")
    template = published(tags=["VIP"])

    response = choose(desk, address, people, "start_for_all", answered="yes", confirmed="yes", workflow=template.pk)

    assert WorkflowInstance.objects.get().contact.first_name == "Ada"
    assert said(response) == ["VIP care runs for 1 person now."]


def test_more_than_the_bound_is_refused_in_clear_words(desk, address, monkeypatch):
    ask = bulk.ask
    monkeypatch.setattr(
        bulk, "ask", lambda page, request, rows, what: ask(page, request, rows, replace(what, at_once=1))
    )

    response = choose(desk, address, named("ada", "grace"), "do_not_contact_all")

    assert said(response) == ["That is more than 1 people at once. Narrow the list by search or filters."]


@pytest.mark.parametrize("action", ["assign_owner_to_all", "add_tag_to_all", "start_for_all", "do_not_contact_all"])
def test_reader_is_offered_no_bulk_action(reading_room, address, action):
    people = named("ada")

    html = reading_room.get(address.list(Contact)).content.decode()
    choose(reading_room, address, people, action, answered="yes", confirmed="yes", tag="VIP", reason="x", owner="")

    assert action not in html
    assert not ContactEvent.objects.exists()
