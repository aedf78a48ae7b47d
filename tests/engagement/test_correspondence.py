"""Mails that colleagues write by hand: answers, and first words."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.db import transaction

from contacts import consent
from contacts.models import BusinessEntity, Suppression
from engagement import correspondence, deliveries, describe, inbox, message_consequences, message_events, response_clock
from engagement.models import Delivery, HumanTouch, Message, Reply, ResponseClock
from tests import factories as f

pytestmark = pytest.mark.django_db
NOW = f.NOW


@pytest.fixture
def gallery():
    return BusinessEntity.objects.create(
        slug="gallery", name="Gallery", sender_name="The Gallery", sender_email="hello@gallery.example"
    )


@pytest.fixture
def ada():
    return f.ContactFactory(email="ada@example.org", first_name="Ada")


@pytest.fixture
def reply(ada, gallery):
    return f.ReplyFactory(
        contact=ada, business_entity=gallery, subject="AW: Re: Your pictures",
        internet_message_id="<three@example.org>", references=["<one@gallery.example>", "<two@example.org>"],
    )  # fmt: skip


def write(contact, brand, *, subject="Hello", body="Dear {{ first_name }},\n\n**good** to hear.", reply=None):
    return correspondence.write(
        contact=contact, business_entity=brand, subject=subject, body=body, by="grace", reply=reply, now=NOW
    )


def leave():
    deliveries.run_pump_step(time.monotonic() + 5)


def received(sink):
    (one,) = sink.messages
    return one


def test_mail_leaves_from_the_brand_with_variables_and_markdown(sink, ada, gallery):
    message = write(ada, gallery)

    leave()

    mail = received(sink)
    message.refresh_from_db()
    assert (message.status, message.purpose, message.author) == ("sent", "transactional", "grace")
    assert (mail["From"], mail["To"]) == ("The Gallery <hello@gallery.example>", "ada@example.org")
    assert "Dear Ada," in mail.get_body(("plain",)).get_content()
    assert "<strong>good</strong>" in mail.get_body(("html",)).get_content()
    assert mail["Message-ID"] == message.message_id == f"<{message.pk}@gallery.example>"


@pytest.mark.parametrize(
    ("brand_follows", "person_follows", "followed"), [(False, True, False), (True, True, True), (True, False, False)]
)
def test_mail_by_hand_is_followed_where_the_brand_and_the_person_want_it(
    sink, ada, gallery, brand_follows, person_follows, followed
):
    gallery.tracks_by_hand, ada.is_tracked = brand_follows, person_follows
    ada.save(update_fields=["is_tracked"])

    message = write(ada, gallery, body="See [it](https://a.example/).")
    leave()

    page = received(sink).get_body(("html",)).get_content()
    assert ("/t/c/" in page, "/t/o/" in page) == (followed, followed)
    assert message.links == (["https://a.example/"] if followed else [])
    assert "https://a.example/" in received(sink).get_body(("plain",)).get_content()


def test_person_wrote_it_and_no_machine(sink, ada, gallery):
    write(ada, gallery)

    leave()

    assert received(sink)["Auto-Submitted"] == "no"


def test_answer_stands_in_the_thread(sink, ada, gallery, reply):
    write(ada, gallery, reply=reply)

    leave()

    mail = received(sink)
    assert mail["In-Reply-To"] == "<three@example.org>"
    assert mail["References"].split() == ["<one@gallery.example>", "<two@example.org>", "<three@example.org>"]


def test_long_thread_keeps_its_first_and_last_ids(sink, ada, gallery, reply):
    reply.references = [f"<{number:040}@example.org>" for number in range(50)]
    reply.save()
    write(ada, gallery, reply=reply)

    leave()

    ids = received(sink)["References"].split()
    assert (ids[0], ids[-1]) == (reply.references[0], "<three@example.org>")
    assert len(" ".join(ids)) <= 800


@pytest.mark.parametrize("forged", ["", "<>", "no id", "<a@b>\nBcc: x@example.org", "<ünicode@example.org>"])
def test_id_that_is_none_is_not_repeated(sink, ada, gallery, reply, forged):
    reply.internet_message_id = forged
    reply.save()
    write(ada, gallery, reply=reply)

    leave()

    assert received(sink)["In-Reply-To"] is None


@pytest.mark.parametrize(
    ("subject", "answer"),
    [("Pictures", "Re: Pictures"), ("AW: Re: WG", "Re: WG"), ("re[2]: x", "Re: x"), ("", "Re: your message")],
)
def test_subject_says_once_that_it_answers(subject, answer):
    assert correspondence.subject_of_answer(subject) == answer


def test_what_went_out_is_a_touch_of_the_moment_it_was_written(sink, ada, gallery, reply):
    ResponseClock.objects.create(
        contact=ada, business_entity=gallery, reason="replied", reference=reply.pk, promised_hours=4,
        started_at=NOW, warn_at=NOW, due_at=NOW,
    )  # fmt: skip
    message = write(ada, gallery, reply=reply)
    assert ResponseClock.objects.get().answered_at is None

    leave()

    touch = HumanTouch.objects.get()
    assert (touch.kind, touch.colleague, touch.at) == ("answered", "grace", message.created_at)
    assert ResponseClock.objects.get().touch == touch


def test_first_word_is_a_touch_too(sink, ada, gallery):
    write(ada, gallery)

    leave()

    assert HumanTouch.objects.get().kind == "wrote"


def test_whatever_they_wrote_until_then_is_answered(sink, ada, gallery, reply):
    earlier = f.ReplyFactory(contact=ada, business_entity=gallery, received_at=NOW - dt.timedelta(hours=1))

    write(ada, gallery, reply=reply)

    assert {one.state for one in (Reply.objects.get(pk=reply.pk), Reply.objects.get(pk=earlier.pk))} == {"answered"}


def test_withdrawn_consent_keeps_nobody_from_an_answer(sink, ada, gallery, reply):
    consent.withdraw(contact=ada, business_entity=gallery, source="Link", now=NOW)

    write(ada, gallery, reply=reply)
    leave()

    assert Message.objects.get().status == "sent"


@pytest.mark.parametrize("how", ["status", "address"])
def test_who_must_not_be_written_to_is_not_written_to(ada, gallery, how):
    forbid(ada, how)

    with pytest.raises(correspondence.NotWritten) as refused:
        write(ada, gallery)

    assert describe.why(refused.value.reason)
    assert not Message.objects.exists()


def forbid(contact, how):
    if how == "status":
        f.ContactStatusFactory(slug="do_not_contact")
        consent.do_not_contact(contact=contact, source="They asked", now=NOW)
    else:
        consent.suppress(email=contact.email, reason=Suppression.Reason.MANUAL)


@pytest.mark.parametrize("how", ["status", "address"])
def test_who_forbids_it_before_it_left_gets_nothing(sink, ada, gallery, reply, how):
    write(ada, gallery, reply=reply)
    forbid(ada, how)

    leave()

    assert sink.messages == []
    assert (Message.objects.get().status, Delivery.objects.get().status) == ("failed", "failed")
    assert Reply.objects.get().state == "new"
    assert not HumanTouch.objects.exists()


@pytest.mark.parametrize("how", ["status", "address"])
def test_what_is_claimed_is_taken_back_from_who_forbids_it(ada, gallery, how, django_capture_on_commit_callbacks):
    write(ada, gallery)
    queue = deliveries.DeliveryQueue()
    queue.claim(limit=1, paused=[])

    with django_capture_on_commit_callbacks(execute=True):
        forbid(ada, how)

    assert (Delivery.objects.get().status, Delivery.objects.get().token) == ("pending", None)


@pytest.mark.parametrize("how", ["status", "address"])
def test_who_forbids_it_after_the_intent_is_heard_before_it_leaves(ada, gallery, how):
    write(ada, gallery)
    queue = deliveries.DeliveryQueue()
    queue.claim(limit=1, paused=[])
    with transaction.atomic():
        (letter,) = queue.intend(queue.prepare(until=time.monotonic() + 5))
    assert queue.still_holds(letter)

    forbid(ada, how)

    assert not queue.still_holds(letter)


def test_address_that_changed_meanwhile_gets_nothing(sink, ada, gallery):
    write(ada, gallery)
    ada.email = "countess@example.org"
    ada.save(update_fields=["email"])

    leave()

    assert sink.messages == []
    assert Message.objects.get().reason["code"] == "address_changed"


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("", "Hello"),
        ("Hello", " "),
        ("Hello", "{{ nobody_knows }}"),
        ("Hello", "a { b"),
        ("Hello {{ custom.team }}", "x"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(ada, gallery, subject, body):
    with pytest.raises(correspondence.NotWritten) as refused:
        write(ada, gallery, subject=subject, body=body)

    assert describe.why(refused.value.reason)


def test_worker_that_died_while_it_handed_over_leaves_it_unclear(ada, gallery, reply):
    message = write(ada, gallery, reply=reply)
    Message.objects.update(status="sending")
    Delivery.objects.update(status="sending", lease_until=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))

    deliveries.reap()

    message.refresh_from_db()
    assert (message.status, Delivery.objects.get().status) == ("ambiguous", "ambiguous")


def test_unclear_mail_is_never_sent_again(sink, ada, gallery):
    write(ada, gallery)
    Delivery.objects.update(status="ambiguous")

    leave()

    assert sink.messages == []


def test_email_is_filled_in_to_be_written_on(ada, gallery):
    template = f.EngagementTemplateFactory(
        level="advanced", words=("For {{ first_name }}", "Dear {{ first_name }} of {{ custom.team }}")
    )

    words = correspondence.filled(template=template, contact=ada, business_entity=gallery)

    assert (words.subject, words.body) == ("For Ada", "Dear Ada of {{ custom.team }}")


def unclear(contact, brand, reply=None):
    message = write(contact, brand, reply=reply)
    Message.objects.update(status="ambiguous", message_id="<a@gallery.example>")
    Delivery.objects.update(status="ambiguous")
    return message


@pytest.mark.parametrize(("arrived", "status"), [(True, "sent"), (False, "failed")])
def test_colleague_who_found_out_settles_what_was_unclear(ada, gallery, reply, arrived, status):
    message = unclear(ada, gallery, reply)

    correspondence.resolve(message=message, arrived=arrived, by="grace", now=NOW)

    message.refresh_from_db()
    assert (message.status, Delivery.objects.get().status) == (status, status)
    assert HumanTouch.objects.exists() == arrived
    assert Reply.objects.get().state == ("answered" if arrived else "new")


def test_what_others_tell_of_it_settles_what_was_unclear(ada, gallery):
    message = unclear(ada, gallery)
    message_events.record([message_events.Fact(message_id=message.pk, type="replied", at=NOW, key="reply:1")])

    leave()

    assert Message.objects.get().status == "sent"


def test_what_was_refused_is_sent_again(sink, ada, gallery, reply):
    sink.refuse_rcpt = "550 5.7.1 not now"
    message = write(ada, gallery, reply=reply)
    leave()
    assert (Message.objects.get().status, Reply.objects.get().state) == ("failed", "new")
    sink.refuse_rcpt = ""

    assert correspondence.again(message=message, now=NOW)
    leave()

    assert (Message.objects.get().status, Reply.objects.get().state) == ("sent", "answered")
    assert not correspondence.again(message=message, now=NOW)


def test_refused_mail_lets_all_wait_again_that_it_settled(sink, ada, gallery, reply):
    earlier = f.ReplyFactory(contact=ada, business_entity=gallery, received_at=NOW - dt.timedelta(hours=1))
    done = f.ReplyFactory(contact=ada, business_entity=gallery, state="done", settled_at=NOW)
    sink.refuse_rcpt = "550 5.7.1 not now"
    write(ada, gallery, reply=reply)

    leave()

    states = dict(Reply.objects.values_list("pk", "state"))
    assert states == {reply.pk: "new", earlier.pk: "new", done.pk: "done"}


def test_mail_that_comes_back_answered_nobody(sink, ada, gallery, reply):
    response_clock.of_replies([reply])
    message = write(ada, gallery, reply=reply)
    leave()
    assert ResponseClock.objects.get().answered_at

    message_events.record([message_events.Fact(message_id=message.pk, type="bounced", at=NOW, key="bounce:1")])
    message_consequences.run_pump_step(time.monotonic() + 5)

    assert (Reply.objects.get().state, ResponseClock.objects.get().answered_at) == ("new", None)


def test_mailbox_that_does_not_exist_is_known_from_a_mail_by_hand_too(sink, ada, gallery):
    sink.refuse_rcpt = "550 5.1.1 user unknown"
    message = write(ada, gallery)

    leave()

    assert message.events.filter(type="bounced").exists()


# The inbox


def test_reply_is_assigned_done_and_opened_again(reply):
    colleague = f.UserFactory(username="grace")

    assert inbox.assign(reply=reply, to=colleague).state == "assigned"
    done = inbox.settle(reply=reply, by="grace", now=NOW)
    assert (done.state, done.settled_by, done.settled_at) == ("done", "grace", NOW)
    assert inbox.reopen(reply=reply).state == "assigned"
    assert inbox.assign(reply=reply, to=None).state == "new"


def test_what_is_done_is_not_assigned(reply):
    inbox.settle(reply=reply, by="grace", now=NOW)

    with pytest.raises(inbox.NotPossible):
        inbox.assign(reply=reply, to=f.UserFactory())


def test_nobody_owes_an_answer_to_what_needs_none(ada, gallery, reply):
    clock = ResponseClock.objects.create(
        contact=ada, business_entity=gallery, reason="replied", reference=reply.pk, promised_hours=4,
        started_at=NOW, warn_at=NOW, due_at=NOW,
    )  # fmt: skip

    inbox.settle(reply=reply, by="grace", now=NOW)

    clock.refresh_from_db()
    assert (clock.dropped_at, clock.answered_at) == (NOW, None)


def test_exchange_has_both_sides_in_order_with_what_was_quoted(ada, gallery, reply):
    Reply.objects.update(text="Yes.", body="Yes.\n\n> Would you like to come?", received_at=NOW)
    Message.objects.create(
        contact=ada, business_entity=gallery, subject="Hello", text="Would you?", status="sent",
        sent_at=NOW - dt.timedelta(hours=1), recipient=ada.email,
    )  # fmt: skip

    ours, theirs = inbox.exchange(contact=ada)

    assert (ours.message.subject, theirs.reply.pk) == ("Hello", reply.pk)
    assert theirs.quoted == "> Would you like to come?"
