"""Which of our messages an arrived one answers, and whether it may be taken for an answer of the person it went to.

Signed reply addresses and message ids of ours can be known to others (they stand in mail that was forwarded): they
count only for a sender who takes part. Anybody can write any sender: it alone only says in whose name somebody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from contacts import addresses
from contacts.models import Contact
from engagement.inbound import reply_addresses
from engagement.inbound.parsing import MAX_IDS, Mail
from engagement.models import Message, Reply

By = Reply.MatchedBy
DELIVERED_TO = ("delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "x-envelope-to", "x-forwarded-to")
LEAST_BARE_ID = 16  # characters of an id that servers name without its domain
_QUOTED_IDS = re.compile(r"<([\w.+-]{16,100}@[\w.-]{3,100})>")
_PREFIXES = re.compile(
    r"^\s*(?:(?:re|aw|antw|sv|vs|odp|ynt|r|rif|fwd?|wg|tr|rv|enc)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE
)


@dataclass(frozen=True)
class Match:
    """`is_sure`: it is theirs as far as one can tell, and goes to the inbox; else somebody checks whose it is.
    `is_proven`: what follows from a reply follows from this one. Without a contact we do not know who writes."""

    contact: Contact | None
    message: Message | None
    by: str
    is_sure: bool
    is_proven: bool = False


def match(mail: Mail) -> Match:
    """The message it answers and whose answer it is."""
    sender = addresses.find(email=mail.sender) if mail.sender else None
    if message := signed_for(mail):
        takes_part = _takes_part(sender, mail.sender, message)
        return Match(message.contact, message, By.REPLY_ADDRESS, is_sure=takes_part, is_proven=takes_part)
    for by, ids in _ways(mail):
        if message := _newest(ids):
            takes_part = _takes_part(sender, mail.sender, message)
            contact = message.contact if takes_part else sender
            return Match(contact, message, by, is_sure=takes_part, is_proven=takes_part)
    if sender is None:
        return Match(None, None, "", is_sure=False)
    message = _of_subject(sender, mail.subject)
    return Match(sender, message, By.SENDER if message else "", is_sure=True)


def signed_for(mail: Mail) -> Message | None:
    """The message whose own reply address it came to."""
    signed = reply_addresses.read(_recipients(mail))
    return _messages().filter(pk=signed).first() if signed else None


def _recipients(mail: Mail) -> Iterator[str]:
    yield from (*mail.recipients, *mail.cc)
    for name in DELIVERED_TO:
        for value in mail.headers.get(name, ()):
            yield value.strip("<> ")


def _ways(mail: Mail) -> Iterator[tuple[By, Sequence[str]]]:
    """Where ids of ours may stand, what proves most first; of many the newest."""
    yield By.IN_REPLY_TO, list(mail.in_reply_to)[:MAX_IDS]
    yield By.REFERENCES, list(reversed(mail.references))[:MAX_IDS]
    quoted = [
        f"<{one}>" for one in _QUOTED_IDS.findall(mail.html.replace("&lt;", "<").replace("&gt;", ">") + mail.text)
    ]
    yield By.QUOTED, quoted[:MAX_IDS]


def _newest(ids: Sequence[str]) -> Message | None:
    """Of the messages with these ids the one whose id stands first; servers that give ids leave out the brackets."""
    spelt = {one: place for place, given in enumerate(ids) for one in _spellings(given)}
    found = _messages().filter(message_id__in=spelt) if spelt else ()
    return min(found, key=lambda message: spelt[message.message_id], default=None)


def _spellings(given: str) -> Iterable[str]:
    bare = given.strip("<>")
    local = bare.partition("@")[0]
    return {given, bare, *({local} if len(local) >= LEAST_BARE_ID else ())}


def _takes_part(sender: Contact | None, address: str, message: Message) -> bool:
    """The person it went to, by any address of theirs, or somebody whom a colleague accepted for them before."""
    if sender is not None and sender.pk == message.contact_id:
        return True
    accepted = Reply.objects.filter(contact=message.contact_id, sender=address, kind=Reply.Kind.HUMAN)
    return bool(address) and accepted.exclude(accepted_by="").exists()


def _of_subject(contact: Contact, subject: str) -> Message | None:
    bare = _PREFIXES.sub("", subject).strip()
    sent = _messages().filter(contact=contact, sent_at__isnull=False, subject__iexact=bare) if bare else None
    return sent.order_by("-sent_at").first() if sent is not None else None


def _messages() -> QuerySet[Message]:
    return Message.objects.select_related("contact", "business_entity").defer("html", "text")
