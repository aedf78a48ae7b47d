"""What a page in Notion is about, and where both of them are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from contactflow.core.admin.model_admin import column, link
from notion_bridge import describe
from notion_bridge.models import PageLink

# What select_related needs so that naming the object asks nothing more.
RELATED = ("database", "contact", "task", "instance__template", "instance__contact")
COLOURS = {
    "Page is being created": "info",
    "In step": "success",
    "Not taken over": "warning",
    "Second page": "warning",
    "In Notion's trash": "warning",
    "Out of reach": "danger",
    "Moved away": "warning",
}


def object_link(page: PageLink) -> SafeString | str:
    """The object, leading to its page in the admin."""
    row = page.contact or page.task or page.instance
    return link(row, describe.name_of(page)) if row is not None else describe.name_of(page)


def open_link(url: str, text: str = "Open in Notion") -> SafeString | str:
    """Leads to Notion, in a tab of its own. What is no web address leads nowhere."""
    if not url.startswith(("https://", "http://")):
        return "-"
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer" class="text-link whitespace-nowrap">{} ↗</a>', url, text
    )


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
        return link(row.notion_link, describe.STATES[PageLink.State(row.notion_link.state)])
