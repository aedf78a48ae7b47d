"""A test: an email as typed, to the colleague who writes it, through the channel that real ones take.

No Message is made, no address is blocked after a refusal, and the channel's own pauses are neither heeded nor changed.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime

from contacts.models import BusinessEntity
from engagement import envelopes
from engagement.channels import registry
from engagement.channels.base import ChannelError, Unclear
from engagement.envelopes import Sender
from engagement.models import Message
from engagement.rendering import Rendered

MARK = "[Test] "
logger = logging.getLogger(__name__)


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
    channel = registry.mail_channel()
    try:
        envelope = envelopes.build(
            identity=uuid.uuid4(),
            sender=sender,
            recipient=recipient,
            subject=MARK + rendered.subject,
            text=rendered.text,
            html=rendered.html,
            now=now,
        )
        channel.prepare()
        receipt = channel.hand_over(envelope)
    except ChannelError as error:
        raise TestFailed(f"The test was not sent. {error} {_remedy(error, recipient)}") from error
    except Unclear as error:
        raise TestFailed(f"{error} Look into your mailbox before you send another test.") from error
    finally:
        channel.release()
    logger.info("a test was handed over to %s", receipt.transport)
    if receipt.transport == Message.Transport.OUTBOX:
        return Outcome(
            was_sent=False,
            said="No mail server is connected (EMAIL_URL is not set), so the test went nowhere. The preview shows "
            "what it would have been.",
        )
    return Outcome(was_sent=True, said=f"Sent to {recipient} from {sender}. The mail server took it.")


def _remedy(error: ChannelError, recipient: str) -> str:
    if error.channel_wide:
        return "That is the mail server's trouble, not this email's: whoever looks after the server can help."
    if error.permanent:
        return f"Check your own address ({recipient}) and the brand's sender."
    return "Try again in a minute."
