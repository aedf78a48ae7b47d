"""Who may be written to: permissions given and withdrawn, and addresses that receive nothing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from contactflow.core import clock
from contactflow.core.admin.confirmation import ReasonForm, confirmed
from contactflow.core.admin.model_admin import BaseAdmin, ReadOnlyInline, column
from contacts import consent
from contacts.admin.people_search import PeopleSearch
from contacts.models import Consent, Suppression

RECORDED = ("state", "channel", "business_entity", "basis", "source", "wording", "wording_version")


class ConsentInline(ReadOnlyInline):
    model = Consent
    verbose_name_plural = "Permissions"
    fields = (*RECORDED, "actor", "recorded_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("business_entity")


class ConsentForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    """What a colleague knows; that somebody still has to confirm, only a form of the website does."""

    def clean_state(self) -> str:
        state = str(self.cleaned_data["state"])
        if state == Consent.State.PENDING:
            raise forms.ValidationError("Choose what they said: granted or withdrawn.")
        return state


@admin.register(Consent)
class ConsentAdmin(PeopleSearch, BaseAdmin):
    """Append-only: what somebody allowed or withdrew stays on record."""

    when_empty = "Nobody has said yes or no yet. Record what somebody told you on their page, with “Record consent”."
    form = ConsentForm
    list_display = ("contact_link", "state", "channel", "business_entity", "source", "actor", "recorded_at")
    list_display_links = ("state",)
    list_filter = (("state", ChoicesDropdownFilter), ("business_entity", RelatedDropdownFilter))
    list_select_related = ("contact", "business_entity")
    sortable_by = ("recorded_at",)  # no other order has an index
    autocomplete_fields = ("contact",)
    fields = ("contact", "state", "business_entity", "channel", "basis", "source", "wording", "wording_version")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.fields, "actor", "recorded_at") if obj else self.fields

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
            basis=obj.basis,
            source=obj.source,
            wording=obj.wording,
            wording_version=obj.wording_version,
            actor=request.user.get_username(),
            now=clock.database_now(),
        )
        obj.pk = recorded.pk


class SuppressionForm(forms.ModelForm):  # type: ignore[type-arg]  # likewise
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "scope" in self.fields:
            self.fields["scope"].required = False

    def clean_email(self) -> str:
        address = str(self.cleaned_data["email"]).strip().lower()
        if consent.suppression_of(email=address):
            raise forms.ValidationError("This address is blocked already.")
        return address

    def clean_scope(self) -> str:
        return str(self.cleaned_data.get("scope") or Suppression.Scope.EVERYTHING)


@admin.register(Suppression)
class SuppressionAdmin(BaseAdmin):
    """An address is blocked, or released with a reason; it is not changed. Who unsubscribes stands among consents."""

    when_empty = (
        "No address is blocked. One comes here when its mailbox refuses for good, when somebody reports spam, or when "
        "you add it."
    )
    form = SuppressionForm
    actions_detail = ("release",)
    list_display = ("address", "reason", "scope", "detail", "actor", "until", "created_at")
    list_filter = (("reason", ChoicesDropdownFilter), ("scope", ChoicesDropdownFilter))
    search_fields = ("email",)
    search_help_text = "Search by address; one of somebody who was deleted is found by the whole of it."
    fields = ("email", "reason", "scope", "until", "detail")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.fields, "actor", "created_at") if obj else self.fields

    def has_release_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.has_delete_permission(request)

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
        obj.pk = consent.suppress(
            email=obj.email,
            reason=obj.reason,
            detail=obj.detail,
            scope=obj.scope,
            until=obj.until,
            actor=request.user.get_username(),
        ).pk

    @confirmed(
        "Release the address",
        permission="release",
        icon="lock_open",
        explanation="Emails may go to it again, unless something else forbids them: Do Not Contact, or what the person "
        "said themselves. Do this when you know better: the mailbox exists, or the person asked for it.",
        submit="Release it",
        form=ReasonForm,
    )
    def release(self, request: HttpRequest, suppression: Suppression, answers: dict[str, Any]) -> str:
        _lift(suppression, answers["reason"], request)
        return "The address is released."

    def delete_model(self, request: HttpRequest, obj: Suppression) -> None:
        _lift(obj, "Deleted from the list", request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        for suppression in queryset:
            _lift(suppression, "Deleted from the list", request)


def _lift(suppression: Suppression, why: str, request: HttpRequest) -> None:
    consent.lift_suppression(suppression=suppression, why=why, colleague=request.user.get_username())
