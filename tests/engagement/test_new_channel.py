"""A channel is one class in one file and its line in settings: a toy SMS goes the whole way, with its own pause.

Files it takes: this class and the setting. Everything else here is the test.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from contacts import consent
from contacts.models import Suppression
from engagement import deliveries
from engagement.channels import registry, state
from engagement.channels.base import ChannelError, Envelope, Parcel, Receipt, Unclear
from engagement.models import Delivery, Message
from tests import factories as f
from workflows.execution import outside
from workflows.models import ScheduledAction

pytestmark = pytest.mark.django_db
PHONE = "+44 20 7946 0018"


@dataclass
class ToySms:
    """What a channel for text messages would be."""

    name: ClassVar[str] = "sms"
    address_field: ClassVar[str] = "phone"
    sent: ClassVar[list[tuple[str, str]]] = []
    trouble: ClassVar[list[Exception]] = []
    connections: list[str] = field(default_factory=list)

    def is_configured(self) -> bool:
        return True

    def prepare(self, envelope: Envelope) -> Parcel:
        number = envelope.address.replace(" ", "")
        if not number.startswith("+"):
            raise ChannelError(Reason.of("no_address"), permanent=True)
        return Parcel(envelope=envelope, reference=str(envelope.identity), content=(number, envelope.parts["text"]))

    def hand_over(self, parcel: Parcel) -> Receipt:
        if self.trouble:
            raise self.trouble.pop()
        self.sent.append(parcel.content)
        return Receipt("sms", "queued")

    def release(self) -> None:
        self.connections.clear()


@pytest.fixture(autouse=True)
def sms(settings):
    settings.ENGAGEMENT_CHANNELS = {
        **settings.ENGAGEMENT_CHANNELS,
        "sms": "tests.engagement.test_new_channel.ToySms",
    }
    ToySms.sent, ToySms.trouble = [], []
    return registry.channel("sms")


def due(channel="sms", phone=PHONE):
    template = f.EngagementTemplateFactory(channel=channel)
    return f.ScheduledActionFactory(
        step__action_type="send_email",
        step__template=template,
        step__target=None,
        instance__contact=f.ContactFactory(first_name="Ada", phone=phone),
    )


def run():
    outside.run_outside(deadline=time.monotonic() + 10)


def outcome(action):
    action.refresh_from_db()
    return action.status


def test_text_message_goes_out_and_is_kept():
    action = due()

    run()

    ((number, text),) = ToySms.sent
    message = Message.objects.get(action=action.pk)
    assert (outcome(action), number) == ("done", "+442079460018")
    assert "Hello Ada" in text
    assert (message.status, message.recipient, message.transport) == ("sent", PHONE, "sms")


def test_channel_judges_its_own_addresses():
    action = due(phone="")

    run()

    assert (outcome(action), action.cause) == ("failed", "address_invalid")


def test_permission_is_asked_for_the_channel():
    action = due()
    contact = action.instance.contact
    Suppression.objects.create(email=contact.email, reason="bounced")
    run()
    assert outcome(action) == "done"

    again = due()
    consent.withdraw(contact=again.instance.contact, source="asked", now=database_now(), channel="sms")
    run()

    assert outcome(again) == "skipped"


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (ChannelError(Reason.of("blocked"), permanent=True), "failed"),
        (ChannelError(Reason.of("too_many"), permanent=False), "pending"),
        (Unclear(Reason.of("no_answer")), "ambiguous"),
    ],
)
def test_each_phase_has_its_meaning(trouble, status):
    ToySms.trouble = [trouble]
    action = due()

    run()

    assert outcome(action) == status


def test_trouble_of_one_channel_holds_up_no_other(settings):
    settings.EMAIL_URL = ""
    ToySms.trouble = [ChannelError(Reason.of("server_unreachable"), permanent=False, channel_wide=True)]
    held = due()
    run()
    text, email = due(), due("email")

    run()

    assert (outcome(held), held.attempts, outcome(text), outcome(email)) == ("pending", 0, "pending", "done")
    assert state.paused_until("sms") is not None
    assert state.paused_until("email") is None


def test_colleagues_are_reached_by_it_as_well():
    delivery = Delivery.objects.create(channel="sms", address=PHONE, parts={"text": "Look"}, next_attempt_at=f.NOW)

    deliveries.run_pump_step(time.monotonic() + 10)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.transport, ToySms.sent) == ("sent", "sms", [("+442079460018", "Look")])


def test_nothing_due_is_left_claimed():
    due()
    state.pause("sms", Reason.of("server_unreachable"), database_now())

    run()

    assert ScheduledAction.objects.get().token is None
