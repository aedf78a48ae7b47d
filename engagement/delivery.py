"""Messages to contacts: prepared for many at once, and recorded around their hand-over by engagement.dispatcher.

prepare -> [intent] -> hand over -> [record_sent | record_failed | record_ambiguous]; brackets are transactions of the
caller, whose own statements do what STORE_SQL and SENT_SQL say with theirs. Everything is keyed by the action's id, and
each record_* may be called again without effect.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from contactflow.core import prepared
from contactflow.core.reasons import Reason, Refused
from contacts import consent
from contacts.consent import Verdict, Wish
from contacts.models import BusinessEntity, Contact
from engagement import bounces, context, envelopes, message_events, rendering, unsubscribing
from engagement.channels import registry
from engagement.channels.base import Envelope, Parcel, Receipt
from engagement.experiments import assignments
from engagement.experiments.assignments import Wanted
from engagement.inbound import reply_addresses
from engagement.language_model import passages
from engagement.message_events import Fact
from engagement.models import EngagementTemplate, Message, MessageEvent, TemplateVersion
from engagement.rendering import Rendered
from engagement.tracking import links
from engagement.unsubscribing import WayOut

Status = Message.Status
T = TypeVar("T")
logger = logging.getLogger(__name__)


class NotAllowed(Refused):
    """The contact must not be written to, or the email is switched off: skip it."""


class Held(Refused):
    """Something is missing: nothing was sent and staff are told. The parameter `missing` names what."""


@dataclass
class NotYet(Exception):
    """A language model is still writing for it: look again then. That is no attempt."""

    until: datetime


class SentBefore(Exception):
    """An action's message went out before, or may have: the last line of defence against sending twice."""

    def __init__(self, action_id: UUID, *, is_known: bool) -> None:
        super().__init__(f"The message of action {action_id} was handed over before.")
        self.is_known = is_known
        """Whether it surely arrived; otherwise nobody may send it again before that is settled."""


@dataclass(frozen=True)
class Order:
    """One message that is wanted."""

    action_id: UUID
    template: EngagementTemplate
    contact: Contact
    business_entity: BusinessEntity | None
    is_tracked: bool = True
    """Whether opens and clicks may be followed, as far as whoever orders it is concerned."""
    facts: Callable[[], Mapping[str, Any] | None] | None = None  # what `event.` says; asked where words mention it

    @property
    def brand(self) -> BusinessEntity | None:
        """Who speaks."""
        return self.template.business_entity or self.business_entity

    @property
    def wish(self) -> Wish:
        """What permission is asked for."""
        return Wish(self.contact, self.brand, self.template.is_marketing, self.template.category)


@dataclass(frozen=True)
class Draft:
    """One message in full; nothing of it is stored yet."""

    order: Order
    version_id: int
    rendered: Rendered
    envelope: Envelope
    reference: str = ""
    is_capped: bool = False
    """Goes to somebody who wants one email a week: before it is, the contact has to be locked."""


Prepared = tuple[Draft, Parcel]

# For contacts.consent: whether marketing of the brand went to the contact within a week, or may have.
SENT_LATELY_SQL = """EXISTS (
    SELECT 1 FROM engagement_message AS lately
    WHERE lately.contact_id = contact.id AND lately.purpose = 'marketing'
      AND lately.business_entity_id IS NOT DISTINCT FROM wanted.brand_id
      AND lately.status IN ('sent', 'sending', 'ambiguous')
      AND COALESCE(lately.sent_at, lately.created_at) > clock_timestamp() - interval '7 days'
)"""


def prepare(orders: Sequence[Order], *, now: datetime) -> Iterator[Prepared | Exception]:
    """Look again, render, connect, one at a time and in their order; or why not: NotAllowed, Held, NotYet,
    ChannelError, or what nobody foresaw.

    Nothing leaves. Permission is asked for all at once, at the first; the intent judges it again.
    """
    verdicts: dict[UUID, Verdict] = {}
    for channel in {order.template.channel for order in orders}:
        through = [order for order in orders if order.template.channel == channel]
        judged = consent.judge(wishes=[one.wish for one in through], channel=channel, sent_lately=SENT_LATELY_SQL)
        verdicts |= {order.action_id: verdict for order, verdict in zip(through, judged, strict=True)}
    going = [order for order in orders if order.template.active and verdicts[order.action_id].allowed]
    versions = _versions(going)
    written = _unless_broken(lambda: _passages(going, versions, now), passages.Written({}, {}))
    context.prefetch_behaviour([order.contact for order in going if _asks_behaviour(versions[order.action_id])])
    for order in orders:
        try:
            if order.action_id in written.waiting:
                raise NotYet(written.waiting[order.action_id])
            said = written.texts.get(order.action_id, {})
            yield _prepared(order, verdicts[order.action_id], versions.get(order.action_id), said, now)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001  the caller settles it; the others go on
            yield error


