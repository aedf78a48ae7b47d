"""A test: an email as typed, to the colleague who writes it or whom they name, through the channel that real ones take.

No Message is made, no address is blocked after a refusal, and the channel's own pauses are neither heeded nor changed.
While no mail server is connected, a KeptTest stays to be read.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from contacts.models import BusinessEntity, Contact
from engagement import deliveries, describe, envelopes
from engagement.envelopes import Sender
from engagement.models import Delivery, KeptTest, Message
from engagement.rendering import Rendered

MARK = "[Test] "
PATIENCE = timedelta(minutes=5)  # nobody waits for it any longer


class TestFailed(Exception):
    """It did not go out, or nobody knows; str() says why and what to do."""

    __test__ = False  # pytest, it is none


@dataclass(frozen=True, kw_only=True)
class Outcome:
    said: str
    kept: KeptTest | None = None
    """Where it is read, while no mail server is connected."""


def send(
    *,
    rendered: Rendered,
    business_entity: BusinessEntity | None,
    recipient: str,
    now: datetime,
    sender: Sender | None = None,
    contact: Contact | None = None,
) -> Outcome:
    """Hand it over; `contact` is whose data it shows. Raises TestFailed."""
    sender = sender or envelopes.sender_of(business_entity)
    parts = {"subject": MARK + rendered.subject, "text": rendered.text, "html": rendered.html}
    delivery = Delivery.objects.create(
        parts=parts,
        sender=asdict(sender),
        address=recipient,
        next_attempt_at=now + PATIENCE,  # it goes out here and now, or not at all
        expires_at=now + PATIENCE,
    )
    try:
        deliveries.deliver_now(delivery)
        if delivery.transport == Message.Transport.OUTBOX:
            return _keep(delivery, parts, contact)
        return _outcome(delivery, sender)
    finally:
        if delivery.transport != Message.Transport.OUTBOX:
            delivery.delete()


def _keep(delivery: Delivery, parts: dict[str, str], contact: Contact | None) -> Outcome:
    """With the id of the person it shows, by which engagement.erasure finds it whatever it says of them."""
    delivery.parts = parts | ({"about": str(contact.pk)} if contact else {})
    delivery.save(update_fields=["parts"])
    said = "No mail server is connected (EMAIL_URL, EMAIL_PROVIDER), so the test reached no mailbox. It is kept here."
    return Outcome(said=said, kept=KeptTest.objects.get(pk=delivery.pk))


def _outcome(delivery: Delivery, sender: Sender) -> Outcome:
    why = describe.why(delivery.reason)
    if delivery.status == Delivery.Status.AMBIGUOUS:
        raise TestFailed(f"{why} Look into your mailbox before you send another test.")
    if delivery.status != Delivery.Status.SENT:
        raise TestFailed(f"The test was not sent. {why} {_remedy(delivery)}".strip())
    return Outcome(said=f"Sent to {delivery.address} from {sender}. The mail server took it.")


def _remedy(delivery: Delivery) -> str:
    if delivery.reason.get("code") in ("sender_unusable", "reply_to_unusable"):
        return ""  # said already
    if delivery.status == Delivery.Status.FAILED:
        return f"Check the address {delivery.address} and the brand's sender."
    if not delivery.attempts:  # the channel's own trouble counts none
        return "That is the mail server's trouble, not this email's: whoever looks after the server can help."
    return "Try again in a minute."
