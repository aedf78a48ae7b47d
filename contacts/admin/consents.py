"""Who may be written to: permissions given and withdrawn, and addresses that receive nothing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from contactflow.core import clock
from contactflow.core.admin.model_admin import BaseAdmin, ReadOnlyInline, column
from contacts import consent
from contacts.admin.people_search import PeopleSearch
from contacts.models import Consent, Suppression


class ConsentInline(ReadOnlyInline):
    model = Consent
    verbose_name_plural = "Permissions"
    fields = ("state", "channel", "business_entity", "source", "recorded_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("business_entity")


@admin.register(Consent)
class ConsentAdmin(PeopleSearch, BaseAdmin):
    """Append-only: what somebody allowed or withdrew stays on record."""

    when_empty = "Nobody has said yes or no yet. Record what somebody told you on their page, with “Record consent”."
    list_display = ("contact_link", "state", "channel", "business_entity", "source", "recorded_at")
    list_display_links = ("state",)
    list_filter = (("state", ChoicesDropdownFilter), ("business_entity", RelatedDropdownFilter))
    list_select_related = ("contact", "business_entity")
    sortable_by = ("recorded_at",)  # no other order has an index
    autocomplete_fields = ("contact",)
    fields = ("contact", "state", "business_entity", "channel", "source")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Consent, form: forms.ModelForm[Consent], change: bool) -> None:
        record = consent.grant if obj.state == Consent.State.GRANTED else consent.withdraw
        recorded = record(
            contact=obj.contact,
            business_entity=obj.business_entity,
            channel=obj.channel,
            source=obj.source,
            now=clock.database_now(),
        )
        obj.pk = recorded.pk


class SuppressionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    def clean_email(self) -> str:
        address = str(self.cleaned_data["email"]).strip().lower()
        if consent.suppression_of(email=address):
            raise forms.ValidationError("This address is blocked already.")
        return address


@admin.register(Suppression)
class SuppressionAdmin(BaseAdmin):
    """An address is blocked, or released by deleting its row; it is not changed."""

    when_empty = (
        "No address is blocked. One comes here when its mailbox refuses for good, when somebody unsubscribes, or when "
        "you add it."
    )
    form = SuppressionForm
    list_display = ("address", "reason", "detail", "created_at")
    list_filter = (("reason", ChoicesDropdownFilter),)
    search_fields = ("email",)
    search_help_text = "Search by address; one of somebody who was deleted is found by the whole of it."
    fields = ("email", "reason", "detail")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str) -> Any:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if "@" in search_term and (suppressed := consent.suppression_of(email=search_term)):
            return found | queryset.filter(pk=suppressed.pk), may_repeat
        return found, may_repeat

    @column("Email", ordering="email")
    def address(self, suppression: Suppression) -> str:
        return "Somebody who was deleted" if consent.is_hash(suppression.email) else suppression.email

    def save_model(
        self, request: HttpRequest, obj: Suppression, form: forms.ModelForm[Suppression], change: bool
    ) -> None:
        obj.pk = consent.suppress(email=obj.email, reason=obj.reason, detail=obj.detail).pk