def _unless_broken(look_up: Callable[[], T], otherwise: T) -> T:
    """What is looked up for a batch at once; a fault of ours there, which one email may bring, holds up no other."""
    try:
        return look_up()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("A batch of messages goes without what was to be looked up for it")
        return otherwise


def _asks_behaviour(version: TemplateVersion | None) -> bool:
    return version is not None and not context.BEHAVIOUR.isdisjoint(rendering.Words.of(version).variable_names())


def _versions(orders: Sequence[Order]) -> dict[UUID, TemplateVersion | None]:
    """What is published, or the version of a running test that the person gets; None: they are held out."""
    wanted = [Wanted(order.action_id, order.template.pk, order.contact.pk) for order in orders]
    given: dict[UUID, TemplateVersion | None] = _unless_broken(lambda: assignments.give(wanted), {})
    versions = {order.action_id: given.get(order.action_id, order.template.current_version) for order in orders}
    for order in orders:
        if (version := versions[order.action_id]) is not None:
            version.template = order.template
    return versions


def _passages(
    orders: Sequence[Order], versions: Mapping[UUID, TemplateVersion | None], now: datetime
) -> passages.Written:
    """What a language model wrote for them, for all at once."""
    emails = [
        passages.Email(order.action_id, version, order.contact, order.brand)
        for order in orders
        if (version := versions[order.action_id]) is not None
    ]
    return passages.of_emails(emails, now=now)


def _prepared(
    order: Order, verdict: Verdict, version: TemplateVersion | None, written: Mapping[str, str], now: datetime
) -> Prepared:
    if not order.template.active:
        raise NotAllowed(Reason.of("switched_off", email=order.template.name))
    if order.template.current_version is None:
        raise Held(Reason.of("no_words", email=order.template.name))
    if not verdict.allowed:
        raise NotAllowed(verdict.reason)
    if version is None:
        raise NotAllowed(Reason.of("held_out"))
    channel = registry.channel(order.template.channel)
    about: dict[str, Any] = {"template": order.template, "brand": order.brand}
    way_out = _way_out(order)
    rendered = _rendered(version, order, written, now, way_out)
    sender = envelopes.sender_of(order.brand, name=version.sender_name)
    sender = reply_addresses.signed(sender, message_id=order.action_id, brand=order.brand)
    envelope = Envelope(
        identity=order.action_id,
        sender=sender,
        address=str(getattr(order.contact, channel.address_field)),
        parts={"subject": rendered.subject, "text": rendered.text, "html": rendered.html},
        at=now,
        headers=unsubscribing.headers(way_out=way_out, **about, sender=sender.address) if way_out else {},
    )
    if rendered.missing:
        draft = Draft(order, version.pk, rendered, envelope)
        reason = _missing(order, rendered)
        store([letter_of(draft, status=Status.HELD, reason=reason, missing=rendered.missing)])
        raise Held(reason)
    parcel = channel.prepare(envelope)
    return Draft(order, version.pk, rendered, envelope, parcel.reference, verdict.is_capped), parcel


def _rendered(
    version: TemplateVersion, order: Order, written: Mapping[str, str], now: datetime, way_out: WayOut | None
) -> Rendered:
    about: dict[str, Any] = {"version": version, "contact": order.contact, "business_entity": order.brand, "now": now}
    tracking = None
    if order.is_tracked:
        tracking = links.tracking_of(message_id=order.action_id, brand=order.brand, contact=order.contact)
    return rendering.render(**about, facts=order.facts, passages=written, tracking=tracking, way_out=way_out)


