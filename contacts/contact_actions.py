"""Small things colleagues note about people: who looks after them, a note, a tag."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from contacts import cleaning, intake
from contacts.models import Contact, ContactEvent


def assign_owner(*, contacts: Iterable[Contact], owner: User | None) -> int:
    """Let a colleague (or nobody) look after these people; returns for how many that is new."""
    theirs = Contact.objects.filter(pk__in=[contact.pk for contact in contacts])
    unchanged = theirs.filter(owner=owner) if owner else theirs.filter(owner__isnull=True)
    return theirs.exclude(pk__in=unchanged.values("pk")).update(owner=owner, updated_at=Now())


def leave_note(*, contact: Contact, text: str, colleague: str, now: dt.datetime) -> ContactEvent:
    """Keep a colleague's words among what happened with the contact. A note starts nothing."""
    return ContactEvent.objects.create(
        contact=contact,
        kind="note",
        source=ContactEvent.Source.ADMIN,
        event_key=f"note:{uuid.uuid4().hex}",
        payload={"text": cleaning.text(text), "colleague": colleague},
        processed_at=now,
        received_at=now,
    )


def add_tag(*, contacts: Iterable[Contact], tag: str, colleague: str, now: dt.datetime) -> list[intake.Receipt]:
    """Give these people a tag, through the door of every edit; those who have it already are left out.

    Raises intake.IntakeError where the tag cannot be one.
    """
    receipts = []
    with transaction.atomic():
        for contact in contacts:
            if tag.casefold() in (known.casefold() for known in contact.tags):
                continue
            arrival = intake.Arrival(email=contact.email, tags=[*contact.tags, tag], payload={"colleague": colleague})
            receipts.append(intake.amend(contact=contact, arrival=arrival, source=ContactEvent.Source.ADMIN, now=now))
    return receipts
