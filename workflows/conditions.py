"""Whether a workflow starts: pure judgements over what held for an event, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contactflow.core.reasons import Reason

NEW_CONTACT = "new_contact"
CONTACT_UPDATED = "contact_updated"
MANUAL_TRIGGER = "manual_trigger"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What held for an event. Names as staff see them; the order of `business_entities` is theirs."""

    contact_types: tuple[str, ...] = ()
    lead_source: str = ""
    business_entities: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @classmethod
    def from_event(cls, facts: Mapping[str, Any]) -> Facts:
        """Read the `facts` of a ContactEvent; what is absent is empty."""
        return cls(
            contact_types=tuple(facts.get("contact_types") or ()),
            lead_source=facts.get("lead_source") or "",
            business_entities=tuple(facts.get("business_entities") or ()),
            interests=tuple(facts.get("interests") or ()),
            tags=tuple(facts.get("tags") or ()),
        )


@dataclass(frozen=True, kw_only=True)
class Triggers:
    """When a version starts. An empty group asks nothing; within a group any one is enough."""

    events: tuple[str, ...]
    business_entity: str = ""
    contact_types: tuple[str, ...] = ()
    lead_sources: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    matched: bool
    because: Reason


def judge(*, triggers: Triggers, facts: Facts, event: str) -> Verdict:
    """Whether all that `triggers` asks holds; `because` names what held, or the first thing that did not."""
    asked_event = NEW_CONTACT if event == MANUAL_TRIGGER else event
    if asked_event not in triggers.events:
        return Verdict(False, Reason.of("other_event", asked_events=list(triggers.events), event=event))
    return judge_contact(triggers=triggers, facts=facts)


def judge_contact(*, triggers: Triggers, facts: Facts) -> Verdict:
    """Like `judge`, whatever the event."""
    verdicts = [verdict for verdict in _groups(triggers, facts) if verdict is not None]
    refusal = next((verdict for verdict in verdicts if not verdict.matched), None)
    if refusal:
        return refusal
    if not verdicts:
        return Verdict(True, Reason.of("asks_nothing"))
    return Verdict(True, Reason.of("conditions_hold", held=[verdict.because.as_json() for verdict in verdicts]))


def judge_entity(*, triggers: Triggers, facts: Facts) -> Verdict | None:
    """The one condition that holds even for a workflow started by name; None when it is open to any brand."""
    asked = triggers.business_entity
    if not asked:
        return None
    if asked in facts.business_entities:
        return Verdict(True, Reason.of("brand", has=[asked]))
    return Verdict(False, Reason.of("other_brand", asked=[asked], instead=list(facts.business_entities)))


def _groups(triggers: Triggers, facts: Facts) -> Iterable[Verdict | None]:
    yield judge_entity(triggers=triggers, facts=facts)
    yield _one_of("contact_type", triggers.contact_types, facts.contact_types)
    yield _one_of("lead_source", triggers.lead_sources, (facts.lead_source,) if facts.lead_source else ())
    yield _cares_about(triggers, facts)


def _one_of(what: str, asked: tuple[str, ...], present: tuple[str, ...]) -> Verdict | None:
    if not asked:
        return None
    shared = _shared(asked, present)
    if shared:
        return Verdict(True, Reason.of(what, has=shared))
    return Verdict(False, Reason.of(f"other_{what}", asked=list(asked), instead=list(present)))


def _cares_about(triggers: Triggers, facts: Facts) -> Verdict | None:
    if not triggers.interests and not triggers.tags:
        return None
    interests, tags = _shared(triggers.interests, facts.interests), _shared(triggers.tags, facts.tags)
    if interests:
        return Verdict(True, Reason.of("interest", has=interests))
    if tags:
        return Verdict(True, Reason.of("tag", has=tags))
    if not triggers.tags:
        return Verdict(False, Reason.of("no_interest", asked=list(triggers.interests)))
    if not triggers.interests:
        return Verdict(False, Reason.of("no_tag", asked=list(triggers.tags)))
    both = {"interests": list(triggers.interests), "tags": list(triggers.tags)}
    return Verdict(False, Reason.of("no_interest_or_tag", **both))


def _shared(asked: tuple[str, ...], present: tuple[str, ...]) -> list[str]:
    wanted = {word.casefold() for word in asked}
    return [word for word in present if word.casefold() in wanted]


@dataclass(frozen=True)
class Check:
    """One condition as people read it: what it is about, what is asked, what the contact has instead."""

    about: str
    holds: bool
    asks: str
    has: str


def checks(*, triggers: Triggers, facts: Facts) -> list[Check]:
    """Every condition that asks something of the contact; the workflow starts for whom all of them hold."""
    brand, source = (tuple(filter(None, [name])) for name in (triggers.business_entity, facts.lead_source))
    marks = [("interest", triggers.interests, facts.interests), ("tag", triggers.tags, facts.tags)]
    marks = [(name, asked, has) for name, asked, has in marks if asked]
    wanted = tuple(f"{name} {word}" if marks[1:] else word for name, asked, _ in marks for word in asked)
    present = tuple(dict.fromkeys(word for _, _, has in marks for word in has))
    kinds, cares = triggers.contact_types, _cares_about(triggers, facts)
    found = (
        ("Brand", brand, facts.business_entities, _shared(brand, facts.business_entities)),
        ("Contact type", kinds, facts.contact_types, _shared(kinds, facts.contact_types)),
        ("Lead source", triggers.lead_sources, source, _shared(triggers.lead_sources, source)),
        (" or ".join(name for name, _, _ in marks).capitalize(), wanted, present, cares and cares.matched),
    )
    return [
        Check(about, bool(holds), " or ".join(asked), ", ".join(has) or "none")
        for about, asked, has, holds in found
        if asked
    ]
