"""The emails that staff write: an editor with a live preview, and the list of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter

from contactflow.core import clock, datetimes
from contactflow.core.admin.model_admin import NoDeleteAdmin, column
from contacts.models import Contact
from engagement import placeholders, publishing
from engagement.admin.email_form import MODES, WordsForm
from engagement.admin.email_preview import Previewing
from engagement.admin.email_versions import Versions, fallbacks_in_words, passages_in_words, recent_versions
from engagement.admin.messages import EmailPictures, as_text
from engagement.models import EngagementTemplate
from engagement.rendering import WORDS

KNOWN_FIELDS = 1000  # contacts whose custom fields are offered as variables


@dataclass(frozen=True, kw_only=True)
class Use:
    """A step of a workflow that sends the email."""

    workflow: str
    step: str
    address: str


@admin.register(EngagementTemplate)
class EngagementTemplateAdmin(EmailPictures, Previewing, Versions, NoDeleteAdmin):
    when_empty = "Write the first email; then choose it in a step of a workflow."
    form = WordsForm
    change_form_template = "admin/engagement/email.html"
    change_list_template = "admin/engagement/emails.html"
    list_display: tuple[str, ...] = (
        "name", "category", "business_entity", "level_name", "active", "version", "last_changed"
    )  # fmt: skip
    list_filter = (
        ("category", ChoicesDropdownFilter),
        ("business_entity", RelatedDropdownFilter),
        ("level", ChoicesDropdownFilter),
        ("active", BooleanRadioFilter),
    )
    search_fields = ("name", "slug")
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("category", "purpose"), ("business_entity", "level"), "active")}),
        ("Words", {"fields": ("subject", "preheader", "body", "fallbacks", "passages", "seen")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[EngagementTemplate]:
        emails = super().get_queryset(request)
        return emails.select_related("business_entity", "current_version", "current_version__created_by")

    def get_readonly_fields(self, request: HttpRequest, obj: EngagementTemplate | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: EngagementTemplate | None = None) -> Any:
        """Who may only look has no form, and nothing to compare it with."""
        if self.has_change_permission(request, obj) or obj is None:
            return self.fieldsets
        about, (title, words) = self.fieldsets
        return (about, (title, {**words, "fields": tuple(name for name in words["fields"] if name != "seen")}))

    def used_by(self, template: EngagementTemplate) -> list[Use]:
        """The steps that send it. This room does not know workflows; whoever does says so."""
        return []

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        template: EngagementTemplate | None = options.get("obj")
        context |= {
            "levels": _levels(),
            "modes": MODES,
            "may_edit": self.has_change_permission(request) if template else self.has_add_permission(request),
            "may_choose": request.user.has_perm("contacts.view_contact"),
            "address_of_mine": getattr(request.user, "email", ""),
            "versions": recent_versions(template) if template else [],
            "uses": self.used_by(template) if template else [],
        }
        return super().render_change_form(request, context, *args, **options)

    def save_model(
        self, request: HttpRequest, obj: EngagementTemplate, form: forms.ModelForm[EngagementTemplate], change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        publishing.save_version(
            template=obj,
            **{name: form.cleaned_data[name] for name in WORDS},
            by=request.user,  # type: ignore[arg-type]  # staff only
            now=clock.database_now(),
        )

    @column("Level", ordering="level")
    def level_name(self, template: EngagementTemplate) -> str:
        return template.get_level_display().partition(":")[0]

    @column("Version")
    def version(self, template: EngagementTemplate) -> str:
        return str(template.current_version.number) if template.current_version else "No words yet"

    @column("Last changed", ordering="current_version__created_at")
    def last_changed(self, template: EngagementTemplate) -> SafeString | str:
        version = template.current_version
        if version is None:
            return "-"
        return format_html("{}, {}", datetimes.moment(version.created_at), version.created_by or "Contactflow")

    # What somebody who may only look sees in place of the form's fields.

    @column("Subject")
    def subject(self, template: EngagementTemplate) -> str:
        return str(getattr(template.current_version, "subject", "-"))

    @column("Preheader")
    def preheader(self, template: EngagementTemplate) -> str:
        return str(getattr(template.current_version, "preheader", "-"))

    @column("Body")
    def body(self, template: EngagementTemplate) -> str:
        return as_text(str(getattr(template.current_version, "body", "-")))

    @column("When something is missing")
    def fallbacks(self, template: EngagementTemplate) -> str:
        return as_text(fallbacks_in_words(template.current_version))

    @column("Passages")
    def passages(self, template: EngagementTemplate) -> str:
        return as_text(passages_in_words(template.current_version))


def _levels() -> list[dict[str, Any]]:
    """Each level with the variables that it adds, as the editor offers them."""
    custom = [found for name in _custom_fields() if (found := placeholders.find(name))]
    offered = [*placeholders.REGISTRY.values(), *custom]
    return [
        {
            "value": level,
            "name": label.partition(":")[0],
            "rank": rank,
            "variables": [_offer(one) for one in offered if one.level == level],
        }
        for rank, (level, label) in enumerate(EngagementTemplate.Level.choices)
    ]


def _offer(placeholder: placeholders.Placeholder) -> dict[str, str]:
    without = {None: "without one, the email is held", "": "without one, left out"}
    said = without.get(placeholder.fallback, f"without one: “{placeholder.fallback}”")
    if placeholder.name == "email":
        said = "everybody has one"
    return {"name": placeholder.name, "label": placeholder.label, "sample": placeholder.sample, "without": said}


def _custom_fields() -> list[str]:
    """The custom fields of the newest contacts, as names of variables."""
    newest = Contact.objects.order_by("-created_at", "-id").values_list("custom", flat=True)[:KNOWN_FIELDS]
    keys = sorted({str(key) for custom in newest for key in custom})
    return [f"{placeholders.CUSTOM}{key}" for key in keys if not set(key) & set("{}|.")][:30]
