"""A test to oneself: the real channel, and no trace with the contact."""

from __future__ import annotations

import pytest

from contactflow.core.clock import database_now
from contacts import deletion
from contacts.models import Suppression
from engagement import previews, test_send
from engagement.models import ChannelState, Delivery, KeptTest, Message
from engagement.rendering import Words
from tests import factories as f
from tests.engagement.scripted_smtp import CUT, ScriptedServer

pytestmark = pytest.mark.django_db
WORDS = Words("Hello {{ first_name }}", "", "Good day, {{ first_name }}.", "basic")


def send(entity=None, recipient="staff@brand.example", contact=None):
    rendered = previews.preview(words=WORDS, business_entity=entity, contact=contact).sent
    return test_send.send(
        rendered=rendered, business_entity=entity, recipient=recipient, now=database_now(), contact=contact
    )


def test_test_arrives_marked_and_says_so(sink):
    outcome = send()

    (received,) = sink.received
    assert received.recipients == ["staff@brand.example"]
    assert received.message["Subject"] == "[Test] Hello Ada"
    assert outcome.kept is None
    assert outcome.said.startswith("Sent to staff@brand.example")


def test_brand_is_the_sender(sink):
    send(f.BusinessEntityFactory(sender_name="The Gallery", sender_email="hello@gallery.example"))

    assert sink.received[0].sender == "hello@gallery.example"


def test_nothing_is_recorded(sink):
    send()

    assert not Message.objects.exists()
    assert not Delivery.objects.exists()
    assert not ChannelState.objects.exists()


def test_without_a_mail_server_it_is_kept_and_says_so(settings):
    settings.EMAIL_URL = ""

    outcome = send()

    assert "No mail server is connected" in outcome.said
    assert outcome.kept.parts["subject"] == "[Test] Hello Ada"
    assert "Good day, Ada." in outcome.kept.parts["text"]
    assert not Message.objects.exists()


def test_what_is_kept_goes_with_the_person_it_shows_even_by_their_first_name(settings):
    settings.EMAIL_URL = ""
    shown, other = f.ContactFactory(first_name="Grace", last_name=""), f.ContactFactory()
    for contact in (shown, other):
        send(contact=contact)

    deletion.delete_contacts(contacts=[shown])

    assert [test.parts["about"] for test in KeptTest.objects.all()] == [str(other.pk)]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ({"RCPT": ["550 No such user"]}, "550 No such user"),
        ({"RCPT": ["450 Busy"]}, "Try again in a minute"),
        ({"MAIL": ["530 Log in first"]}, "mail server's trouble"),
        ({"BODY": [CUT]}, "Look into your mailbox"),
    ],
)
def test_refusal_is_told_in_words_and_blocks_nobody(settings, script, said):
    with ScriptedServer(**script) as server:
        settings.EMAIL_URL = server.url

        with pytest.raises(test_send.TestFailed, match=said):
            send()

    assert not Suppression.objects.exists()
    assert not ChannelState.objects.exists()


def test_unusable_address_is_refused(settings):
    settings.EMAIL_URL = ""

    with pytest.raises(test_send.TestFailed, match="not an email address"):
        send(recipient="nobody")
