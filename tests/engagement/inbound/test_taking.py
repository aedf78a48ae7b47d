"""What comes in by mail is here once, belongs to whom it should, and has the consequences of what it is."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from contacts import consent, deletion
from contacts.models import Consent, ContactEvent
from engagement import inbox, message_consequences
from engagement.inbound import Outcome, accept, reply_addresses, taking
from engagement.models import Alert, Delivery, MessageEvent, Reply, ResponseClock
from tests import factories as f
from tests.engagement.inbound.letters import NOW, OURS, brand, mail, sent, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return f.ContactFactory(email="ada@example.org", first_name="Ada", last_name="Lovelace")


def test_an_answer_is_matched_by_the_message_it_names(ada):
    message = sent(ada)

    reply = take(mail(In_Reply_To=OURS)).reply

    assert (reply.contact, reply.message, reply.business_entity) == (ada, message, message.business_entity)
    assert (reply.kind, reply.state, reply.matched_by) == ("human", "new", "in_reply_to")


def test_a_reply_leaves_a_human_fact_an_event_and_an_alert(ada):
    message, team = sent(ada), f.TargetFactory(business_entity=brand())

    reply = take(mail(In_Reply_To=OURS)).reply

    fact = MessageEvent.objects.get(message=message)
    event = ContactEvent.objects.get(contact=ada, kind="replied")
    assert (fact.type, fact.label) == ("replied", "human")
    assert (event.kind, event.processed_at) == ("replied", None)
    assert event.payload["metadata"]["message"] == str(message.pk)
    assert ContactEvent.objects.get(contact=ada, kind="engagement_detected").payload["metadata"]["what"] == "replied"
    assert (Alert.objects.get().target, reply.target) == (team, team)


def test_the_person_was_last_heard_of_now(ada):
    sent(ada)

    take(mail(In_Reply_To=OURS))

    ada.refresh_from_db()
    assert ada.last_interaction_at == NOW


def test_an_owner_gets_it_and_the_alert_alone(ada):
    sent(ada)
    ada.owner = f.UserFactory(email="grace@staff.example")
    ada.save()
    f.TargetFactory(business_entity=brand(), extra_emails=["all@staff.example"])

    reply = take(mail(In_Reply_To=OURS)).reply

    assert (reply.assignee, reply.state) == (ada.owner, "assigned")
    assert [one.address for one in Delivery.objects.all()] == ["grace@staff.example"]


def test_who_wrote_waits_for_an_answer(ada):
    sent(ada)

    reply = take(mail(In_Reply_To=OURS)).reply

    clock = ResponseClock.objects.get()
    assert (clock.reason, clock.reference, clock.started_at, clock.business_entity) == (
        "replied", reply.pk, NOW, reply.business_entity,
    )  # fmt: skip


def test_who_only_wants_out_and_machines_wait_for_none(ada):
    sent(ada)
    take(mail("stop", In_Reply_To=OURS), key="1")
    take(mail(In_Reply_To=OURS, Auto_Submitted="auto-replied"), key="2")

    assert not ResponseClock.objects.exists()


def test_the_same_delivery_and_the_same_bytes_are_one_message(ada):
    sent(ada)
    take(mail(In_Reply_To=OURS), key="1")

    assert take(mail("other words"), key="1").outcome == Outcome.KNOWN
    assert take(mail(In_Reply_To=OURS), key="2").outcome == Outcome.KNOWN
    assert (Reply.objects.count(), MessageEvent.objects.count()) == (1, 1)


def test_two_messages_with_one_message_id_are_two(ada):
    """freescout#5591, #311: programs use an id again, or none."""
    for number, words in enumerate(["one", "two"]):
        take(mail(words), key=str(number))
    for number, identity in enumerate(["<>", "", "<[broken]@>"]):
        take(mail(f"empty {number}", Message_ID=identity), key=f"e{number}")

    assert Reply.objects.count() == 5


