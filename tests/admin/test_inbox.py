"""The inbox: what people wrote, and what colleagues do about it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from contacts.models import BusinessEntity, EntityMembership
from engagement import response_clock
from engagement.models import Delivery, HumanTouch, Message, Reply, ResponseClock
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery():
    return BusinessEntity.objects.create(slug="gallery", name="Gallery", sender_email="hello@gallery.example")


@pytest.fixture
def ada(gallery):
    person = f.ContactFactory(email="ada@example.org", first_name="Ada", last_name="Lovelace")
    EntityMembership.objects.create(contact=person, business_entity=gallery)
    return person


@pytest.fixture
def reply(ada, gallery):
    row = f.ReplyFactory(
        contact=ada, business_entity=gallery, subject="Re: Pictures", text="I would love to come.",
        body="I would love to come.\n\n> Come and see", cc=["byron@example.org"], internet_message_id="<a@example.org>",
    )  # fmt: skip
    response_clock.of_replies([row])
    return row


def listed(client, **query):
    page = client.get(reverse("admin:engagement_reply_changelist"), query)
    return {row.pk for row in page.context["cl"].result_list}


def press(client, reply, deed, **fields):
    return client.post(reverse(f"admin:engagement_reply_{deed}", args=[reply.pk]), fields, follow=True)


def typed(client, reply, **fields):
    """What the form of the exchange holds, with this typed in."""
    page = client.get(reverse("admin:engagement_reply_change", args=[reply.pk]))
    form = page.context["mail_form"]
    held = {name: form[name].value() for name in form.fields}
    held["business_entity"] = getattr(held["business_entity"], "pk", "")
    return {**held, **fields}


def test_inbox_shows_what_waits_and_who_wrote_it(desk, reply):
    page = desk.get(reverse("admin:engagement_reply_changelist"))

    said = page.content.decode()
    assert "Ada Lovelace" in said
    assert "I would love to come." in said
    assert "promised by" in said


def test_page_says_that_an_answer_goes_to_the_person_alone(desk, reply):
    page = desk.get(reverse("admin:engagement_reply_change", args=[reply.pk])).content.decode()

    assert "Not in copy, although they had the mail: byron@example.org" in page


@pytest.mark.parametrize(
    ("which", "state", "kind"),
    [
        ("all", "new", "human"),
        ("answered", "answered", "human"),
        ("done", "done", "human"),
        ("check", "quarantined", "human"),
        ("machines", "done", "out_of_office"),
    ],
)
def test_each_tab_shows_its_own(desk, which, state, kind):
    wanted = f.ReplyFactory(state=state, kind=kind)
    for other, of_kind in (("new", "human"), ("answered", "human"), ("quarantined", "human"), ("done", "receipt")):
        if (other, of_kind) != (state, kind) and not (which == "machines" and of_kind != "human"):
            f.ReplyFactory(state=other, kind=of_kind)

    assert listed(desk, whose=which) == {wanted.pk}


def test_mine_and_my_teams_are_apart(desk, boss):
    mine = f.ReplyFactory(state="assigned", assignee=boss)
    team = f.TargetFactory()
    team.people.add(boss)
    of_team = f.ReplyFactory(target=team)

    assert listed(desk, whose="mine") == {mine.pk}
    assert listed(desk, whose="team") == {of_team.pk}


@pytest.mark.parametrize("words", ["lovelace", "pictures", "ada@example.org"])
def test_reply_is_found_by_person_and_subject(desk, reply, words):
    f.ReplyFactory(subject="Other")

    assert listed(desk, q=words) == {reply.pk}


def test_search_finds_what_is_done(desk, reply):
    Reply.objects.update(state="done")

    assert listed(desk, q="pictures") == {reply.pk}


@pytest.mark.parametrize("words", ["replies", "messages", "answers", "inbox"])
def test_palette_finds_the_inbox(desk, words):
    found = desk.get(reverse("admin:search"), {"s": words})

    assert "Inbox" in [one.title for one in found.context["results"]]


def test_palette_finds_a_reply_by_person_and_subject(desk, reply):
    found = desk.get(reverse("admin:search"), {"s": "lovelace pictures"})

    assert reverse("admin:engagement_reply_change", args=[reply.pk]) in [one.link for one in found.context["results"]]


def test_exchange_shows_both_sides_and_the_person(desk, reply, ada, gallery):
    Message.objects.create(
        contact=ada, business_entity=gallery, subject="Come and see", text="Our pictures", recipient=ada.email,
        status="sent", sent_at=f.NOW,
    )  # fmt: skip

    said = desk.get(reverse("admin:engagement_reply_change", args=[reply.pk])).content.decode()

    for part in ("I would love to come.", "Come and see", "byron@example.org", "Quoted history", "Waits for an answer"):
        assert part in said


def test_answer_leaves_by_hand_and_threaded(desk, boss, reply, ada):
    answer = press(desk, reply, "answer", **typed(desk, reply, body="Dear {{ first_name }}, welcome."))

    message = Message.objects.get()
    assert answer.status_code == 200
    assert (message.subject, message.author, message.answers, message.status) == (
        "Re: Pictures", "boss", reply, "pending",
    )  # fmt: skip
    assert Delivery.objects.get().address == ada.email
    assert Reply.objects.get().state == "answered"


def test_who_answers_second_is_told_first(desk, reply):
    form = typed(desk, reply, body="Welcome.")
    press(desk, reply, "answer", **form)

    answer = press(desk, reply, "answer", **form)

    assert Message.objects.count() == 1
    assert "meanwhile" in answer.content.decode()
    assert "Welcome." in answer.context["mail_form"]["body"].value()


def test_what_cannot_be_sent_stays_typed_with_its_reason(desk, reply):
    answer = press(desk, reply, "answer", **typed(desk, reply, body="{{ nobody_knows }}"))

    assert not Message.objects.exists()
    assert answer.context["mail_form"].non_field_errors()


def test_reply_is_taken_assigned_done_and_opened_again(desk, boss, reply):
    grace = User.objects.create_user("grace", is_staff=True)
    states = []
    for deed, fields in (("take", {}), ("assign", {"to": grace.pk}), ("settle", {}), ("reopen", {})):
        press(desk, reply, deed, **fields)
        stored = Reply.objects.get()
        states.append((stored.state, stored.assignee))

    assert states == [("assigned", boss), ("assigned", grace), ("done", grace), ("assigned", grace)]
    assert ResponseClock.objects.get().dropped_at is not None


def test_quarantined_mail_is_taken_in_for_the_person_somebody_names(desk, ada):
    stranger = f.ReplyFactory(contact=None, sender="other@example.org", state="quarantined")

    refused = press(desk, stranger, "accept", email="nobody@example.org")
    assert "no contact with the address" in refused.content.decode()

    press(desk, stranger, "accept", email=ada.email)
    stored = Reply.objects.get()
    assert (stored.contact, stored.state) == (ada, "new")


def test_reader_reads_and_does_nothing(reading_room, reply):
    page = reading_room.get(reverse("admin:engagement_reply_change", args=[reply.pk]))

    assert "mail_form" not in page.context
    for deed in ("take", "assign", "settle", "reopen", "accept", "answer"):
        assert press(reading_room, reply, deed).status_code == 403


def test_words_of_an_email_are_filled_in(desk, ada):
    template = f.EngagementTemplateFactory(words=("For {{ first_name }}", "Dear {{ first_name }}, hello."))

    words = desk.get(reverse("admin:contacts_contact_mail_words", args=[ada.pk]), {"email": template.pk}).json()

    assert words == {"subject": "For Ada", "body": "Dear Ada, hello."}


def test_preview_is_as_the_reader_sees_it(desk, ada, gallery):
    told = {"business_entity": gallery.pk, "subject": "Hello", "body": "Dear {{ first_name }}, **welcome**."}

    seen = desk.post(reverse("admin:contacts_contact_mail_preview", args=[ada.pk]), told).json()

    assert "Dear Ada, <strong>welcome</strong>" in seen["light"]
    assert "hello@gallery.example" in seen["sender"]


def test_mail_is_written_from_the_persons_page(desk, ada):
    address = reverse("admin:contacts_contact_write", args=[ada.pk])
    assert address in desk.get(reverse("admin:contacts_contact_change", args=[ada.pk])).content.decode()
    form = desk.get(address).context["mail_form"]

    desk.post(address, {"seen": form["seen"].value(), "subject": "Hello", "body": "Dear Ada", "business_entity": ""})

    assert (Message.objects.get().subject, Message.objects.get().author) == ("Hello", "boss")


def test_call_is_logged_from_the_persons_page(desk, ada):
    address = reverse("admin:contacts_contact_log_touch", args=[ada.pk])

    desk.post(address, {"kind": "called", "note": "Will come", "at": "", "business_entity": ""})

    touch = HumanTouch.objects.get()
    assert (touch.kind, touch.note, touch.colleague) == ("called", "Will come", "boss")
    assert "Will come" in desk.get(reverse("admin:contacts_contact_change", args=[ada.pk])).content.decode()


def test_nobody_writes_to_who_must_not_be_written_to(desk, ada):
    ada.status = f.ContactStatusFactory(slug="do_not_contact")
    ada.save(update_fields=["status"])

    page = desk.get(reverse("admin:contacts_contact_write", args=[ada.pk])).content.decode()

    assert "cannot be written to" in page


def test_page_that_shows_the_present_is_not_sent_again(desk, reply):
    address = reverse("admin:engagement_reply_change", args=[reply.pk])
    version = desk.get(address).context["live"]["version"]

    assert desk.get(address, headers={"X-Live-Version": version}).status_code == 204
    press(desk, reply, "settle")
    assert desk.get(address, headers={"X-Live-Version": version}).status_code == 200
