"""What comes back is read: by RFC 3464, by RFC 5965, and in the words of servers that follow none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engagement import bounces
from engagement.bounces import judging
from engagement.bounces.verdicts import Kind

HEAD = "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: crm@brand.example\nSubject: Undelivered Mail\n"
RETURNED = "Message-ID: <one@brand.example>\nFrom: crm@brand.example\nTo: ada@example.org\nSubject: Hello\n"


def status_report(*recipients: str, text: str = "It could not be delivered.") -> bytes:
    groups = "\n".join(f"{one}\n" for one in recipients)
    return (
        f'{HEAD}Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{text}\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n{groups}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{RETURNED}\n--b--\n"
    ).encode()


def of(address: str, status: str, said: str, action: str = "failed") -> str:
    diagnostic = f"\nDiagnostic-Code: smtp; {said}" if said else ""
    return f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}{diagnostic}"


def written(text: str, head: str = HEAD) -> bytes:
    return f"{head}\n{text}\n\n--- Below this line is a copy of the message.\n\n{RETURNED}\nHello\n".encode()


def test_every_recipient_of_a_report_is_judged_for_itself():
    raw = status_report(
        of("gone@example.org", "5.1.1", "550 5.1.1 User unknown"),
        of("full@example.org", "5.2.2", "552 5.2.2 Mailbox full"),
        of("slow@example.org", "4.4.1", "", action="delayed"),
        of("fine@example.org", "2.0.0", "", action="delivered"),
    )

    found = {report.recipient: report.kind for report in bounces.read(raw)}

    assert found == {
        "gone@example.org": Kind.HARD,
        "full@example.org": Kind.SOFT,
        "slow@example.org": Kind.DELAYED,
        "fine@example.org": Kind.DELIVERED,
    }


def test_the_message_that_came_back_is_named():
    [report] = bounces.read(status_report(of("ada@example.org", "5.1.1", "550 5.1.1 User unknown")))

    assert (report.message_ids, report.arrived_at) == (("<one@brand.example>",), ("crm@brand.example",))


def test_where_a_server_forwarded_it_both_addresses_are_known():
    [report] = bounces.read(
        status_report("Original-Recipient: rfc822;ada@example.org\n" + of("ada@gone.example", "5.1.1", ""))
    )

    assert (report.recipient, report.original_recipient) == ("ada@gone.example", "ada@example.org")


@pytest.mark.parametrize(
    ("status", "said", "kind", "gives_up_at"),
    [
        ("5.1.1", "550 5.1.1 User unknown", Kind.HARD, 1),
        ("5.1.2", "", Kind.HARD, 1),
        ("5.1.6", "551 5.1.6 Recipient has moved", Kind.HARD, 1),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", Kind.HARD, 1),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. [x.protection.outlook.com]", Kind.HARD, 1),
        ("5.0.0", "550 No such user here", Kind.HARD, 2),
        ("", "550 unknown user", Kind.HARD, 2),
        ("5.2.1", "550 5.2.1 The account is disabled", Kind.SOFT, 2),
        ("5.2.2", "552 5.2.2 Mailbox full", Kind.SOFT, 0),
        ("5.0.0", "552 The mailbox is over its quota", Kind.SOFT, 0),
        ("4.4.7", "554 4.4.7 Message expired", Kind.SOFT, 0),
        ("4.2.0", "450 4.2.0 Greylisted", Kind.SOFT, 0),
        ("5.2.3", "552 5.2.3 Message too long", Kind.MESSAGE, 0),
        ("5.3.4", "552 5.3.4 Message too large", Kind.MESSAGE, 0),
        ("5.6.0", "550 5.6.0 Bare LF", Kind.MESSAGE, 0),
        ("5.7.1", "554 5.7.1 Rejected as spam", Kind.SENDER, 0),
        ("5.7.26", "550 5.7.26 Unauthenticated, DMARC policy", Kind.SENDER, 0),
        ("5.7.515", "550 5.7.515 Access denied", Kind.SENDER, 0),
        ("5.7.1", "550 5.7.1 User unknown", Kind.SENDER, 0),
        ("5.7.129", "550 5.7.129 RESOLVER.RST.RestrictedToRecipientsPermission", Kind.SOFT, 2),
        ("4.7.1", "421 4.7.1 Too many connections", Kind.INFRASTRUCTURE, 0),
        ("5.7.27", "556 5.7.27 Domain does not accept mail", Kind.HARD, 1),
    ],
)
def test_the_code_decides_and_words_where_it_is_vague(status, said, kind, gives_up_at):
    verdict = judging.judge(judging.answer(said, status=status))

    assert (verdict.kind, verdict.gives_up_at) == (kind, gives_up_at)


@pytest.mark.parametrize(
    "said",
    ["421 4.3.2 Service shutting down, version 5.1.1 of mx", "450 4.2.0 mx5.1.1.example.org user unknown for now"],
)
def test_a_number_that_looks_like_a_code_is_none(said):
    assert not judging.judge(judging.answer(said)).is_hard


def test_what_is_refused_for_now_is_never_hard():
    kinds = {judging.judge(judging.answer(f"45{digit} 4.1.1 User unknown")).kind for digit in range(10)}

    assert kinds == {Kind.SOFT}


@pytest.mark.parametrize(
    ("phase", "is_hard"), [("in reply to RCPT TO command", True), ("in reply to end of DATA command", False)]
)
def test_a_server_that_took_the_recipient_knew_it(phase, is_hard):
    assert judging.judge(judging.answer("550 Unknown user", around=phase)).is_hard is is_hard


def test_whoever_is_refused_at_mail_from_is_not_the_recipient():
    answer = judging.answer("553 5.1.0 brand.example does not exist", around="after MAIL FROM:<crm@brand.example>")

    assert judging.judge(answer).kind == Kind.SENDER


QMAIL = """Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.