def test_references_are_read_newest_first(ada):
    """chatwoot#10028, odoo#280971: In-Reply-To is missing or somebody else's."""
    sent(ada, message_id="<older-message-of-ours@the7space.example>")
    newest = sent(ada)
    chain = f"<older-message-of-ours@the7space.example> {OURS} <their-own@mail.example.org>"

    reply = take(mail(In_Reply_To="<their-own@mail.example.org>", References=chain)).reply

    assert (reply.message, reply.matched_by) == (newest, "references")


def test_several_ids_in_one_header_are_all_looked_at(ada):
    """discourse#29912."""
    message = sent(ada)

    reply = take(mail(In_Reply_To=f"<somebody@else.example>\r\n {OURS}")).reply

    assert reply.message == message


def test_an_id_that_a_server_named_without_its_domain_is_found(ada):
    message = sent(ada, message_id="0100018f5d3c2b1a-aaaa-bbbb-000000")

    reply = take(mail(In_Reply_To="<0100018f5d3c2b1a-aaaa-bbbb-000000@eu-west-1.amazonses.com>")).reply

    assert reply.message == message


def test_who_only_knows_the_id_is_quarantined(ada):
    """FreeScout GHSA-6r38-6mcf-2ww3: ids stand in every forwarded mail."""
    sent(ada)

    reply = take(mail(sender="eve@evil.example", In_Reply_To=OURS)).reply

    assert (reply.state, reply.contact) == ("quarantined", None)
    assert not ContactEvent.objects.exists()
    assert not MessageEvent.objects.exists()


def test_another_contact_who_knows_the_id_is_quarantined(ada):
    sent(ada)
    eve = f.ContactFactory(email="eve@evil.example")

    reply = take(mail(sender="eve@evil.example", In_Reply_To=OURS)).reply

    assert (reply.state, reply.contact) == ("quarantined", eve)
    assert not ContactEvent.objects.exists()


def test_who_was_accepted_once_takes_part_from_then_on(ada):
    sent(ada)
    first = take(mail("one", sender="ada@office.example", In_Reply_To=OURS), key="1").reply
    accept(reply=first, contact=ada, by="grace", now=NOW)

    second = take(mail("two", sender="ada@office.example", In_Reply_To=OURS), key="2").reply

    assert (second.state, second.contact) == ("new", ada)
    assert ContactEvent.objects.filter(kind="replied").count() == 2


def signed_address(message):
    return f"hello+{reply_addresses.tokens.make_local('reply', message.pk)}@the7space.example"


def test_a_signed_reply_address_says_which_message_it_answers(ada):
    message = sent(ada)

    reply = take(mail(to=signed_address(message).upper())).reply

    assert (reply.contact, reply.message, reply.matched_by) == (ada, message, "reply_address")
    assert reply.state == "new"
    assert MessageEvent.objects.filter(message=message, type="replied").exists()


def test_a_stranger_at_a_signed_reply_address_is_checked_first(ada):
    """It stands in every mail that was forwarded."""
    message = sent(ada)

    for number, words in enumerate(["stop", "I am on leave until 24.12.2026."]):
        automatic = {"Auto_Submitted": "auto-replied"} if number else {}
        take(mail(words, sender="eve@evil.example", to=signed_address(message), **automatic), key=str(number))

    assert set(Reply.objects.values_list("kind", "state", "contact", "message")) == {
        ("human", "quarantined", ada.pk, message.pk), ("out_of_office", "done", ada.pk, message.pk),
    }  # fmt: skip
    assert not ContactEvent.objects.exists()
    assert consent.may_contact(contact=ada, business_entity=message.business_entity).allowed


def test_who_was_set_aside_takes_part_no_more_than_before(ada):
    message = sent(ada)
    first = take(mail("one", sender="eve@evil.example", to=signed_address(message)), key="1").reply
    inbox.settle(reply=first, by="grace", now=NOW)

    second = take(mail("stop", sender="eve@evil.example", In_Reply_To=OURS), key="2").reply

    assert second.state == "quarantined"
    assert not Consent.objects.exists()


