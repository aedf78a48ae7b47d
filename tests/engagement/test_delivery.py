from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import transaction

from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from contacts.models import Suppression
from engagement import delivery, describe
from engagement.channels import registry
from engagement.channels.base import ChannelError, Receipt
from engagement.delivery import Order
from engagement.models import Message
from tests.factories import (
    NOW,
    BusinessEntityFactory,
    ContactFactory,
    ContactStatusFactory,
    EngagementTemplateFactory,
    TemplateVersionFactory,
)

pytestmark = pytest.mark.django_db
ACTION = uuid.UUID("12345678-1234-5678-1234-567812345678")
RECEIPT = Receipt("smtp", "250 OK")
CUT, LATER = Reason.of("no_answer"), Reason.of("refused_for_now", said="450 later")
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def outbox(settings):
    settings.EMAIL_URL = ""


def prepared(*, contact=None, template=None, brand=None, action=ACTION):
    """The draft and the parcel."""
    contact = contact or ContactFactory(first_name="Ada")
    order = Order(action, template or EngagementTemplateFactory(), contact, brand)
    (found,) = delivery.prepare([order], now=NOW)
    if isinstance(found, Exception):
        raise found
    return found


def prepare(**given):
    draft, _ = prepared(**given)
    return draft


def record_intent(draft):
    """As the intent of a queue does it."""
    delivery.refuse_sent_before({draft.order.action_id} - delivery.store([delivery.letter_of(draft)]))


def intend(draft=None):
    with transaction.atomic():
        record_intent(draft or prepare())
    return stored()


def sent(receipt=RECEIPT):
    delivery.record_sent({ACTION: receipt})


def stored():
    return Message.objects.get(action=ACTION)


def events():
    return list(stored().events.values_list("type", flat=True))


def content_of(message, subtype):
    return message.get_body((subtype,)).get_content().splitlines()


def test_preparing_stores_nothing():
    prepare()

    assert not Message.objects.exists()


def test_the_whole_way_through_the_outbox():
    draft, parcel = prepared(brand=BusinessEntityFactory(name="The 7 Space"))
    intend(draft)

    sent(registry.channel("email").hand_over(parcel))

    message = stored()
    assert (message.status, message.transport) == ("sent", "outbox")
    assert message.sent_at >= message.created_at
    assert message.subject == "Hello Ada"
    assert "Hello Ada" in message.text
    assert "Hello Ada" in message.html
    assert message.business_entity.name == "The 7 Space"
    assert events() == ["sent"]


def test_the_whole_way_over_smtp(sink):
    draft, parcel = prepared(contact=ContactFactory(first_name="Ada", email="ada@example.org"))
    intend(draft)

    sent(registry.channel("email").hand_over(parcel))

    arrived = sink.messages[0]
    assert arrived["To"] == "ada@example.org"
    assert arrived["Message-ID"] == stored().message_id == f"<{ACTION}@brand.example>"
    assert content_of(arrived, "plain") == stored().text.splitlines()
    assert content_of(arrived, "html") == stored().html.splitlines()
    assert stored().transport == "smtp"


def test_the_templates_own_brand_speaks():
    own = BusinessEntityFactory(slug="am_consulting", name="AM Consulting")

    draft = prepare(template=EngagementTemplateFactory(business_entity=own), brand=BusinessEntityFactory())

    assert draft.order.brand == own
    assert draft.envelope.sender.name == "AM Consulting"


def test_do_not_contact_is_not_written_to():
    blocked = ContactFactory(status=ContactStatusFactory(slug="do_not_contact"))

    with pytest.raises(delivery.NotAllowed, match="status_blocks"):
        prepare(contact=blocked)


def test_consent_is_judged_on_what_the_database_holds_now():
    contact = ContactFactory()
    Suppression.objects.create(email=contact.email, reason="unsubscribed")

    with pytest.raises(delivery.NotAllowed):
        prepare(contact=contact)


def test_an_email_that_is_switched_off_is_skipped():
    with pytest.raises(delivery.NotAllowed, match="switched_off"):
        prepare(template=EngagementTemplateFactory(active=False))


def test_an_email_without_words_is_held():
    template = EngagementTemplateFactory()
    template.current_version = None

    with pytest.raises(delivery.Held, match="no_words"):
        prepare(template=template)


def test_a_hole_holds_the_email_and_says_who_lacks_what():
    template = EngagementTemplateFactory(name="Offer", level="advanced", words=("Hi", "See {{ custom.city }}"))
    contact = ContactFactory(first_name="Ada", last_name="Lovelace")

    with pytest.raises(delivery.Held) as held:
        prepare(template=template, contact=contact)

    assert held.value.reason == Reason.of("missing", email="Offer", contact="Ada Lovelace", missing=["custom.city"])
    assert 'The email "Offer" is held: Ada Lovelace has no custom.city.' in describe.why(held.value.reason)
    assert (stored().status, stored().missing) == ("held", ["custom.city"])


def test_a_held_email_can_be_sent_once_the_hole_is_filled():
    template = EngagementTemplateFactory(level="advanced", words=("Hi", "See {{ custom.city }}"))
    contact = ContactFactory()
    with pytest.raises(delivery.Held):
        prepare(template=template, contact=contact)
    contact.custom = {"city": "Bonn"}

    intend(prepare(template=template, contact=contact))

    assert (stored().status, stored().missing, stored().reason) == ("sending", [], {})
    assert "See Bonn" in stored().text


