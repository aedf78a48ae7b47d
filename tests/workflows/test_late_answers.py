"""Unclear steps are settled by what is told of their message; refusals at the hand-over are bounces too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from contactflow.core.clock import database_now
from contacts import consent
from engagement import bounces, inbound, message_consequences, message_events
from engagement.channels import registry
from engagement.message_events import Fact
from engagement.models import Message, MessageEvent
from tests.factories import EngagementTemplateFactory, ScheduledActionFactory
from tests.smtp import Sink
from tests.workflows import world
from workflows import late_answers
from workflows.models import ScheduledAction

pytestmark = pytest.mark.django_db
Type = MessageEvent.Type


@pytest.fixture
def smtp(settings: Any) -> Iterator[Sink]:
    with Sink() as sink:
        settings.EMAIL_URL = sink.url
        yield sink
        registry.release_all()


def sent() -> ScheduledAction:
    template = EngagementTemplateFactory()
    action = ScheduledActionFactory(
        step__action_type="send_email",
        step__template=template,
        step__target=None,
        instance__contact__first_name="Ada",
    )
    world.run_due()
    action.refresh_from_db()
    return action


def learn(action: ScheduledAction, kind: str, **detail: Any) -> None:
    message = Message.objects.get(action=action.pk)
    message_events.record(
        [Fact(message_id=message.pk, type=kind, at=database_now(), key=f"{kind}:{action.pk}", detail=detail)]
    )
    message_consequences.run_pump_step(time.monotonic() + 60)
    late_answers.run_pump_step(time.monotonic() + 60)
    action.refresh_from_db()


@pytest.mark.parametrize("kind", [Type.DELIVERED, Type.OPENED, Type.BOUNCED])
def test_what_proves_that_a_message_left_settles_its_step(smtp: Sink, kind: str) -> None:
    smtp.cut_after_body = True
    action = sent()
    unclear = action.status

    learn(action, kind, via="mailgun")

    assert (unclear, action.status) == ("ambiguous", "done")
    assert Message.objects.get(action=action.pk).status == Message.Status.SENT
    action.instance.refresh_from_db()
    assert action.instance.status == "completed"


def test_a_step_whose_message_the_provider_rejected_failed(smtp: Sink) -> None:
    smtp.cut_after_body = True
    action = sent()

    learn(action, Type.FAILED, said="suppressed")

    assert (action.status, action.cause) == ("failed", "provider_rejected")


def test_nothing_is_settled_without_a_proof(smtp: Sink) -> None:
    smtp.cut_after_body = True
    action = sent()

    assert late_answers.run_pump_step(time.monotonic() + 60) == 0
    assert action.status == "ambiguous"


@pytest.mark.parametrize(
    ("refusal", "is_given_up"),
    [
        ({"refuse_rcpt": "550 5.1.1 No such user"}, True),
        ({"refuse_rcpt": "550 No such user"}, False),  # at the second
        ({"refuse_rcpt": "552 5.2.2 Mailbox full"}, False),
        ({"refuse_data": "550 Unknown user"}, False),  # the server knew the recipient
        ({"refuse_data": "554 5.7.1 Rejected as spam"}, False),  # our fault
        ({"refuse_mail": "550 5.1.1 No such user here"}, False),  # that is the sender
    ],
)
def test_what_a_server_refuses_at_the_hand_over_is_a_bounce(
    smtp: Sink, refusal: dict[str, str], is_given_up: bool
) -> None:
    for name, answer in refusal.items():
        setattr(smtp, name, answer)
    action = sent()

    message_consequences.run_pump_step(time.monotonic() + 60)

    stop = consent.suppression_of(email=action.instance.contact.email)
    assert (stop is not None) is is_given_up
    assert MessageEvent.objects.filter(message__action=action.pk, type=Type.BOUNCED).count() == 1


def test_a_refusal_for_now_is_no_bounce_yet(smtp: Sink) -> None:
    smtp.refuse_rcpt = "450 4.2.2 Mailbox full"

    action = sent()

    assert action.status == "pending"
    assert not MessageEvent.objects.filter(type=Type.BOUNCED).exists()


def report_about(message: Message, recipient: str, message_id: str) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered Mail Returned to Sender\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\nTo: {recipient}\n\n--b--\n"
    ).encode()


def taken(action: ScheduledAction, recipient: str = "", message_id: str = "") -> bounces.Taken:
    message = Message.objects.get(action=action.pk)
    raw = report_about(message, recipient or message.recipient, message_id or message.message_id)
    found = bounces.take_in(raw, now=database_now(), returns_signed=lambda message: False)
    message_consequences.run_pump_step(time.monotonic() + 60)
    return found


def test_a_report_finds_its_message_and_gives_up_the_address(smtp: Sink) -> None:
    action = sent()

    found = taken(action)

    assert found.message is not None
    assert consent.suppression_of(email=action.instance.contact.email) is not None


def test_a_report_that_names_no_message_of_ours_waits_for_somebody(smtp: Sink) -> None:
    action = sent()

    found = taken(action, message_id="<somebody.elses@example.net>")

    assert (len(found.reports), found.message) == (1, None)
    assert consent.suppression_of(email=action.instance.contact.email) is None


def test_a_report_about_whom_they_forward_to_is_not_clear_yet(smtp: Sink) -> None:
    action = sent()

    taken(action, recipient="forwarded@elsewhere.example")

    assert consent.suppression_of(email=action.instance.contact.email) is None


def test_the_same_report_twice_is_one(smtp: Sink) -> None:
    action = sent()

    taken(action)
    taken(action)

    assert MessageEvent.objects.filter(type=Type.BOUNCED).count() == 1


@pytest.mark.parametrize(("domain", "is_signed"), [("brand.example", True), ("elsewhere.example", False)])
def test_a_report_comes_back_to_an_address_that_proves_the_message(
    smtp: Sink, settings: Any, domain: str, is_signed: bool
) -> None:
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@brand.example>"
    settings.INBOX_URLS = {"": f"imaps://hello%40{domain}:secret@mail.example:993/INBOX"}
    settings.INBOX_PLUS_ADDRESSING = True

    sent()

    assert smtp.received[0].sender.startswith("hello+") is is_signed


def test_a_report_without_a_message_id_is_known_by_where_it_came_to(smtp: Sink, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@brand.example>"
    settings.INBOX_URLS = {"": "imaps://hello%40brand.example:secret@mail.example:993/INBOX"}
    settings.INBOX_PLUS_ADDRESSING = True
    action = sent()
    address = action.instance.contact.email
    report = report_about(Message.objects.get(action=action.pk), address, "")

    inbound.take_in(f"To: {smtp.received[0].sender}\n".encode() + report, via="imap", key="1", now=database_now())
    message_consequences.run_pump_step(time.monotonic() + 60)

    assert consent.suppression_of(email=address) is not None
