from __future__ import annotations

import email
import email.policy
import uuid

import pytest

from engagement.channels import mime
from engagement.channels.base import ChannelError, Envelope, Sender
from tests.factories import NOW

ACTION = uuid.UUID("12345678-1234-5678-1234-567812345678")
SENDER = Sender("The 7 Space", "hello@brand.example", "reply@brand.example")


def envelope(*, sender=SENDER, address="ada@example.org", **parts):
    said = {"subject": "Hello", "text": "Hello\n", "html": "<p>Hello</p>", **parts}
    return Envelope(identity=ACTION, sender=sender, address=address, parts=said, at=NOW)


def build(**given):
    return mime.build(envelope(**given))


def read(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def test_both_parts_and_all_headers_are_there():
    message = read(build())

    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["From"] == "The 7 Space <hello@brand.example>"
    assert message["To"] == "ada@example.org"
    assert message["Reply-To"] == "reply@brand.example"
    assert message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"


def test_message_id_is_the_action_at_the_senders_domain_on_every_try():
    assert read(build())["Message-ID"] == mime.message_id(envelope()) == f"<{ACTION}@brand.example>"


def test_without_html_it_is_plain_text():
    assert read(build(html="")).get_content_type() == "text/plain"


def test_without_reply_to_there_is_no_such_header():
    assert read(build(sender=Sender("x", "a@b.example")))["Reply-To"] is None


@pytest.mark.parametrize("text", ["Grüße, 李小龍 👩‍🎨", "x" * 3000, ".\n..\n.dot", "From here\nto there"])
def test_any_text_arrives_unchanged(text):
    message = read(build(text=text))

    assert message.get_body(("plain",)).get_content().rstrip("\n") == text


def test_the_wire_form_is_seven_bit_with_short_lines():
    content = build(text="ü" * 2000, subject="ü" * 100)

    assert content.isascii()
    assert max(len(line) for line in content.splitlines()) < 998


def test_a_name_in_any_script_is_readable_in_from():
    assert read(build(sender=Sender("Galerie Zoë 李", "a@b.example")))["From"] == "Galerie Zoë 李 <a@b.example>"


def test_an_international_domain_becomes_punycode():
    assert read(build(address="ada@bücher.example"))["To"] == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address", ["", "ada", "@example.org", "ada@", "a b@example.org", "zoë@example.org", "a\r\nb@example.org", "a@b..c"]
)
def test_an_address_no_server_takes_is_refused_for_good(address):
    with pytest.raises(ChannelError) as refused:
        build(address=address)

    assert refused.value.permanent
    assert not refused.value.channel_wide


def test_a_line_break_in_the_subject_is_refused_for_good():
    with pytest.raises(ChannelError) as refused:
        build(subject="Hello\nBcc: x@evil.example")

    assert refused.value.permanent