def test_whose_report_it_is_says_no_colleague_that_they_replied(ada):
    reply = take(report(ada.email, "<unknown@elsewhere.example>")).reply

    accept(reply=reply, contact=ada, by="grace", now=NOW)

    assert Reply.objects.get().state == "done"
    assert not ContactEvent.objects.exists()


FORGED = {"subject": "Hello", "Message_ID": ""}
PASSED = "mx.office.example; spf=pass smtp.mailfrom=ada@example.org; dmarc=pass (p=none) header.from=example.org"


@pytest.mark.parametrize("words", ["stop", "I should like to see it."])
def test_a_sender_alone_stops_and_withdraws_nothing(ada, words):
    f.TargetFactory(business_entity=brand())

    reply = take(mail(words, **FORGED)).reply

    assert (reply.state, reply.contact) == ("new", ada)
    assert not ContactEvent.objects.exists()
    assert not Consent.objects.exists()
    assert (Alert.objects.count(), ResponseClock.objects.count()) == (1, 1)


def test_of_many_in_one_name_an_hour_one_alert_tells(ada):
    f.TargetFactory(business_entity=brand())

    for number in range(5):
        take(mail(f"{number}", **FORGED), key=str(number))

    assert (Reply.objects.filter(state="new").count(), Alert.objects.count()) == (5, 1)


def test_an_absence_in_somebodys_name_pauses_nothing(ada):
    brand()

    reply = take(mail("I am on leave until 24.11.2027.", Auto_Submitted="auto-replied", **FORGED)).reply

    assert (reply.kind, reply.state) == ("out_of_office", "done")
    assert not ContactEvent.objects.exists()


@pytest.mark.parametrize(
    ("said", "is_proven"),
    [
        (PASSED, True),
        ("mx.office.example; dkim=pass header.d=example.org", True),
        ("MX.office.example 1; spf=pass (x) smtp.mailfrom=bounces@Example.org", True),
        (PASSED.replace("mx.office.example", "mx.evil.example"), False),
        (f"mx.office.example; none\r\nAuthentication-Results: {PASSED}", False),
        ("mx.office.example; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=eve@evil.example", False),
        ("mx.office.example; dmarc=fail header.from=example.org", False),
        ('mx.office.example; spf=pass smtp.mailfrom="; dmarc=pass header.from=example.org"@evil.example', False),
        ("mx.office.example; spf=fail (no; dmarc=pass header.from=example.org)", False),
        ("mx.office.example; spf=fail (a (b) ; dmarc=pass header.from=example.org)", False),
    ],
)
def test_what_our_own_server_found_proves_the_sender(ada, settings, said, is_proven):
    brand()
    settings.INBOX_AUTHSERV_ID = "mx.office.example"

    take(mail("stop", Authentication_Results=said, **FORGED))

    assert ContactEvent.objects.filter(kind="replied").exists() is is_proven
    assert Consent.objects.exists() is is_proven


def test_without_its_name_no_server_is_believed(ada):
    take(mail("stop", Authentication_Results=PASSED, **FORGED))

    assert not Consent.objects.exists()


def test_a_forged_reply_address_proves_nothing(ada):
    message = sent(ada)
    token = reply_addresses.tokens.make_local("bounce", message.pk)

    reply = take(mail(sender="eve@evil.example", to=f"hello+{token}@the7space.example")).reply

    assert (reply.state, reply.message) == ("quarantined", None)


def test_the_subject_only_suggests_the_message(ada):
    message = sent(ada)

    reply = take(mail(subject="AW: Your portfolio")).reply

    assert (reply.contact, reply.message, reply.matched_by) == (ada, message, "sender")
    assert not MessageEvent.objects.exists()


def test_a_former_address_is_theirs(ada):
    sent(ada)
    ada.former_addresses.create(email="countess@example.org")

    assert take(mail(sender="countess@example.org", In_Reply_To=OURS)).reply.contact == ada


def test_our_own_copy_is_dropped(ada):
    """warmbly#549."""
    sent(ada)

    taken = take(mail(sender="hello@the7space.example", Message_ID=OURS))

    assert (taken.outcome, Reply.objects.count()) == (Outcome.OURS, 0)


