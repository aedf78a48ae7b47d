"""What went wrong, by cause, and the page that asks before many steps are touched."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from engagement.models import Message
from tests import factories as f
from tests.admin import rows
from workflows import failures
from workflows.models import BulkDecision, ControlEntry, DigestChoice, ScheduledAction, WorkflowInstance

pytestmark = pytest.mark.django_db
REASON = "The sender was corrected"


def wrong(cause="sender_refused", status="failed", **values):
    finished = None if status == "ambiguous" else f.NOW
    return f.ScheduledActionFactory(
        instance=rows.instance(),
        action_type="send_email",
        template=rows.email(),
        status=status,
        cause=cause,
        reason={"code": "sender_refused", "said": "553 5.7.1 Sender address rejected"},
        finished_at=finished,
        started_at=f.NOW,
        **values,
    )


def message_of(action, **values):
    return Message.objects.create(
        action=action.pk,
        contact=action.instance.contact,
        recipient=action.instance.contact.email,
        subject="Hi",
        status="ambiguous",
        message_id="<one@flow.example>",
        **values,
    )


def page(client):
    return client.get(reverse("admin:workflows_failures"))


def asked(client, **query):
    return client.get(reverse("admin:workflows_failures_decide"), query)


def confirm(client, **values):
    return client.post(
        reverse("admin:workflows_failures_decide"), {"reason": REASON, "cause": "", "chosen": ""} | values
    )


def test_nothing_needs_you(desk):
    assert "Nothing needs you." in page(desk).content.decode()


def test_cause_says_what_it_means_and_what_to_do_first(desk):
    wrong()
    wrong()

    text = page(desk).content.decode()

    assert "The mail server refused the sender" in text
    assert "2 steps, 2 workflows, since" in text
    assert "set a sender address that belongs to the mail account" in text


def test_cause_leads_to_the_list_of_its_steps(desk, address):
    action = wrong()
    wrong("mailbox_unknown")
    shown = page(desk).context["groups"]
    one = next(group for group in shown if group["group"].cause == "sender_refused")

    listing = desk.get(one["list"]).context["cl"]

    assert [row.pk for row in listing.result_list] == [action.pk]


def test_page_asks_as_often_for_many_steps_as_for_few(desk):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            page(desk)
        return len(captured)

    wrong()
    queries()
    with_one = queries()
    for cause in ("sender_refused", "sender_refused", "mailbox_unknown", "held: company"):
        wrong(cause)

    assert queries() == with_one


def test_preview_says_what_would_go_out_before_anything_does(desk):
    action = wrong()

    text = asked(desk, verb="retry", cause="sender_refused").content.decode()

    assert "1 step of 1 person in 1 workflow." in text
    assert "1 email would go out now." in text
    action.refresh_from_db()
    assert action.status == "failed"


def test_preview_says_that_leaving_out_sends_nothing(desk):
    wrong()

    assert "go out now" not in asked(desk, verb="skip", cause="sender_refused").content.decode()


def test_preview_of_what_cannot_be_tried(desk):
    action = wrong()
    WorkflowInstance.objects.filter(pk=action.instance_id).update(status="cancelled", ended_at=f.NOW)

    text = asked(desk, verb="retry", cause="sender_refused").content.decode()

    assert "Not possible, because the workflow was cancelled" in text
    assert 'type="submit" class="desk-button is-primary"' not in text


def test_group_is_tried_again_with_its_reason(desk):
    first, second = wrong(), wrong()

    response = confirm(desk, verb="retry", cause="sender_refused")

    assert {ScheduledAction.objects.get(pk=one.pk).status for one in (first, second)} == {"pending"}
    assert set(ControlEntry.objects.values_list("reason", "actor", "verb")) == {(REASON, "boss", "retry")}
    assert [str(said) for said in get_messages(response.wsgi_request)] == ["2 steps tried again."]


def test_page_says_what_became_of_each_step_of_a_decision(desk):
    sent, yielded = wrong(), wrong()
    confirm(desk, verb="retry", cause="sender_refused")
    ScheduledAction.objects.filter(pk=sent.pk).update(status="done", finished_at=f.NOW)
    left_out = {"reason": {"code": "yields_to_sent"}}
    ScheduledAction.objects.filter(pk=yielded.pk).update(status="skipped", finished_at=f.NOW, result=left_out)

    text = page(desk).content.decode()

    assert "1 done, 1 skipped" in text
    assert "Another email went to the contact within 20 hours." in text


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_nothing_happens_without_a_proper_reason(desk, reason):
    action = wrong()

    response = confirm(desk, verb="retry", cause="sender_refused", reason=reason)

    action.refresh_from_db()
    assert "reason" in response.context["form"].errors
    assert action.status == "failed"
    assert not BulkDecision.objects.exists()


def test_cause_without_a_name_can_be_decided_about(desk):
    action = wrong(cause="")

    confirm(desk, verb="skip", cause="unknown")

    action.refresh_from_db()
    assert action.status == "skipped"


def test_unclear_steps_show_what_is_known(desk):
    action = wrong("no_answer", status="ambiguous")
    message = message_of(action)
    message.events.create(type="opened", at=f.NOW)

    text = page(desk).content.decode()

    assert "Message id to search for" in text
    assert "one@flow.example" in text
    assert "It was opened" in text


@pytest.mark.parametrize(("verb", "becomes"), [("resolve_sent", "done"), ("resolve_not_sent", "pending")])
def test_unclear_steps_are_settled_together(desk, verb, becomes):
    action = wrong("no_answer", status="ambiguous")
    message_of(action)

    confirm(desk, verb=verb, cause="no_answer")

    action.refresh_from_db()
    assert action.status == becomes


def test_chosen_steps_are_asked_about_before_they_are_touched(desk, address):
    chosen, other = wrong(), wrong()

    response = desk.post(
        address.list(ScheduledAction), {"action": "retry_chosen", "_selected_action": [str(chosen.pk)]}
    )
    form = response.context["form"]
    assert "1 step of 1 person" in response.content.decode()

    confirm(desk, verb="retry", chosen=form["chosen"].value())

    assert ScheduledAction.objects.get(pk=chosen.pk).status == "pending"
    assert ScheduledAction.objects.get(pk=other.pk).status == "failed"


def test_too_many_chosen_steps_are_sent_to_their_cause(desk, address, monkeypatch):
    monkeypatch.setattr(failures, "CHOSEN", 1)
    chosen = [wrong(), wrong()]

    response = desk.post(
        address.list(ScheduledAction),
        {"action": "retry_chosen", "_selected_action": [str(one.pk) for one in chosen]},
    )

    assert "Choose 1 steps at most" in next(str(said) for said in get_messages(response.wsgi_request))


def test_what_the_workers_still_do_is_shown(desk):
    BulkDecision.objects.create(
        verb="retry", cause="x", reason=REASON, actor="ada", decided_at=f.NOW, expected=900, done=500
    )
    BulkDecision.objects.update(decided_at=failures.database_now())

    text = page(desk).content.decode()

    assert "500 of about 900" in text
    assert "<progress" in text


@pytest.mark.parametrize(
    "query", [{}, {"verb": "explode", "cause": "x"}, {"verb": "retry"}, {"verb": "retry", "chosen": ""}]
)
def test_address_without_a_question_leads_back(desk, query):
    assert asked(desk, **query)["Location"] == reverse("admin:workflows_failures")


def test_more_steps_than_were_shown_are_shown_first(desk):
    wrong()
    wrong()

    response = confirm(desk, verb="retry", cause="sender_refused", expected="1")

    assert "Try 2 steps again?" in response.content.decode()
    assert not BulkDecision.objects.exists()


def test_page_remembers_how_many_steps_it_told_of(desk):
    wrong()

    form = asked(desk, verb="retry", cause="sender_refused").context["form"]

    assert 'name="expected" value="1"' in str(form["expected"])


@pytest.mark.parametrize("chosen", ["nonsense", "1,2,3", ",", ""])
def test_nonsense_ids_touch_nothing(desk, chosen):
    action, nameless = wrong(), wrong(cause="")

    confirm(desk, verb="retry", chosen=chosen)

    assert list(ScheduledAction.objects.filter(pk__in=[action.pk, nameless.pk]).values_list("status")) == [
        ("failed",),
        ("failed",),
    ]
    assert not BulkDecision.objects.exists()


def test_reader_sees_causes_but_no_buttons(reading_room):
    wrong()

    text = page(reading_room).content.decode()

    assert "refused the sender" in text
    assert "failures/decide/" not in text


@pytest.mark.parametrize("method", ["get", "post"])
def test_reader_decides_nothing(reading_room, method):
    action = wrong()
    query = {"verb": "retry", "cause": "sender_refused", "reason": REASON}

    response = getattr(reading_room, method)(reverse("admin:workflows_failures_decide"), query)

    action.refresh_from_db()
    assert (response.status_code, action.status) == (403, "failed")


def test_pages_are_for_staff(client):
    for name in ("failures", "failures_decide", "digest"):
        assert client.get(reverse(f"admin:workflows_{name}")).status_code == 302


def test_digest_can_be_refused_and_wanted_again(desk, boss):
    place = reverse("admin:workflows_digest")

    desk.post(place, {"wanted": "no"})
    assert DigestChoice.objects.get(user=boss).wanted is False
    desk.post(place, {"wanted": "yes"})

    assert DigestChoice.objects.get(user=boss).wanted is True


def test_digest_page_shows_what_it_would_say(desk):
    wrong("no_answer", status="ambiguous")

    assert "No answer came" in desk.get(reverse("admin:workflows_digest")).content.decode()
