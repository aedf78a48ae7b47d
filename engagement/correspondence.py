"""Mails that colleagues write to a contact by hand: an answer, or the first word. They leave by engagement.deliveries.

write -> [intent] -> hand over -> settle: the same promises as for any other mail. They are transactional: whoever wrote
to a brand, or is written to by a person of it, asked for no marketing; Do Not Contact and a blocked address stop them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from contactflow.core.reasons import Reason, Refused
from contacts import consent
from contacts.models import BusinessEntity, Contact
from engagement import context, delivery, envelopes, inbox, layout, rendering, template_validation, touches
from engagement.channels.base import ChannelError, Envelope, Receipt
from engagement.inbound import reply_addresses
from engagement.models import Delivery, EngagementTemplate, HumanTouch, Message, MessageEvent, Purpose, Reply
from engagement.rendering import Rendered, Words
from engagement.tracking import links
from engagement.tracking.links import Tracking

Status = Message.Status
LEVEL = EngagementTemplate.Level.ADVANCED  # what a colleague knows of the contact anyway
LONGEST_REFERENCES = 800  # characters of a header that stays in one line
UNCLEAR = 100  # that are looked at in one turn
LONGEST = {"subject": 300, "body": 100_000}
_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]+>")
_PREFIX = re.compile(r"^\s*(?:re|aw|antw|sv|vs|rif|ref|odp)\s*(?:\[\d+\])?\s*:\s*", re.IGNORECASE)


class NotWritten(Refused):
    """It cannot be sent; engagement.describe says why and what to do."""


def words(*, subject: str, body: str) -> Words:
    """What a colleague typed: Markdown, and variables as in emails."""
    return Words(subject.strip(), "", body.replace("\r\n", "\n").strip(), LEVEL)


def write(  # noqa: PLR0913  what a mail consists of
    *,
    contact: Contact,
    business_entity: BusinessEntity | None,
    subject: str,
    body: str,
    by: str,
    reply: Reply | None = None,
    now: datetime,
) -> Message:
    """Store the mail, to leave within moments. Raises NotWritten."""
    message_id, brand = uuid4(), business_entity
    is_followed = brand is not None and brand.tracks_by_hand
    tracking = links.tracking_of(message_id=message_id, brand=brand, contact=contact) if is_followed else None
    rendered = _rendered(words(subject=subject, body=body), contact, brand, tracking)
    with transaction.atomic():
        if refusal := _refusal(contact, brand):
            raise NotWritten(refusal)
        message = _post(contact, brand, rendered, now, pk=message_id, author=by[:150], answers=reply)
        inbox.answered(message=message)
    return message


def notify(*, contact: Contact, business_entity: BusinessEntity | None, typed: Words, now: datetime) -> Message:
    """What somebody asked for on a page, by nobody's hand: it leaves likewise and is no colleague's touch. Raises
    NotWritten."""
    rendered = _rendered(typed, contact, business_entity)
    if refusal := _refusal(contact, business_entity):
        raise NotWritten(refusal)
    return _post(contact, business_entity, rendered, now)


def _post(contact: Contact, brand: BusinessEntity | None, rendered: Rendered, now: datetime, **about: Any) -> Message:
    sender = envelopes.sender_of(brand)
    message = Message.objects.create(
        contact=contact,
        business_entity=brand,
        purpose=Purpose.TRANSACTIONAL,
        sender=str(sender),
        reply_to=sender.reply_to,
        recipient=contact.email,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        links=rendered.links,
        status=Status.PENDING,
        **about,
    )
    Delivery.objects.create(identity=message.pk, message=message, address=contact.email, next_attempt_at=now)
    return message


def subject_of_answer(subject: str) -> str:
    """Re: once, in whatever language they said it."""
    bare = _PREFIX.sub("", subject)
    while bare != (shorter := _PREFIX.sub("", bare)):
        bare = shorter
    return f"Re: {bare.strip()}" if bare.strip() else "Re: your message"


def filled(*, template: EngagementTemplate, contact: Contact, business_entity: BusinessEntity | None) -> Words:
    """The words of an email with the contact's values, to be written on; what has no value keeps its variable."""
    if template.current_version is None:
        return words(subject="", body="")
    version = template.current_version
    version.template = template
    told = replace(Words.of(version).for_reader(contact, business_entity), level=LEVEL)
    names = told.variable_names()
    about: dict[str, Any] = {"contact": contact, "business_entity": business_entity, "facts": None, "names": names}
    values = context.gather(**about, language=told.language)
    return rendering.filled(told, values)