def _way_out(order: Order) -> WayOut | None:
    """An answer somebody asked for is no list that one leaves."""
    if not order.template.is_marketing:
        return None
    return unsubscribing.way_out(contact=order.contact, message_id=order.action_id)


def _missing(order: Order, rendered: Rendered) -> Reason:
    return Reason.of("missing", email=order.template.name, contact=str(order.contact), missing=rendered.missing)


def refuse_sent_before(action_ids: Iterable[UUID]) -> None:
    """Raises SentBefore at the first of these, whose messages STORE_SQL did not store."""
    for action_id in action_ids:
        status = Message.objects.values_list("status", flat=True).get(action=action_id)
        raise SentBefore(action_id, is_known=status == Status.SENT)


_COLUMNS = (
    *("id", "action", "contact_id", "business_entity_id", "purpose"),
    *("version_id", "sender", "recipient", "reply_to", "subject"),
    *("text", "html", "message_id", "status", "missing", "reason", "transport"),
    *("links", "locale"),
)
_KEPT = ("id", "action", "transport")  # of a message that is tried again
_RENEWED = ", ".join(f"{name} = EXCLUDED.{name}" for name in _COLUMNS if name not in _KEPT)
# For a statement that has `letter`, JSON of letter_of: inserts them, or renews those that surely did not go out.
STORE_SQL = f"""
    INSERT INTO engagement_message AS known ({", ".join(_COLUMNS)}, created_at)
    SELECT {", ".join(f"message.{name}" for name in _COLUMNS)}, clock_timestamp()
    FROM {{letters}}, json_populate_record(NULL::engagement_message, letter) AS message
    WHERE letter IS NOT NULL
    ON CONFLICT (action) DO UPDATE SET {_RENEWED}
    WHERE known.status IN ('held', 'failed', 'cancelled')
    RETURNING action
"""  # noqa: S608  names of ours


def store(letters: Sequence[dict[str, Any]]) -> set[UUID]:
    """The actions whose message is as drafted now."""
    statement = STORE_SQL.format(letters="json_array_elements(%s::json) AS letter")
    return {action for (action,) in prepared.rows(statement, [json.dumps(letters, ensure_ascii=False)])}


def letter_of(
    draft: Draft, *, status: str = Status.SENDING, reason: Reason | None = None, missing: Sequence[str] = ()
) -> dict[str, Any]:
    """The message as it is stored, for STORE_SQL."""
    order, rendered, sender = draft.order, draft.rendered, draft.envelope.sender
    return {
        "id": str(order.action_id),
        "action": str(order.action_id),
        "contact_id": str(order.contact.pk),
        "business_entity_id": order.brand and order.brand.pk,
        "purpose": order.template.purpose,
        "version_id": draft.version_id,
        "sender": str(sender),
        "recipient": draft.envelope.address,
        "reply_to": sender.reply_to,
        "subject": rendered.subject,
        "text": rendered.text,
        "html": rendered.html,
        "message_id": draft.reference,
        "status": status,
        "missing": list(missing),
        "reason": reason.as_json() if reason else {},
        "transport": "",
        "links": rendered.links,
        "locale": rendered.language,
    }


# For a statement that has `news` (action, response, transport, theirs) of messages that were taken. A message changes
# if it was not sent before, and leaves its event exactly when it changed.
SENT_SQL = """
    changed AS (
        UPDATE engagement_message AS message
        SET status = 'sent', transport = news.transport, sent_at = clock_timestamp(), reason = '{}',
            provider_id = COALESCE(NULLIF(news.theirs, ''), message.provider_id)
        FROM news WHERE message.action = news.action AND message.status <> 'sent'
        RETURNING message.id, news.response
    ), told AS (
        INSERT INTO engagement_messageevent (message_id, type, at, label, label_reasons, url, detail)
        SELECT id, 'sent', clock_timestamp(), 'unknown', '{}', '',
            jsonb_build_object('response', left(response, 500))
        FROM changed
    )
"""
_SENT = f"""
    WITH news AS (
        SELECT * FROM json_to_recordset(%s::json) AS news (action uuid, response text, transport text, theirs text)
    ), {SENT_SQL}
    SELECT FROM changed
"""  # noqa: S608  conditions of ours


