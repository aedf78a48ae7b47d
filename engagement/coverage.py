"""How many real people lack what an email says about them, and who they are. Bounded, however many there are.

A value that emails leave out (engagement.risky_values) is none: the database finds what may be one, and such people are
asked about as a real email asks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Exists, F, Func, OuterRef, Q, QuerySet, TextField
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Length

from contactflow.core.statement_timeout import statement_timeout
from contacts.models import BusinessEntity, Contact, EntityMembership
from engagement import context, placeholders, risky_values
from engagement.models import HumanTouch, Message

EXACT_UP_TO = 5_000  # contacts; beyond, a sample of about as many speaks for all
LONGEST = 600  # milliseconds of one question to the database
_EMPTY = {name: Q(**{name: ""}) for name in ("first_name", "last_name", "company", "job_title", "phone", "locale")}


@dataclass(frozen=True, kw_only=True)
class Lack:
    """Of `people` contacts, `lacking` have no value for the variable that an email may say."""

    name: str
    lacking: int


@dataclass(frozen=True, kw_only=True)
class Coverage:
    people: int
    is_estimate: bool
    lacks: list[Lack]


def can_lack(name: str) -> bool:
    """Whether a contact may be without it; everybody has an address, and counts begin at 0."""
    return _condition(name) is not None


def count(*, names: Collection[str], business_entity: BusinessEntity | None, limit: int = EXACT_UP_TO) -> Coverage:
    """For each variable how many contacts of the brand (or of all) have none. Raises QueryTooSlow."""
    asked = [name for name in sorted(names) if can_lack(name)]
    with statement_timeout(milliseconds=LONGEST):
        everybody = _contacts(business_entity)
        few = everybody.order_by().values("pk")[: limit + 1]
        is_estimate = few.count() > limit
        judged = everybody.filter(pk__in=_sampled(limit)) if is_estimate else everybody
        found = judged.aggregate(
            people=Count("pk"),
            **{f"lacking_{place}": Count("pk", filter=_condition(name)) for place, name in enumerate(asked)},
        )
        for place, name in enumerate(asked):
            found[f"lacking_{place}"] += sum(_lacks(name, one) for one in _doubtful(judged, name))
    scale = _scale(limit) if is_estimate else 1.0
    return Coverage(
        people=_scaled(found["people"], scale),
        is_estimate=is_estimate,
        lacks=[Lack(name=name, lacking=_scaled(found[f"lacking_{place}"], scale)) for place, name in enumerate(asked)],
    )


def who_lacks(*, name: str, business_entity: BusinessEntity | None, limit: int) -> list[Contact]:
    """The newest of them; whose value is risky, among the newest contacts. Raises QueryTooSlow."""
    condition = _condition(name)
    if condition is None:
        return []
    everybody = _contacts(business_entity).order_by("-created_at", "-id")
    with statement_timeout(milliseconds=LONGEST):
        doubtful = _doubtful(everybody.filter(pk__in=everybody.values("pk")[:EXACT_UP_TO]), name)
        found = [*everybody.filter(condition)[:limit], *(one for one in doubtful if _lacks(name, one))]
    return sorted(found, key=lambda one: (one.created_at, one.pk), reverse=True)[:limit]


def _contacts(business_entity: BusinessEntity | None) -> QuerySet[Contact]:
    if business_entity is None:
        return Contact.objects.all()
    theirs = EntityMembership.objects.filter(contact=OuterRef("pk"), business_entity=business_entity)
    return Contact.objects.filter(Exists(theirs))


def _condition(name: str) -> Q | None:
    """What holds for a contact without a value; None where nobody can be without."""
    if name in _EMPTY:
        return _EMPTY[name]
    if name.startswith(placeholders.CUSTOM):
        return _no_custom(name.removeprefix(placeholders.CUSTOM))
    others = {
        "full_name": Q(first_name="", last_name=""),
        "interests": Q(interests=[]),
        "tags": Q(tags=[]),
        "lead_source": Q(lead_source=None),
        "contact_type": ~Exists(Contact.contact_types.through.objects.filter(contact=OuterRef("pk"))),
        "last_human_touch": ~Exists(HumanTouch.objects.filter(contact=OuterRef("pk"))),
        "last_touch": ~Exists(Message.objects.filter(contact=OuterRef("pk"), sent_at__isnull=False, status="sent")),
    }
    condition = others.get(name)
    return Q(condition) if condition is not None else None


def _no_custom(key: str) -> Q:
    has_value = Q()
    for spelling in _spellings(key):
        is_empty = Q(custom__contains={spelling: ""}) | Q(custom__contains={spelling: None})
        has_value |= Q(custom__has_key=spelling) & ~is_empty
    return ~has_value


def _spellings(key: str) -> list[str]:
    """Fields may be spelled "Favourite Artist" or "favourite_artist"; the usual spellings are looked for."""
    spaced = key.replace("_", " ")
    return sorted({key, spaced, spaced.title(), spaced.capitalize(), key.lower()})


# Values that count as none


def _doubtful(people: QuerySet[Contact], name: str) -> QuerySet[Contact]:
    """Who has a value that may be a risky one, and some whose value is none; whose is risky, is among them."""
    may_be_risky = Q()
    for number, (text, longest) in enumerate(_told(name)):
        plain = Func(text, template="normalize(%(expressions)s, NFKC)", output_field=TextField())
        people = people.alias(**{f"told_{number}": plain, f"length_{number}": Length(text)})
        may_be_risky |= Q(**{f"told_{number}__regex": SIGNS}) | Q(**{f"length_{number}__gt": longest})
    condition = _condition(name)
    if not may_be_risky or condition is None:
        return people.none()
    return people.filter(may_be_risky).exclude(condition).select_related("lead_source")


SIGNS = r"[@:.\u3002]|\d([\s().+/-]*\d){6,}"
"""Without any of them no value that is short enough is risky."""


def _told(name: str) -> list[tuple[Combinable, int]]:
    """What people tell of themselves that the variable repeats, as text, and how long each may be."""
    if name in risky_values.TOLD:
        return [(F(name), risky_values.TOLD[name])]
    if name == "full_name":
        return [*_told("first_name"), *_told("last_name")]
    if name in ("interests", "tags"):
        return [(Cast(name, TextField()), risky_values.LONGEST)]
    if name.startswith(placeholders.CUSTOM):
        keys = _spellings(name.removeprefix(placeholders.CUSTOM))
        return [(KeyTextTransform(key, "custom"), risky_values.LONGEST) for key in keys]
    return []


def _lacks(name: str, contact: Contact) -> bool:
    """As the email finds it."""
    placeholder = placeholders.find(name)
    values = context.gather(contact=contact, business_entity=None, facts=None, names=())
    return placeholder is not None and not placeholder.resolve(values)


def _estimated_rows() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [Contact._meta.db_table])
        return float(cursor.fetchone()[0])


def _share(limit: int) -> float:
    """The part of the table that holds about `limit` rows."""
    rows = _estimated_rows()
    return min(1.0, limit / rows) if rows > 0 else 1.0


def _sampled(limit: int) -> RawSQL:
    table = connection.ops.quote_name(Contact._meta.db_table)
    sql = f"SELECT id FROM {table} TABLESAMPLE SYSTEM (%s) REPEATABLE (0)"  # noqa: S608  no value stands in it
    return RawSQL(sql, [100 * _share(limit)])  # noqa: S611  the parameter is a number of ours


def _scale(limit: int) -> float:
    return 1 / _share(limit)


def _scaled(number: int, scale: float) -> int:
    """Two digits of an estimate are known, no more."""
    if scale == 1:
        return number
    estimate = round(number * scale)
    return round(estimate, 2 - len(str(estimate))) if estimate >= 100 else estimate
