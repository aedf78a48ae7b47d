"""The rows an arrival refers to by name, and the rules that judge it, kept in memory until staff change them."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from django.db.models import QuerySet

from contacts import cleaning, rules
from contacts.classification import Conclusion, Fallbacks
from contacts.cleaning import Unacceptable
from contacts.config_revision import Kept, now_and_revision
from contacts.models import (
    BusinessEntity,
    ClassificationRule,
    ContactStatus,
    ContactType,
    LeadSource,
    RoutingRule,
    Rule,
)
from contacts.routing import Route
from contacts.rules import Condition, Named

Row = TypeVar("Row", BusinessEntity, ContactType, LeadSource, ContactStatus)


class NameIndex(Generic[Row]):
    """The rows of one kind, found by id, name or slug."""

    def __init__(self, label: str, rows: Iterable[Row]) -> None:
        self.label = label
        self._rows: Iterable[Row] = rows
        self.by_id: dict[int, Row] = {row.pk: row for row in rows}
        # A name wins over another row's slug.
        self._by_spelling: dict[str, Row] = {rules.spelling(row.slug): row for row in self.by_id.values()}
        self._by_spelling |= {rules.spelling(row.name): row for row in self.by_id.values()}

    def row(self, pk: int) -> Row:
        """The row with this id; asked for where it was added since."""
        if pk not in self.by_id and isinstance(self._rows, QuerySet):
            return cast(Row, self._rows.get(pk=pk))
        return self.by_id[pk]

    def find(self, named: str) -> Row:
        """The row with this name or slug, whatever its case."""
        row = self._by_spelling.get(rules.spelling(named))
        if row is None:
            allowed = ", ".join(one.name for one in self.by_id.values()) or "none yet"
            raise Unacceptable(f'Unknown {self.label} "{cleaning.line(named)[:100]}". Allowed: {allowed}.')
        return row

    def knows(self, named: str) -> bool:
        return rules.spelling(named) in self._by_spelling

    def find_all(self, named: Iterable[str]) -> list[Row]:
        """The rows of these names, each once, in the order given; blank names say nothing."""
        return list(dict.fromkeys(self.find(name) for name in named if name.strip()))


@dataclass(frozen=True, kw_only=True)
class ReferenceData:
    revision: uuid.UUID | None
    contact_types: NameIndex[ContactType]
    lead_sources: NameIndex[LeadSource]
    business_entities: NameIndex[BusinessEntity]
    statuses: NameIndex[ContactStatus]
    conclusions: Sequence[Conclusion]
    routes: Sequence[Route]

    @functools.cached_property
    def fallbacks(self) -> Fallbacks:
        types, sources = self.contact_types.by_id.values(), self.lead_sources.by_id.values()
        return Fallbacks(
            contact_type=next((named(row) for row in types if row.is_fallback), None),
            lead_source=next((named(row) for row in sources if row.is_fallback), None),
        )

    @functools.cached_property
    def fallback_entity(self) -> Named | None:
        return next((named(row) for row in self.business_entities.by_id.values() if row.is_fallback), None)

    def named(self, field: str) -> NameIndex[Any]:
        """The rows that the values of an arrival's field name."""
        return getattr(self, {"lead_source": "lead_sources", "status": "statuses"}.get(field, field))  # type: ignore[no-any-return]  # by its name

    def brand(self, name: str) -> BusinessEntity | None:
        """The brand of exactly this name."""
        return next((row for row in self.business_entities.by_id.values() if row.name == name), None)

    @property
    def default_status(self) -> ContactStatus:
        """The status of a new contact: the one marked so, else the first that does not block."""
        statuses = list(self.statuses.by_id.values())
        chosen = next((one for one in statuses if one.is_default), None)
        chosen = chosen or next((one for one in statuses if not one.blocks_contact), None)
        if chosen is None:
            raise Unacceptable("There is no status for new contacts yet. Run deploy_contact_workflows, or add one.")
        return chosen


def load() -> ReferenceData:
    """What holds now; a change that was committed is seen by the next arrival, in every process."""
    return KEPT.now()


def at_this_moment() -> tuple[dt.datetime, ReferenceData]:
    """The database's time and what holds, in one statement: for whoever reads the clock at the edge."""
    now, revision = now_and_revision()
    return now, KEPT.at(revision)


def _read(revision: uuid.UUID | None) -> ReferenceData:
    types = NameIndex("contact type", ContactType.objects.all())
    sources = NameIndex("lead source", LeadSource.objects.all())
    entities = NameIndex("business entity", BusinessEntity.objects.all())
    return ReferenceData(
        revision=revision,
        contact_types=types,
        lead_sources=sources,
        business_entities=entities,
        statuses=NameIndex("status", ContactStatus.objects.all()),
        conclusions=[_conclusion(rule, types, sources) for rule in ClassificationRule.objects.filter(active=True)],
        routes=[
            Route(condition=_condition(rule), business_entity=named(entities.by_id[rule.business_entity_id]))
            for rule in RoutingRule.objects.filter(active=True)
            if rule.business_entity_id in entities.by_id
        ],
    )


KEPT = Kept(_read)


def named(row: BusinessEntity | ContactType | LeadSource | ContactStatus) -> Named:
    return Named(name=row.name, slug=row.slug)


def _conclusion(rule: ClassificationRule, types: NameIndex[ContactType], sources: NameIndex[LeadSource]) -> Conclusion:
    kind = types.by_id.get(rule.contact_type_id or 0)
    source = sources.by_id.get(rule.lead_source_id or 0)
    return Conclusion(
        condition=_condition(rule),
        contact_type=named(kind) if kind else None,
        lead_source=named(source) if source else None,
        interest=rule.interest,
    )


def _condition(rule: Rule) -> Condition:
    return Condition(name=rule.name, field=rule.field, operator=rule.operator, words=tuple(rule.words))
