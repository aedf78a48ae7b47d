"""Sends one email for one action, in phases the engine puts its own records between.

prepare -> [record_intent] -> hand_over -> [record_sent | record_failed | record_ambiguous]; brackets are transactions
of the caller. Everything is keyed by the action's id, and each record_* may be called again without effect.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from contacts import consent
from contacts.models import BusinessEntity, Contact
from engagement import envelopes, generated_text, rendering
from engagement.channels import registry
from engagement.channels.base import Envelope, Receipt
from engagement.models import EngagementTemplate, Message, MessageEvent, TemplateVersion
from engagement.rendering import Rendered

Status = Message.Status
logger = logging.getLogger(__name__)


class NotAllowed(Exception):
    """The contact must not be written to, or the email is switched off: skip it. `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Held(Exception):
    """Something is missing: nothing was sent and staff are told. str() says which contact lacks what."""

    def __init__(self, missing: list[str], message: str) -> None:
        super().__init__(message)
        self.missing = missing
        self.message = message


class AlreadySent(Exception):
    """This action's email went out before: the last line of defence against sending twice."""


class Unsettled(Exception):
    """This action's email was handed over and its outcome is not known: nobody may send it again before it is."""


@dataclass(frozen=True)
class Draft:
    """One email ready to be handed over; nothing of it is stored yet."""

    action_id: UUID
    contact_id: UUID
    business_entity_id: int | None
    version_id: int
    sender: str
    reply_to: str
    rendered: Rendered
    envelope: Envelope


def prepare(
    *,
    action_id: UUID,
    template: EngagementTemplate,
    contact: Contact,
    business_entity: BusinessEntity | None,
    now: datetime,
) -> Draft:
    """Look again, render, connect. Nothing leaves. Raises NotAllowed, Held or ChannelError."""
    business_entity = template.business_entity or business_entity
    version = _version_to_send(template)
    verdict = consent.may_contact(contact=contact, business_entity=business_entity, channel="email")
    if not verdict.allowed:
        raise NotAllowed(verdict.reason)
    rendered = _rendered(version, contact, business_entity, now)
    sender = envelopes.sender_of(business_entity)
    draft = Draft(
        action_id=action_id,
        contact_id=contact.pk,
        business_entity_id=business_entity.pk if business_entity else None,
        version_id=version.pk,
        sender=str(sender),
        reply_to=sender.reply_to,
        rendered=rendered,
        envelope=envelopes.build(
            identity=action_id,
            sender=sender,
            recipient=contact.email,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            now=now,
        ),
    )
    if rendered.missing:
        raise _hold(draft, template, contact, now)
    registry.mail_channel().prepare()
    return draft


def _version_to_send(template: EngagementTemplate) -> TemplateVersion:
    if not template.active:
        raise NotAllowed(f'The email "{template.name}" is switched off.')
    if template.current_version is None:
        raise Held(["words"], f'The email "{template.name}" has no words yet. Write them, then try again.')
    return template.current_version


def _rendered(
    version: TemplateVersion, contact: Contact, business_entity: BusinessEntity | None, now: datetime
) -> Rendered:
    written = generated_text.write(version=version, contact=contact, business_entity=business_entity, now=now)
    return rendering.render(
        version=version, contact=contact, business_entity=business_entity, now=now, passages=written
    )


def _hold(draft: Draft, template: EngagementTemplate, contact: Contact, now: datetime) -> Held:
    missing = draft.rendered.missing
    message = (
        f'The email "{template.name}" is held: {contact} has no {", no ".join(missing)}. '
        "Complete the contact or give the email a fallback, then try again."
    )
    with transaction.atomic():
        _store(draft, status=Status.HELD, missing=missing, error=message, now=now)
    return Held(missing, message)


def record_intent(draft: Draft, *, now: datetime) -> Message:
    """Store the email as rendered, about to be handed over. Raises AlreadySent, or Unsettled before its outcome."""
    return _store(draft, status=Status.SENDING, missing=[], error="", now=now)


def _store(draft: Draft, *, status: str, missing: list[str], error: str, now: datetime) -> Message:
    message = Message.objects.select_for_update().filter(action=draft.action_id).first()
    if message is None:
        message = Message(action=draft.action_id, created_at=now)
    elif message.status == Status.SENT:
        raise AlreadySent(f"The email of action {draft.action_id} was sent before.")
    elif message.status in (Status.SENDING, Status.AMBIGUOUS):
        raise Unsettled(f"Nobody knows yet whether the email of action {draft.action_id} was sent.")
    message.contact_id = draft.contact_id
    message.business_entity_id = draft.business_entity_id
    message.version_id = draft.version_id
    message.sender = draft.sender
    message.recipient = draft.envelope.recipient
    message.reply_to = draft.reply_to
    message.subject = draft.rendered.subject
    message.text = draft.rendered.text
    message.html = draft.rendered.html
    message.message_id = draft.envelope.message_id
    message.status, message.missing, message.error = status, missing, error
    message.save()
    return message


def hand_over(draft: Draft) -> Receipt:
    """Give it to the channel. Raises ChannelError for a definite no and Unclear when no answer came."""
    return registry.mail_channel().hand_over(draft.envelope)


def release() -> None:
    """Close the connections a batch kept open."""
    registry.mail_channel().release()


def record_sent(action_id: UUID, *, receipt: Receipt, now: datetime) -> Message:
    """The channel took it; also what staff say of an ambiguous one that did arrive."""
    changes = {"status": Status.SENT, "transport": receipt.transport, "sent_at": now, "error": ""}
    settled = _settle(action_id, _not_in(Status.SENT), changes, {"response": receipt.response[:500]}, now)
    return settled or Message.objects.defer("text", "html").get(action=action_id)


def record_failed(action_id: UUID, *, error: Exception | str, now: datetime) -> None:
    """Refused, for now or for good: it was not sent."""
    _settle(
        action_id,
        Q(status__in=(Status.SENDING, Status.AMBIGUOUS)),
        {"status": Status.FAILED, "error": str(error)[:2000]},
        {"error": str(error)[:500]},
        now,
    )


def record_ambiguous(action_id: UUID, *, error: Exception | str, now: datetime) -> None:
    """Handed over without an answer."""
    changes = {"status": Status.AMBIGUOUS, "error": str(error)[:2000]}
    _settle(action_id, Q(status=Status.SENDING), changes, {"error": str(error)[:500]}, now)


def record_cancelled(action_id: UUID, *, reason: str, now: datetime) -> None:
    """It is not to be sent any more; one that was sent stays sent."""
    changes = {"status": Status.CANCELLED, "error": reason[:2000]}
    _settle(action_id, _not_in(Status.SENT, Status.CANCELLED), changes, {"reason": reason[:500]}, now)


def _not_in(*statuses: str) -> Q:
    return ~Q(status__in=statuses)


def _settle(
    action_id: UUID, allowed: Q, changes: Mapping[str, object], detail: dict[str, str], now: datetime
) -> Message | None:
    """Change the message if it may, and leave the event exactly when it changed; None when nothing did."""
    message = Message.objects.select_for_update().filter(allowed, action=action_id).only("pk", "status").first()
    if message is None:
        return None
    Message.objects.filter(pk=message.pk).update(**changes)
    MessageEvent.objects.create(message=message, type=str(changes["status"]), at=now, detail=detail)
    logger.info("message %s of action %s: %s", message.pk, action_id, changes["status"])
    return message


def sent_since(*, contact_id: UUID, moment: datetime) -> bool:
    """Whether an email went to the contact at or after the moment, or may have."""
    return (
        Message.objects.filter(contact_id=contact_id, status__in=(Status.SENT, Status.SENDING, Status.AMBIGUOUS))
        .annotate(at=Coalesce("sent_at", "created_at"))
        .filter(at__gte=moment)
        .exists()
    )
