"""The emails that staff write: a form for the words, a preview, and every earlier version."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from contacts import clock
from contacts.admin import sentences
from contacts.admin.pages import Kept, Record, RecordInline, button, column, link
from contacts.models import Contact
from engagement import placeholders, proofreading, publishing, rendering
from engagement.admin.messages import as_text, framed
from engagement.admin.wordfields import FallbacksField, PassagesField
from engagement.models import EngagementTemplate, TemplateVersion
from engagement.rendering import Rendered, Words

WORDS = ("subject", "preheader", "body", "fallbacks", "passages")


class WordsForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    """An email and the words of its current version; saving changed words makes the next version."""

    subject = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget())
    preheader = forms.CharField(
        max_length=300,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="What many mailboxes show beside the subject.",
    )
    body = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 22}),
        help_text="Markdown. Write {{ first_name }} for a variable, {{ first_name|friend }} to say what stands in "
        "when it is missing.",
    )
    fallbacks = FallbacksField(
        help_text="What stands in for a missing value, one per line: first_name = friend. Nothing behind the = leaves "
        "the variable out; a name alone holds the email until somebody fills it in.",
    )
    passages = PassagesField(
        help_text="Only for the level premium. Each passage: its name on a line, then “Instruction: …” for the "
        "language model and “Fallback: …”, the approved text; a blank line between passages.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        current = self.instance.current_version if self.instance.pk else None
        if current is not None:
            for name in WORDS:
                self.initial[name] = getattr(current, name)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            words = Words(**{name: data[name] for name in WORDS}, level=data["level"])
            for field, faults in proofreading.find_errors(words).items():
                for fault in faults:
                    self.add_error(field, fault)
        return data


class WhoForm(forms.Form):
    """Whose values stand in the preview."""

    email = forms.EmailField(
        required=False, label="Contact's email address", widget=UnfoldAdminEmailInputWidget(),
        help_text="Empty: sample values.",
    )  # fmt: skip

    def clean_email(self) -> Contact | None:
        address = self.cleaned_data["email"].strip().lower()
        if not address:
            return None
        contact = Contact.objects.filter(email=address).first()
        if contact is None:
            raise forms.ValidationError("No contact has this address. Look it up in the list of contacts.")
        return contact


class VersionInline(RecordInline):
    model = TemplateVersion
    verbose_name_plural = "Versions"
    fields = ("number_link", "subject", "created_at", "created_by")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateVersion]:
        return super().get_queryset(request).select_related("created_by", "template")

    @column("Version")
    def number_link(self, version: TemplateVersion) -> str:
        return link(version, f"Version {version.number}")


@admin.register(EngagementTemplate)
class EngagementTemplateAdmin(Kept):
    form = WordsForm
    list_display = ("name", "category", "business_entity", "level_name", "active", "version")
    list_filter = (
        ("category", ChoicesDropdownFilter),
        ("business_entity", RelatedDropdownFilter),
        ("level", ChoicesDropdownFilter),
        ("active", BooleanRadioFilter),
    )
    search_fields = ("name", "slug")
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("category", "business_entity"), ("level", "active"))}),
        ("Words", {"fields": ("subject", "preheader", "body", "variables", "fallbacks", "passages")}),
    )
    inlines = (VersionInline,)
    actions_detail = ("preview",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EngagementTemplate]:
        return super().get_queryset(request).select_related("business_entity", "current_version")

    def get_readonly_fields(self, request: HttpRequest, obj: EngagementTemplate | None = None) -> tuple[str, ...]:
        return ("slug", "variables") if obj else ("variables",)

    def has_preview_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self.has_view_permission(request)

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

    # What somebody who may only look sees in place of the form's fields.

    @column("Subject")
    def subject(self, template: EngagementTemplate) -> str:
        return template.current_version.subject if template.current_version else "-"

    @column("Preheader")
    def preheader(self, template: EngagementTemplate) -> str:
        return template.current_version.preheader if template.current_version else "-"

    @column("Body")
    def body(self, template: EngagementTemplate) -> str:
        return as_text(template.current_version.body if template.current_version else "-")

    @column("Fallbacks")
    def fallbacks(self, template: EngagementTemplate) -> str:
        return as_text(FallbacksField().prepare_value(getattr(template.current_version, "fallbacks", {})))

    @column("Passages")
    def passages(self, template: EngagementTemplate) -> str:
        return as_text(PassagesField().prepare_value(getattr(template.current_version, "passages", {})))

    @column("Variables")
    def variables(self, template: EngagementTemplate) -> str:
        return sentences.listed(f"{label}: {_added_at(level)}" for level, label in EngagementTemplate.Level.choices)

    @button("Preview", permission="preview", icon="visibility")
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The current words with the values of a contact, or with samples. Nothing is sent or stored."""
        template = self.get_object(request, unquote(object_id))
        if template is None:
            raise Http404
        form = WhoForm(request.GET if "email" in request.GET else None)
        contact = form.cleaned_data["email"] if form.is_bound and form.is_valid() else None
        if not request.user.has_perm("contacts.view_contact"):
            contact = None
        rendered = _rendered(template, contact)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": template,
            "title": f"Preview of “{template}”",
            "form": form,
            "contact": contact,
            "rendered": rendered,
            "html": framed(rendered.html, "The email as its reader sees it") if rendered else "",
            "text": as_text(rendered.text) if rendered else "",
        }
        return TemplateResponse(request, "admin/engagement/preview.html", context)


def _added_at(level: str) -> str:
    """The variables that a level offers beyond the one below it."""
    names = [placeholder.name for placeholder in placeholders.offered_at(level) if placeholder.level == level]
    families = {"advanced": [f"{placeholders.CUSTOM}name"], "premium": [f"{placeholders.PASSAGE}name"]}
    return ", ".join([*names, *families.get(level, [])])


def _rendered(template: EngagementTemplate, contact: Contact | None) -> Rendered | None:
    version = template.current_version
    if version is None:
        return None
    if contact is None:
        return rendering.preview(words=Words.of(version), business_entity=template.business_entity)
    entity = template.business_entity or contact.business_entities.order_by("memberships__position").first()
    return rendering.render(version=version, contact=contact, business_entity=entity, now=clock.database_now())


@admin.register(TemplateVersion)
class TemplateVersionAdmin(Record):
    list_display = ("template", "number", "subject", "created_at", "created_by")
    list_display_links = ("template", "number")
    list_filter = (("template", RelatedDropdownFilter),)
    list_select_related = ("template", "created_by")
    search_fields = ("template__name", "subject")
    ordering = ("template__name", "-number")
    fields = (
        "template_link", "number", "subject", "preheader", "words", "stand_ins", "passages_text", "created_at",
        "created_by",
    )  # fmt: skip

    def title_of(self, row: TemplateVersion) -> str:
        return f"{row.template}, version {row.number}"

    @column("Email")
    def template_link(self, version: TemplateVersion) -> str:
        return link(version.template)

    @column("Body")
    def words(self, version: TemplateVersion) -> str:
        return as_text(version.body)

    @column("Fallbacks")
    def stand_ins(self, version: TemplateVersion) -> str:
        return as_text(FallbacksField().prepare_value(version.fallbacks))

    @column("Passages")
    def passages_text(self, version: TemplateVersion) -> str:
        return as_text(PassagesField().prepare_value(version.passages))
