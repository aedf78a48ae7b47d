"""What went wrong, gathered by its cause and explained."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from contactflow.core.reasons import Reason
from engagement import describe
from engagement.channels import smtp_answers
from tests.matrix import matrix
from workflows import failure_causes

# What nobody has to explain as the cause of a failure: it ends nothing.
NO_FAILURE = {"switched_off", "sent_before", "too_late", "nobody_behind", "not_sent"}
NO_FAILURE |= {"inbox_url_unusable", "inbox_url_signs", "inbox_login_refused", "inbox_unreachable"}
NO_FAILURE |= {"not_written", "lacking", "address_changed", "quiet_after_touch"}  # of mails by hand; why one waits
NO_FAILURE |= {"marketing_stopped", "too_much_bounced", "too_much_complained"}  # of brands; why one waits
NO_FAILURE |= {"passage_is_written", "changed_meanwhile", "held_out"}  # why one waits; why one is skipped


@matrix(
    "code, cause",
    [
        ("sender_refused", "sender_refused"),
        ("worker_cut_off", "worker_cut_off"),
        ("mail_url_unusable", "mail_address_unusable"),
        ("address_not_ascii", "address_invalid"),
        ("never_heard_of", "unknown"),
    ],
)
def test_code_has_a_cause(code, cause):
    assert failure_causes.key_of(Reason.of(code)) == cause


def test_every_code_of_a_channel_is_explained():
    codes = {code for code, _ in smtp_answers._SIGNS} | set(describe.SENTENCES) - NO_FAILURE - {"missing"}

    assert {code for code in codes if failure_causes.key_of(Reason.of(code)) == "unknown"} == set()


@matrix("cause", list(failure_causes.CATALOGUE))
def test_every_explanation_says_what_it_means_and_what_to_do(cause):
    said = failure_causes.explain(cause)

    assert not said.title.endswith(".")
    assert said.means.endswith(".")
    assert said.remedy.endswith(".")


def test_held_email_is_gathered_by_what_is_missing():
    assert failure_causes.key_of(Reason.of("missing", missing=["job_title", "company"])) == "held: company, job_title"
    assert failure_causes.explain("held: job_title").title == "Held: the contact has no job title"


def test_unknown_refusal_is_gathered_by_its_codes_and_words():
    cause = failure_causes.key_of(smtp_answers.read("550 5.9.9 The moon is full, ada@example.org"))

    assert cause == "refused 550 5.9.9: the moon is full"
    assert failure_causes.explain(cause).title == "The mail server refused it: the moon is full"


@given(some.text(max_size=400))
def test_any_answer_has_a_short_cause_and_an_explanation(answer):
    cause = failure_causes.key_of(smtp_answers.read(answer))

    assert 0 < len(cause) <= failure_causes.LENGTH
    assert failure_causes.explain(cause).title
