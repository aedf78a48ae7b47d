"""What a mail server's words mean, in codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engagement.channels import smtp_answers


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("553 5.7.1 Sender address rejected: not owned by user", "sender_refused"),
        ("550 5.1.8 Bad sender's system address", "sender_refused"),
        ("554 5.2.0 STOREDRV.Submission.Exception:SendAsDenied; not allowed to send as", "sender_refused"),
        ("550 5.1.1 No such user here", "mailbox_unknown"),
        ("550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown in table", "mailbox_unknown"),
        ("550 mailbox unavailable", "mailbox_unknown"),
        ("552 5.2.2 The email account is over quota", "mailbox_full"),
        ("452 4.2.2 Mailbox full", "mailbox_full"),
        ("550 5.1.2 Bad destination system address", "domain_unknown"),
        ("550 Unrouteable address", "domain_unknown"),
        ("554 5.7.1 <ada@example.org>: Relay access denied", "relay_denied"),
        ("535 5.7.8 Authentication credentials invalid", "login_refused"),
        ("550 5.7.26 This mail has been blocked because the sender is unauthenticated. DMARC", "blocked"),
        ("554 Message rejected as spam", "blocked"),
        ("552 5.3.4 Message size exceeds fixed limit", "too_large"),
        ("450 4.7.0 Too many messages, slow down", "too_many"),
        ("451 Greylisted, try again later", "too_many"),
        ("451 4.3.0 Mail server temporarily rejected message", "refused_for_now"),
        ("421 4.3.2 Service shutting down", "server_closed"),
    ],
)
def test_what_is_known_has_a_code_and_keeps_the_words(answer, code):
    reason = smtp_answers.read(answer)

    assert (reason.code, reason.params["said"]) == (code, answer)


def test_unknown_refusal_keeps_its_codes_and_words():
    reason = smtp_answers.read("550 5.9.9 The moon is full, ada@example.org")

    assert (reason.code, reason.params["codes"], reason.params["words"]) == ("refused", "550 5.9.9", "the moon is full")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("550 5.9.9 Code F00-12 for ada@example.org denied", "550 5.9.9 Code F77-99 for <bob@example.com> denied"),
        ("554 Refused, see https://help.example/1?x=2", "554 Refused, see https://help.example/9"),
        ("Gateway 10.0.0.1 gave up on job 7", "Gateway 10.0.0.2 gave up on job 8"),
        ("Row 4d5f1f8e-0c0b-5e55-9c7a-6f1b1c2a3d4e is odd", "Row 1e5f1f8e-0c0b-5e55-9c7a-6f1b1c2a3d4e is odd"),
    ],
)
def test_what_differs_from_message_to_message_does_not_part_refusals(one, other):
    assert smtp_answers.read(one).params["words"] == smtp_answers.read(other).params["words"]


def test_no_address_stays_in_the_words():
    assert "ada" not in smtp_answers.read("599 strange words for ada@example.org here").params["words"]


@given(some.text(max_size=400))
def test_any_answer_has_a_code(answer):
    assert smtp_answers.read(answer) == smtp_answers.read(f"  {answer}\n")
    assert smtp_answers.read(answer).code
