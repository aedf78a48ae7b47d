"""What changes permission: words given and withdrawn, choices, Do Not Contact."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from contacts.consent.judging import EMAIL
from contacts.consent.taking_back import take_back
from contacts.models import BusinessEntity, Consent, Contact, ContactEvent, ContactStatus, Preference

PERSON = "the person"
"""The actor where the person said so themselves; a colleague is named, an API key is "API key ...", a source nobody."""


class NoAllowingStatus(Exception):
    """Staff let every status block contact, so Do Not Contact cannot be lifted."""

    permanent = True


class NoBlockingStatus(Exception):
    """Staff removed every status that blocks contact, so Do Not Contact cannot be set."""

    permanent = True


def withdraw(*, contact: Contact, source: str, now: dt.datetime, **about: Any) -> Consent:
    """Record that the person no longer wants marketing of the brand (of every brand without one).

    `about` is what a record of Consent has besides: business_entity, channel, basis, wording, wording_version, actor.
    """
    return _record(contact, Consent.State.WITHDRAWN, source, now, about)


def grant(*, contact: Contact, source: str, now: dt.datetime, **about: Any) -> Consent:
    """Record that the person wants to hear from the brand; also lifts a withdrawal, so only the person or a colleague
    may say so. It lifts neither Do Not Contact nor a suppression. `about` as in `withdraw`."""
    return _record(contact, Consent.State.GRANTED, source, now, about)


def ask(*, contact: Contact, source: str, now: dt.datetime, **about: Any) -> Consent | None:
    """Record that somebody asked for it in the person's name and they still have to confirm (double opt-in); until
    then nothing is sent. None where a word of theirs stands already: who types in an address changes no permission."""
    brand, channel = about.get("business_entity"), about.get("channel", EMAIL)
    words = Consent.objects.filter(contact=contact, channel=channel)
    said = words.filter(business_entity__isnull=True) | words.filter(business_entity=brand)
    return None if said.exists() else _record(contact, Consent.State.PENDING, source, now, about)


def ask_to_confirm(*, contact: Contact, source: str, now: dt.datetime, **about: Any) -> Consent:
    """Record that the person asked for it themselves, and still has to confirm where we only reach them: in the place
    of whatever stood, a withdrawal too. `about` as in `withdraw`."""
    return _record(contact, Consent.State.PENDING, source, now, about)


def told(
    *,
    contact: Contact,
    known: Sequence[Consent],
    brand: BusinessEntity | None,
    may: bool,
    source: str,
    now: dt.datetime,
) -> Consent | None:
    """The record, to be written, of what a source tells; None where it tells nothing new, or would allow again what
    was forbidden or is not confirmed yet. `known` has the newest record for each brand and for all, the newest first.
    """
    state = Consent.State.GRANTED if may else Consent.State.WITHDRAWN
    concerned = [one for one in known if brand is None or one.business_entity_id in (None, brand.pk)]
    newest = next((one for one in concerned if brand or one.business_entity_id is None), None)
    is_forbidden = any(one.state != Consent.State.GRANTED for one in (concerned if brand is None else concerned[:1]))
    if (newest is not None and newest.state == state) or (may and is_forbidden):
        return None
    return Consent(
        contact=contact, business_entity=brand, channel=EMAIL, state=state, source=source[:200], recorded_at=now
    )


def choose(  # noqa: PLR0913  what a person may choose
    *,
    contact: Contact,
    source: str,
    now: dt.datetime,
    business_entity: BusinessEntity | None = None,
    frequency: str = Preference.Frequency.ALL,
    paused_until: dt.datetime | None = None,
    refused_kinds: Sequence[str] = (),
    actor: str = "",
) -> Preference:
    """Record what the person chose of the brand's marketing (without one: of everybody's), instead of what they chose
    before; the other stands beside it. `actor` is who chose for them."""
    take_back([contact.pk])
    return Preference.objects.create(
        contact=contact,
        business_entity=business_entity,
        frequency=frequency,
        paused_until=paused_until,
        refused_kinds=list(refused_kinds),
        source=source[:200],
        actor=actor[:150],
        recorded_at=now,
    )


def choices_of(*, contact: Contact) -> dict[int | None, Preference]:
    """The newest choice for each brand, and under None the one for every brand."""
    rows = Preference.objects.filter(contact=contact).order_by("business_entity_id", "-recorded_at", "-id")
    return {one.business_entity_id: one for one in rows.distinct("business_entity_id")}


def do_not_contact(*, contact: Contact, source: str, now: dt.datetime, colleague: str = "") -> bool:
    """Forbid every contact for good and leave an event that says how; False where it was forbidden already."""
    by = {"colleague": colleague} if colleague else {}
    return _change_status(contact, blocks=True, payload={"how": source[:200], **by}, now=now)


def contact_again(*, contact: Contact, source: str, now: dt.datetime, colleague: str = "") -> bool:
    """Lift Do Not Contact: the status from before it, else that of a new contact. False where nothing forbids contact.

    What lifts it by this function is a person. Whoever is suppressed (bounced, complained) stays so.
    """
    return _change_status(contact, blocks=False, payload={"how": source[:200], "colleague": colleague}, now=now)


@transaction.atomic
def _change_status(contact: Contact, *, blocks: bool, payload: dict[str, str], now: dt.datetime) -> bool:
    # Without a join: beside a change of the status its row would no longer fit, and nobody would be found.
    stored = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    before = stored.status
    if before.blocks_contact == blocks:
        contact.status = before
        return False
    after = _blocking_status() if blocks else _status_before(stored)
    Contact.objects.filter(pk=contact.pk).update(status=after, updated_at=Now())
    ContactEvent.objects.create(
        contact=contact,
        kind="contact_updated",
        source=ContactEvent.Source.SYSTEM if blocks else ContactEvent.Source.ADMIN,
        event_key=f"{'do_not_contact' if blocks else 'contact_again'}:{uuid.uuid4().hex}",
        payload=payload,
        changes={"status": [before.name, after.name]},
        # It starts nothing: a colleague decides what may begin again. A ban ends what runs, when it is enrolled.
        mode=ContactEvent.Mode.ONLY if blocks else ContactEvent.Mode.ARRIVAL,
        processed_at=None if blocks else now,
    )
    contact.status = after
    if blocks:
        take_back([contact.pk])
    return True


def _record(contact: Contact, state: Consent.State, source: str, now: dt.datetime, about: dict[str, Any]) -> Consent:
    if state != Consent.State.GRANTED:
        take_back([contact.pk])
    return Consent.objects.create(contact=contact, state=state, source=source[:200], recorded_at=now, **about)


def _status_before(contact: Contact) -> ContactStatus:
    """The one that the newest ban took away; where it is gone or unknown, that of a new contact."""
    allowing = ContactStatus.objects.filter(blocks_contact=False)
    ban = contact.events.filter(changes__has_key="status").order_by("-received_at", "-id").first()
    before = ban.changes["status"][0] if ban else None
    chosen = allowing.filter(name=before).first() or allowing.order_by("-is_default", "position").first()
    if chosen is None:
        raise NoAllowingStatus("Every status blocks contact. Untick it for one under contact statuses.")
    return chosen


def _blocking_status() -> ContactStatus:
    statuses = ContactStatus.objects.filter(blocks_contact=True)
    chosen = statuses.filter(slug="do_not_contact").first() or statuses.first()
    if chosen is None:
        raise NoBlockingStatus("No status blocks contact. Tick it for Do Not Contact under contact statuses.")
    return chosen