@pytest.mark.django_db(transaction=True)
def test_a_passage_that_cannot_be_stored_holds_up_nobody(settings):
    settings.AI_BASE_URL, settings.AI_MODEL = "http://127.0.0.1:1/v1", "tiny"
    name, described = "x" * 101, {"instruction": "Write.", "fallback": "We like your work."}
    premium = EngagementTemplateFactory(slug="premium", level="premium")
    premium.current_version = TemplateVersionFactory(
        template=premium, number=7, level="premium", body=f"{{{{ passage.{name} }}}}", passages={name: described}
    )
    orders = [Order(uuid.uuid4(), one, ContactFactory(), None) for one in (premium, EngagementTemplateFactory())]

    first, second = (draft.rendered.text for draft, _ in delivery.prepare(orders, now=NOW))

    assert "We like your work." in first
    assert "Hello" in second


def test_a_fault_in_giving_variants_leaves_the_published_words(monkeypatch):
    monkeypatch.setattr(delivery.assignments, "give", lambda wanted: {}["no such variant"])

    assert "Hello" in prepare().rendered.text


def test_a_server_that_is_down_is_found_while_preparing(settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"

    with pytest.raises(ChannelError) as refused:
        prepare()

    assert refused.value.channel_wide
    assert not Message.objects.exists()


def test_an_address_no_server_takes_fails_for_good():
    contact = ContactFactory(email="zoë@example.org")

    with pytest.raises(ChannelError) as refused:
        prepare(contact=contact)

    assert refused.value.permanent


def test_intent_again_after_sending_is_refused():
    draft = prepare()
    intend(draft)
    sent()

    with pytest.raises(delivery.SentBefore):
        intend(draft)


@pytest.mark.parametrize("unclear", [False, True])
def test_intent_again_before_the_outcome_is_known_is_refused(unclear):
    draft = prepare()
    intend(draft)
    if unclear:
        delivery.record_ambiguous(ACTION, reason=CUT, now=NOW)

    with pytest.raises(delivery.SentBefore):
        intend(draft)


def test_intent_again_after_a_refusal_is_the_same_message():
    draft = prepare()
    first = intend(draft)
    delivery.record_failed(ACTION, reason=LATER, now=NOW)

    second = intend(draft)

    assert first.pk == second.pk
    assert stored().reason == {}


def test_what_is_kept_is_what_was_rendered_last():
    contact = ContactFactory(first_name="Ada")
    template = EngagementTemplateFactory()
    intend(prepare(contact=contact, template=template))
    delivery.record_failed(ACTION, reason=LATER, now=NOW)
    contact.first_name = "Grace"

    intend(prepare(contact=contact, template=template))

    assert stored().subject == "Hello Grace"


def test_a_rolled_back_intent_leaves_nothing():
    with transaction.atomic():
        record_intent(prepare())
        transaction.set_rollback(True)

    assert not Message.objects.exists()


@pytest.mark.parametrize("times", [1, 2])
def test_sent_is_recorded_once(times):
    intend()

    for _ in range(times):
        sent()

    assert events() == ["sent"]


def test_failed_is_recorded_once_with_the_servers_words():
    intend()

    for _ in range(2):
        delivery.record_failed(ACTION, reason=Reason.of("mailbox_unknown", said="550 no such person"), now=NOW)

    assert (stored().status, describe.why(stored().reason)) == ("failed", "550 no such person")
    assert events() == ["failed"]


def test_ambiguous_is_recorded_once():
    intend()

    for _ in range(2):
        delivery.record_ambiguous(ACTION, reason=CUT, now=NOW)

    assert stored().status == "ambiguous"
    assert events() == ["ambiguous"]


@pytest.mark.parametrize("record", ["failed", "ambiguous"])
def test_what_was_sent_stays_sent(record):
    intend()
    sent()

    getattr(delivery, f"record_{record}")(ACTION, reason=LATER, now=NOW)

    assert stored().status == "sent"
    assert events() == ["sent"]


def test_staff_may_settle_an_ambiguous_one_as_sent():
    intend()
    delivery.record_ambiguous(ACTION, reason=CUT, now=NOW)

    sent(Receipt("", "Settled by grace"))

    assert (stored().status, stored().reason) == ("sent", {})


def test_staff_may_settle_an_ambiguous_one_as_not_sent_and_send_it_again():
    draft = prepare()
    intend(draft)
    delivery.record_ambiguous(ACTION, reason=CUT, now=NOW)

    delivery.record_failed(ACTION, reason=Reason.of("not_sent", by="grace", why="no"), now=NOW)

    assert intend(draft).status == "sending"


@pytest.mark.parametrize("record", ["failed", "ambiguous"])
def test_recording_for_an_action_without_a_message_is_boring(record):
    getattr(delivery, f"record_{record}")(ACTION, reason=LATER, now=NOW)

    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("outcome", "counts"), [("sent", True), ("ambiguous", True), ("sending", True), ("failed", False)]
)
def test_what_went_out_or_may_have_counts_as_sent(outcome, counts):
    message = intend()
    if outcome == "sent":
        sent()
    elif outcome != "sending":
        getattr(delivery, f"record_{outcome}")(ACTION, reason=LATER, now=NOW)

    assert delivery.sent_since(contact_id=message.contact_id, moment=NOW - HOUR) is counts


def test_older_messages_and_those_to_others_do_not_count_as_sent():
    message = intend()
    sent()

    assert not delivery.sent_since(contact_id=message.contact_id, moment=database_now() + HOUR)
    assert not delivery.sent_since(contact_id=uuid.uuid4(), moment=NOW - HOUR)
    assert delivery.sent_since(contact_id=message.contact_id, moment=message.created_at)


def test_no_address_and_no_words_are_logged(caplog):
    caplog.set_level("DEBUG", logger="engagement")
    draft = prepare(contact=ContactFactory(email="ada@example.org", first_name="Ada"))
    intend(draft)
    delivery.record_failed(ACTION, reason=Reason.of("mailbox_unknown", said="550 <ada@example.org> unknown"), now=NOW)

    assert "ada" not in caplog.text.lower()