def _rendered(
    typed: Words, contact: Contact, brand: BusinessEntity | None, tracking: Tracking | None = None
) -> Rendered:
    if not typed.subject or not typed.body:
        empty = "subject" if not typed.subject else "text"
        raise NotWritten(Reason.of("not_written", said=f"There is no {empty} yet. Write one."))
    for field, most in LONGEST.items():
        if len(getattr(typed, field)) > most:
            raise NotWritten(Reason.of("not_written", said=f"The {field} has more than {most} characters: shorten it."))
    faults = template_validation.find_errors(typed)
    if first := next((fault for field in ("subject", "body") for fault in faults.get(field, [])), ""):
        raise NotWritten(Reason.of("not_written", said=first))
    values = context.gather(contact=contact, business_entity=brand, facts=None, names=typed.variable_names())
    rendered = rendering.compose(words=typed, values=values, brand=layout.brand_of(brand), tracking=tracking)
    if rendered.missing:
        raise NotWritten(Reason.of("lacking", contact=str(contact), missing=rendered.missing))
    return rendered


def _refusal(contact: Contact, brand: BusinessEntity | None) -> Reason | None:
    verdict = consent.may_contact(contact=contact, business_entity=brand, is_marketing=False)
    return None if verdict.allowed else verdict.reason


# For the statement of the intent, of a delivery that carries a message: whether its contact may still be written to.
MAY_LEAVE_SQL = f"""(delivery.message_id IS NULL OR EXISTS (
    SELECT 1 FROM engagement_message AS message
    JOIN contacts_contact AS contact ON contact.id = message.contact_id
    JOIN contacts_contactstatus AS status ON status.id = contact.status_id
    CROSS JOIN LATERAL (SELECT message.business_entity_id AS brand_id, FALSE AS is_marketing, '' AS kind) AS wanted
    WHERE message.id = delivery.message_id AND contact.email = delivery.address AND {consent.may_contact_sql()}
))"""  # noqa: S608  conditions of ours


def envelope_of(message: Message, *, identity: UUID, address: str, now: datetime) -> Envelope:
    """As it leaves. Raises a permanent ChannelError where it must not any more."""
    if address != message.contact.email:
        raise ChannelError(Reason.of("address_changed"), permanent=True)
    if refusal := _refusal(message.contact, message.business_entity):
        raise ChannelError(refusal, permanent=True)
    brand = message.business_entity
    return Envelope(
        identity=identity,
        sender=reply_addresses.signed(envelopes.sender_of(brand), message_id=message.pk, brand=brand),
        address=address,
        parts={"subject": message.subject, "text": message.text, "html": message.html},
        at=now,
        headers={"Auto-Submitted": "no" if message.author else "auto-generated", **_thread(message.answers)},
    )


def _thread(reply: Reply | None) -> dict[str, str]:
    """What lets their mail program show it below what it answers."""
    if reply is None or not _ID.fullmatch(reply.internet_message_id):
        return {}
    ids = [one for one in reply.references if _ID.fullmatch(one) and one != reply.internet_message_id]
    ids.append(reply.internet_message_id)
    while len(" ".join(ids)) > LONGEST_REFERENCES and len(ids) > 1:
        ids.pop(1 if len(ids) > 2 else 0)  # the first names the thread, the last ones its end
    return {"In-Reply-To": reply.internet_message_id, "References": " ".join(ids)}