<ada@example.org>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <ada@example.org>: User unknown
<bob@example.org>:
192.0.2.1 does not like recipient.
Remote host said: 552 5.2.2 Mailbox full
"""
EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered. The following address(es) failed:

  ada@example.org
    SMTP error from remote mail server after RCPT TO:<ada@example.org>:
    host mx.example.org [192.0.2.1]: 550 No such user
"""
EXCHANGE = """Your message

  To:      Ada
  Subject: Hello

did not reach the following recipient(s):

ada@example.org on Thu, 29 Apr 2010 00:00:00 -0000
    The recipient name is not recognized
"""
SENDMAIL = """   ----- Transcript of session follows -----
While talking to mx.example.org:
>>> RCPT To:<ada@example.org>
<<< 550 Requested User Mailbox not found. No such user here.
550 <ada@example.org>... User unknown
"""
DOMINO = """Your message

  Subject: Hello

was not delivered to:

  ada@example.org

because:

  User Ada (ada@example.org) not listed in Domino Directory
"""
JAPANESE = """次のあて先へのメッセージはエラーのため送信できませんでした。

    Recipient: <ada@example.org>
    >>> RCPT TO:<ada@example.org>
    <<< 550 <ada@example.org>: User unknown
"""


@pytest.mark.parametrize("text", [EXIM, EXCHANGE, SENDMAIL, DOMINO, JAPANESE])
def test_reports_without_a_standard_are_read(text):
    [report] = bounces.read(written(text))

    assert (report.recipient, report.kind) == ("ada@example.org", Kind.HARD)


def test_qmail_tells_of_several_recipients_in_one_text():
    found = {report.recipient: report.kind for report in bounces.read(written(QMAIL))}

    assert found == {"ada@example.org": Kind.HARD, "bob@example.org": Kind.SOFT}


def test_a_delay_is_no_bounce():
    head = HEAD.replace("Undelivered Mail", "Warning: message delayed 24 hours")

    [report] = bounces.read(written(EXIM, head=head))

    assert report.kind == Kind.DELAYED


