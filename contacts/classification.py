"""What is inferred about a person: source and types where they arrive without, and interests. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contactflow.core.reasons import Reason
from contacts import rules
from contacts.rules import Condition, Decision, Named, Profile


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """A classification rule: where its condition holds, what it concludes. Any of the three may be empty."""

    condition: Condition
    contact_type: Named | None = None
    lead_source: Named | None = None
    interest: str = ""


@dataclass(frozen=True, kw_only=True)
class Fallbacks:
    """What holds where no rule matched."""

    contact_type: Named | None = None
    lead_source: Named | None = None


def classify(
    *, profile: Profile, conclusions: Sequence[Conclusion], fallbacks: Fallbacks
) -> tuple[Profile, list[Decision]]:
    """The profile with what was inferred, and each decision with its reason.

    The source comes first (the first rule that matches), then the types (every rule that matches), then interests;
    so a rule about the source may decide a type, and one about a type an interest.
    """
    profile, source = _infer_source(profile, conclusions, fallbacks)
    profile, types = _infer_types(profile, conclusions, fallbacks)
    profile, interests = _infer_interests(profile, conclusions)
    return profile, [*source, *types, *interests]


def _infer_source(
    profile: Profile, conclusions: Iterable[Conclusion], fallbacks: Fallbacks
) -> tuple[Profile, list[Decision]]:
    if profile.lead_source is not None:
        return profile, []
    for conclusion in conclusions:
        because = rules.reason(condition=conclusion.condition, profile=profile) if conclusion.lead_source else None
        if conclusion.lead_source and because:
            decision = _decision("lead_source", conclusion.lead_source.name, conclusion, because)
            return dataclasses.replace(profile, lead_source=conclusion.lead_source), [decision]
    if fallbacks.lead_source is None:
        return profile, []
    because = Reason.of("no_rule_names_source")
    fallback = Decision(kind="lead_source", value=fallbacks.lead_source.name, because=because)
    return dataclasses.replace(profile, lead_source=fallbacks.lead_source), [fallback]


def _infer_types(
    profile: Profile, conclusions: Iterable[Conclusion], fallbacks: Fallbacks
) -> tuple[Profile, list[Decision]]:
    if profile.contact_types:
        return profile, []
    found: dict[Named, Decision] = {}
    for conclusion in conclusions:
        if conclusion.contact_type is None or conclusion.contact_type in found:
            continue
        if because := rules.reason(condition=conclusion.condition, profile=profile):
            kind = conclusion.contact_type
            found[kind] = _decision("contact_type", kind.name, conclusion, because)
    if not found and fallbacks.contact_type is not None:
        because = Reason.of("no_rule_names_type")
        kind = fallbacks.contact_type
        found[kind] = Decision(kind="contact_type", value=kind.name, because=because)
    return dataclasses.replace(profile, contact_types=tuple(found)), list(found.values())


def _infer_interests(profile: Profile, conclusions: Iterable[Conclusion]) -> tuple[Profile, list[Decision]]:
    decisions = []
    for conclusion in conclusions:
        known = {interest.casefold() for interest in profile.interests}
        if not conclusion.interest or conclusion.interest.casefold() in known:
            continue
        if because := rules.reason(condition=conclusion.condition, profile=profile):
            decisions.append(_decision("interest", conclusion.interest, conclusion, because))
            profile = dataclasses.replace(profile, interests=(*profile.interests, conclusion.interest))
    return profile, decisions


def _decision(kind: str, value: str, conclusion: Conclusion, because: Reason) -> Decision:
    return Decision(kind=kind, value=value, rule=conclusion.condition.name, because=because)
