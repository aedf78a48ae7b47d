"""The address that answers to one message go to, which says and proves which message that was.

`hello+TOKEN@brand.example`: only where INBOX_PLUS_ADDRESSING says that the mailbox takes what stands behind a plus.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings

from contactflow.core import tokens
from contacts.models import BusinessEntity
from engagement.channels.base import Sender
from engagement.inbound import inboxes
from engagement.models import Message

PURPOSE = "reply"
LONGEST_LOCAL_PART = 64


def of_message(message_id: UUID, *, brand: str) -> str:
    """For the Reply-To of a message of the brand (its slug); "" where answers go where they always go."""
    if not settings.INBOX_PLUS_ADDRESSING:
        return ""
    inbox = inboxes.of_brand(brand)
    local, _, domain = (inbox.address if inbox else "").rpartition("@")
    signed = f"{local}+{tokens.make_local(PURPOSE, message_id)}"
    return f"{signed}@{domain}" if local and len(signed) <= LONGEST_LOCAL_PART else ""


def signed(sender: Sender, *, message_id: UUID, brand: BusinessEntity | None) -> Sender:
    """The sender of a message, so that answers say which one they are for where that is possible.

    So do delivery reports, where the mailbox is in the sender's own domain: an envelope sender of another one would
    not pass for the sender's (SPF, DMARC).
    """
    address = of_message(message_id, brand=brand.slug if brand else "")
    if not address:
        return sender
    is_own = address.rpartition("@")[2] == sender.address.rpartition("@")[2].lower()
    return replace(sender, reply_to=address, return_path=address if is_own else "")


def returns_to(message: Message) -> bool:
    """Whether what a mail server reports about this message comes to its own signed address."""
    domain = parseaddr(message.sender)[1].rpartition("@")[2].lower()
    is_own = message.reply_to.rpartition("@")[2].lower() == domain
    return message.transport == Message.Transport.SMTP and is_own and read([message.reply_to]) is not None


def read(addresses: Iterable[str]) -> UUID | None:
    """The message that one of the addresses was made for; None for any that was not."""
    for address in addresses:
        _, plus, token = address.rpartition("@")[0].rpartition("+")
        if plus and (message_id := tokens.read_local(PURPOSE, token)):
            return message_id
    return None
