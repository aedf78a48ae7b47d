"""Liquid in what colleagues read, titles and texts of tasks and alerts: the variables of emails, without passages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from contacts.models import BusinessEntity, Contact, ContactEvent
from engagement import context, placeholders, skeleton, template_validation
from engagement.liquid.program import Run, Unrenderable
from engagement.liquid.source import TemplateSyntaxError
from engagement.models import EngagementTemplate
from engagement.plain_text import close_gaps
from engagement.values import Fallbacks, OfContact

_EVENT = re.compile(r"\bevent\s*[.\[]")
LEVEL = EngagementTemplate.Level.ADVANCED


def has_liquid(text: str) -> bool:
    return "{{" in text or "{%" in text


def asks_event(text: str) -> bool:
    return _EVENT.search(text) is not None


def facts_of(event: ContactEvent) -> dict[str, Any]:
    """What `event.` says: what came with it, what held for it, and its kind."""
    came = event.payload.get("metadata")
    return {**(came if isinstance(came, dict) else {}), **event.facts, "kind": event.kind}


def faults(text: str) -> list[str]:
    """What is wrong with its variables, each with the remedy."""
    return template_validation.variable_faults(text, level=LEVEL) if has_liquid(text) else []


def fill(
    text: str,
    *,
    contact: Contact,
    business_entity: BusinessEntity | None,
    facts: Mapping[str, Any] | None = None,
    task: Mapping[str, Any] | None = None,
    now: datetime,
) -> str:
    """With what is known of the contact; colleagues are told what is missing, where no words stand in for it."""
    if not has_liquid(text):
        return text
    try:
        uses = skeleton.read(text).uses
        names = {found[0] for use in uses if (found := placeholders.named(use.path))}
        values = context.gather(contact=contact, business_entity=business_entity, facts=facts, names=names, now=now)
        said = OfContact(_Unknown(LEVEL, {}), replace(values, task=task or {}))
        return close_gaps(skeleton.line(text).render(Run(said)))
    except (TemplateSyntaxError, Unrenderable):  # saved before anybody looked at it
        return text


class _Unknown(Fallbacks):
    """Nothing stands in for what is missing."""

    def of(self, name: str) -> str | None:
        placeholder = placeholders.find(name)
        return f"({placeholder.label.lower() if placeholder else name} unknown)"
