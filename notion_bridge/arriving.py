"""A page from Notion, however we came by it: whose it is, what became of it, and what that means here.

nobody's page --> taken over (linked), not yet (waiting), or the second one for the same object (duplicate)
linked <--> trashed | moved | unshared        the object here stays, and no page is made anew
linked --> deleted                            the object was deleted here, its page went to the trash
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Unpack
from uuid import UUID

from django.db import transaction

from notion_bridge import problems, reconciling
from notion_bridge.client import Notion, Turn
from notion_bridge.layouts import Layout, Reading
from notion_bridge.models import Kind, NotionConnection, PageLink, SyncProblem
from notion_bridge.reconciling import Manner, Meeting
from notion_bridge.subjects import Made

Page = Mapping[str, Any]
State = PageLink.State
Cause = SyncProblem.Cause

TYPING = dt.timedelta(minutes=2)  # Notion's times are whole minutes: after two of them nobody is typing any more
ASIDE = (State.TRASHED, State.MOVED, State.UNSHARED)
LOST: Mapping[str, tuple[Cause, str]] = {
    State.TRASHED: (
        Cause.TRASHED,
        "was moved to Notion's trash. It stays in Contactflow and gets no new page. Restore the page to go on.",
    ),
    State.MOVED: (
        Cause.MOVED,
        "was moved out of its database in Notion. It stays in Contactflow. Move the page back to go on.",
    ),
    State.UNSHARED: (
        Cause.UNSHARED,
        "is out of reach in Notion: deleted for good, or not shared with the integration. It stays in Contactflow.",
    ),
}


@dataclass
class Arrived:
    """What became of a page. `to_there` is what is to be written to it; `what` counts it in the summary of a pass."""

    what: str  # unchanged, changed, created, linked, waiting, duplicate, restored, or the state it went to
    link: PageLink | None = None
    to_there: Meeting = field(default_factory=Meeting)


@dataclass(frozen=True)
class Visit:
    """One page on its way in, as it was read with the layout of its database."""

    layout: Layout
    page: Page
    reading: Reading
    manner: Manner
    now: dt.datetime

    @property
    def page_id(self) -> UUID:
        return UUID(str(self.page["id"]))

    @property
    def url(self) -> str:
        return str(self.page.get("url") or "")[:500]

    @property
    def edited_at(self) -> dt.datetime | None:
        """Notion's last_edited_time: a whole minute."""
        try:
            return dt.datetime.fromisoformat(str(self.page.get("last_edited_time")).replace("Z", "+00:00"))
        except ValueError:
            return None


def look(
    *, layout: Layout, notion: Notion, page: Page, manner: Manner, now: dt.datetime, **turn: Unpack[Turn]
) -> Visit:
    """Read the page; long lists take requests."""
    return Visit(layout, page, layout.read(page, notion, **turn), manner, now)


def link_of(page: Page) -> PageLink | None:
    return PageLink.objects.select_related("database").filter(page_id=page["id"]).first()


def receive(visit: Visit) -> Arrived:
    """Take note of a page as Notion has it now. Sends nothing to Notion."""
    link = link_of(visit.page)
    if where := lost(visit):
        return let_go(link=link, state=where, now=visit.now) if link else Arrived("unchanged")
    if link is None or link.state in (State.WAITING, State.DUPLICATE):
        return _newcomer(visit, link)
    if link.state == State.DELETED:
        return _came_back(visit, link)
    visit = replace(visit, reading=visit.layout.without_removed_options(link.there, visit.reading))
    if link.state == State.MOVED:
        _forget_what_the_move_cost(link, visit.reading)
    if link.state in ASIDE:
        arrived = meet(visit, link, what="restored")
        return _came_back(visit, link) if arrived.to_there.is_gone else arrived
    return meet(visit, link, what="changed") if is_news(link, visit.reading) else Arrived("unchanged", link)


def _forget_what_the_move_cost(link: PageLink, reading: Reading) -> None:
    """A page loses in other places what they have no property or option for: nobody erased it."""
    for name, value in reading.values.items():
        if not value or isinstance(value, list):
            link.here.pop(name, None)
            link.there.pop(name, None)


def is_news(link: PageLink, reading: Reading) -> bool:
    """Whether the page says anything else than when both sides agreed."""
    return bool(reading.unreadable) or any(link.there.get(name) != value for name, value in reading.values.items())


