"""The channel of a deployment without EMAIL_URL: the message itself is the outbox, which staff read in the admin."""

from __future__ import annotations

from engagement.channels.base import Envelope, Receipt
from engagement.models import Message


class OutboxChannel:
    name = "outbox"

    def prepare(self) -> None:
        """Nothing to connect to."""

    def hand_over(self, envelope: Envelope) -> Receipt:
        return Receipt(Message.Transport.OUTBOX, "Kept in the local outbox.")

    def release(self) -> None:
        """Nothing is kept open."""
