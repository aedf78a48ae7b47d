"""What a page in Notion is about, and where both of them are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from contactflow.core.admin.model_admin import column, link
from notion_bridge import wording
from notion_bridge.models import Kind, PageLink

# What list_select_related needs so that naming the object asks nothing more.
RELATED = ("database", "contact", "task", "instance__template", "instance__contact")
NAMELESS = {Kind.CONTACTS: "A person", Kind.TASKS: "A task", Kind.INSTANCES: "A workflow"}
State = PageLink.State
STATES = {
    State.CREATING: "Its page is being created",
    State.LINKED: "In step",
    State.WAITING: "Not taken over yet",
    State.DUPLICATE: "Second page for the same object",
    State.TRASHED: "In Notion's trash; stays in Contactflow",
    State.RESTORING: "Coming back from Notion's trash",
    State.UNSHARED: "Out of reach in Notion; stays in Contactflow",
    State.MOVED: "Moved away in Notion; stays in Contactflow",
    State.DELETED: "Deleted in Contactflow; the page went to the trash",
}
COLOURS = {
    "Page is being created": "info",
    "In step": "success",
    "Not taken over": "warning",
    "Second page": "warning",
    "In Notion's trash": "warning",
    "Out of reach": "danger",
    "Moved away": "warning",
}


def name_of(page: PageLink) -> str:
    """What the page is about, by name."""
    if page.contact is not None:
        return str(page.contact)
    if page.task is not None:
        return str(page.task)
    if page.instance is not None:
        return f"{page.instance.template} for {page.instance.contact}"
    what = NAMELESS.get(Kind(page.database.kind), "An object")
    return f"{what} that was deleted here" if page.state == State.DELETED else f"{what} not known here"


def object_link(page: PageLink) -> SafeString | str:
    """The object, leading to its page in the admin."""
    row = page.contact or page.task or page.instance
    return link(row, name_of(page)) if row is not None else name_of(page)


def open_link(url: str, text: str = "Open in Notion") -> SafeString | str:
    """Leads to Notion, in a tab of its own. What is no web address leads nowhere."""
    if not url.startswith(("https://", "http://")):
        return "-"
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer" class="text-link whitespace-nowrap">{} ↗</a>', url, text
    )


def state_of(page: PageLink) -> str:
    """How it stands with the page, in words."""
    said = STATES[State(page.state)]
    return f"{said}. {page.error}" if page.error else f"{said}."


def table(headings: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> SafeString | str:
    """Values side by side; on a narrow screen it scrolls by itself."""
    if not lines:
        return "-"
    head = format_html_join("", '<th class="font-semibold pb-2 pr-4 text-left">{}</th>', ((one,) for one in headings))
    cells = (
        (
            format_html_join(
                "",
                '<td class="align-top pr-4 py-1" style="overflow-wrap: anywhere; min-width: 5.5rem">{}</td>',
                ((cell,) for cell in line),
            ),
        )
        for line in lines
    )
    return format_html(
        '<div class="overflow-x-auto"><table class="w-full"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
        head,
        format_html_join("", '<tr class="border-t border-base-200 dark:border-base-800">{}</tr>', cells),
    )


def changes(kind: str, fields: Mapping[str, Any]) -> list[str]:
    """What was carried over, field by field."""
    told = []
    for name, pair in fields.items():
        before, after = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        was = f"was {wording.value(before)}, now " if before is not None else ""
        told.append(f"{wording.label(kind, name)}: {was}{wording.value(after)}")
    return told


class InNotion:
    """For the page of a contact, task or workflow: where its page in Notion is. Goes before a Page."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]  # the page's
        if obj is None or not hasattr(obj, "notion_link"):
            return fieldsets
        return (*fieldsets, ("Notion", {"fields": (("in_notion", "state_in_notion"),)}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "in_notion", "state_in_notion")  # type: ignore[misc]

    @column("Page in Notion")
    def in_notion(self, row: Any) -> str:
        return open_link(row.notion_link.url)

    @column("State")
    def state_in_notion(self, row: Any) -> str:
        return link(row.notion_link, STATES[State(row.notion_link.state)])
