"""Whom a link in an email belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from contactflow.core import tokens
from contacts.models import BusinessEntity, Contact
from engagement.models import Message


@dataclass(frozen=True)
class Addressee:
    """The person, and the message they hold, where it is still kept; without it nobody knows which brand wrote."""

    contact: Contact
    message: Message | None
    asked_by: BusinessEntity | None = None
    """Of a link that names a brand itself."""

    @property
    def brand(self) -> BusinessEntity | None:
        return self.message.business_entity if self.message else self.asked_by

    @property
    def masked(self) -> str:
        """Their address as they know it again and nobody else reads it."""
        local, _, domain = self.contact.email.rpartition("@")
        return f"{local[:1]}…@{domain}"


def addressee(*, purpose: str, token: str) -> Addressee | None:
    """None for a token that was not made for this purpose, and for who is gone. Who was merged is who they are now."""
    ids = tokens.read(purpose, token, count=2)
    if ids is None:
        return None
    contact_id, message_id = ids
    messages = Message.objects.select_related("contact", "business_entity").defer("text", "html")
    message = messages.filter(Q(pk=message_id) | Q(action=message_id)).first()
    contact = message.contact if message else Contact.objects.filter(pk=contact_id).first()
    return Addressee(contact, message) if contact else None
