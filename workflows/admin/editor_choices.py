"""What can be chosen in the form of a workflow, read once for all its steps, and the fields that choose it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.db.models import Model

from contacts.models import BusinessEntity, ContactType, LeadSource
from engagement.models import EngagementTemplate, Target
from workflows.models import Step, WorkflowVersion

GENERAL = ("new_contact", "contact_updated", "engagement_detected", "replied", "converted", "bounced", "unsubscribed")
GONE = "This does not exist any more. Choose another."


@dataclass(frozen=True)
class Offer:
    """Everything that can be chosen, read once for all steps."""

    brands: dict[str, Any]
    kinds: dict[str, Any]
    sources: dict[str, Any]
    targets: dict[str, Any]
    emails: dict[str, Any]
    events: tuple[str, ...]
    categories: tuple[str, ...]

    @classmethod
    def read(cls) -> Offer:
        used = WorkflowVersion.objects.values_list("events", flat=True)
        business = sorted({name for names in used for name in names} - {*GENERAL, "manual_trigger"})
        steps = Step.objects.exclude(category="").order_by("category")
        return cls(
            brands=_by_id(BusinessEntity.objects.all()),
            kinds=_by_id(ContactType.objects.all()),
            sources=_by_id(LeadSource.objects.all()),
            targets=_by_id(Target.objects.order_by("name")),
            emails=_by_id(
                EngagementTemplate.objects.select_related("current_version", "business_entity").order_by(
                    "business_entity__position", "business_entity__name", "name"
                )
            ),
            events=(*GENERAL, *business),
            categories=tuple(steps.values_list("category", flat=True).distinct()),
        )

    def email_field(self) -> Pick:
        """The emails by brand, each saying if it cannot go out."""

        def brand(item: tuple[str, EngagementTemplate]) -> str:
            return str(item[1].business_entity or "Any brand")

        groups = groupby(self.emails.items(), key=brand)
        choices = [(name, [(key, _name_of_email(row)) for key, row in group]) for name, group in groups]
        return Pick(self.emails, choices=choices, empty="Choose an email", label="Email")


class Chosen:
    """Before a field: what it holds at first are rows."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return [str(row.pk) for row in value]
        return str(value.pk) if isinstance(value, Model) else value


class Pick(Chosen, forms.TypedChoiceField):
    """One row out of many, which were read for all fields together."""

    def __init__(
        self, rows: Mapping[str, Any], *, choices: Sequence[Any] | None = None, empty: str, **more: Any
    ) -> None:
        offered = [(key, str(row)) for key, row in rows.items()] if choices is None else list(choices)
        super().__init__(
            choices=[("", empty), *offered],
            coerce=lambda key: rows[str(key)],
            empty_value=None,
            required=False,
            error_messages={"invalid_choice": GONE},
            **more,
        )


class PickSome(Chosen, forms.TypedMultipleChoiceField):
    """Any number of rows, as boxes to tick."""

    def __init__(self, rows: Mapping[str, Any], **more: Any) -> None:
        super().__init__(
            choices=[(key, str(row)) for key, row in rows.items()],
            coerce=lambda key: rows[str(key)],
            required=False,
            widget=forms.CheckboxSelectMultiple,
            error_messages={"invalid_choice": GONE},
            **more,
        )


class Words(forms.CharField):
    """Words with commas between them."""

    def to_python(self, value: Any) -> Any:
        words = [" ".join(word.split()) for word in str(value or "").split(",")]
        return tuple(dict.fromkeys(word for word in words if word))

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else ", ".join(value or ())

    def validate(self, value: Any) -> None:
        longest = self.max_length or 0
        for word in value:
            if len(word) > longest:
                raise forms.ValidationError(f"“{word[:20]}…” is too long: {longest} characters at most.")

    def run_validators(self, value: Any) -> None:
        """The length is each word's."""


def _by_id(rows: Iterable[Any]) -> dict[str, Any]:
    return {str(row.pk): row for row in rows}


def _name_of_email(email: EngagementTemplate) -> str:
    if email.current_version_id is None:
        return f"{email.name} (not published yet)"
    return email.name if email.active else f"{email.name} (switched off)"
