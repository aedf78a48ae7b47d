"""That somebody reached a goal, noted by a colleague on their page."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from contactflow.admin.person_forms import MomentInput
from contactflow.core import clock
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import BaseAdmin
from contacts.models import Contact
from engagement import goals
from engagement.models import Conversion, Goal


class GoalForm(forms.Form):
    goal = forms.ModelChoiceField(Goal.objects.filter(active=True), widget=UnfoldAdminSelectWidget())
    at = forms.DateTimeField(
        required=False, label="When", widget=MomentInput(), help_text="In your own time zone; empty: now.",
        validators=[clock.validate_moment],
    )  # fmt: skip
    value = forms.DecimalField(
        required=False, min_value=0, max_digits=12, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget(),
        help_text="Empty: what the goal says one is worth.",
    )  # fmt: skip
    note = forms.CharField(required=False, max_length=500, widget=UnfoldAdminTextInputWidget())


class PersonGoals(BaseAdmin):
    """Before an admin of contacts."""

    def has_convert_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.add_conversion")

    @confirmed(
        "Record a goal",
        permission="convert",
        icon="flag",
        explanation="Marketing that waits for them stops where its workflow says so, and workflows that start by "
        "“converted” begin.",
        submit="Record",
        form=GoalForm,
        refusals=(goals.NotYet,),
    )
    def convert(self, request: HttpRequest, contact: Contact, answers: dict[str, Any]) -> str:
        now, goal = clock.database_now(), answers["goal"]
        reached = goals.Reached(
            goal=goal,
            contact=contact.pk,
            at=answers["at"] or now,
            source=Conversion.Source.HAND,
            key=f"hand:{uuid.uuid4()}",
            value=answers["value"],
            actor=request.user.get_username(),
            note=answers["note"],
        )
        if goals.record([reached], now=now):
            return f"“{goal}” is recorded."
        return f"“{goal}” was recorded for them before, and does not count again."
