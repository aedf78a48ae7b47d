"""Which brands a person belongs to. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from contactflow.core.reasons import Reason
from contacts import rules
from contacts.rules import Condition, Decision, Field, Named, Profile


@dataclass(frozen=True, kw_only=True)
class Route:
    """A routing rule: where its condition holds, the person belongs to the brand."""

    condition: Condition
    business_entity: Named


def route(*, profile: Profile, routes: Sequence[Route], fallback: Named | None) -> list[Decision]:
    """The brands in order: those of the person's types as the types were given, then those of other rules, else the
    fallback. The first speaks for the person in workflows of any brand."""
    decisions = matched(profile=profile, routes=routes)
    if not decisions and fallback is not None:
        because = Reason.of("takes_the_rest")
        return [Decision(kind="business_entity", value=fallback.name, because=because)]
    return decisions


def matched(*, profile: Profile, routes: Sequence[Route]) -> list[Decision]:
    """As `route`, without the fallback."""
    by_type = [one for one in routes if one.condition.field == Field.CONTACT_TYPE]
    by_other = [one for one in routes if one.condition.field != Field.CONTACT_TYPE]
    found: dict[str, Decision] = {}
    for kind in profile.contact_types:
        _add(found, dataclasses.replace(profile, contact_types=(kind,)), by_type)
    _add(found, profile, by_other)
    return list(found.values())


def newly_matched(*, before: Profile, after: Profile, routes: Sequence[Route]) -> list[Decision]:
    """The brands that what is new about a person brings; what was decided before stays as it was decided."""
    known = {decision.value for decision in matched(profile=before, routes=routes)}
    return [decision for decision in matched(profile=after, routes=routes) if decision.value not in known]


def _add(found: dict[str, Decision], profile: Profile, routes: Sequence[Route]) -> None:
    for one in routes:
        name = one.business_entity.name
        if name not in found and (because := rules.reason(condition=one.condition, profile=profile)):
            found[name] = Decision(kind="business_entity", value=name, rule=one.condition.name, because=because)
