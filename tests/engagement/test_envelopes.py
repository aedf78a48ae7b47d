from __future__ import annotations

import email
import email.policy
import uuid

import pytest

from contacts.models import BusinessEntity
from engagement import envelopes
from engagement.channels.base import ChannelError
from engagement.envelopes import Sender
from tests.factories import NOW

ACTION = uuid.UUID("12345678-1234-5678-1234-567812345678")
SENDER = Sender("The 7 Space", "hello@brand.example", "reply@brand.example")


def build(**parts):
    given = {"recipient": "ada@example.org", "subject": "Hello", "text": "Hello\n", "html": "<p>Hello</p>", **parts}
    return envelopes.build(identity=ACTION, sender=given.pop("sender", SENDER), now=NOW, **given)


def read(envelope):
    return email.message_from_bytes(envelope.content, policy=email.policy.default)


def test_both_parts_and_all_headers_are_there():
    message = read(build())

    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["From"] == "The 7 Space <hello@brand.example>"
    assert message["To"] == "ada@example.org"
    assert message["Reply-To"] == "reply@brand.example"
    assert message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"


def test_message_id_is_the_action_at_the_senders_domain_on_every_try():
    assert build().message_id == build().message_id == f"<{ACTION}@brand.example>"


def test_without_html_it_is_plain_text():
    assert read(build(html="")).get_content_type() == "text/plain"


def test_without_reply_to_there_is_no_such_header():
    assert read(build(sender=Sender("x", "a@b.example")))["Reply-To"] is None


@pytest.mark.parametrize("text", ["Grüße, 李小龍 👩‍🎨", "x" * 3000, ".\n..\n.dot", "From here\nto there"])
def test_any_text_arrives_unchanged(text):
    message = read(build(text=text))

    assert message.get_body(("plain",)).get_content().rstrip("\n") == text


def test_the_wire_form_is_seven_bit_with_short_lines():
    content = build(text="ü" * 2000, subject="ü" * 100).content

    assert content.isascii()
    assert max(len(line) for line in content.splitlines()) < 998


def test_a_name_in_any_script_is_readable_in_from():
    assert read(build(sender=Sender("Galerie Zoë 李", "a@b.example")))["From"] == "Galerie Zoë 李 <a@b.example>"


def test_an_international_domain_becomes_punycode():
    assert build(recipient="ada@bücher.example").recipient == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address", ["", "ada", "@example.org", "ada@", "a b@example.org", "zoë@example.org", "a\r\nb@example.org", "a@b..c"]
)
def test_an_address_no_server_takes_is_refused_for_good(address):
    with pytest.raises(ChannelError) as refused:
        build(recipient=address)

    assert refused.value.permanent
    assert not refused.value.channel_wide


def test_a_line_break_in_the_subject_is_refused_for_good():
    with pytest.raises(ChannelError) as refused:
        build(subject="Hello\nBcc: x@evil.example")

    assert refused.value.permanent


def test_the_brand_sends_in_its_own_name(settings):
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@x.example>"
    brand = BusinessEntity(
        name="The 7 Space", sender_name="Mia at The 7 Space", sender_email="mia@x.example", reply_to="team@x.example"
    )

    assert envelopes.sender_of(brand) == Sender("Mia at The 7 Space", "mia@x.example", "team@x.example")


def test_what_the_brand_leaves_open_comes_from_the_default(settings):
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@x.example>"

    assert envelopes.sender_of(BusinessEntity(name="The 7 Space")) == Sender("The 7 Space", "crm@x.example")
    assert envelopes.sender_of(None) == Sender("Contactflow", "crm@x.example")


def test_quotes_in_a_display_name_break_nothing():
    sender = envelopes.sender_of(BusinessEntity(name='The "7" Space\\', sender_email="a@b.example"))

    assert read(build(sender=sender))["From"].addresses[0].display_name == "The '7' Space"