def test_what_we_write_to_ourselves_goes_round_no_second_time(ada, settings):
    """freescout#3670: a loop of 11."""
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@brand.example>"

    assert take(mail(sender="crm+anything@brand.example")).outcome == Outcome.OURS


def test_a_form_that_writes_in_our_name_is_the_visitors(ada):
    brand()

    reply = take(mail(sender="hello@the7space.example", Reply_To="ada@example.org")).reply

    assert (reply.contact, reply.sender) == (ada, "ada@example.org")


def test_only_stop_withdraws_at_once(ada):
    sent(ada)

    words = "STOP!\n\nOn 28 Nov 2026 at 10:00, The 7 Space <h@x.example> wrote:\n> Hello"

    reply = take(mail(words, In_Reply_To=OURS)).reply

    assert reply.wants_out
    assert set(MessageEvent.objects.values_list("type", flat=True)) == {"replied", "unsubscribed"}
    assert not consent.may_contact(contact=ada, business_entity=reply.business_entity).allowed


def test_a_wish_to_stop_without_an_email_it_answers_is_told_to_workflows(ada, settings):
    brand()
    settings.INBOX_AUTHSERV_ID = "mx.office.example"

    take(mail("unsubscribe", subject="Hello", Authentication_Results=PASSED))

    assert set(ContactEvent.objects.values_list("kind", flat=True)) == {"replied", "unsubscribed"}


def test_stop_within_a_sentence_or_in_the_quoted_part_does_not(ada):
    sent(ada)

    said = take(mail("I cannot stop thinking of it.", In_Reply_To=OURS), key="1").reply
    quoted = take(mail("Thanks\n\n> unsubscribe", In_Reply_To=OURS), key="2").reply

    assert (said.wants_out, quoted.wants_out) == (False, False)
    assert consent.may_contact(contact=ada).allowed


def test_nothing_that_machines_answer_is_a_reply(ada):
    message = sent(ada)

    reply = take(mail("I am on leave.", In_Reply_To=OURS, Auto_Submitted="auto-replied")).reply

    assert (reply.kind, reply.state, reply.message) == ("out_of_office", "done", message)
    assert not MessageEvent.objects.exists()
    assert not Alert.objects.exists()
    assert [one.kind for one in ContactEvent.objects.all()] == ["out_of_office"]


def test_an_absence_says_until_when_marketing_waits(ada):
    sent(ada)

    take(mail("Ich bin bis 11.12.2026 im Urlaub.", In_Reply_To=OURS, Auto_Submitted="auto-replied"))

    told = ContactEvent.objects.get().payload["metadata"]
    assert (told["returns_on"], told["until"][:10]) == ("2026-12-11", "2026-12-14")  # a Friday, the Monday after


def test_an_absence_without_a_date_is_three_days(ada):
    sent(ada)

    take(mail("I am out of the office.", In_Reply_To=OURS, Auto_Submitted="auto-replied"))

    assert ContactEvent.objects.get().payload["metadata"]["until"][:10] == "2026-12-03"


def test_what_cannot_be_read_is_kept_raw(ada):
    deep = b"From: a@b.example\r\n"
    for number in range(2000):
        deep += b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (number, number)

    taken = take(deep)

    assert taken.outcome in (Outcome.UNREADABLE, Outcome.STORED)
    assert bytes(Reply.objects.get().raw) == deep


def test_a_stranger_is_kept_to_be_looked_at(db):
    reply = take(mail("Do you have a room?", sender="new@person.example")).reply

    assert (reply.state, reply.contact, reply.kind) == ("quarantined", None, "human")
    assert not Alert.objects.exists()


def test_what_somebody_wrote_before_we_knew_them_is_erased_with_them(db):
    take(mail(sender="new@person.example"))
    person = f.ContactFactory(email="new@person.example")

    deletion.delete_contacts(contacts=[person])

    assert not Reply.objects.exists()


