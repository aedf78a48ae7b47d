"""The event `engagement_detected`: a person clicked or replied, which workflows may start by.

Once a day at most for each person and brand, however much they do.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from contacts import intake
from contacts.models import BusinessEntity, Contact, ContactEvent

ENGAGED = "engagement_detected"
QUIET = dt.timedelta(hours=24)
logger = logging.getLogger(__name__)


def record(
    *,
    contact: Contact,
    brand: BusinessEntity | None,
    what: str,
    at: dt.datetime,
    now: dt.datetime,
    about: Mapping[str, Any] | None = None,
) -> bool:
    """Leave the event unless one was left for them within a day; whether it was. `what`: "clicked" or "replied";
    `about` says what more is known, such as the message and the link."""
    slug = brand.slug if brand else None
    lately = ContactEvent.objects.filter(contact=contact, kind=ENGAGED, received_at__gt=now - QUIET)
    if any(_brand_of(event) == slug for event in lately):
        return False
    try:
        receipt = intake.record_event(
            email=contact.email,
            kind=ENGAGED,
            source=ContactEvent.Source.SYSTEM,
            business_entities=[brand.name] if brand else None,
            metadata={"what": what, "at": at.isoformat(), "business_entity": slug, **(about or {})},
            event_key=f"engaged:{contact.pk}:{slug or ''}:{now:%Y-%m-%d}",  # of two at once one counts
            now=now,
        )
    except intake.IntakeError:
        logger.warning("contact %s: what they did could not be told to workflows", contact.pk, exc_info=True)
        return False
    return not receipt.duplicate


def _brand_of(event: ContactEvent) -> str | None:
    metadata = event.payload.get("metadata")
    return metadata.get("business_entity") if isinstance(metadata, dict) else None
