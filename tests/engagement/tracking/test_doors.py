"""The picture and the redirect, as whoever comes sees them."""

from __future__ import annotations

import random
import uuid

import pytest
from django.db import connection

from contactflow.core import tokens
from contacts.models import BusinessEntity, Contact
from engagement.models import Message, MessageEvent
from engagement.tracking import doors
from engagement.tracking.links import CLICK, HIDDEN, OPEN
from tests.factories import BusinessEntityFactory, ContactFactory, ScheduledActionFactory
from workflows.models import WorkflowTemplate

pytestmark = pytest.mark.django_db
TARGETS = ["https://a.example/?b=1&c=2", "https://b.example/#place"]
UNKNOWN = uuid.UUID(int=7)


@pytest.fixture
def message():
    return Message.objects.create(contact=ContactFactory(), status="sent", links=TARGETS)


def click(message_id, index=0, *, purpose=CLICK):
    return f"/t/c/{tokens.make(purpose, message_id, uuid.UUID(int=index))}"


def pixel(message_id):
    return f"/t/o/{tokens.make(OPEN, message_id)}.gif"


@pytest.mark.parametrize("index", [0, 1])
def test_click_leads_to_the_stored_target(client, message, index):
    answer = client.get(click(message.pk, index))

    assert (answer.status_code, answer["Location"]) == (302, TARGETS[index])
    assert MessageEvent.objects.get().url == TARGETS[index]


def test_hidden_link_leads_where_the_first_one_does(client, message):
    assert client.get(click(message.pk, HIDDEN))["Location"] == TARGETS[0]
    assert MessageEvent.objects.get().detail["link"] == HIDDEN


def test_answers_are_not_kept_and_tell_the_target_nothing(client, message):
    for answer in (client.get(click(message.pk)), client.get(pixel(message.pk))):
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "no-referrer"
        assert not answer.cookies


def test_picture_comes_to_everybody_and_is_noted_of_what_was_sent(client, message):
    for address in (pixel(message.pk), pixel(UNKNOWN), "/t/o/nonsense.gif", "/t/o/"):
        answer = client.get(address)
        assert (answer.status_code, answer["Content-Type"], answer.content[:6]) == (200, "image/gif", b"GIF89a")

    assert [event.message for event in MessageEvent.objects.all()] == [message]


@pytest.mark.parametrize("address", [click(UNKNOWN), "/t/c/nonsense", "/t/c/", click(UNKNOWN, purpose=OPEN)])
def test_unknown_click_gets_a_page_that_says_nothing_of_anybody(client, address):
    answer = client.get(address)

    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert not MessageEvent.objects.exists()


def test_link_that_the_message_does_not_have_leads_nowhere(client, message):
    assert client.get(click(message.pk, len(TARGETS))).status_code == 404
    assert not MessageEvent.objects.exists()


def test_head_is_answered_like_get_and_noted_as_such(client, message):
    asked, got = client.head(click(message.pk)), client.get(click(message.pk))

    assert (asked.status_code, asked["Location"]) == (got.status_code, got["Location"])
    assert [event.detail.get("method") for event in MessageEvent.objects.order_by("id")] == ["HEAD", None]


def test_other_methods_are_refused(client, message):
    assert client.post(click(message.pk)).status_code == 405
    assert not MessageEvent.objects.exists()


def test_what_may_decide_who_it_was_is_kept(client, message):
    client.get(pixel(message.pk), headers={"User-Agent": "x" * 1000, "Sec-Purpose": "prefetch", "Accept": "*/*"})

    kept = MessageEvent.objects.get().detail
    assert kept == {"ip": "127.0.0.1", "agent": "x" * 512, "headers": {"Sec-Purpose": "prefetch"}}


@pytest.mark.parametrize(("proxies", "ip"), [(0, "127.0.0.1"), (1, "3.3.3.3"), (2, "2.2.2.2"), (9, "1.1.1.1")])
def test_address_is_told_by_trusted_proxies_alone(client, message, settings, proxies, ip):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}

    client.get(pixel(message.pk), headers={"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 3.3.3.3"})

    assert MessageEvent.objects.get().detail["ip"] == ip


