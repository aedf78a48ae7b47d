"""What a person decides about being written to, on a page of theirs: permission, the facts, and what is under way."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from contactflow.permission_pages.addressee import Addressee
from contacts import consent, intake
from contacts.models import BusinessEntity, Consent, Contact, ContactEvent
from engagement import message_events
from engagement.message_events import Fact
from engagement.models import MessageEvent
from workflows import leases


def unsubscribe(*, who: Addressee, brand: BusinessEntity | None, source: str, now: dt.datetime) -> None:
    """Withdraw consent for the brand's marketing, for everybody's without one. It holds when this returns: what was
    claimed and not handed over is taken back, and what is being handed over at this moment is awaited.
    """
    with transaction.atomic():
        contact = Contact.objects.select_for_update(no_key=True, of=("self",)).get(pk=who.contact.pk)
        if _has_left(contact, brand):
            consent.take_back([contact.pk])
        else:
            record = consent.withdraw(
                contact=contact, business_entity=brand, source=source, actor=consent.PERSON, now=now
            )
            _tell(who, record, now)
    leases.await_hand_overs(contact_id=who.contact.pk)


def _has_left(contact: Contact, brand: BusinessEntity | None) -> bool:
    """Whether the newest word for the scope says so already: a second click is no second word."""
    records = consent.newest_records([contact])[contact.pk]
    if brand is None:
        newest = {one.business_entity_id: one for one in records}
        general = newest.pop(None, None)
        lifted = any(one.state != Consent.State.WITHDRAWN for one in newest.values() if _is_newer(one, general))
        return general is not None and general.state == Consent.State.WITHDRAWN and not lifted
    meant = next((one for one in records if one.business_entity_id in (None, brand.pk)), None)
    return meant is not None and meant.state == Consent.State.WITHDRAWN


def _is_newer(one: Consent, other: Consent | None) -> bool:
    return other is None or (one.recorded_at, one.pk) > (other.recorded_at, other.pk)


def _tell(who: Addressee, record: Consent, now: dt.datetime) -> None:
    """The message has it among its facts, and the event may stop or start workflows."""
    key = f"unsubscribed:{record.pk}"
    if who.message is not None:
        message_events.record(
            [
                Fact(
                    message_id=who.message.pk,
                    type=MessageEvent.Type.UNSUBSCRIBED,
                    at=now,
                    key=key,
                    label=MessageEvent.Label.HUMAN,
                    detail={"told": True},  # the event below speaks of the brand that was left
                )
            ]
        )
    brand = record.business_entity
    intake.record_event(
        email=who.contact.email,
        kind="unsubscribed",
        source=ContactEvent.Source.SYSTEM,
        business_entities=[brand.name] if brand else None,
        metadata={
            "business_entity": brand.slug if brand else "",
            "message": str(who.message.pk) if who.message else "",
        },
        event_key=key,
        now=now,
    )
