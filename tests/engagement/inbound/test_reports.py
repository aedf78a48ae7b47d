"""Whoever knows a message's id, as everybody it was forwarded to, can write a report about it: it proves little."""

from __future__ import annotations

import pytest

from engagement.inbound import reply_addresses
from engagement.models import Message, MessageEvent, Reply
from tests import factories as f
from tests.engagement.inbound.letters import OURS, mail, sent, take

pytestmark = pytest.mark.django_db
PROVIDER_ID = "0100018f5d3c2b1a-aaaa-bbbb-000000"


@pytest.fixture
def message() -> Message:
    return sent(f.ContactFactory(email="ada@example.org"), provider_id=PROVIDER_ID)


def report(kind: str, fields: str, *, to: str = "hello@the7space.example", of: str = OURS) -> bytes:
    return mail(
        f"--x\r\nContent-Type: text/plain\r\n\r\nIt says.\r\n--x\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n"
        f"--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {of}\r\n--x--",
        sender="mailer-daemon@mx.evil.example",
        to=to,
        Content_Type=f'multipart/report; report-type="{kind}"; boundary=x',
    )


def complaint(recipient: str = "", **about: str) -> bytes:
    named = f"Original-Rcpt-To: {recipient}\r\n" if recipient else ""
    return report("feedback-report", f"Feedback-Type: abuse\r\nVersion: 1\r\n{named}", **about)


def status(recipient: str = "ada@example.org", action: str = "failed", code: str = "5.1.1", **about: str) -> bytes:
    fields = f"Reporting-MTA: dns; mx.evil.example\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\n"
    return report("delivery-status", f"{fields}Action: {action}\r\nStatus: {code}\r\n", **about)


def signed(message: Message) -> str:
    """The address that this message now goes out with."""
    address = f"hello+{reply_addresses.tokens.make_local('reply', message.pk)}@the7space.example"
    about = {"reply_to": address, "sender": "The 7 Space <hello@the7space.example>", "transport": "smtp"}
    Message.objects.filter(pk=message.pk).update(**about)
    return address


def types() -> list[str]:
    return list(MessageEvent.objects.values_list("type", flat=True))


@pytest.mark.parametrize("raw", [complaint(), complaint("eve@evil.example"), status("eve@evil.example")])
def test_a_report_that_does_not_name_whom_it_went_to_is_checked(message, raw):
    reply = take(raw).reply

    assert (reply.state, types()) == ("quarantined", [])


def test_a_report_that_names_them_is_believed(message):
    take(complaint("ada@example.org"), key="1")
    take(status(), key="2")

    assert sorted(types()) == ["bounced", "complained"]


def test_a_bounce_of_what_has_an_address_for_bounces_is_believed_there_alone(message):
    address = signed(message)

    elsewhere = take(status(), key="1").reply
    assert (elsewhere.state, types()) == ("quarantined", [])

    take(status(to=address), key="2")
    assert types() == ["bounced"]


def test_a_complaint_comes_wherever_the_programme_sends_it(message):
    signed(message)

    take(complaint("ada@example.org"))

    assert types() == ["complained"]


def test_what_is_only_said_to_be_delivered_settles_nothing(message):
    take(status(action="delivered", code="2.0.0"), key="1")
    assert types() == []

    take(status(action="delivered", code="2.0.0", to=signed(message)), key="2")
    assert types() == ["delivered"]


def test_what_a_provider_calls_a_message_is_known_to_the_provider_alone(message):
    forged = take(status(of=f"<{PROVIDER_ID}>"), key="1").reply
    assert (forged.state, types()) == ("quarantined", [])

    told = (
        f'{{"notificationType":"Complaint","mail":{{"messageId":"{PROVIDER_ID}"}},'
        '"complaint":{"complainedRecipients":[{"emailAddress":"ada@example.org"}]}}'
    )
    take(mail(told, sender="no-reply@sns.example"), key="2")
    assert types() == ["complained"]
    assert Reply.objects.filter(kind="complaint", state="done").exists()
