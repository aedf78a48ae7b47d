"""A page from Notion, however we came by it: whose it is, what became of it, and what that means here.

nobody's page --> taken over (linked), not yet (waiting), or the second one for the same object (duplicate)
linked <--> trashed | moved | unshared        the object here stays, and no page is made anew
linked --> deleted                            the object was deleted here, its page went to the trash
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from engagement.translations import listed
from notion_bridge import mapping, problems, reconciliation
from notion_bridge.adapters import Made
from notion_bridge.bound_schema import BoundSchema, Reading
from notion_bridge.client import Notion
from notion_bridge.models import Kind, NotionConnection, NotionDatabase, PageLink, SyncProblem
from notion_bridge.reconciliation import InboundPolicy, Reconciliation

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
class InboundResult:
    """What became of a page. `to_remote` is what is to be written to it; `what` counts it in the summary of a pass."""

    what: str  # unchanged, changed, created, linked, waiting, duplicate, restored, or the state it went to
    link: PageLink | None = None
    reconciled: Reconciliation = field(default_factory=Reconciliation)


@dataclass(frozen=True)
class InboundPage:
    """One page on its way in, as it was read with the schema of its database."""

    bound: BoundSchema
    page: Page
    reading: Reading
    policy: InboundPolicy
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


def look(*, bound: BoundSchema, notion: Notion, page: Page, policy: InboundPolicy, now: dt.datetime) -> InboundPage:
    """Read the page; long lists take requests."""
    return InboundPage(bound, page, bound.read(page, notion), policy, now)


def link_of(page: Page) -> PageLink | None:
    return PageLink.objects.select_related("database").filter(page_id=page["id"]).first()


def receive(incoming: InboundPage) -> InboundResult:
    """Take note of a page as Notion has it now. Sends nothing to Notion."""
    link = link_of(incoming.page)
    if where := lost(incoming):
        return let_go(link=link, state=where, now=incoming.now) if link else InboundResult("unchanged")
    if link is None or link.state in (State.WAITING, State.DUPLICATE):
        return _newcomer(incoming, link)
    if link.state == State.DELETED:
        return _came_back(incoming, link)
    incoming = replace(incoming, reading=incoming.bound.without_removed_options(link.remote, incoming.reading))
    if link.state == State.MOVED:
        _forget_what_the_move_cost(link, incoming.reading)
    if link.state in ASIDE:
        result = reconcile(incoming, link, what="restored")
        return _came_back(incoming, link) if result.reconciled.is_gone else result
    return (
        reconcile(incoming, link, what="changed")
        if is_news(link, incoming.reading)
        else InboundResult("unchanged", link)
    )


def _forget_what_the_move_cost(link: PageLink, reading: Reading) -> None:
    """A page loses in other places what they have no property or option for: nobody erased it."""
    for name, value in reading.values.items():
        if not value or isinstance(value, list):
            link.local.pop(name, None)
            link.remote.pop(name, None)


def is_news(link: PageLink, reading: Reading) -> bool:
    """Whether the page says anything else than when both sides agreed."""
    return bool(reading.unreadable) or any(link.remote.get(name) != value for name, value in reading.values.items())


def let_go(*, link: PageLink, state: str, now: dt.datetime) -> InboundResult:
    """The page is out of our hands; reported once, and the object here stays."""
    if link.state in (state, State.DELETED):
        PageLink.objects.filter(pk=link.pk).update(wanted_at=None)
        return InboundResult("unchanged", link)
    if link.object_key is None:
        problems.close(Cause.PAGE_REFUSED, Cause.DUPLICATE_CONTACT, subjects=[f"page {link.page_id}"], now=now)
        link.delete()
        return InboundResult(state)
    with transaction.atomic():
        link.state, link.wanted_at = state, None
        link.save(update_fields=["state", "wanted_at"])
        cause, message = LOST[state]
        what = {"contacts": "A person", "tasks": "A task", "instances": "The page of a workflow"}[link.database.kind]
        problems.report(cause=cause, subject=f"page {link.page_id}", message=f"{what} {message}", link=link, now=now)
        reconciliation.note(link=link, direction="from_notion", what=state, now=now)
    return InboundResult(state, link)


def adopt(incoming: InboundPage, link: PageLink) -> InboundResult:
    """A page that we created without hearing of it. What we sent is what both sides agreed on."""
    link.page_id, link.url, link.remote = incoming.page_id, incoming.url, dict(link.local)
    link.is_unclear, link.attempts, link.state, link.wanted_at = False, 0, State.LINKED, None
    link.save()
    return reconcile(incoming, link, what="linked")


def is_ours(page: Page) -> bool:
    maker = page.get("created_by")
    bot = NotionConnection.current().bot_id
    return bool(bot) and isinstance(maker, Mapping) and maker.get("id") == bot


def lost(incoming: InboundPage) -> str | None:
    """Where the page is, if it is not in its database any more."""
    if incoming.page.get("in_trash") or incoming.page.get("archived"):
        return State.TRASHED
    parent = incoming.page.get("parent")
    if not isinstance(parent, Mapping) or not parent:
        return None  # nothing is said of where it is
    source = parent.get("data_source_id")
    if source is None:  # the older form of a parent
        return None if "database_id" in parent else State.MOVED
    return None if UUID(str(source)) == UUID(incoming.bound.database.data_source_id) else State.MOVED


def reconcile(incoming: InboundPage, link: PageLink, *, what: str) -> InboundResult:
    """Reconcile a page in its database with its object; `what` says how it came."""
    with transaction.atomic():
        outcome = reconciliation.reconcile(
            bound=incoming.bound,
            link=link,
            reading=incoming.reading,
            edited_at=incoming.edited_at,
            policy=incoming.policy,
            now=incoming.now,
        )
        if outcome.is_gone:
            return InboundResult("unchanged", link, outcome)
        if what == "restored":
            problems.close_all_of(link=link, causes=[Cause.TRASHED, Cause.MOVED, Cause.UNSHARED], now=incoming.now)
        if what != "changed":
            reconciliation.note(link=link, direction="from_notion", what=what, now=incoming.now)
    return InboundResult("unchanged" if what == "changed" and not outcome.changed else what, link, outcome)


def _newcomer(incoming: InboundPage, link: PageLink | None) -> InboundResult:
    key = incoming.bound.key_in(incoming.page)
    owner = PageLink.objects.select_related("database").filter(object_key=key).first() if key else None
    if owner is not None and owner.page_id is None and owner.state == State.CREATING:
        return adopt(incoming, owner)
    if owner is not None and owner.state == State.LINKED and is_ours(incoming.page):
        return InboundResult("duplicate_page", owner)  # we made two pages for one object; the caller sees to it
    if is_being_typed(incoming):
        return _wait(incoming, link, "It was typed just now; it is taken over when it is complete.", is_typing=True)
    with transaction.atomic():
        made = incoming.bound.adapter.make(
            incoming.reading.values,
            page_id=incoming.page_id,
            key=None if owner else key,  # a copy that somebody made of a page carries the id of the original
            enrol=incoming.policy.enrol and not _is_of_the_baseline(incoming, link),
            now=incoming.now,
        )
        if made.row is not None:
            return _take_over(incoming, link, made)
        return _wait_for_options(incoming, link, made) if made.unknown else _wait(incoming, link, made.because)


def _is_of_the_baseline(incoming: InboundPage, link: PageLink | None) -> bool:
    """Whoever only waited for an option since the first pull came with it, and starts what it started."""
    started = (NotionDatabase.BaselineAnswer.START, NotionDatabase.BaselineAnswer.STARTED)
    return link is not None and link.came_first and incoming.bound.database.baseline_answer not in started


def is_being_typed(incoming: InboundPage) -> bool:
    """Whether a new page is so fresh and so empty that somebody is probably typing."""
    if not incoming.policy.patient or incoming.edited_at is None or incoming.now >= incoming.edited_at + TYPING:
        return False
    return incoming.bound.adapter.is_being_typed(incoming.reading.values)


def _take_over(incoming: InboundPage, link: PageLink | None, made: Made) -> InboundResult:
    row: Any = made.row
    of_object = {incoming.bound.adapter.link_field: row}
    theirs = PageLink.objects.select_related("database").filter(**of_object).first()
    if theirs is not None and theirs.page_id is not None and theirs.state == State.LINKED:
        return _duplicate(incoming, link, theirs)
    if link is not None:
        link.delete()
    taken = theirs or PageLink(database=incoming.bound.database, **of_object)
    taken.object_key, taken.page_id, taken.url = row.pk, incoming.page_id, incoming.url
    taken.state, taken.wanted_at, taken.is_unclear = State.LINKED, None, False
    taken.local, taken.remote = {}, {}
    taken.came_first = incoming.bound.database.baseline_at is None or _is_of_the_baseline(incoming, link)
    if made.is_new:
        _note_what_was_taken(incoming, taken, made)
    taken.save()
    problems.close(Cause.PAGE_REFUSED, Cause.DUPLICATE_CONTACT, subjects=[f"page {incoming.page_id}"], now=incoming.now)
    result = reconcile(incoming, taken, what="created" if made.is_new else "linked")
    _report_what_is_read_once(incoming, made)
    return result


def _note_what_was_taken(incoming: InboundPage, link: PageLink, made: Made) -> None:
    """An object that was made of a page agrees with it, but for what was not taken over."""
    row: Any = made.row
    local, remote = incoming.bound.adapter.snapshot([row.pk])[row.pk], incoming.reading.values
    left = made.refused.keys() | made.unknown.keys()
    for name in remote.keys() - left:
        if remote[name] and incoming.bound.properties[name].field.pulled:
            link.local[name] = reconciliation.agreed_local(incoming.bound, name, local, remote)
            link.remote[name] = remote[name]
    for name in made.refused.keys() & remote.keys():
        if not incoming.bound.properties[name].field.pulled:
            link.local[name], link.remote[name] = local[name], remote[name]  # what was refused is not wiped there


def _report_what_is_read_once(incoming: InboundPage, made: Made) -> None:
    """Later looks do not read it and would know nothing of it."""
    for name, because in made.refused.items():
        one = incoming.bound.properties[name]
        if not one.field.pulled:
            problems.report(
                cause=Cause.VALUE_REFUSED,
                subject=f"page {incoming.page_id}: {name}",
                message=f"{one.field.label} of a page was not taken over. {because}",
                database=incoming.bound.database,
                details={"field": name, "value": incoming.reading.values.get(name), "url": incoming.url},
                now=incoming.now,
            )


def _wait_for_options(incoming: InboundPage, link: PageLink | None, made: Made) -> InboundResult:
    """What nobody made here may decide what starts, and is no reason to start something else meanwhile."""
    database = incoming.bound.database
    unknown = [
        f"{mapping.field_of(database.kind, name).label} “{option}”"
        for name, options in made.unknown.items()
        for option in options
    ]
    because = f"Contactflow does not know {listed(unknown)}. Add it here or correct it there; nothing starts meanwhile."
    result = _wait(incoming, link, because)
    if link is None and database.baseline_at is None and not incoming.policy.enrol:
        PageLink.objects.filter(page_id=incoming.page_id).update(came_first=True)
    reconciliation.report_unknown(database=database, unknown=made.unknown, now=incoming.now)
    return result


def _wait(incoming: InboundPage, link: PageLink | None, because: str, *, is_typing: bool = False) -> InboundResult:
    """The page cannot be an object yet. It is looked at again when it was edited, or when nobody types any more."""
    waiting = link or PageLink(database=incoming.bound.database, page_id=incoming.page_id)
    waiting.state, waiting.error, waiting.url = State.WAITING, because, incoming.url
    waiting.wanted_at = incoming.edited_at + TYPING if is_typing and incoming.edited_at else None
    waiting.save()
    if not is_typing and any(incoming.reading.values.values()):  # an empty row that somebody just made is no news
        problems.report(
            cause=Cause.PAGE_REFUSED,
            subject=f"page {incoming.page_id}",
            message=f"A page in {incoming.bound.database} was not taken over. {because}",
            link=waiting,
            details={"url": incoming.url},
            now=incoming.now,
        )
    return InboundResult("waiting", waiting)


def _duplicate(incoming: InboundPage, link: PageLink | None, theirs: PageLink) -> InboundResult:
    second = link or PageLink(database=incoming.bound.database, page_id=incoming.page_id)
    second.state, second.wanted_at, second.url = State.DUPLICATE, None, incoming.url
    second.error = "Another page speaks for the same object."
    second.save()
    is_person = incoming.bound.database.kind == Kind.CONTACTS
    problems.report(
        cause=Cause.DUPLICATE_CONTACT,
        subject=f"page {incoming.page_id}",
        message=f"Two pages in Notion speak for one {'person: they have the same address' if is_person else 'object'}. "
        "Only the first is synchronised. Carry over what is missing there and move the second to the trash, or give "
        "the second another address.",
        link=second,
        details={"first": theirs.url, "second": incoming.url, "object": str(theirs.object_key)},
        now=incoming.now,
    )
    return InboundResult("duplicate", second)


def _came_back(incoming: InboundPage, link: PageLink) -> InboundResult:
    """The page is there, and its object was deleted here, perhaps while the page was out of our hands."""
    if link.state != State.DELETED:
        link.state, link.wanted_at, link.local, link.remote = State.DELETED, None, {}, {}
        link.save(update_fields=["state", "wanted_at", "local", "remote"])
        problems.close_all_of(link=link, causes=[Cause.TRASHED, Cause.MOVED, Cause.UNSHARED], now=incoming.now)
    problems.report(
        cause=Cause.RESTORED,
        subject=f"page {incoming.page_id}",
        message="What was deleted in Contactflow was restored in Notion. It is not taken over by itself: take it over "
        "again here, or move the page back to the trash.",
        link=link,
        details={"url": incoming.url},
        now=incoming.now,
    )
    return InboundResult("unchanged", link)
