"""Variables in what colleagues read, titles and texts of tasks and alerts: those of emails, without passages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contacts.models import BusinessEntity, Contact
from engagement import context, placeholders, template_syntax, template_validation
from engagement.models import EngagementTemplate
from engagement.template_syntax import Piece, Variable

LEVEL = EngagementTemplate.Level.ADVANCED


def faults(text: str) -> list[str]:
    """What is wrong with its variables, each with the remedy."""
    return template_validation.variable_faults(text, level=LEVEL) if "{{" in text else []


def fill(
    text: str, *, contact: Contact, business_entity: BusinessEntity | None, facts: Mapping[str, Any] | None = None
) -> str:
    """With what is known of the contact; colleagues are told what is missing, where no words stand in for it."""
    pieces = _pieces(text)
    asked = list(template_syntax.variables(pieces))
    if not asked:
        return text
    names = {variable.name for variable in asked}
    values = context.gather(contact=contact, business_entity=business_entity, facts=facts, names=names)
    return template_syntax.assemble(pieces, {variable: _said(variable, values) for variable in asked})


def _pieces(text: str) -> tuple[Piece, ...]:
    try:
        return template_syntax.parse(text) if "{{" in text else (text,)
    except template_syntax.TemplateSyntaxError:  # saved before anybody looked at it
        return (text,)


def _said(variable: Variable, values: placeholders.Context) -> str:
    placeholder = placeholders.find(variable.name)
    value = template_syntax.plain(placeholder.resolve(values)) if placeholder else ""
    if value or variable.fallback is not None:
        return value or str(variable.fallback)
    return f"({placeholder.label.lower()} unknown)" if placeholder else f"({variable.name} unknown)"
