"""Alerts and who gets them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractUser
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter

from contacts import clock
from contacts.admin import confirmation, sentences
from contacts.admin.confirmation import Question
from contacts.admin.pages import Kept, Record, RecordInline, button, column, link
from engagement import alerts
from engagement.admin.messages import as_text
from engagement.models import Alert, AlertDelivery, Target

PRIORITY_COLOURS = {"Urgent": "danger", "High": "warning", "Medium": "info"}


class StateFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("acknowledged", "Acknowledged")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        if self.value() in ("open", "acknowledged"):
            return queryset.filter(acknowledged_at__isnull=self.value() == "open")
        return queryset


class DeliveryInline(RecordInline):
    model = AlertDelivery
    verbose_name_plural = "Whom it reached"
    fields = ("channel", "address", "status", "attempts", "error", "finished_at")
    readonly_fields = fields


@admin.register(Alert)
class AlertAdmin(Record):
    list_display = ("title", "urgency", "target", "contact_link", "state", "created_at")
    list_filter = (
        StateFilter,
        ("priority", ChoicesDropdownFilter),
        ("target", RelatedDropdownFilter),
        ("business_entity", RelatedDropdownFilter),
    )
    list_select_related = ("target", "contact", "business_entity")
    search_fields = ("title", "contact__email")
    fieldsets = (
        (None, {"fields": ("title", "urgency", "state", "words")}),
        ("About", {"fields": ("target", "contact_link", "business_entity", "created_at")}),
    )
    inlines = (DeliveryInline,)
    actions = ("acknowledge_chosen",)
    actions_detail = ("acknowledge",)

    def has_acknowledge_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_alert")

    def possible_buttons(self, row: Alert) -> tuple[str, ...]:
        return () if row.acknowledged_at else ("acknowledge",)

    @column("Priority", ordering="priority", label=PRIORITY_COLOURS)
    def urgency(self, alert: Alert) -> str:
        return alert.get_priority_display()

    @column("Message")
    def words(self, alert: Alert) -> str:
        return as_text(alert.message)

    @column("Contact")
    def contact_link(self, alert: Alert) -> str:
        return link(alert.contact)

    @column("State", ordering="acknowledged_at")
    def state(self, alert: Alert) -> str:
        if alert.acknowledged_at is None:
            return "Open"
        return f"Acknowledged by {alert.acknowledged_by}, {sentences.moment(alert.acknowledged_at)}"

    @button("Acknowledge", permission="acknowledge", icon="check")
    def acknowledge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(alert: Alert, answers: dict[str, Any]) -> str:
            alerts.acknowledge(alert=alert, by=request.user.get_username(), now=clock.database_now())
            return "The alert is acknowledged."

        question = Question(
            title="Acknowledge this alert",
            explanation="Your colleagues see that you take care of it.",
            submit="Acknowledge",
            act=act,
        )
        return confirmation.ask(self, request, object_id, question)

    @admin.action(description="Acknowledge the chosen alerts", permissions=["acknowledge"])
    def acknowledge_chosen(self, request: HttpRequest, chosen: QuerySet[Alert]) -> None:
        now, count = clock.database_now(), 0
        for alert in chosen.filter(acknowledged_at__isnull=True).iterator():
            alerts.acknowledge(alert=alert, by=request.user.get_username(), now=now)
            count += 1
        messages.success(request, f"{count} acknowledged.")


@admin.register(Target)
class TargetAdmin(Kept):
    list_display = ("name", "slug", "business_entity", "behind_it", "alert_by_email")
    list_filter = (("business_entity", RelatedDropdownFilter),)
    search_fields = ("name", "slug")
    autocomplete_fields = ("people",)
    fields = ("name", "slug", "business_entity", "people", "extra_emails", "alert_by_email")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Target]:
        return super().get_queryset(request).select_related("business_entity").prefetch_related("people")

    def get_readonly_fields(self, request: HttpRequest, obj: Target | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    @column("Behind it")
    def behind_it(self, target: Target) -> str:
        names = [
            _name(person) if person.email else f"{_name(person)} (no email address)" for person in target.people.all()
        ]
        return ", ".join([*names, *target.extra_emails]) or "Nobody: alerts reach no one"

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        unreachable = ", ".join(_name(person) for person in form.instance.people.filter(email=""))
        if unreachable:
            messages.warning(
                request, f"No email address: {unreachable}. Add one under Users, or no alert reaches them."
            )


def _name(person: AbstractUser) -> str:
    return person.get_full_name() or person.get_username()
