"""The lists that staff extend: brands, contact types, lead sources, statuses."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminSelect2Widget

from contactflow.core import datetimes
from contactflow.core.admin.model_admin import NoDeleteAdmin
from contacts.models import BusinessEntity, ContactStatus, ContactType, LeadSource


class OnlyOneForm(forms.ModelForm):  # type: ignore[type-arg]  # one form for four models
    """Refuses a second row with the mark that only one may carry, and names the one that has it."""

    only_one = "is_fallback"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get(self.only_one):
            holder = self._meta.model.objects.filter(**{self.only_one: True}).exclude(pk=self.instance.pk).first()
            if holder is not None:
                self.add_error(
                    self.only_one, f"Only one can have this, and {holder} has it: switch it off there first."
                )
        return data


class OnlyOneDefaultForm(OnlyOneForm):
    only_one = "is_default"


class Reference(NoDeleteAdmin):
    """A row known by its slug, which the API and the default content use: it is chosen once."""

    form = OnlyOneForm
    search_fields = ("name", "slug")
    ordering = ("position", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()


class BrandForm(OnlyOneForm):
    may_choose_domain = True

    def clean(self) -> dict[str, Any]:
        """In whose name mail goes out: of a domain that somebody with the right to chose before."""
        for name in {"sender_email", "reply_to"} & set(self.changed_data):
            domain = str(self.cleaned_data.get(name) or "").rpartition("@")[2].lower()
            if domain and not self.may_choose_domain and domain not in _sender_domains():
                self.add_error(
                    name, f"Only an owner can bring in a new domain; in use are {_listed(_sender_domains())}."
                )
        return super().clean()


def _sender_domains() -> set[str]:
    known = BusinessEntity.objects.values_list("sender_email", "reply_to")
    addresses = [settings.DEFAULT_FROM_EMAIL, *(address for row in known for address in row)]
    return {parseaddr(address)[1].rpartition("@")[2].lower() for address in addresses if address}


def _listed(domains: set[str]) -> str:
    return ", ".join(sorted(domains)) or "none"


@admin.register(BusinessEntity)
class BusinessEntityAdmin(Reference):
    form = BrandForm

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **options)
        form.may_choose_domain = request.user.has_perm("contacts.choose_sender_domain")
        return form

    when_empty = "Add the first brand: emails, tasks and alerts speak for one."
    list_display = ("name", "sender_email", "response_hours", "timezone", "is_fallback", "position")
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", "position", "is_fallback")}),
        ("What recipients see", {"fields": (
            "sender_name", "sender_email", "reply_to", "colour", "logo_url", "website", "signature",
            "translated_signatures", "language", "postal_address",
        )}),
        ("Permission", {"fields": ("requires_consent",)}),
        ("What is followed", {"fields": ("tracks_opens", "tracks_clicks", "tracks_by_hand", "tracking_url")}),
        ("What a language model is told", {"fields": (
            "approved_statements", "voice_examples", ("voice_do", "voice_dont"), "model_tokens_per_day",
        )}),
        ("How the team works", {"fields": (
            "timezone", "response_hours", ("working_hours", "closed_days"),
            ("holidays_country", "holidays_subdivision"), "quiet_hours_after_touch", "follow_up_days",
            "preferred_channels", "success_metrics",
        )}),
    )  # fmt: skip

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "colour":
            options["widget"] = UnfoldAdminColorInputWidget()
        if db_field.name == "timezone":
            return forms.ChoiceField(
                choices=[("", "Choose one"), *datetimes.zones()],
                widget=UnfoldAdminSelect2Widget,
                label="Time zone",
                initial=settings.TIME_ZONE,
                help_text="In which the team works: type a city.",
            )
        return super().formfield_for_dbfield(db_field, request, **options)


@admin.register(ContactType)
class ContactTypeAdmin(Reference):
    when_empty = "Add what kinds of people you know, such as Artist or Client: rules and workflows ask for them."
    list_display = ("name", "slug", "is_fallback", "position")
    fields = ("name", "slug", "position", "is_fallback")


@admin.register(LeadSource)
class LeadSourceAdmin(Reference):
    when_empty = "Add how people find you, such as Website or Event: workflows ask for it."
    list_display = ("name", "slug", "response_hours", "hot_tag", "hot_response_hours", "is_fallback", "position")
    fieldsets = (
        (None, {"fields": ("name", "slug", "position", "is_fallback")}),
        ("Promise and follow-up", {"fields": (
            "response_hours", "hot_tag", "hot_response_hours", "follow_up_days", "focus",
        )}),
    )  # fmt: skip


@admin.register(ContactStatus)
class ContactStatusAdmin(Reference):
    when_empty = "Add where people stand with you, such as Lead or Client."
    form = OnlyOneDefaultForm
    list_display = ("name", "slug", "is_default", "blocks_contact", "position")
    fields: ClassVar = ("name", "slug", "position", "is_default", "blocks_contact")
