"""The rules by which contacts are classified and routed, in the order in which they are tried."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter

from contactflow.core.admin.model_admin import BaseAdmin, column
from contacts.models import ClassificationRule, RoutingRule, Rule

CONDITION: tuple[str, Any] = ("Condition", {"fields": ("field", "operator", "words")})


class RulePage(BaseAdmin):
    list_editable = ("position", "active")
    list_display_links = ("name",)
    search_fields = ("name",)
    ordering = ("position", "name")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """What is changed in the list has its label where a screen reader finds it; the eye reads the column's head."""
        field: Any = super().formfield_for_dbfield(db_field, request, **options)
        if db_field.name in self.list_editable:
            field.widget.attrs["aria-label"] = field.label
        return field

    @column("Condition")
    def condition(self, rule: Rule) -> str:
        words = ", ".join(rule.words[:4]) + (", …" if len(rule.words) > 4 else "")
        return f"{rule.get_field_display()} {rule.get_operator_display()} {words}"


@admin.register(ClassificationRule)
class ClassificationRuleAdmin(RulePage):
    when_empty = "Without rules, whoever arrives without a type becomes a General Contact. Add one to recognise others."
    list_display = ("name", "condition", "concludes", "position", "active")
    list_filter = (
        ("active", BooleanRadioFilter),
        ("field", ChoicesDropdownFilter),
        ("contact_type", RelatedDropdownFilter),
    )
    fieldsets = (
        (None, {"fields": ("name", "position", "active")}),
        CONDITION,
        ("Concludes", {"fields": ("contact_type", "lead_source", "interest")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClassificationRule]:
        return super().get_queryset(request).select_related("contact_type", "lead_source")

    @column("Concludes")
    def concludes(self, rule: ClassificationRule) -> str:
        found = [
            f"type {rule.contact_type}" if rule.contact_type else "",
            f"source {rule.lead_source}" if rule.lead_source else "",
            f"interest {rule.interest}" if rule.interest else "",
        ]
        return ", ".join(part for part in found if part)


@admin.register(RoutingRule)
class RoutingRuleAdmin(RulePage):
    when_empty = (
        "Without rules, everybody belongs to the brand that catches the rest. Add one to lead people to the others."
    )
    list_display = ("name", "condition", "business_entity", "position", "active")
    list_filter = (
        ("active", BooleanRadioFilter),
        ("field", ChoicesDropdownFilter),
        ("business_entity", RelatedDropdownFilter),
    )
    list_select_related = ("business_entity",)
    fieldsets = (
        (None, {"fields": ("name", "position", "active")}),
        CONDITION,
        ("Sends the contact to", {"fields": ("business_entity",)}),
    )
