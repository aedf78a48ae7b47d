"""Earlier versions of an email: read, compared word by word, brought back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from unfold.contrib.filters.admin import RelatedDropdownFilter

from contactflow.core import clock
from contactflow.core.admin import comparing, confirmation
from contactflow.core.admin.confirmation import Question
from contactflow.core.admin.model_admin import BaseAdmin, ReadOnlyAdmin, column, link, page
from engagement import differences, drafts
from engagement.admin.messages import as_text
from engagement.models import EngagementTemplate, Message, TemplateVersion

RECENT, LISTED = 5, 100
COUNTED_UP_TO = 1000


class Versions(BaseAdmin):
    """The pages of an email's versions, below the email's own."""

    @page("<path:object_id>/versions/")
    def versions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """All versions, and the difference between any two."""
        template = confirmation.opened(self, request, object_id)
        versions = list(template.versions.select_related("created_by", "published_by").order_by("-number")[:LISTED])
        asked = [version for version in comparing.chosen(request, versions) if version is not None]
        earlier, later = sorted(asked, key=lambda version: version.number) if len(asked) == 2 else (None, None)
        context: dict[str, Any] = {
            "original": template,
            "title": f"Versions of “{template}”",
            "rows": [(version, sent_with(version)) for version in versions],
            "earlier": earlier,
            "later": later,
            "changes": differences.between(earlier=earlier, later=later),
            "may_edit": self.has_change_permission(request, template),
        }
        return self.framed(request, "admin/engagement/versions.html", context)

    @page("<path:object_id>/restore/<int:number>/", permission="change")
    def restore(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """Asks, then lets the draft say what that version said."""
        template = confirmation.opened(self, request, object_id)
        version = template.versions.select_related("template").filter(number=number).first()
        if version is None or version.is_draft:
            raise Http404

        def act(row: EngagementTemplate, answers: dict[str, Any]) -> str:
            by: Any = request.user  # staff only
            if drafts.restore(version=version, by=by, now=clock.database_now()) is None:
                return f"Version {number} is what is sent already, so there is nothing to publish."
            self.log_change(request, row, f"Took version {number} back into the draft.")
            return f"The draft now says what version {number} said. Publish it when it is right."

        question = Question(
            title=f"Take version {number} back into the draft",
            explanation="What is sent stays as it is until you publish the draft.",
            submit=f"Take version {number} back",
            act=act,
            warning=lambda row: "The draft there is now is overwritten." if drafts.draft_of(row) else "",
        )
        return confirmation.ask(self, request, object_id, question)


def recent_versions(template: EngagementTemplate) -> list[TemplateVersion]:
    return list(template.versions.select_related("created_by", "published_by").order_by("-number")[:RECENT])


def sent_with(version: TemplateVersion) -> str:
    """How many emails went out with it, counted up to a bound."""
    sent = Message.objects.filter(version=version, status=Message.Status.SENT).order_by()[: COUNTED_UP_TO + 1].count()
    return f"more than {COUNTED_UP_TO:,}" if sent > COUNTED_UP_TO else f"{sent:,}"


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ReadOnlyAdmin):
    when_empty = "Every published version of an email is kept here."
    list_display = ("template", "number", "subject", "published_at", "published_by")
    list_display_links = ("template", "number")
    list_filter = (("template", RelatedDropdownFilter),)
    list_select_related = ("template", "published_by")
    search_fields = ("template__name", "subject")
    ordering = ("template__name", "-number")
    fields = (
        "template_link", "number", "subject", "preheader", "words", "stand_ins", "passages_text", "created_at",
        "created_by", "published_at", "published_by",
    )  # fmt: skip

    def title_of(self, row: TemplateVersion) -> str:
        return f"{row.template}, {'draft' if row.is_draft else f'version {row.number}'}"

    @column("Email")
    def template_link(self, version: TemplateVersion) -> str:
        return link(version.template)

    @column("Body")
    def words(self, version: TemplateVersion) -> str:
        return as_text(version.body)

    @column("When something is missing")
    def stand_ins(self, version: TemplateVersion) -> str:
        return as_text(fallbacks_in_words(version))

    @column("Passages")
    def passages_text(self, version: TemplateVersion) -> str:
        return as_text(passages_in_words(version))


def fallbacks_in_words(version: TemplateVersion | None) -> str:
    said = version.fallbacks.items() if version else ()
    return "\n".join(f"{name}: {differences.in_words(words)}" for name, words in said) or "-"


def passages_in_words(version: TemplateVersion | None) -> str:
    said = version.passages.items() if version else ()
    blocks = [
        f"{name}\nInstruction: {part.get('instruction', '')}\nApproved text: {part.get('fallback', '')}"
        for name, part in said
    ]
    return "\n\n".join(blocks) or "-"