def news_of(receipt: Receipt) -> dict[str, str]:
    """What `news` of SENT_SQL says of one message, besides its action."""
    return {"response": receipt.response, "transport": receipt.transport, "theirs": receipt.provider_id}


def record_sent(receipts: Mapping[UUID, Receipt]) -> None:
    """The channel took them, by action; also what staff say of an ambiguous one that did arrive."""
    news = [{"action": str(action_id), **news_of(receipt)} for action_id, receipt in receipts.items()]
    prepared.rows(_SENT, [json.dumps(news)])
    logger.info("messages of actions %s: sent", ", ".join(map(str, receipts)))


def record_failed(action_id: UUID, *, reason: Reason, now: datetime) -> None:
    """Refused, for now or for good: it was not sent."""
    _settle(action_id, Q(status__in=(Status.SENDING, Status.AMBIGUOUS)), Status.FAILED, reason, now)


def record_ambiguous(action_id: UUID, *, reason: Reason, now: datetime) -> None:
    """Handed over without an answer."""
    _settle(action_id, Q(status=Status.SENDING), Status.AMBIGUOUS, reason, now)


def record_bounced(action_id: UUID, *, reason: Reason, now: datetime) -> None:
    """Refused for good in words of the other side: what they mean for the address is a fact like any bounce."""
    message_id = Message.objects.filter(Q(action=action_id) | Q(pk=action_id)).values_list("pk", flat=True).first()
    said = str(reason.params.get("said") or "")
    if message_id is None or not said:
        return
    answer = bounces.answer(said, around=str(reason.params.get("phase") or ""))
    detail = bounces.detail(bounces.judge(answer), answer, via="smtp")
    key = f"refused:{message_id}"
    message_events.record([Fact(message_id=message_id, type=MessageEvent.Type.BOUNCED, at=now, key=key, detail=detail)])


# What others tell of a message proves that it left, or (the last) that it did not.
_PROOFS = ("delivered", "deferred", "bounced", "complained", "opened", "clicked", "replied", "unsubscribed")
_REJECTED = "failed"


def proven(ids: Sequence[UUID]) -> dict[UUID, Receipt | Reason]:
    """Of actions, or of messages without one, whose hand-over is unclear, what facts prove meanwhile: a receipt, or why
    it was not taken."""
    # The messages first, by their indexes: over both tables no index serves the choice between the two ids.
    meant = Message.objects.filter(Q(action__in=ids) | Q(pk__in=ids, action=None))
    names = {pk: action or pk for pk, action in meant.values_list("pk", "action")}
    facts = MessageEvent.objects.filter(
        message__in=names, type__in=("sent", *_PROOFS, _REJECTED), provider_event_id__isnull=False
    )
    found: dict[UUID, Receipt | Reason] = {}
    for message_id, kind, detail in facts.values_list("message_id", "type", "detail"):
        key = names[message_id]
        by_mail = detail.get("via") in ("report", "smtp")
        receipt = Receipt(Message.Transport.SMTP if by_mail else Message.Transport.PROVIDER, f"Known by: {kind}")
        reason = Reason.of("provider_rejected", said=str(detail.get("said", "")))
        found[key] = found.get(key, reason) if kind == _REJECTED else receipt
    return found


@transaction.atomic
def _settle(action_id: UUID, allowed: Q, status: Message.Status, reason: Reason, now: datetime) -> None:
    """Change the message if it may, and leave the event exactly when it changed."""
    message = Message.objects.select_for_update().filter(allowed, action=action_id).only("pk", "status").first()
    if message is None:
        return
    said = reason.as_json()
    Message.objects.filter(pk=message.pk).update(status=status, reason=said)
    MessageEvent.objects.create(message=message, type=status.value, at=now, detail={"reason": said})
    logger.info("message %s of action %s: %s", message.pk, action_id, status.value)


def sent_since(*, contact_id: UUID, moment: datetime) -> bool:
    """Whether an email went to the contact at or after the moment, or may have."""
    return (
        Message.objects.filter(contact_id=contact_id, status__in=(Status.SENT, Status.SENDING, Status.AMBIGUOUS))
        .annotate(at=Coalesce("sent_at", "created_at"))
        .filter(at__gte=moment)
        .exists()
    )
