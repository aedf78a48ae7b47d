"""How many real people lack what an email says about them, and who they are. Bounded, however many there are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from contactflow.core.statement_timeout import statement_timeout
from contacts.models import BusinessEntity, Contact, EntityMembership
from engagement import placeholders
from engagement.models import Message

EXACT_UP_TO = 5_000  # contacts; beyond, a sample of about as many speaks for all
LONGEST = 600  # milliseconds of one question to the database
_EMPTY = {name: Q(**{name: ""}) for name in ("first_name", "last_name", "company", "job_title", "phone", "locale")}


@dataclass(frozen=True, kw_only=True)
class Lack:
    """Of `people` contacts, `lacking` have no value for the variable."""

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
    scale = _scale(limit) if is_estimate else 1.0
    return Coverage(
        people=_scaled(found["people"], scale),
        is_estimate=is_estimate,
        lacks=[Lack(name=name, lacking=_scaled(found[f"lacking_{place}"], scale)) for place, name in enumerate(asked)],
    )


def who_lacks(*, name: str, business_entity: BusinessEntity | None, limit: int) -> list[Contact]:
    """The newest of them. Raises QueryTooSlow."""
    condition = _condition(name)
    if condition is None:
        return []
    with statement_timeout(milliseconds=LONGEST):
        return list(_contacts(business_entity).filter(condition).order_by("-created_at", "-id")[:limit])


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
        "last_touch": ~Exists(Message.objects.filter(contact=OuterRef("pk"), sent_at__isnull=False, status="sent")),
    }
    condition = others.get(name)
    return Q(condition) if condition is not None else None


def _no_custom(key: str) -> Q:
    """Fields may be spelled "Favourite Artist" or "favourite_artist"; the usual spellings are looked for."""
    spaced = key.replace("_", " ")
    spellings = {key, spaced, spaced.title(), spaced.capitalize(), key.lower()}
    has_value = Q()
    for spelling in sorted(spellings):
        has_value |= Q(custom__has_key=spelling) & ~Q(custom__contains={spelling: ""})
    return ~has_value


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
