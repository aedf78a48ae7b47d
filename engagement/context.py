"""Gathers what the variables of an email say about one contact and one brand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contactflow.core import prepared
from contacts.models import BusinessEntity, Contact
from engagement import risky_values, translations
from engagement.placeholders import Context

BEHAVIOUR = frozenset({"opens", "clicks", "replies", "last_touch", "last_human_touch", "score"})
DEEPEST = 3  # lists and groups within each other
# What a sign of interest is worth; their sum is the score, at most 100.
POINTS = {"opened": 1, "clicked": 3, "replied": 10}


class Behaviour(NamedTuple):
    opens: int | None = None
    clicks: int | None = None
    replies: int | None = None
    last_touch: date | None = None
    last_human_touch: date | None = None
    score: int | None = None


def gather(
    *,
    contact: Contact,
    business_entity: BusinessEntity | None,
    facts: Mapping[str, Any] | None,
    names: Collection[str],
    now: datetime | None = None,
    language: str = "",
) -> Context:
    """The values of one contact, "" for risky ones. `facts` of an event outrank the contact's rows; only what `names`
    asks is queried.
    """
    zone = contact.timezone or (business_entity.timezone if business_entity else "")
    behaviour = _behaviour(contact, zone) if BEHAVIOUR & set(names) else Behaviour()
    return Context(
        **risky_values.told(contact),
        email=contact.email,
        contact_type=_contact_type(contact, facts) if "contact_type" in names else "",
        lead_source=_lead_source(contact, facts),
        entity=business_entity.name if business_entity else "",
        entity_website=_web_address(business_entity.website if business_entity else ""),
        response_time=translations.hours(business_entity.response_hours, language) if business_entity else "",
        interests=risky_values.words(contact.interests),
        tags=risky_values.words(contact.tags),
        timezone=zone,
        custom={str(key): _usable(value) for key, value in contact.custom.items()},
        event=_usable(facts) if facts else {},
        now=now,
        **behaviour._asdict(),
    )


def _usable(value: Any, depth: int = 0) -> Any:
    """Plain data without what no email may repeat."""
    if isinstance(value, str):
        return risky_values.usable(value)
    if isinstance(value, list | tuple) and depth < DEEPEST:
        return [one for one in (_usable(one, depth + 1) for one in value) if one not in ("", None)]
    if isinstance(value, Mapping) and depth < DEEPEST:
        return {str(key): _usable(one, depth + 1) for key, one in value.items()}
    return value if isinstance(value, bool | int | float) else None


def _contact_type(contact: Contact, facts: Mapping[str, Any] | None) -> str:
    if facts and facts.get("contact_types"):
        return translations.listed([str(name) for name in facts["contact_types"]])
    return translations.listed([kind.name for kind in contact.contact_types.all()])


def _lead_source(contact: Contact, facts: Mapping[str, Any] | None) -> str:
    if facts and facts.get("lead_source"):
        return str(facts["lead_source"])
    return contact.lead_source.name if contact.lead_source else ""


def _web_address(address: str) -> str:
    return address.strip() if address.strip().lower().startswith(("https://", "http://")) else ""


def prefetch_behaviour(contacts: Sequence[Contact]) -> None:
    """For `gather` of many: what they did, in one statement; they remember it as they do what Django prefetches."""
    found = _signs_of(contacts)
    for contact in contacts:
        contact._signs = found[contact.pk]  # type: ignore[attr-defined]  # a cache


def _signs_of(contacts: Sequence[Contact]) -> dict[Any, Sequence[Any]]:
    values = {"ids": [contact.pk for contact in contacts], "signs": list(POINTS)}
    return {pk: signs for pk, *signs in prepared.rows(_SIGNS, values)} if contacts else {}


_SIGNS = """
    SELECT person.id, COALESCE(did.opens, 0), COALESCE(did.clicks, 0), COALESCE(did.replies, 0),
        (SELECT max(sent_at) FROM engagement_message WHERE contact_id = person.id AND status = 'sent'),
        (SELECT max(at) FROM engagement_humantouch WHERE contact_id = person.id)
    FROM unnest(%(ids)s::uuid[]) AS person (id)
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE event.type = 'opened') AS opens,
            count(*) FILTER (WHERE event.type = 'clicked') AS clicks,
            count(*) FILTER (WHERE event.type = 'replied') AS replies
        FROM engagement_message AS message JOIN engagement_messageevent AS event ON event.message_id = message.id
        WHERE message.contact_id = person.id AND event.label = 'human' AND event.type = ANY(%(signs)s::text[])
    ) AS did ON TRUE
"""


def _behaviour(contact: Contact, zone: str) -> Behaviour:
    """What they did themselves, and when they last heard of us: from the team's programs, and from the team."""
    opens, clicks, replies, mailed, touched = getattr(contact, "_signs", None) or _signs_of([contact])[contact.pk]
    counts = {"opened": opens, "clicked": clicks, "replied": replies}
    return Behaviour(
        opens=opens,
        clicks=clicks,
        replies=replies,
        last_touch=_day(mailed, zone),
        last_human_touch=_day(touched, zone),
        score=min(100, sum(POINTS[sign] * times for sign, times in counts.items())),
    )


def _day(moment: datetime | None, zone: str) -> date | None:
    if moment is None:
        return None
    try:
        return (moment.astimezone(ZoneInfo(zone)) if zone else moment).date()
    except (ZoneInfoNotFoundError, ValueError):
        return moment.date()
