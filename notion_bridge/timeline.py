"""What was carried between a contact and its page in Notion, for the timeline."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet, Subquery

from contacts.models import Contact
from contacts.timeline import INFO, NOTION, WARN, Entry, Source
from notion_bridge import describe
from notion_bridge.models import Kind, PageLink, SyncConflict, SyncEntry

TO, FROM = SyncEntry.Direction.TO_NOTION, SyncEntry.Direction.FROM_NOTION
SAID = {
    (TO, "created"): "A page was made in Notion",
    (TO, "changed"): "The page in Notion was brought up to date",
    (TO, "trashed"): "The page went to Notion's trash",
    (TO, "settled"): "A conflict was settled, and Notion was told",
    (FROM, "created"): "Taken over from a page in Notion",
    (FROM, "linked"): "Recognised in a page in Notion",
    (FROM, "restored"): "The page came back from Notion's trash",
    (FROM, "trashed"): "Somebody put the page into Notion's trash; the contact stays",
    (FROM, "moved"): "Somebody moved the page away in Notion; the contact stays",
    (FROM, "unshared"): "The page is out of reach in Notion; the contact stays",
}


def _page_of(contact: Contact) -> Subquery:
    return Subquery(PageLink.objects.filter(contact=contact).values("pk")[:1])


def _entries_of(contact: Contact) -> QuerySet[Any]:
    """What changed here by an edit in Notion is told by the event it left."""
    return (
        SyncEntry.objects.filter(link_id=_page_of(contact))
        .exclude(direction=FROM, what="changed")
        .select_related("link")
    )


def _tell_entry(entry: SyncEntry) -> Entry:
    said = SAID.get((SyncEntry.Direction(entry.direction), entry.what))
    return Entry(
        kind=NOTION,
        at=entry.at,
        title=said or f"{entry.get_direction_display()}: {entry.what.replace('_', ' ')}",
        lines=tuple(describe.changes(Kind.CONTACTS, entry.fields)),
        row=entry.link,
    )


def _tell_conflict(conflict: SyncConflict) -> Entry:
    winner = {"notion": "Notion's value holds", "contactflow": "The value here holds"}.get(conflict.winner)
    settled = f"{winner}{f', decided by {conflict.settled_by}' if conflict.settled_by else ''}" if winner else ""
    field = describe.label(Kind.CONTACTS, conflict.field)
    return Entry(
        kind=NOTION,
        at=conflict.opened_at,
        title=f"{field} was changed here and in Notion",
        lines=(
            f"Here: {describe.value(conflict.local)}",
            f"In Notion: {describe.value(conflict.remote)}",
            settled or "Waits for somebody to choose",
        ),
        tone=INFO if settled else WARN,
        row=conflict,
    )


SOURCES = (
    Source(
        name="notion_bridge.conflict",
        kinds={NOTION: Q()},
        rows=lambda contact: SyncConflict.objects.filter(link_id=_page_of(contact)),
        time="opened_at",
        tell=_tell_conflict,
    ),
    Source(name="notion_bridge.entry", kinds={NOTION: Q()}, rows=_entries_of, time="at", tell=_tell_entry),
)
