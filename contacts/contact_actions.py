"""Small things colleagues note about people: who looks after them, a note, a tag."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from contacts import cleaning, intake
from contacts.models import Contact, ContactEvent

PROPOSAL_TAKEN_OVER = "proposal_taken_over"


def assign_owner(*, contacts: Iterable[Contact], owner: User | None) -> int:
    """Let a colleague (or nobody) look after these people; returns for how many that is new."""
    theirs = Contact.objects.filter(pk__in=[contact.pk for contact in contacts])
    unchanged = theirs.filter(owner=owner) if owner else theirs.filter(owner__isnull=True)
    return theirs.exclude(pk__in=unchanged.values("pk")).update(owner=owner, updated_at=Now())


def follow(*, contact: Contact, is_tracked: bool) -> None:
    """Let opens and clicks of the person's emails be followed, or not; of emails that went out before, too."""
    Contact.objects.filter(pk=contact.pk).update(is_tracked=is_tracked, updated_at=Now())


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


@transaction.atomic
def take_over_proposal(*, event: ContactEvent, colleague: str, now: dt.datetime) -> None:
    """Change the contact as an event proposes; that starts nothing, as the event did when it came.

    Raises intake.IntakeError where it cannot be stored any more.
    """
    event = ContactEvent.objects.select_for_update(of=("self",)).select_related("contact").get(pk=event.pk)
    contact = event.contact
    facts: dict[str, Any] = {**intake.current_facts(contact)}
    told: dict[str, Any] = {"custom": dict(contact.custom)}
    for name, (_, said) in event.proposed.items():
        if name.startswith("custom."):
            told["custom"][name.removeprefix("custom.")] = said
        else:
            told[name] = list(dict.fromkeys([*facts[name], *said])) if isinstance(said, list) else said
    arrival = intake.Arrival(email=contact.email, payload={"colleague": colleague}, **told)
    change = intake.Edited(contact=contact, arrival=arrival, source=ContactEvent.Source.ADMIN, kind=PROPOSAL_TAKEN_OVER)
    intake.apply(change=change, policy=intake.BASELINE, now=now)
    ContactEvent.objects.filter(pk=event.pk).update(proposed={})


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
