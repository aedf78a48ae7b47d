"""What went wrong, read out of the sentences that failures leave behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from workflows import failure_causes


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("553 5.7.1 Sender address rejected: not owned by user", "sender_refused"),
        ("550 5.1.8 Bad sender's system address", "sender_refused"),
        ("554 5.2.0 STOREDRV.Submission.Exception:SendAsDenied; not allowed to send as", "sender_refused"),
        ("550 5.1.1 No such user here", "mailbox_unknown"),
        ("550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown in table", "mailbox_unknown"),
        ("550 mailbox unavailable", "mailbox_unknown"),
        ("552 5.2.2 The email account is over quota", "mailbox_full"),
        ("452 4.2.2 Mailbox full", "mailbox_full"),
        ("'ada' is not an email address.", "address_invalid"),
        ("á@x has characters before the @ that many mail servers refuse. Ask for another address.", "address_invalid"),
        ("550 5.1.2 Bad destination system address", "domain_unknown"),
        ("550 Unrouteable address", "domain_unknown"),
        ("554 5.7.1 <ada@example.org>: Relay access denied", "relay_denied"),
        ("The mail server refused user name or password: 535 5.7.8 Error", "login_refused"),
        ("535 5.7.8 Authentication credentials invalid", "login_refused"),
        ("550 5.7.26 This mail has been blocked because the sender is unauthenticated. DMARC", "blocked"),
        ("554 Message rejected as spam", "blocked"),
        ("552 5.3.4 Message size exceeds fixed limit", "too_large"),
        ("450 4.7.0 Too many messages, slow down", "too_many"),
        ("451 Greylisted, try again later", "too_many"),
        ("451 4.3.0 Mail server temporarily rejected message", "refused_for_now"),
        ("The mail server mail.example.org cannot be used: timed out", "server_unreachable"),
        ("The mail server closed the connection (Connection unexpectedly closed).", "server_closed"),
        ("421 4.3.2 Service shutting down", "server_closed"),
        ("EMAIL_URL is not the address of a mail server: use smtp://", "mail_address_unusable"),
        ("EMAIL_URL cannot be used: user name and password may only have ASCII", "mail_address_unusable"),
        ("The connection broke after the message left and before the server answered.", "no_answer"),
        ("The connection was cut after the message was handed over.", "no_answer"),
        ("The worker was cut off after it began to hand over. Whether it arrived is not known.", "worker_cut_off"),
        ("The mail server gave an answer that means neither yes nor no: 350 go on", "strange_answer"),
        ("The worker host:12 stopped while it prepared this.", "worker_crashed"),
        ("Crashed a worker three times on its own.", "worker_crashed"),
        ("The worker was held up before it could hand over.", "held_up"),
        ("The database went away before the hand-over.", "database_away"),
        ("ValueError: the step names nobody to alert", "step_incomplete"),
        ("KeyError: 'colour'", "our_fault"),
        ('The email "Hello" has no words yet. Write them, then try again.', "no_words"),
        ("", "unknown"),
        ("   \n ", "unknown"),
    ],
)
def test_what_is_known_has_a_name(error, cause):
    assert failure_causes.cause_of(error) == cause


def test_every_name_is_explained():
    found = {cause for cause, _ in failure_causes._SIGNS}

    assert found <= set(failure_causes.CATALOGUE)


@pytest.mark.parametrize("cause", list(failure_causes.CATALOGUE))
def test_every_explanation_says_what_it_means_and_what_to_do(cause):
    said = failure_causes.explain(cause)

    assert not said.title.endswith(".")
    assert said.means.endswith(".")
    assert said.remedy.endswith(".")


def test_held_email_is_gathered_by_what_is_missing():
    error = 'The email "Hello" is held: Ada has no company. Complete the contact.'

    assert failure_causes.cause_of(error, ["job_title", "company"]) == "held: company, job_title"
    assert failure_causes.explain("held: job_title").title == "Held: the contact has no job title"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("550 5.9.9 Code F00-12 for ada@example.org denied", "550 5.9.9 Code F77-99 for <bob@example.com> denied"),
        ("554 Refused, see https://help.example/1?x=2", "554 Refused, see https://help.example/9"),
        ("Gateway 10.0.0.1 gave up on job 7", "Gateway 10.0.0.2 gave up on job 8"),
        (
            "Row 4d5f1f8e-0c0b-5e55-9c7a-6f1b1c2a3d4e is odd",
            "Row 1e5f1f8e-0c0b-5e55-9c7a-6f1b1c2a3d4e is odd",
        ),
    ],
)
def test_what_differs_from_step_to_step_does_not_part_a_cause(one, other):
    assert failure_causes.cause_of(one) == failure_causes.cause_of(other)


def test_unknown_refusal_keeps_its_codes_and_words():
    cause = failure_causes.cause_of("550 5.9.9 The moon is full, ada@example.org")

    assert cause == "refused 550 5.9.9: the moon is full"
    assert failure_causes.explain(cause).title == "The mail server refused it: the moon is full"


def test_different_refusals_stay_apart():
    assert failure_causes.cause_of("550 5.9.9 The moon is full") != failure_causes.cause_of(
        "554 5.9.9 The moon is full"
    )


def test_no_address_reaches_a_cause():
    assert "ada" not in failure_causes.cause_of("599 strange words for ada@example.org here")


@given(some.text(max_size=400), some.lists(some.text(max_size=80), max_size=4))
def test_any_error_has_a_short_cause_and_an_explanation(error, missing):
    cause = failure_causes.cause_of(error, missing)

    assert 0 < len(cause) <= failure_causes.LENGTH
    assert failure_causes.explain(cause).title


@given(some.text(max_size=400))
def test_reading_an_error_is_steady(error):
    assert failure_causes.cause_of(error) == failure_causes.cause_of(f"  {error}\n")
