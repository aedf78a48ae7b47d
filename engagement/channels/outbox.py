"""The channel of a deployment without EMAIL_URL: the message itself is the outbox, which staff read in the admin."""

from __future__ import annotations

from engagement.channels import mime
from engagement.channels.base import Envelope, Parcel, Receipt
from engagement.models import Message


class OutboxChannel:
    name = "outbox"
    address_field = "email"

    def is_configured(self) -> bool:
        return True

    def prepare(self, envelope: Envelope) -> Parcel:
        """Built all the same, so that what could not be sent is found here too."""
        return Parcel(envelope=envelope, reference=mime.message_id(envelope), content=mime.build(envelope))

    def hand_over(self, parcel: Parcel) -> Receipt:
        return Receipt(Message.Transport.OUTBOX, "Kept in the local outbox.")

    def release(self) -> None:
        """Nothing is kept open."""