def test_a_report_within_a_report_is_read_where_the_outer_one_names_nobody():
    inner = status_report(of("ada@example.org", "5.1.1", "550 5.1.1 User unknown")).decode()
    raw = (
        f'{HEAD}Content-Type: multipart/mixed; boundary="o"\n\n--o\nContent-Type: text/plain\n\n'
        f"The following addresses had permanent delivery errors\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    )

    [report] = bounces.read(raw.encode())

    assert (report.recipient, report.kind) == ("ada@example.org", Kind.HARD)


def complaint(kind: str) -> bytes:
    return (
        'From: feedback@isp.example\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nAn email abuse report.\n--b\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {kind}\nVersion: 1\nOriginal-Rcpt-To: <ada@example.org>\n"
        f"Original-Rcpt-To: <bob@example.org>\n\n--b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n"
    ).encode()


def test_a_complaint_names_who_complained_and_of_what():
    found = bounces.read(complaint("abuse"))

    assert [(report.recipient, report.kind) for report in found] == [
        ("ada@example.org", Kind.COMPLAINT),
        ("bob@example.org", Kind.COMPLAINT),
    ]
    assert found[0].message_ids == ("<one@brand.example>",)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_what_nobody_complained_of_is_no_complaint(kind):
    assert all(report.kind != Kind.COMPLAINT for report in bounces.read(complaint(kind)))


ORDINARY = {
    "a person": "From: Ada <ada@example.org>\nSubject: Re: Hello\n\nI could not deliver the parcel, 550 of them.\n",
    "who asks about one": "From: ada@example.org\nSubject: Delivery failed?\n\n> 550 5.1.1 <bob@example.org> unknown\n",
    "away": "From: ada@example.org\nReturn-Path: <>\nAuto-Submitted: auto-replied\nSubject: Away\n\nBack on 5.5.\n",
    "away, of a delivery": "From: ada@example.org\nReturn-Path: <>\nSubject: Auto: Delivery failed\n\nAway.\n",
    "an order": "From: no-reply@shop.example\nReturn-Path: <bounce-1@shop.example>\nSubject: Delivery delayed\n\n"
    "Your parcel could not be delivered.\n",
    "a ticket": "From: Support System <system@help.example>\nReturn-Path: <>\nSubject: [#550] Received\n\nThank you.\n",
    "a postmaster": "From: postmaster@example.org\nSubject: Re: your question\n\nWe looked at the delivery problem.\n",
    "a receipt": "From: ada@example.org\nReturn-Path: <>\nSubject: Read: Hello\n"
    'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\n\n--b\n'
    "Content-Type: text/plain\n\nIt was displayed.\n--b\nContent-Type: message/disposition-notification\n\n"
    "Final-Recipient: rfc822; ada@example.org\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n",
    "a subscription": "From: News <news@example.org>\nList-Id: <n.example.org>\nSubject: 550 ways to fail\n\nHi.\n",
}


@pytest.mark.parametrize("raw", ORDINARY.values(), ids=ORDINARY.keys())
def test_ordinary_mail_and_automatic_answers_are_no_reports(raw):
    assert bounces.read(raw.encode()) == []


def test_a_report_that_somebody_passed_on_by_hand_is_theirs():
    inner = status_report(of("bob@example.org", "5.1.1", "550 5.1.1 User unknown")).decode()
    raw = (
        'From: Ada <ada@example.org>\nSubject: Fwd: Undelivered\nContent-Type: multipart/mixed; boundary="o"\n\n'
        f"--o\nContent-Type: text/plain\n\nWhat is this?\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    )

    assert bounces.read(raw.encode()) == []


@given(some.binary(max_size=400))
def test_whatever_the_bytes_reading_does_not_fail(noise):
    report = status_report(of("ada@example.org", "5.1.1", "550"))

    bounces.read(noise)
    bounces.read(HEAD.encode() + noise)
    bounces.read(report[:200] + noise + report[200:])


@pytest.mark.parametrize(
    "long", ["x" * 1_000_000, "<style" * 150_000, "user " * 200_000, "<" * 1_000_000, "@" * 1_000_000]
)
def test_a_long_text_is_read_in_time(long):
    bounces.read(f"{HEAD}Content-Type: text/html\n\n{long}".encode())
    bounces.read(f"{HEAD}\n{long}".encode())


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize("words", ["<p ", "<a ", "-" * 100, "original message ", "to a@b.example "])
def test_many_parts_are_read_in_time(kind, words):
    part = f"--b\nContent-Type: text/{kind}\n\n{words * (50_000 // len(words))}\n"
    begun = time.monotonic()

    bounces.read(f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n{part * 40}".encode())

    assert time.monotonic() - begun < 10


def test_a_report_of_very_many_recipients_is_read_in_time():
    begun = time.monotonic()

    bounces.read(status_report(*(of(f"a{one}@b.example", "5.0.0", "550 no") for one in range(15_000))))
    bounces.read(f"X-Failed-Recipients: {'a@b.example,' * 100_000}\n{HEAD}\n{'user unknown ' * 9_000}".encode())

    assert time.monotonic() - begun < 10
