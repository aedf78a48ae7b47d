"""Builds the wire form of an email: who sends it, its headers, both parts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from email.charset import QP, Charset
from email.utils import format_datetime, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from contacts.models import BusinessEntity
from engagement.channels.base import ChannelError, Envelope
from engagement.template_syntax import plain


@dataclass(frozen=True)
class Sender:
    name: str
    address: str
    reply_to: str = ""

    def __str__(self) -> str:
        return f'"{self.name}" <{self.address}>' if self.name else self.address


def sender_of(business_entity: BusinessEntity | None) -> Sender:
    """The brand's own sender; what it leaves open comes from DEFAULT_FROM_EMAIL."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    if business_entity is None:
        return Sender(_display(name), address)
    return Sender(
        _display(business_entity.sender_name or business_entity.name or name),
        business_entity.sender_email or address,
        business_entity.reply_to,
    )


def _display(name: str) -> str:
    return plain(name, 120).replace('"', "'").replace("\\", "")


def message_id(identity: uuid.UUID, sender: Sender) -> str:
    """Stable over retries: a mail program that gets a message twice shows it once."""
    return f"<{identity}@{_ascii_domain(sender.address.rpartition('@')[2]) or 'localhost'}>"


def build(  # noqa: PLR0913  the parts of an email
    *, identity: uuid.UUID, sender: Sender, recipient: str, subject: str, text: str, html: str = "", now: datetime
) -> Envelope:
    """The message, ready for the wire. Raises a permanent ChannelError for an address no mail server takes."""
    headers = {
        "Message-ID": message_id(identity, sender),
        "Date": format_datetime(now),
        # A machine decided to send it: out-of-office replies stay away, people's replies do not.
        "Auto-Submitted": "auto-generated",
    }
    wire_sender, wire_recipient = _wire_address(sender.address), _wire_address(recipient)
    email = EmailMultiAlternatives(
        subject=subject,
        body=text,
        from_email=str(Sender(sender.name, wire_sender)),
        to=[wire_recipient],
        reply_to=[_wire_address(sender.reply_to)] if sender.reply_to else None,
        headers=headers,
    )
    email.encoding = _quoted_printable()
    if html:
        email.attach_alternative(html, "text/html")
    try:
        content = email.message().as_bytes()
    except (ValueError, UnicodeError) as error:
        raise ChannelError(f"The email cannot be built: {error}", permanent=True) from error
    return Envelope(sender=wire_sender, recipient=wire_recipient, message_id=headers["Message-ID"], content=content)


def _quoted_printable() -> Charset:
    """7-bit on the wire, so that every server can pass it on unchanged."""
    charset = Charset("utf-8")
    charset.body_encoding = QP
    return charset


def _wire_address(address: str) -> str:
    """ASCII: international domains as punycode."""
    local, at, domain = address.strip().rpartition("@")
    wire_domain = _ascii_domain(domain)
    if not (local and at and wire_domain) or any(character.isspace() or character in "<>" for character in local):
        raise ChannelError(f"{address!r} is not an email address.", permanent=True)
    if not local.isascii():
        raise ChannelError(
            f"{address} has characters before the @ that many mail servers refuse. Ask for another address.",
            permanent=True,
        )
    return f"{local}@{wire_domain}"


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