def test_host_and_https_of_the_site_do_not_matter(client, message, settings):
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["crm.example"]

    assert client.get(click(message.pk), headers={"Host": "links.brand.example"}).status_code == 302


def test_a_hit_is_one_statement(client, message, django_assert_num_queries):
    with django_assert_num_queries(0):  # of Django's own; the one is prepared
        client.get(click(message.pk))


@pytest.mark.parametrize("switched_off", ["person", "brand", "workflow"])
def test_who_is_not_followed_any_more_is_led_and_not_noted(client, switched_off):
    action, brand = ScheduledActionFactory(), BusinessEntityFactory()
    about = {"contact": action.instance.contact, "business_entity": brand, "action": action.pk}
    message = Message.objects.create(**about, status="sent", links=TARGETS)
    rows = {
        "person": (Contact.objects.filter(pk=message.contact_id), ["is_tracked"]),
        "brand": (BusinessEntity.objects.filter(pk=brand.pk), ["tracks_opens", "tracks_clicks"]),
        "workflow": (WorkflowTemplate.objects.filter(pk=action.instance.template_id), ["is_tracked"]),
    }
    found, names = rows[switched_off]

    found.update(**dict.fromkeys(names, False))
    answers = client.get(click(message.pk)), client.get(pixel(message.pk))
    noted = MessageEvent.objects.count()
    found.update(**dict.fromkeys(names, True))
    client.get(click(message.pk))

    assert [(answer.status_code, answer.get("Location")) for answer in answers] == [(302, TARGETS[0]), (200, None)]
    assert (noted, MessageEvent.objects.count()) == (0, 1)


def test_who_asks_again_and_again_is_still_led_and_fills_no_table(client, message, monkeypatch):
    monkeypatch.setitem(doors._STATEMENTS, "clicked", doors._STATEMENTS["clicked"].replace("1000", "3"))

    answers = [client.get(click(message.pk)).status_code for _ in range(5)]

    assert answers == [302] * 5
    assert MessageEvent.objects.count() == 3


def test_a_database_that_went_away_spoils_no_picture(client, message, monkeypatch):
    def refuse(sql, values):
        raise doors.OperationalError("gone")

    monkeypatch.setattr(doors.prepared, "rows", refuse)
    monkeypatch.setattr(connection, "close", lambda: None)

    assert client.get(pixel(message.pk)).status_code == 200
    assert client.get(click(message.pk)).status_code == 503


EVIL = "https://evil.example/"
TRICKS = [
    f"?url={EVIL}", f"?next={EVIL}", f"?u={EVIL}&to={EVIL}", f"/{EVIL}", f"//{EVIL}", f"/..//{EVIL}", f";url={EVIL}",
    f"#{EVIL}", f"%2F..%2F{EVIL}", f"%0d%0aLocation:%20{EVIL}", f"\\{EVIL}", f"@{EVIL}", f"?%00{EVIL}",
    f"/%2e%2e/{EVIL}",
]  # fmt: skip


def tricks(message):
    """A thousand addresses, made of right ones: with something behind, changed, cut, swapped, and of other purposes."""
    chance = random.Random(11)
    right = [click(message.pk, index) for index in (0, 1, HIDDEN)]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for number in range(1000):
        address = chance.choice(right)
        kind = number % 5
        if kind == 0:
            yield address + chance.choice(TRICKS)
        elif kind == 1:
            place = chance.randrange(5, len(address))
            yield address[:place] + chance.choice(letters) + address[place + 1 :]
        elif kind == 2:
            yield address[: chance.randrange(5, len(address))] + chance.choice(["", "=", "==", EVIL])
        elif kind == 3:
            yield click(uuid.UUID(int=chance.getrandbits(128)), chance.randrange(3))
        else:
            yield click(
                message.pk, chance.choice([2, 3, 65535, HIDDEN - 1, 2**127]), purpose=chance.choice([CLICK, OPEN])
            )


def test_of_a_thousand_tricks_none_leads_elsewhere(client, message):
    led = {
        answer.get("Location")
        for trick in tricks(message)
        if (answer := client.get(trick, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}))
    }

    assert led <= {None, *TARGETS}
