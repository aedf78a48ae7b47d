"""The emails that staff write: an editor with a live preview, and the list of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter

from contactflow.core import clock, datetimes
from contactflow.core.admin.model_admin import NoDeleteAdmin, address_of, column
from contacts.models import BusinessEntity, Contact
from engagement import differences, drafts, placeholders, publishing_checks, translations
from engagement.admin.email_form import MODES, FallbacksField, WordsForm
from engagement.admin.email_preview import Previewing
from engagement.admin.email_publishing import Publishing
from engagement.admin.email_versions import Versions, fallbacks_in_words, passages_in_words, recent_versions
from engagement.admin.experiments import Testing
from engagement.admin.messages import EmailPictures, as_text
from engagement.admin.writing_help import KINDS, LANGUAGES, WritingHelp
from engagement.language_model import is_available
from engagement.models import EngagementTemplate, TemplateVersion
from engagement.rendering import Words

FORM_ALONE = ("seen", "language", "translations")
KNOWN_FIELDS = 1000  # contacts whose custom fields are offered as variables


@dataclass(frozen=True, kw_only=True)
class Use:
    """A step of a workflow that sends the email."""

    workflow: str
    step: str
    address: str


@admin.register(EngagementTemplate)
class EngagementTemplateAdmin(EmailPictures, WritingHelp, Previewing, Publishing, Testing, Versions, NoDeleteAdmin):
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
        ("Words", {"fields": ("subject", "preheader", "body", "fallbacks", "passages", "sender_name", *FORM_ALONE)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[EngagementTemplate]:
        emails: QuerySet[EngagementTemplate] = super().get_queryset(request)
        drafted = TemplateVersion.objects.filter(template=OuterRef("pk"), published_at=None)
        emails = emails.select_related("business_entity", "current_version", "current_version__created_by")
        return emails.annotate(has_draft=Exists(drafted))

    def get_readonly_fields(self, request: HttpRequest, obj: EngagementTemplate | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: EngagementTemplate | None = None) -> Any:
        """Who may only look has no form, and nothing to compare it with."""
        if self.has_change_permission(request, obj) or obj is None:
            return self.fieldsets
        about, (title, words) = self.fieldsets
        return (about, (title, {**words, "fields": tuple(name for name in words["fields"] if name not in FORM_ALONE)}))

    def used_by(self, template: EngagementTemplate) -> list[Use]:
        """The steps that send it. This room does not know workflows; whoever does says so."""
        return []

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        template: EngagementTemplate | None = options.get("obj")
        context |= {
            **(_draft(template) if template else {}),
            "help_kinds": KINDS if is_available() else {},
            "help_languages": LANGUAGES,
            "help_address": reverse("admin:engagement_engagementtemplate_writing_help"),
            "levels": _levels(),
            "modes": MODES,
            "languages": _languages(),
            **_translated(context["adminform"].form),
            "may_edit": self.has_change_permission(request) if template else self.has_add_permission(request),
            "may_choose": request.user.has_perm("contacts.view_contact"),
            "address_of_mine": getattr(request.user, "email", ""),
            "colleagues": _colleagues(),
            "versions": recent_versions(template) if template else [],
            "uses": self.used_by(template) if template else [],
        }
        return super().render_change_form(request, context, *args, **options)

    def save_model(
        self, request: HttpRequest, obj: EngagementTemplate, form: forms.ModelForm[EngagementTemplate], change: bool
    ) -> None:
        typed: Any = form
        words, brand = typed.words(), form.cleaned_data["business_entity"]
        if change:  # the level and the brand are part of the draft
            obj.save(update_fields=[name for name in ("name", "category", "purpose", "active") if name in form.fields])
            obj.refresh_from_db(fields=["level", "business_entity"])
        else:
            obj.save()
        by: Any = request.user  # staff only
        drafts.save(template=obj, words=words, business_entity=brand, by=by, now=clock.database_now())

    def response_add(
        self, request: HttpRequest, obj: EngagementTemplate, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.response_change(request, obj)

    def response_change(self, request: HttpRequest, obj: EngagementTemplate) -> HttpResponse:
        """Back to the page, or on to publishing where that is possible."""
        draft = drafts.draft_of(obj)
        faults = publishing_checks.refusals(Words.of(draft)) if draft else {}
        if draft and not faults and "_publish" in request.POST:
            return HttpResponseRedirect(address_of(obj, "publish"))
        said = _said(draft is not None, sum(map(len, faults.values())))
        (messages.warning if faults else messages.success)(request, said)
        return HttpResponseRedirect(address_of(obj))

    @column("Level", ordering="level")
    def level_name(self, template: EngagementTemplate) -> str:
        return template.get_level_display().partition(":")[0]

    @column("Version")
    def version(self, template: EngagementTemplate) -> str:
        said = str(template.current_version.number) if template.current_version else "Not published"
        return f"{said}, and a draft" if getattr(template, "has_draft", False) and template.current_version else said

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

    @column("Sender")
    def sender_name(self, template: EngagementTemplate) -> str:
        return str(getattr(template.current_version, "sender_name", "") or "As the brand calls itself")

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


def _said(has_draft: bool, faults: int) -> str:
    if not has_draft:
        return "Saved. The words are those that are sent already, so there is nothing to publish."
    if faults:
        things = "1 thing has" if faults == 1 else f"{faults} things have"
        return f"Saved as a draft. {things} to be settled before it can be published: see below."
    return "Saved as a draft. What is sent stays as it is until you publish."


def _draft(template: EngagementTemplate) -> dict[str, Any]:
    """What stands above the form: what is sent, and what waits to be published."""
    draft, current = drafts.draft_of(template), template.current_version
    return {"draft": draft, "current": current, "changes": differences.between(earlier=current, later=draft)}


def _colleagues() -> list[str]:
    staff = User.objects.filter(is_active=True, is_staff=True).exclude(email="")
    return list(staff.order_by("email").values_list("email", flat=True)[:50])


def _languages() -> list[tuple[str, str]]:
    """Those that contacts and brands are known to read, and those we speak."""
    read = Contact.objects.order_by("-created_at", "-id").values_list("locale", flat=True)[:KNOWN_FIELDS]
    brands = BusinessEntity.objects.values_list("language", flat=True)
    tags = {translations.base_of(tag) for tag in (*read, *brands) if tag} | {translations.ENGLISH, translations.GERMAN}
    return sorted(((tag, translations.name_of(tag)) for tag in tags), key=lambda one: one[1])


def _translated(form: Any) -> dict[str, Any]:
    """The languages of the form as its template draws them: with what was typed, else with what is held."""
    if "translations" not in form.fields:
        return {}
    shown = form["translations"].value() or {}
    passages = [row["name"] for row in form["passages"].value() or []]
    return {
        "translated": [_drawn(language, told, passages) for language, told in shown.items()],
        "blank_translation": _drawn("__language__", {}, passages),
        "own_language": translations.name_of(str(form["language"].value() or translations.ENGLISH)),
    }


def _drawn(language: str, told: Mapping[str, Any], named: list[str]) -> dict[str, Any]:
    """One language; a text for each passage of the original, and those that are there already."""
    held = told.get("passages") or {}
    if not isinstance(held, Mapping):
        held = {row["name"]: row for row in held}
    passages = {name: held.get(name, {}).get("fallback", "") for name in (*named, *held) if name}
    return {
        "language": language,
        "name": translations.name_of(language),
        "prefix": f"translation_{language}_",
        "fallbacks": FallbacksField().prepare_value(told.get("fallbacks")),
        "passages": [{"name": name, "fallback": text} for name, text in passages.items()],
        **{name: told.get(name, "") for name in ("subject", "preheader", "body")},
    }


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
    written = placeholders.written(placeholder.name)
    about = {"label": placeholder.label, "sample": placeholder.sample, "without": said}
    return {"name": placeholder.name, "written": written, **about}


def _custom_fields() -> list[str]:
    """The custom fields of the newest contacts, as names of variables."""
    newest = Contact.objects.order_by("-created_at", "-id").values_list("custom", flat=True)[:KNOWN_FIELDS]
    keys = sorted({str(key) for custom in newest for key in custom})
    return [f"{placeholders.CUSTOM}{key}" for key in keys if not set(key) & set("{}|.")][:30]
