"""A test: an email as typed, to the colleague who writes it, through the channel that real ones take.

No Message is made, no address is blocked after a refusal, and the channel's own pauses are neither heeded nor changed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from contacts.models import BusinessEntity
from engagement import deliveries, describe, envelopes
from engagement.envelopes import Sender
from engagement.models import Delivery, Message
from engagement.rendering import Rendered

MARK = "[Test] "
PATIENCE = timedelta(minutes=5)  # nobody waits for it any longer


class TestFailed(Exception):
    """It did not go out, or nobody knows; str() says why and what to do."""

    __test__ = False  # pytest, it is none


@dataclass(frozen=True, kw_only=True)
class Outcome:
    was_sent: bool
    """False: no mail server is connected, and it went nowhere."""
    said: str


def send(
    *,
    rendered: Rendered,
    business_entity: BusinessEntity | None,
    recipient: str,
    now: datetime,
    sender: Sender | None = None,
) -> Outcome:
    """Hand it over. Raises TestFailed."""
    sender = sender or envelopes.sender_of(business_entity)
    delivery = Delivery.objects.create(
        parts={"subject": MARK + rendered.subject, "text": rendered.text, "html": rendered.html},
        sender=asdict(sender),
        address=recipient,
        next_attempt_at=now + PATIENCE,  # it goes out here and now, or not at all
        expires_at=now + PATIENCE,
    )
    try:
        return _outcome(deliveries.deliver_now(delivery), sender)
    finally:
        delivery.delete()


def _outcome(delivery: Delivery, sender: Sender) -> Outcome:
    why = describe.why(delivery.reason)
    if delivery.status == Delivery.Status.AMBIGUOUS:
        raise TestFailed(f"{why} Look into your mailbox before you send another test.")
    if delivery.status != Delivery.Status.SENT:
        raise TestFailed(f"The test was not sent. {why} {_remedy(delivery)}".strip())
    if delivery.transport == Message.Transport.OUTBOX:
        return Outcome(
            was_sent=False,
            said="No mail server is connected (EMAIL_URL is not set), so the test went nowhere. The preview shows "
            "what it would have been.",
        )
    return Outcome(was_sent=True, said=f"Sent to {delivery.address} from {sender}. The mail server took it.")


def _remedy(delivery: Delivery) -> str:
    if delivery.reason.get("code") in ("sender_unusable", "reply_to_unusable"):
        return ""  # said already
    if delivery.status == Delivery.Status.FAILED:
        return f"Check your own address ({delivery.address}) and the brand's sender."
    if not delivery.attempts:  # the channel's own trouble counts none
        return "That is the mail server's trouble, not this email's: whoever looks after the server can help."
    return "Try again in a minute."
