"""One message in: once, whatever delivers it how often, and never lost; what cannot be read is kept raw."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from email.utils import parseaddr
from enum import StrEnum

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Q

from contactflow.core import mail_addresses
from contacts.models import BusinessEntity, Contact
from engagement import bounces
from engagement.inbound import (
    authentication,
    automatic,
    consequences,
    inboxes,
    matching,
    parsing,
    quoting,
    reply_addresses,
)
from engagement.inbound.parsing import Mail
from engagement.models import Message, Reply

logger = logging.getLogger(__name__)

MAX_RAW = 2_000_000  # bytes that are kept of a message as it arrived
Kind, State = Reply.Kind, Reply.State


class Outcome(StrEnum):
    STORED = "stored"
    KNOWN = "known"  # it was here before
    OURS = "ours"  # a copy of what we sent, or an answer of ours that came round
    UNREADABLE = "unreadable"  # kept raw, for staff
    REFUSED = "refused"  # the mailbox does not give it out; noted for staff
    PASSED = "passed"  # of before the mailbox was connected, and of nobody here: left there


@dataclass(frozen=True)
class Taken:
    outcome: Outcome
    reply: Reply | None = None


def take_in(
    raw: bytes, *, via: str, key: str, now: dt.datetime, received_at: dt.datetime | None = None, brand: str = ""
) -> Taken:
    """Take a message in, with all that follows from it, in one transaction.

    `via` and `key` say where it was delivered: the same pair, or the same bytes, are one message. `brand` is the slug
    of the brand whose mailbox it is, where it is one's. Raises only what the database raises when it is away.
    """
    arrived = _arrived(raw, f"{via}:{key}"[:300], min(received_at or now, now))
    return _once(arrived, lambda: _take(arrived, raw, brand, now))


def take_in_history(raw: bytes, *, via: str, key: str, received_at: dt.datetime, brand: str = "") -> Taken:
    """The same for what lay in a mailbox before it was connected, where it is surely of somebody here: shown as done,
    nobody is told, nothing waits for an answer, stops or starts. What holds nevertheless: that an address is dead, and
    that somebody wanted out, unless they said otherwise since.
    """
    arrived = _arrived(raw, f"{via}:{key}"[:300], received_at)
    return _once(arrived, lambda: _take_history(arrived, raw, brand))


def note_refused(*, via: str, key: str, said: str, now: dt.datetime) -> Taken:
    """A message that its mailbox does not give out: staff see where it lies."""
    place = f"{via}:{key}"[:300]
    noted = Reply(
        key=place, digest=hashlib.sha256(place.encode()).hexdigest(), raw=b"", received_at=now, text=said,
        subject=f"A message that the mail server does not give out: {key}"[:998],
        kind=Kind.UNREADABLE, state=State.QUARANTINED,
    )  # fmt: skip
    if known := _known(noted):
        return known
    noted.save(force_insert=True)
    return Taken(Outcome.REFUSED, noted)


def _once(arrived: Reply, take: Callable[[], Taken]) -> Taken:
    if known := _known(arrived):
        return known
    try:
        with transaction.atomic():
            return take()
    except (OperationalError, InterfaceError):
        raise
    except IntegrityError:  # somebody else took it in meanwhile, or it cannot be stored as it was read
        if known := _known(arrived):
            return known
        logger.exception("a message (%s) could not be stored", arrived.key)
    except Exception:
        logger.exception("a message (%s) could not be read", arrived.key)
    return _keep(arrived)


def keep(raw: bytes, *, via: str, key: str, now: dt.datetime, received_at: dt.datetime | None = None) -> Taken:
    """Only keep a message, for staff, as one that cannot be read: what read it came to no end."""
    arrived = _arrived(raw, f"{via}:{key}"[:300], min(received_at or now, now))
    return _known(arrived) or _keep(arrived)


def _arrived(raw: bytes, place: str, at: dt.datetime) -> Reply:
    return Reply(key=place, digest=hashlib.sha256(raw).hexdigest(), raw=raw[:MAX_RAW], received_at=at)


def _known(arrived: Reply) -> Taken | None:
    same = Reply.objects.filter(Q(key=arrived.key) | Q(digest=arrived.digest))
    known = same.defer("raw", "body").first()
    return Taken(Outcome.KNOWN, known) if known else None


def _keep(arrived: Reply) -> Taken:
    """As it arrived, with the addresses that stand in it."""
    sender, recipients = parsing.addresses_in(bytes(arrived.raw))
    kept = Reply(
        key=arrived.key, digest=arrived.digest, raw=arrived.raw, received_at=arrived.received_at,
        sender=sender, recipients=recipients, kind=Kind.UNREADABLE, state=State.QUARANTINED,
    )  # fmt: skip
    kept.save(force_insert=True)
    return Taken(Outcome.UNREADABLE, kept)


def accept(*, reply: Reply, contact: Contact, by: str, now: dt.datetime) -> Reply:
    """A colleague says whose answer a quarantined message is: what follows from a reply follows now.

    Of one that is not quarantined nothing changes.
    """
    with transaction.atomic():
        locked = Reply.objects.select_for_update(of=("self",)).get(pk=reply.pk)
        if locked.state != State.QUARANTINED:
            return locked
        locked.kind = Kind.HUMAN if locked.kind == Kind.UNREADABLE else locked.kind
        is_answer = locked.kind == Kind.HUMAN
        locked.contact, locked.accepted_by = contact, by[:150]
        locked.state, locked.settled_at = (State.NEW, None) if is_answer else (State.DONE, now)
        if locked.message is not None and locked.message.contact_id != contact.pk:
            locked.message = None
        locked.save(update_fields=["contact", "accepted_by", "state", "settled_at", "kind", "message"])
        if is_answer:
            consequences.of_human(locked, now=now)
        logger.info("reply %s was accepted by %s", locked.pk, by)
    return locked


def _take(arrived: Reply, raw: bytes, brand: str, now: dt.datetime) -> Taken:
    mail = _from_outside(parsing.parse(raw))
    if mail is None:
        return Taken(Outcome.OURS)
    is_proven = _understand(arrived, mail, raw, brand, now)
    is_sure = arrived.state != State.QUARANTINED
    if is_sure and arrived.kind != Kind.HUMAN:
        arrived.state, arrived.settled_at = State.DONE, now
    arrived.save(force_insert=True)
    if is_sure and arrived.kind == Kind.HUMAN:
        (consequences.of_human if is_proven else consequences.of_unproven)(arrived, now=now)
    if is_sure and is_proven and arrived.kind == Kind.OUT_OF_OFFICE:
        consequences.of_absence(arrived, now=now)
    return Taken(Outcome.STORED, arrived)


def _take_history(arrived: Reply, raw: bytes, brand: str) -> Taken:
    """What it tells is of when it arrived."""
    mail = _from_outside(parsing.parse(raw))
    if mail is None:
        return Taken(Outcome.OURS)
    is_proven = _understand(arrived, mail, raw, brand, arrived.received_at)
    if arrived.state == State.QUARANTINED or arrived.contact is None:
        return Taken(Outcome.PASSED)
    arrived.state, arrived.settled_at = State.DONE, arrived.received_at
    arrived.save(force_insert=True)
    if is_proven and arrived.kind == Kind.HUMAN:
        consequences.of_history(arrived)
    return Taken(Outcome.STORED, arrived)


def _understand(arrived: Reply, mail: Mail, raw: bytes, brand: str, now: dt.datetime) -> bool:
    """What it is, whose, and what it answers; whether it is proven whose it is."""
    _copy(arrived, mail)
    is_proven = False
    if not _is_report(arrived, mail, raw, now):
        arrived.kind, arrived.kind_reason = automatic.kind_of(mail)
        is_proven = _match(arrived, mail) or authentication.proves(raw, sender=mail.sender)
    arrived.business_entity = _brand_of(arrived, mail, brand)
    if arrived.kind == Kind.HUMAN:
        new = quoting.cut(mail.text, subject=mail.subject)
        arrived.text, arrived.wants_out = new.text, new.wants_out
    if arrived.kind == Kind.OUT_OF_OFFICE:
        arrived.returns_on = automatic.returns_on(mail.text, today=arrived.received_at.date())
    return is_proven


def _is_report(arrived: Reply, mail: Mail, raw: bytes, now: dt.datetime) -> bool:
    """Reports first, also those of servers that mark them in no way. About a message of ours, or somebody looks."""
    signed_for = matching.signed_for(mail)
    report = bounces.take_in(raw, now=now, returns_signed=reply_addresses.returns_to, signed_for=signed_for)
    if not report.reports:
        return False
    is_complaint = any(one.kind == bounces.Kind.COMPLAINT for one in report.reports)
    arrived.kind, arrived.kind_reason = (Kind.COMPLAINT if is_complaint else Kind.BOUNCE), "report"
    arrived.message = report.message
    arrived.contact = report.message.contact if report.message else None
    arrived.state = State.NEW if report.message else State.QUARANTINED
    return True


def _match(arrived: Reply, mail: Mail) -> bool:
    """Whether it is proven whose it is. What machines send about nobody we know needs nobody to look at it."""
    found = matching.match(mail)
    arrived.contact, arrived.message, arrived.matched_by = found.contact, found.message, found.by
    arrived.state = State.NEW if found.is_sure or arrived.kind != Kind.HUMAN else State.QUARANTINED
    return found.is_proven


def _copy(arrived: Reply, mail: Mail) -> None:
    arrived.sender, arrived.sender_name, arrived.subject = mail.sender, mail.sender_name, mail.subject
    arrived.recipients, arrived.cc = list(mail.recipients), list(mail.cc)
    arrived.text = arrived.body = mail.text
    arrived.attachments = list(mail.attachments)
    arrived.internet_message_id = mail.message_id
    arrived.in_reply_to, arrived.references = (
        next(iter(mail.in_reply_to), ""),
        list(mail.references)[-parsing.MAX_IDS :],
    )


def _from_outside(mail: Mail) -> Mail | None:
    """None for a copy of a message of ours, and for mail from an address of ours, which is no answer to us.

    A form of a website writes from the brand's address as well; it names the visitor as whom to answer.
    """
    if mail.message_id and Message.objects.filter(message_id=mail.message_id).exists():
        return None
    ours = _our_addresses()
    if _without_plus(mail.sender) not in ours:
        return mail
    is_of_a_form = mail.reply_to and _without_plus(mail.reply_to) not in ours
    return replace(mail, sender=mail.reply_to, sender_name="") if is_of_a_form else None


def _our_addresses() -> set[str]:
    brands = BusinessEntity.objects.values_list("sender_email", "reply_to")
    named: Iterable[str] = [
        parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        *(address for pair in brands for address in pair),
        *(inbox.address for inbox in inboxes.configured()),
    ]
    return {mail_addresses.folded(address) for address in named if address}


def _without_plus(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _brand_of(arrived: Reply, mail: Mail, slug: str) -> BusinessEntity | None:
    """That of the message it answers; else whose mailbox it came to, whose address it was sent to, the contact's."""
    if arrived.message is not None and arrived.message.business_entity is not None:
        return arrived.message.business_entity
    brands = list(BusinessEntity.objects.all())
    to = {_without_plus(address) for address in (*mail.recipients, *mail.cc)}
    for brand in brands:
        if brand.slug == slug:
            return brand
    for brand in brands:
        if {brand.sender_email.lower(), brand.reply_to.lower()} & to:
            return brand
    return arrived.contact.business_entities.order_by("memberships__position").first() if arrived.contact else None
