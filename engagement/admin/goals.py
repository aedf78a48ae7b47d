"""Goals, which staff name, and when people reached them."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from contactflow.core.admin.model_admin import NoDeleteAdmin, ReadOnlyAdmin, column
from contactflow.core.admin.model_admin import link as leading_to
from contacts.intake import people
from engagement import describe
from engagement.models import Conversion, Goal

By = Goal.ReachedBy
NEEDS = {
    By.EVENT.value: ("events", "Name at least one event."),
    By.STATUS.value: ("status", "Choose the status."),
    By.WORKFLOW.value: ("workflow", "Give the slug of the workflow."),
}


class GoalForm(forms.ModelForm):  # type: ignore[type-arg]  # of Goal
    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        name, missing = NEEDS.get(data.get("reached_by", ""), ("", ""))
        if name and not data.get(name):
            self.add_error(name, missing)
        if data.get("counting") == Goal.Counting.SPACED and not data.get("every_days"):
            self.add_error("every_days", "Say within how many days it counts once.")
        if wrong := [one for one in data.get("events") or () if not people.KIND.fullmatch(one) or one == "converted"]:
            told = "Names of events have lower-case letters, digits and underscores, and are not “converted”"
            self.add_error("events", f"{told}: {', '.join(wrong)}.")
        return data


@admin.register(Goal)
class GoalAdmin(NoDeleteAdmin):
    """A goal that nobody wants any more is switched off: what was reached stays."""

    form = GoalForm
    when_empty = "Add what your brands count as success: a booking, a registration, a payment."
    list_display = ("name", "business_entity", "how", "counting", "value", "active")
    list_filter = (("business_entity", RelatedDropdownFilter), ("reached_by", ChoicesDropdownFilter))
    list_select_related = ("business_entity", "status")
    search_fields = ("name", "slug")
    fieldsets = (
        (None, {"fields": ("name", "slug", "business_entity", "active")}),
        ("When it is reached", {"fields": ("reached_by", "events", "status", "workflow", "counting", "every_days")}),
        ("What it is worth, and to what it is owed", {"fields": ("value", "currency", "window_days")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    @column("Reached by")
    def how(self, row: Goal) -> str:
        return describe.reached_by(row)


@admin.register(Conversion)
class ConversionAdmin(ReadOnlyAdmin):
    when_empty = "Nobody has reached a goal yet. Events, the API and your colleagues record it."
    list_display = ("at", "goal", "business_entity", "person", "worth", "source")
    list_filter: ClassVar = (("goal", RelatedDropdownFilter), ("source", ChoicesDropdownFilter))
    list_select_related = ("goal", "business_entity", "contact")
    search_fields = ("goal__name", "actor")
    fields: ClassVar[Any] = (
        "at", "goal", "business_entity", "person", "worth", "source", "actor", "note", "owed_to", "began_with",
        "recorded_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversion]:
        return super().get_queryset(request).select_related("goal", "business_entity", "contact")

    def title_of(self, row: Conversion) -> str:
        return f"{row.goal}: {row.contact}"

    @column("Person")
    def person(self, row: Conversion) -> Any:
        return leading_to(row.contact)

    @column("Worth")
    def worth(self, row: Conversion) -> str:
        return describe.worth(row) or "-"

    @column("Owed to")
    def owed_to(self, row: Conversion) -> str:
        return describe.owed_to(row, "last")

    @column("First within that time")
    def began_with(self, row: Conversion) -> str:
        return describe.owed_to(row, "first")
