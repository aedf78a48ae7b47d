"""Double opt-in: whoever is to get marketing of a brand that requires a yes confirms it from a mail that only they get.

asked for -> pending, and a mail -> /p/confirm/{token}: GET shows, POST confirms -> granted
"""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.db import transaction

from contactflow.core import tokens
from contactflow.permission_pages.words import VERSION, words_in
from contacts import consent
from contacts.models import BusinessEntity, Consent, Contact
from engagement import correspondence, unsubscribing
from workflows import wake

PURPOSE = "confirm"  # of tokens; their id: the record that waits
VALID = dt.timedelta(days=30)
APART = dt.timedelta(hours=1)  # between two mails for one brand: who presses again and again fills no mailbox
SOURCE = "confirmed by the link in an email"
logger = logging.getLogger(__name__)


def ask(*, contact: Contact, brand: BusinessEntity, source: str, now: dt.datetime) -> None:
    """They said on a page of theirs that they want it: it waits for their confirmation."""
    waiting = _newest(contact, brand)
    if waiting is None or waiting.state != Consent.State.PENDING or waiting.recorded_at < now - APART:
        agreed = {"basis": "consent", "wording": wording(contact, brand), "wording_version": VERSION}
        about = {"business_entity": brand, "actor": consent.PERSON, **agreed}
        send(pending=consent.ask_to_confirm(contact=contact, source=source, now=now, **about), now=now)


def send(*, pending: Consent, now: dt.datetime) -> None:
    """The mail for a record that waits, where the brand requires a yes by the person themselves."""
    brand = pending.business_entity
    if brand is None or not brand.requires_consent or pending.channel != consent.EMAIL:
        return
    words = words_in(unsubscribing.language_of(pending.contact))
    link = f"{settings.PUBLIC_URL}/p/confirm/{tokens.make(PURPOSE, pending.key)}"
    typed = correspondence.words(subject=words["confirm_subject"], body=words["confirm_mail"].replace("LINK", link))
    try:
        correspondence.notify(contact=pending.contact, business_entity=brand, typed=typed, now=now)
        wake.on_commit()
    except correspondence.NotWritten as refusal:
        logger.warning("consent %s cannot be confirmed by mail: %s", pending.key, refusal.reason.code)


def waiting(*, token: str, now: dt.datetime) -> Consent | None:
    """The record that the link is for, as long as it waits or was confirmed, and nothing else was said since."""
    ids = tokens.read(PURPOSE, token)
    records = Consent.objects.select_related("contact__status", "business_entity")
    found = records.filter(key=ids[0], recorded_at__gt=now - VALID).first() if ids else None
    newest = _newest(found.contact, found.business_entity) if found else None
    is_theirs = newest is not None and (newest == found or newest.source == SOURCE)
    return found if is_theirs else None


def confirm(*, token: str, now: dt.datetime) -> Consent | None:
    """They say yes; again without effect. None where the link is for nothing any more."""
    with transaction.atomic():
        found = waiting(token=token, now=now)
        if found is None:
            return None
        Contact.objects.select_for_update(no_key=True, of=("self",)).get(pk=found.contact_id)
        newest = _newest(found.contact, found.business_entity)
        if newest == found:
            said = found.wording or wording(found.contact, found.business_entity)
            consent.grant(
                contact=found.contact, business_entity=found.business_entity, source=SOURCE, basis="consent",
                wording=said, wording_version=found.wording_version or VERSION, actor=consent.PERSON, now=now,
            )  # fmt: skip
    return waiting(token=token, now=now)


def wording(contact: Contact, brand: BusinessEntity | None) -> str:
    """What they agree to, in their language."""
    words = words_in(unsubscribing.language_of(contact))
    return words["agree"].format(brand=brand.name if brand else words["everybody"])


def _newest(contact: Contact, brand: BusinessEntity | None) -> Consent | None:
    records = consent.newest_records([contact])[contact.pk]
    return next((one for one in records if one.business_entity_id in (None, brand.pk if brand else None)), None)
