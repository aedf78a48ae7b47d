"""The reference rows of a fresh deployment: brands, types, sources, statuses and the rules that decide with them.

Rows are recognised by slug, so what staff renamed or changed stays theirs; only what is missing is added. Rules are
different: staff throw rules away, and one that came back with each deployment would be a nuisance. So each kind of
rule is loaded only while there is not a single one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import models, transaction

from contacts.models import (
    BusinessEntity,
    ClassificationRule,
    ContactStatus,
    ContactType,
    LeadSource,
    RoutingRule,
    Rule,
)

Values = Mapping[str, Any]
CONTENT: Mapping[str, Sequence[Values]] = tomllib.loads(Path(__file__).with_name("content.toml").read_text("utf-8"))


def load(*, check_only: bool = False) -> list[str]:
    """Add what is missing and say what that was; with `check_only` say what would be added and add nothing."""
    with transaction.atomic():
        added = [
            *_complete(BusinessEntity, "business_entities", mark="is_fallback"),
            *_complete(ContactType, "contact_types", mark="is_fallback"),
            *_complete(LeadSource, "lead_sources", mark="is_fallback"),
            *_complete(ContactStatus, "statuses", mark="is_default"),
            *_load_classification_rules(),
            *_load_routing_rules(),
        ]
        transaction.set_rollback(check_only)
    return added


def _complete(model: type[models.Model], content: str, *, mark: str) -> list[str]:
    """Create the rows whose slug, or name, is not there; only one row bears the mark, and staff may have moved it."""
    present = list(model._default_manager.values_list("slug", "name", mark))
    taken = {slug for slug, _, _ in present} | {name.casefold() for _, name, _ in present}
    is_marked = any(marked for _, _, marked in present)
    missing = [row for row in CONTENT[content] if not {row["slug"], row["name"].casefold()} & taken]
    model._default_manager.bulk_create(model(**{**row, mark: bool(row.get(mark)) and not is_marked}) for row in missing)
    return [f'{model._meta.verbose_name} "{row["name"]}"' for row in missing]


def _load_classification_rules() -> list[str]:
    if ClassificationRule.objects.exists():
        return []
    kinds = {"contact_type": _by_slug(ContactType), "lead_source": _by_slug(LeadSource)}
    rules = []
    for number, row in enumerate(CONTENT["classification_rules"], start=1):
        ((what, value),) = row["concludes"].items()
        conclusion = kinds[what].get(value) if what in kinds else value
        if conclusion is not None:  # None: staff use the name for a row of another slug
            rules.append(ClassificationRule(position=number * 10, **_condition(row), **{what: conclusion}))
    ClassificationRule.objects.bulk_create(rules)
    return [f'classification rule "{rule.name}"' for rule in rules]


def _load_routing_rules() -> list[str]:
    if RoutingRule.objects.exists():
        return []
    entities = _by_slug(BusinessEntity)
    rules = [
        RoutingRule(position=number * 10, business_entity=entities[row["to"]], **_condition(row))
        for number, row in enumerate(CONTENT["routing_rules"], start=1)
        if row["to"] in entities
    ]
    RoutingRule.objects.bulk_create(rules)
    return [f'routing rule "{rule.name}"' for rule in rules]


def _condition(row: Values) -> dict[str, Any]:
    operator = Rule.Operator.IS if row["field"] == Rule.Field.CONTACT_TYPE else Rule.Operator.HAS_WORD
    return {"operator": operator} | {name: row[name] for name in ("name", "field", "operator", "words") if name in row}


def _by_slug(model: type[models.Model]) -> dict[str, Any]:
    return {row.slug: row for row in model._default_manager.all()}  # type: ignore[attr-defined]  # all four have one
