"""The page of an email that went out, or did not: what happened, in words, and what to do."""

from __future__ import annotations

import uuid

import pytest

from engagement.models import GeneratedPassage, Message
from tests import factories as f

pytestmark = pytest.mark.django_db


def page_of(desk, address, **values):
    template = f.EngagementTemplateFactory(name="Artist welcome")
    contact = f.ContactFactory(first_name="Grace", last_name="Hopper")
    message = Message.objects.create(
        contact=contact,
        version=template.current_version,
        recipient=contact.email,
        subject="Hello",
        html="<p>Hello</p>",
        text="Hello",
        **values,
    )
    return message, desk.get(address.change(message)).content.decode()


def test_held_email_says_who_lacks_what_and_where_to_put_it_right(desk, address):
    message, page = page_of(desk, address, status="held", missing=["company"])

    assert "because Grace Hopper has no company." in page
    assert address.change(message.contact) in page
    assert address.change(message.version.template) in page


def test_refused_email_quotes_the_mail_server(desk, address):
    _, page = page_of(desk, address, status="failed", reason={"code": "mailbox_unknown", "said": "550 No such user"})

    assert "it was not sent. The mail server said: 550 No such user" in page


def test_an_email_shows_what_a_language_model_was_asked_and_why_its_words_were_not_used(desk, address):
    action = uuid.uuid4()
    message, without = page_of(desk, address, status="sent", action=action)
    found = [{"code": "currency", "found": "euros"}]
    GeneratedPassage.objects.create(
        action=action, contact=message.contact, version=message.version, name="opening", status="refused", model="tiny",
        prompt=[{"role": "user", "content": "Write <b>well</b>."}], answer="For 9 euros", checks=found, seconds=1.25,
        text="The approved text", wait_until=f.NOW,
    )  # fmt: skip

    page = desk.get(address.change(message)).content.decode()

    assert "By a language model" not in without
    for words in ("tiny", "1.3 s", "Write &lt;b&gt;well", "For 9 euros", "The approved text", "a price or share"):
        assert words in page


def test_unclear_email_says_that_nobody_sends_it_again(desk, address):
    _, page = page_of(desk, address, status="ambiguous")

    assert "It may have arrived." in page
    assert "Nobody sends it again by itself." in page


def test_sent_email_says_so(desk, address):
    _, page = page_of(desk, address, status="sent", transport="smtp")

    assert "the mail server took it." in page


def test_email_of_the_outbox_reached_nobody(desk, address):
    _, page = page_of(desk, address, status="sent", transport="outbox")

    assert "It was not delivered to anybody." in page


@pytest.mark.parametrize(("status", "said"), [("cancelled", "it is not to be sent"), ("sending", "Being handed over")])
def test_other_states_are_sentences_too(desk, address, status, said):
    assert said in page_of(desk, address, status=status)[1]


def test_answer_of_a_mail_server_stays_text(desk, address):
    _, page = page_of(desk, address, status="failed", reason={"code": "refused", "said": "<script>alert(1)</script>"})

    assert "<script>alert" not in page


def test_pictures_of_the_email_may_be_shown(desk, address):
    message, _ = page_of(desk, address, status="sent")

    assert "img-src 'self' data: https: http:" in desk.get(address.change(message))["Content-Security-Policy"]
