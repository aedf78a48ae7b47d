"""Who speaks in a message: the brand, or the installation itself."""

from __future__ import annotations

from email.utils import parseaddr
from functools import lru_cache

from django.conf import settings

from contacts.models import BusinessEntity
from engagement.channels.base import Sender
from engagement.plain_text import plain

__all__ = ["Sender", "sender_of"]


def sender_of(business_entity: BusinessEntity | None, *, name: str = "") -> Sender:
    """The brand's own sender, under this name if one is given; what is left open comes from DEFAULT_FROM_EMAIL."""
    default, address = _parsed(settings.DEFAULT_FROM_EMAIL)
    if business_entity is None:
        return Sender(_display(name or default), address)
    return Sender(
        _display(name or business_entity.sender_name or business_entity.name or default),
        business_entity.sender_email or address,
        business_entity.reply_to,
    )


@lru_cache(maxsize=8)
def _parsed(sender: str) -> tuple[str, str]:
    return parseaddr(sender)


@lru_cache(maxsize=256)
def _display(name: str) -> str:
    return plain(name.replace('"', "'").replace("\\", ""), 120)