def begin(references: Mapping[UUID, str]) -> None:
    """Within the transaction of the intents: what the other side will call each."""
    for pk, reference in references.items():
        Message.objects.filter(pk=pk).update(status=Status.SENDING, message_id=reference)


def settle(*, message_id: UUID, status: str, reason: Reason | None, receipt: Receipt | None, now: datetime) -> None:
    """What became of the hand-over, within its transaction; that it went out is the colleague's touch."""
    message = Message.objects.select_related("answers").filter(pk=message_id).exclude(status=Status.SENT).first()
    if message is None:
        return
    said = reason.as_json() if reason else {}
    message.status, message.reason = status, said
    if receipt is not None:
        message.sent_at, message.transport = now, receipt.transport
        if message.author:
            touches.with_row(message, kind=_kind(message), by=message.author, now=message.created_at)
    message.save(update_fields=["status", "reason", "sent_at", "transport"])
    if status == Status.FAILED:
        inbox.not_answered(message=message)
        if reason is not None:
            delivery.record_bounced(message.pk, reason=reason, now=now)
    if status != Status.PENDING:
        detail = {"response": receipt.response[:500]} if receipt else {"reason": said}
        MessageEvent.objects.create(message=message, type=status, at=now, detail=detail)


def _kind(message: Message) -> str:
    return HumanTouch.Kind.ANSWERED if message.answers_id else HumanTouch.Kind.WROTE


def cut_off(messages: list[UUID], *, reason: Reason, now: datetime) -> None:
    """Of a worker that died during their hand-over."""
    for pk in messages:
        settle(message_id=pk, status=Status.AMBIGUOUS, reason=reason, receipt=None, now=now)


def unclear() -> list[UUID]:
    """What was handed over without an answer, the newest."""
    rows = Message.objects.filter(status=Status.AMBIGUOUS, action=None).exclude(author="")
    return list(rows.order_by("-created_at").values_list("pk", flat=True)[:UNCLEAR])


def settle_proven(*, now: datetime) -> int:
    """Settle unclear ones by what others tell of them meanwhile; how many."""
    found = delivery.proven(ids) if (ids := unclear()) else {}
    for pk, known in found.items():
        _decide(pk, known, now)
    return len(found)


def resolve(*, message: Message, arrived: bool, by: str, now: datetime) -> None:
    """A colleague found out what became of an unclear one."""
    said = f"{by} says that it arrived" if arrived else ""
    _decide(message.pk, Receipt(message.transport or Message.Transport.SMTP, said) if arrived else _not_sent(by), now)


def _not_sent(by: str) -> Reason:
    return Reason.of("not_sent", by=by, why="it did not arrive")


@transaction.atomic
def _decide(message_id: UUID, known: Receipt | Reason, now: datetime) -> None:
    receipt, reason = (known, None) if isinstance(known, Receipt) else (None, known)
    status = Status.SENT if receipt else Status.FAILED
    mine = Delivery.objects.filter(message=message_id, status=Delivery.Status.AMBIGUOUS)
    if mine.update(status=status, reason=reason.as_json() if reason else {}, finished_at=now):
        settle(message_id=message_id, status=status, reason=reason, receipt=receipt, now=now)


@transaction.atomic
def again(*, message: Message, now: datetime) -> bool:
    """Let one that surely did not go out leave once more; whether it was such a one."""
    failed = Delivery.objects.filter(message=message, status=Delivery.Status.FAILED)
    waiting = {"status": Delivery.Status.PENDING, "attempts": 0, "next_attempt_at": now, "finished_at": None}
    if not failed.update(reason={}, token=None, **waiting):
        return False
    Message.objects.filter(pk=message.pk, status=Status.FAILED).update(status=Status.PENDING, reason={})
    inbox.answered(message=message)
    return True