def report(recipient: str, of: str, status: str = "5.1.1") -> bytes:
    return mail(
        f"--x\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n--x\r\n"
        f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} user unknown\r\n--x\r\n"
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {of}\r\n--x--",
        sender="mailer-daemon@mx.example.org",
        Content_Type='multipart/report; report-type="delivery-status"; boundary=x',
    )


def test_a_delivery_report_is_a_fact_about_the_message_and_no_reply(ada):
    message = sent(ada)

    reply = take(report(ada.email, OURS)).reply

    assert (reply.kind, reply.state, reply.message, reply.contact) == ("bounce", "done", message, ada)
    assert [one.type for one in MessageEvent.objects.all()] == ["bounced"]
    assert not ContactEvent.objects.filter(kind="replied").exists()


def test_a_report_about_no_message_of_ours_is_looked_at_by_somebody(ada):
    reply = take(report(ada.email, "<unknown@elsewhere.example>")).reply

    assert (reply.kind, reply.state) == ("bounce", "quarantined")
    assert not MessageEvent.objects.exists()


def test_what_could_not_be_read_is_erased_with_whom_it_names(db):
    for key, raw in enumerate((b"From: New@Person.example\r\n\r\n\x00", b"\xff\x00 by NEW@person.example", b"other")):
        taking.keep(raw, via="test", key=str(key), now=NOW)
    person = f.ContactFactory(email="new@person.example")

    deletion.delete_contacts(contacts=[person])

    assert [bytes(reply.raw) for reply in Reply.objects.all()] == [b"other"]


# What lay in a mailbox before it was connected


def old(raw, *, at=NOW - dt.timedelta(days=10)):
    return taking.take_in_history(raw, via="test", key="old", received_at=at)


def test_history_is_shown_as_done_and_tells_nobody(ada):
    message = sent(ada)
    f.TargetFactory(business_entity=brand())

    reply = old(mail(In_Reply_To=OURS)).reply

    assert (reply.state, reply.contact, reply.message, reply.settled_at) == ("done", ada, message, reply.received_at)
    assert [ResponseClock.objects.count(), Alert.objects.count(), ContactEvent.objects.count()] == [0, 0, 0]
    assert list(message.events.values_list("type", "at")) == [("replied", reply.received_at)]


def test_history_of_nobody_here_is_left_where_it_lies(ada):
    assert old(mail(sender="stranger@example.org")).outcome == Outcome.PASSED
    assert old(mail("Nobody answered", sender="stranger@example.org", In_Reply_To="<x@y>")).reply is None
    assert not Reply.objects.exists()


@pytest.mark.parametrize(("later", "allowed"), [(False, False), (True, True)])
def test_who_wanted_out_before_is_out_unless_they_said_otherwise_since(ada, later, allowed):
    sent(ada)
    if later:
        consent.grant(contact=ada, business_entity=brand(), source="form", now=NOW - dt.timedelta(days=1))

    old(mail("stop", In_Reply_To=OURS))
    message_consequences.run_pump_step(time.monotonic() + 5)

    assert consent.may_contact(contact=ada, business_entity=brand()).allowed == allowed
    assert ContactEvent.objects.filter(kind="unsubscribed").exists() != allowed


def test_an_address_that_was_dead_before_is_dead(ada):
    sent(ada)

    old(bounce(to=ada.email))
    message_consequences.run_pump_step(time.monotonic() + 5)

    assert consent.suppression_of(email=ada.email).reason == "bounced"
    assert MessageEvent.objects.get(type="bounced").at == NOW - dt.timedelta(days=10)


def bounce(*, to):
    parts = f"""--x
Content-Type: text/plain

It could not be delivered.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown
--x
Content-Type: message/rfc822

Message-ID: {OURS}
To: {to}
Subject: Your portfolio

Hello
--x--"""
    kind = 'multipart/report; report-type=delivery-status; boundary="x"'
    return mail(parts, sender="MAILER-DAEMON@mx.example.org", subject="Undelivered", Content_Type=kind)
