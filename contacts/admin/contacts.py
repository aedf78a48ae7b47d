"""The people: a list that is quick to search, and a form whose changes go through the same door as every arrival."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminSelectWidget,
)

from contactflow.core import clock
from contactflow.core.admin.filters import BelongsFilter
from contactflow.core.admin.model_admin import BaseAdmin, ReadOnlyInline, column, joined
from contacts import addresses, cleaning, deletion, describe, intake, reference_data
from contacts.admin.consents import ConsentInline
from contacts.admin.events import ContactEventInline
from contacts.intake import validation
from contacts.models import BusinessEntity, Contact, ContactEvent, EntityMembership

PLAIN = ("first_name", "last_name", "phone", "company", "job_title", "timezone", "locale", "notes", "tags", "interests")


class CustomFieldsField(forms.CharField):
    """`Favourite artist = Hilma`, one per line. A value that is not touched keeps its kind (number, list, ...)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 3}), **options)
        self.known: Mapping[str, Any] = {}

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return "\n".join(f"{name} = {self._text(content)}" for name, content in value.items())

    def to_python(self, value: Any) -> dict[str, Any]:  # type: ignore[override]  # a field whose value is a dict
        found: dict[str, Any] = {}
        for line in str(value or "").splitlines():
            name, equals, text = (part.strip() for part in line.partition("="))
            if not line.strip():
                continue
            if not (name and equals):
                raise forms.ValidationError(f"“{line.strip()}” has no name and value. Write, for example: Size = large")
            known = self.known.get(name)
            found[name] = known if name in self.known and self._text(known) == text else text
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial or {}).split() != str(data or "").split())

    def _text(self, content: Any) -> str:
        words = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        return " ".join(words.split())


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    """Everything staff may say about a person; read by contacts.intake, so that it judges as it does every arrival."""

    brands = forms.ModelMultipleChoiceField(
        BusinessEntity.objects.all(),
        required=False,
        label="Brands",
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="The brands this person belongs to. Empty: the routing rules decide.",
    )
    custom = CustomFieldsField(label="Custom fields", help_text="One per line: Favourite artist = Hilma.")

    class Meta:
        # Few enough to see them all at once, also for who cannot see.
        widgets: ClassVar = {
            "contact_types": UnfoldAdminCheckboxSelectMultipleWidget(),
            "owner": UnfoldAdminSelectWidget(),
        }
        help_texts: ClassVar = {
            "email": "Identifies the person; upper and lower case make no difference.",
            "phone": "With the country code where you know it: +44 20 7946 0018.",
            "timezone": "For example Europe/London. Empty: that of the brand.",
            "locale": "The language, for example en-GB.",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.typed_email = ""
        if "custom" in self.fields:
            self.fields["custom"].known = self.instance.custom  # type: ignore[attr-defined]  # our own field
        if "brands" in self.fields:
            self.initial["brands"] = self._stored("business_entities", order="memberships__position")

    def clean_email(self) -> str:
        self.typed_email = self.data.get(self.add_prefix("email"), "")
        try:
            address: str = cleaning.email(self.typed_email)
        except cleaning.Unacceptable as error:
            raise forms.ValidationError(str(error)) from None
        known = addresses.holders(emails=[address]).exclude(pk=self.instance.pk).first()
        if known is not None and known.email != address:
            raise forms.ValidationError(f"{known} was merged with somebody who had this address: open that contact.")
        if known is not None:
            raise forms.ValidationError(f"{known} has this address already: open that contact instead.")
        return address

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                known, refused = reference_data.load(), validation.EVERY_FIELD
                validation.validate(arrival=self.arrival(), reference=known, refused=refused)
            except intake.IntakeError as error:
                for name, faults in error.errors.items():
                    field = {"business_entities": "brands"}.get(name, name)
                    self.add_error(field if field in self.fields else None, faults)
        return data

    def arrival(self) -> intake.Arrival:
        """What was changed, as an arrival: nothing else is touched."""
        data, given = self.cleaned_data, set(self.changed_data)
        values: dict[str, Any] = {name: data[name] for name in (*PLAIN, "custom") if name in given}
        if "contact_types" in given:
            values["contact_types"] = _in_order(self._stored("contact_types", order="id"), data["contact_types"])
        if "brands" in given:
            stored = self._stored("business_entities", order="memberships__position")
            values["business_entities"] = _in_order(stored, data["brands"])
        if "lead_source" in given:
            values["lead_source"] = data["lead_source"].name if data["lead_source"] else ""
        if "status" in given or not self.instance.pk:
            values["status"] = data["status"].name if data.get("status") else None
        return intake.Arrival(email=self.typed_email or self.instance.email, **values)

    def _stored(self, name: str, *, order: str) -> list[Any]:
        return list(getattr(self.instance, name).order_by(order)) if not self.instance._state.adding else []


def _in_order(stored: Iterable[models.Model], chosen: Iterable[models.Model]) -> tuple[str, ...]:
    """Names of the chosen rows: those that were there keep their order, the first brand stays the first."""
    wanted = set(chosen)
    kept = [row for row in stored if row in wanted]
    return tuple(row.name for row in (*kept, *(row for row in chosen if row not in kept)))  # type: ignore[attr-defined]  # reference rows


class MembershipInline(ReadOnlyInline):
    model = EntityMembership
    verbose_name_plural = "Brands, and why"
    fields = ("business_entity", "why", "since")
    readonly_fields = fields

    @column("Because")
    def why(self, membership: EntityMembership) -> str:
        return describe.because(membership.because)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EntityMembership]:
        return super().get_queryset(request).select_related("business_entity")