def let_go(*, link: PageLink, state: str, now: dt.datetime) -> Arrived:
    """The page is out of our hands; reported once, and the object here stays."""
    if link.state in (state, State.DELETED):
        PageLink.objects.filter(pk=link.pk).update(wanted_at=None)
        return Arrived("unchanged", link)
    if link.object_key is None:
        problems.close(Cause.PAGE_REFUSED, Cause.DUPLICATE_CONTACT, subjects=[f"page {link.page_id}"], now=now)
        link.delete()
        return Arrived(state)
    with transaction.atomic():
        link.state, link.wanted_at = state, None
        link.save(update_fields=["state", "wanted_at"])
        cause, message = LOST[state]
        what = {"contacts": "A person", "tasks": "A task", "instances": "The page of a workflow"}[link.database.kind]
        problems.report(cause=cause, subject=f"page {link.page_id}", message=f"{what} {message}", link=link, now=now)
        reconciling.note(link=link, direction="from_notion", what=state, now=now)
    return Arrived(state, link)


def adopt(visit: Visit, link: PageLink) -> Arrived:
    """A page that we created without hearing of it. What we sent is what both sides agreed on."""
    link.page_id, link.url, link.there = visit.page_id, visit.url, dict(link.here)
    link.is_unclear, link.attempts, link.state, link.wanted_at = False, 0, State.LINKED, None
    link.save()
    return meet(visit, link, what="linked")


def is_ours(page: Page) -> bool:
    """Whether our own integration made the page."""
    maker = page.get("created_by")
    bot = NotionConnection.objects.filter(pk=NotionConnection.ONLY).values_list("bot_id", flat=True).first()
    return bool(bot) and isinstance(maker, Mapping) and maker.get("id") == bot


def lost(visit: Visit) -> str | None:
    """Where the page is, if it is not in its database any more."""
    if visit.page.get("in_trash") or visit.page.get("archived"):
        return State.TRASHED
    parent = visit.page.get("parent")
    source = parent.get("data_source_id") if isinstance(parent, Mapping) else None
    if source is None:  # the older form of a parent
        return None if isinstance(parent, Mapping) and "database_id" in parent else State.MOVED
    return None if UUID(str(source)) == UUID(visit.layout.database.data_source_id) else State.MOVED


def meet(visit: Visit, link: PageLink, *, what: str) -> Arrived:
    """Reconcile a page in its database with its object; `what` says how it came."""
    with transaction.atomic():
        meeting = reconciling.meet(
            layout=visit.layout,
            link=link,
            reading=visit.reading,
            edited_at=visit.edited_at,
            manner=visit.manner,
            now=visit.now,
        )
        if meeting.is_gone:
            return Arrived("unchanged", link, meeting)
        if what == "restored":
            problems.close_all_of(link=link, causes=[Cause.TRASHED, Cause.MOVED, Cause.UNSHARED], now=visit.now)
        if what != "changed":
            reconciling.note(link=link, direction="from_notion", what=what, now=visit.now)
    return Arrived("unchanged" if what == "changed" and not meeting.changed else what, link, meeting)


def _newcomer(visit: Visit, link: PageLink | None) -> Arrived:
    key = visit.layout.key_in(visit.page)
    owner = PageLink.objects.select_related("database").filter(object_key=key).first() if key else None
    if owner is not None and owner.page_id is None and owner.state == State.CREATING:
        return adopt(visit, owner)
    if owner is not None and owner.state == State.LINKED and is_ours(visit.page):
        return Arrived("twin", owner)  # we made two pages for one object; the caller sees to it
    if is_being_typed(visit):
        return _wait(visit, link, "It was typed just now; it is taken over when it is complete.", is_typing=True)
    with transaction.atomic():
        made = visit.layout.subject.make(
            visit.reading.values,
            page_id=visit.page_id,
            key=None if owner else key,  # a copy that somebody made of a page carries the id of the original
            enrol=visit.manner.enrol,
            now=visit.now,
        )
        return _take_over(visit, link, made) if made.row is not None else _wait(visit, link, made.because)


def is_being_typed(visit: Visit) -> bool:
    """Whether a new page is so fresh and so empty that somebody is probably typing."""
    if not visit.manner.patient or visit.edited_at is None or visit.now >= visit.edited_at + TYPING:
        return False
    return visit.layout.subject.is_being_typed(visit.reading.values)


