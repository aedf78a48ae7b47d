"""Classification and routing applied to a person, by the rules of the reference."""

from __future__ import annotations

from contactflow.core.reasons import Reason
from contacts import classification, routing
from contacts.intake.arrival import Facts
from contacts.intake.person import Person
from contacts.intake.validation import ValidatedArrival
from contacts.reference_data import ReferenceData, named
from contacts.rules import Decision, Profile

NAMED = Reason.of("source_named_it")


def classify(person: Person, arrival: ValidatedArrival, reference: ReferenceData) -> list[Decision]:
    """Infer what the person lacks, and interests; the person has it afterwards."""
    profile, decisions = classification.classify(
        profile=person.profile(arrival), conclusions=reference.conclusions, fallbacks=reference.fallbacks
    )
    person.contact.interests = list(profile.interests)
    if profile.lead_source is not None and person.contact.lead_source is None:
        person.contact.lead_source = reference.lead_sources.find(profile.lead_source.name)
    person.add_types(reference.contact_types.find(kind.name) for kind in profile.contact_types)
    return decisions


def route(
    person: Person, arrival: ValidatedArrival, reference: ReferenceData, *, known: Profile | None
) -> list[Decision]:
    """Add the brands: those the source names are taken as given; else all that match (`known` is None, or the person
    has no brand), else only what is newly true against the profile that was known."""
    if arrival.business_entities:
        decisions = [
            Decision(kind="business_entity", value=entity.name, because=NAMED) for entity in arrival.business_entities
        ]
    elif known is None or not person.entities:
        decisions = routing.route(
            profile=person.profile(arrival), routes=reference.routes, fallback=reference.fallback_entity
        )
    else:
        decisions = routing.newly_matched(before=known, after=person.profile(arrival), routes=reference.routes)
    return [decision for decision in decisions if _join(person, decision, reference)]


def for_this_event(person: Person, arrival: ValidatedArrival, reference: ReferenceData) -> tuple[Facts, list[Decision]]:
    """The person's facts with what the caller gave in their place, leaving the person as it is."""
    facts, decisions = person.facts(), []
    if arrival.lead_source is not None:
        facts["lead_source"] = arrival.lead_source.name
    if arrival.contact_types:
        facts["contact_types"] = [kind.name for kind in arrival.contact_types]
    if arrival.business_entities:
        facts["business_entities"] = [entity.name for entity in arrival.business_entities]
    elif arrival.contact_types:
        asked = Profile(contact_types=tuple(named(kind) for kind in arrival.contact_types))
        decisions = routing.matched(profile=asked, routes=reference.routes)
        brands = [decision.value for decision in decisions]
        facts["business_entities"] = list(dict.fromkeys([*brands, *facts["business_entities"]]))
    return facts, decisions


def _join(person: Person, decision: Decision, reference: ReferenceData) -> bool:
    return person.add_entity(reference.business_entities.find(decision.value), because=decision.because)