class ContactAdmin(BaseAdmin):
    """Registered by contactflow, which adds what the other rooms know about a person."""

    form = ContactForm
    brand_path = "memberships__business_entity"
    list_display = ("person", "email", "company", "types", "brands", "lead_source", "state", "created_at")
    list_filter = (
        ("contact_types", BelongsFilter),
        ("lead_source", RelatedDropdownFilter),
        ("business_entities", BelongsFilter),
        ("status", RelatedDropdownFilter),
    )
    search_fields = ("searched",)
    search_help_text = "Search by any part of the name, email address, company or telephone number."
    readonly_fields = ("added_on", "created_at", "updated_at", "last_interaction_at")
    fieldsets = (
        (None, {"fields": (
            "email", ("first_name", "last_name"), ("company", "job_title"), ("phone", "status"),
        )}),
        ("Belongs to", {"fields": (("contact_types", "lead_source"), ("brands", "owner"))}),
        ("Details", {"fields": (("tags", "interests"), ("timezone", "locale"), "notes", "custom")}),
        ("History", {"fields": (("added_on", "created_at"), ("updated_at", "last_interaction_at"))}),
    )  # fmt: skip
    add_fieldsets = fieldsets[:-1]
    inlines: ClassVar[tuple[type[ReadOnlyInline], ...]] = (MembershipInline, ConsentInline, ContactEventInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        rows = super().get_queryset(request).select_related("status", "lead_source")
        return rows.prefetch_related("contact_types", "memberships__business_entity")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return queryset.search(search_term).order_by(*(queryset.query.order_by or ("-created_at", "-id"))), False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change, **options)
        if "status" in form.base_fields:
            form.base_fields["status"].required = obj is not None  # a new contact gets the default
        return form

    def changeform_view(self, *args: Any, **options: Any) -> HttpResponse:
        """What only shows while saving (somebody else took the address meanwhile) is said, and nothing is stored."""
        try:
            return super().changeform_view(*args, **options)
        except intake.IntakeError as error:
            request: HttpRequest = args[0]
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        now = clock.database_now()
        arrival = replace(form.arrival(), payload={"colleague": request.user.get_username()})
        source = ContactEvent.Source.ADMIN
        if not change:
            obj.pk = self.apply(request, intake.Change(arrival=arrival, source=source), intake.ARRIVAL, now).contact.pk
        elif set(form.changed_data) - {"owner"}:
            self.apply(request, intake.Edited(contact=obj, arrival=arrival, source=source), intake.EDIT, now)
        if "owner" in form.changed_data:
            Contact.objects.filter(pk=obj.pk).update(owner=obj.owner, updated_at=Now())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Types and brands went through the door with the rest; what is shown below is read-only."""
        for formset in formsets:
            self.save_formset(request, form, formset, change)

    def apply(
        self, request: HttpRequest, change: intake.Change, policy: intake.EnrolmentPolicy, now: dt.datetime
    ) -> intake.Receipt:
        """Through the door. The event is enrolled by the workers."""
        return intake.apply(change=change, policy=policy, now=now)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Who may delete a person may delete what is kept about them, read-only as it is elsewhere."""
        rows, counts, _, protected = super().get_deleted_objects(objs, request)
        return rows, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: Contact) -> None:
        deletion.delete_contacts(contacts=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> None:
        deletion.delete_contacts(contacts=queryset)

    @column("Name", ordering="last_name")
    def person(self, contact: Contact) -> str:
        return contact.full_name or "-"

    @column("Types")
    def types(self, contact: Contact) -> str:
        return joined(contact.contact_types.all())

    @column("Brands")
    def brands(self, contact: Contact) -> str:
        return joined(membership.business_entity for membership in contact.memberships.all())

    @column("Status", ordering="status__position")
    def state(self, contact: Contact) -> str:
        return contact.status.name