def _take_over(visit: Visit, link: PageLink | None, made: Made) -> Arrived:
    row: Any = made.row
    of_object = {visit.layout.subject.link_field: row}
    theirs = PageLink.objects.select_related("database").filter(**of_object).first()
    if theirs is not None and theirs.page_id is not None and theirs.state == State.LINKED:
        return _duplicate(visit, link, theirs)
    if link is not None:
        link.delete()
    taken = theirs or PageLink(database=visit.layout.database, **of_object)
    taken.object_key, taken.page_id, taken.url = row.pk, visit.page_id, visit.url
    taken.state, taken.wanted_at, taken.is_unclear = State.LINKED, None, False
    taken.here, taken.there, taken.came_first = {}, {}, visit.layout.database.baseline_at is None
    if made.is_new:
        _note_what_was_taken(visit, taken, made)
    taken.save()
    problems.close(Cause.PAGE_REFUSED, Cause.DUPLICATE_CONTACT, subjects=[f"page {visit.page_id}"], now=visit.now)
    arrived = meet(visit, taken, what="created" if made.is_new else "linked")
    _report_what_is_read_once(visit, made)
    return arrived


def _note_what_was_taken(visit: Visit, link: PageLink, made: Made) -> None:
    """An object that was made of a page agrees with it, but for what was not taken over."""
    row: Any = made.row
    here, there = visit.layout.subject.snapshot([row.pk])[row.pk], visit.reading.values
    left = made.refused.keys() | made.unknown.keys()
    for name in there.keys() - left:
        if there[name] and visit.layout.properties[name].field.pulled:
            link.here[name] = reconciling.agreed_here(visit.layout, name, here, there)
            link.there[name] = there[name]
    for name in made.refused.keys() & there.keys():
        if not visit.layout.properties[name].field.pulled:
            link.here[name], link.there[name] = here[name], there[name]  # what was refused is not wiped there


def _report_what_is_read_once(visit: Visit, made: Made) -> None:
    """Later looks do not read it and would know nothing of it."""
    for name, because in made.refused.items():
        one = visit.layout.properties[name]
        if not one.field.pulled:
            problems.report(
                cause=Cause.VALUE_REFUSED,
                subject=f"page {visit.page_id}: {name}",
                message=f"{one.field.label} of a page was not taken over. {because}",
                database=visit.layout.database,
                details={"field": name, "value": visit.reading.values.get(name), "url": visit.url},
                now=visit.now,
            )


def _wait(visit: Visit, link: PageLink | None, because: str, *, is_typing: bool = False) -> Arrived:
    """The page cannot be an object yet. It is looked at again when it was edited, or when nobody types any more."""
    waiting = link or PageLink(database=visit.layout.database, page_id=visit.page_id)
    waiting.state, waiting.error, waiting.url = State.WAITING, because, visit.url
    waiting.wanted_at = visit.edited_at + TYPING if is_typing and visit.edited_at else None
    waiting.save()
    if not is_typing and any(visit.reading.values.values()):  # an empty row that somebody just made is no news
        problems.report(
            cause=Cause.PAGE_REFUSED,
            subject=f"page {visit.page_id}",
            message=f"A page in {visit.layout.database} was not taken over. {because}",
            database=visit.layout.database,
            link=waiting,
            details={"url": visit.url},
            now=visit.now,
        )
    return Arrived("waiting", waiting)


def _duplicate(visit: Visit, link: PageLink | None, theirs: PageLink) -> Arrived:
    second = link or PageLink(database=visit.layout.database, page_id=visit.page_id)
    second.state, second.wanted_at, second.url = State.DUPLICATE, None, visit.url
    second.error = "Another page speaks for the same object."
    second.save()
    is_person = visit.layout.database.kind == Kind.CONTACTS
    problems.report(
        cause=Cause.DUPLICATE_CONTACT,
        subject=f"page {visit.page_id}",
        message=f"Two pages in Notion speak for one {'person: they have the same address' if is_person else 'object'}. "
        "Only the first is synchronised. Carry over what is missing there and move the second to the trash, or give "
        "the second another address.",
        database=visit.layout.database,
        link=second,
        details={"first": theirs.url, "second": visit.url, "object": str(theirs.object_key)},
        now=visit.now,
    )
    return Arrived("duplicate", second)


def _came_back(visit: Visit, link: PageLink) -> Arrived:
    """The page is there, and its object was deleted here, perhaps while the page was out of our hands."""
    if link.state != State.DELETED:
        link.state, link.wanted_at, link.here, link.there = State.DELETED, None, {}, {}
        link.save(update_fields=["state", "wanted_at", "here", "there"])
        problems.close_all_of(link=link, causes=[Cause.TRASHED, Cause.MOVED, Cause.UNSHARED], now=visit.now)
    problems.report(
        cause=Cause.RESTORED,
        subject=f"page {visit.page_id}",
        message="What was deleted in Contactflow was restored in Notion. It is not taken over by itself: take it over "
        "again here, or move the page back to the trash.",
        database=visit.layout.database,
        link=link,
        details={"url": visit.url},
        now=visit.now,
    )
    return Arrived("unchanged", link)
