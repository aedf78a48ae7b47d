"""The pages in Notion: whose they are, how they stand, what both sides agreed on, and what was carried over."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from contactflow.core import clock
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import ReadOnlyAdmin, ReadOnlyInline, column, link
from contacts import describe as contacts_describe
from contacts.admin.people_search import PeopleSearch
from notion_bridge import conflicts, describe, mapping
from notion_bridge.admin import display
from notion_bridge.models import PageLink, SyncConflict, SyncEntry, SyncProblem

State = PageLink.State


class EntryInline(ReadOnlyInline):
    model = SyncEntry
    verbose_name_plural = "What was carried over"
    fields = ("at", "direction", "happened", "changed")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncEntry]:
        return super().get_queryset(request).select_related("link__database")

    happened = column("What")(lambda self, row: row.what.replace("_", " ").capitalize())

    @column("Fields")
    def changed(self, entry: SyncEntry) -> str:
        return contacts_describe.listed(describe.changes(entry.link.database.kind, entry.fields))


class ProblemInline(ReadOnlyInline):
    model = SyncProblem
    verbose_name_plural = "Problems"
    fields = ("problem", "last_at", "closed_at")
    readonly_fields = fields

    problem = column("Problem")(lambda self, row: link(row, row.message))


class ConflictInline(ReadOnlyInline):
    model = SyncConflict
    verbose_name_plural = "Conflicts"
    fields = ("field_name", "winner", "opened_at", "settled_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncConflict]:
        return super().get_queryset(request).select_related("link__database")

    field_name = column("Field")(lambda self, row: link(row, describe.label(row.link.database.kind, row.field)))


@admin.register(PageLink)
class PageLinkAdmin(PeopleSearch, ReadOnlyAdmin):
    when_empty = "Nothing stands in Notion yet. Connect it first: the page “Connection” says how."
    list_display = ("name", "database", "condition", "notion_page", "agreed_at")
    list_filter = (("state", ChoicesDropdownFilter), ("database", RelatedDropdownFilter))
    also_searched = ("task__title", "page_id")
    search_help_text = "Search by a contact (as in their list), a task's title or the id of the page."
    fieldsets = (
        (None, {"fields": (("about", "notion_page"), ("database", "standing"), ("agreed_at", "next_look"))}),
        ("What both sides agreed on last", {"fields": ("agreed",)}),
    )
    inlines = (EntryInline, ProblemInline, ConflictInline)
    actions_detail = ("look_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PageLink]:
        return super().get_queryset(request).select_related(*display.RELATED)

    def get_inlines(self, request: HttpRequest, obj: PageLink | None) -> Any:
        """Most pages have neither problems nor conflicts: then nothing is said of them."""
        inlines = super().get_inlines(request, obj)
        return [one for one in inlines if one is EntryInline or one.model.objects.filter(link=obj).exists()]

    def has_look_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("notion_bridge.change_pagelink")

    def possible_buttons(self, row: PageLink) -> tuple[str, ...]:
        return () if row.state == State.DELETED else ("look_again",)

    def title_of(self, row: PageLink) -> str:
        return describe.name_of(row)

    name = column("About")(lambda self, row: describe.name_of(row))
    about = column("About")(lambda self, row: display.object_link(row))
    condition = column("State", ordering="state", label=display.COLOURS)(lambda self, row: row.get_state_display())
    standing = column("State")(lambda self, row: describe.state_of(row))
    notion_page = column("Page")(lambda self, row: display.open_link(row.url))

    @column("Looked at next")
    def next_look(self, page: PageLink) -> str:
        tries = f", after {page.attempts} attempts" if page.attempts else ""
        return f"{contacts_describe.moment(page.wanted_at)}{tries}" if page.wanted_at else "When one side changes"

    @column("Values")
    def agreed(self, page: PageLink) -> str:
        kind = page.database.kind
        lines = [
            (describe.label(kind, name), describe.value(page.local.get(name)), describe.value(page.remote.get(name)))
            for name in (field.name for field in mapping.FIELDS[kind])
            if name in page.remote
        ]
        return display.table(("Field", "Contactflow", "Notion"), lines)

    @confirmed(
        "Look again now",
        permission="look",
        icon="refresh",
        title="Look at this page again",
        explanation="The worker compares the page in Notion with Contactflow now, whatever was put off, and "
        "carries over what differs.",
        submit="Look again",
    )
    def look_again(self, request: HttpRequest, page: PageLink, answers: dict[str, Any]) -> str:
        conflicts.look_again(link=page, now=clock.database_now())
        return "Both sides are compared as soon as a worker is free."
