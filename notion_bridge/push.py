"""From here to Notion: look at the page of what changed (see notion_bridge.change_detection), write what differs.

An object without a page gets one: the link is stored with our id before the page is asked for, and when the answer is
lost, Notion is asked for that id before a second page is made.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from contactflow.core.clock import database_now
from notion_bridge import bound_schema, inbound, mapping, problems, reconciliation, schemas
from notion_bridge.bound_schema import BoundSchema
from notion_bridge.client import (
    INSERT,
    UPDATE,
    Conflicting,
    Forbidden,
    Invalid,
    Later,
    NotFound,
    Notion,
    NotionError,
    Unavailable,
    Unclear,
)
from notion_bridge.inbound import InboundPage, InboundResult
from notion_bridge.mapping import Value
from notion_bridge.models import NotionDatabase, PageLink, SyncProblem
from notion_bridge.reconciliation import InboundPolicy

State = PageLink.State
Cause = SyncProblem.Cause

IDS_AT_ONCE = 50  # looked up with one query
WRITE_SECONDS = 2.0
RACES = 3  # in a row, before a page that always changes is left alone for a while
LONGEST_PAUSE = dt.timedelta(hours=6)
UNFORESEEN_PAUSE = dt.timedelta(hours=1)


def let_deleted_go(*, database: NotionDatabase, notion: Notion, now: dt.datetime) -> int:
    """Move the page of an object that was deleted here to the trash; returns how many it saw to, one at a time."""
    orphans = PageLink.objects.filter(database=database, state__in=[State.CREATING, State.LINKED])
    link = orphans.filter(Q(wanted_at=None) | Q(wanted_at__lte=now), contact=None, task=None, instance=None).first()
    if link is None:
        return 0
    if link.page_id is None and not link.is_unclear:
        link.delete()  # no page was ever asked for
    elif link.page_id is None:
        _look_up(bound_schema.load(database), notion, [link], now)
    else:
        _trash(link, notion, now)
    return 1


def _trash(link: PageLink, notion: Notion, now: dt.datetime) -> None:
    try:
        notion.set_trashed(str(link.page_id), True)
    except (NotFound, Invalid):
        pass  # it is out of reach, or in the trash already
    except (Unavailable, Unclear, Conflicting, Forbidden) as error:
        _put_off(link, error, now)
        return
    gone = PageLink.objects.filter(pk=link.pk, contact=None, task=None, instance=None)
    if gone.update(state=State.DELETED, wanted_at=None, local={}, remote={}):
        reconciliation.note(link=link, direction="to_notion", what="trashed", now=now)
    else:  # its object came back meanwhile
        PageLink.objects.filter(pk=link.pk).update(state=State.RESTORING, wanted_at=now)


def _restore(link: PageLink, notion: Notion, now: dt.datetime) -> str:
    """Its object came back: the page leaves the trash, and is looked at next."""
    notion.set_trashed(str(link.page_id), False)
    with transaction.atomic():
        PageLink.objects.filter(pk=link.pk).update(state=State.LINKED, wanted_at=now, attempts=0, error="")
        reconciliation.note(link=link, direction="to_notion", what="restored", now=now)
    return "restored_remote"


# Carrying one object over


def next_change(*, database: NotionDatabase, now: dt.datetime) -> PageLink | None:
    links = _wanted(database, now).exclude(state=State.CREATING)
    return links.order_by("wanted_at").first()


def next_creation(*, database: NotionDatabase, now: dt.datetime) -> PageLink | None:
    """The object to get a page next: who just arrived before what has waited in a long list."""
    return _wanted(database, now).filter(state=State.CREATING, is_unclear=False).order_by("-wanted_at", "pk").first()


def _wanted(database: NotionDatabase, now: dt.datetime) -> QuerySet[PageLink]:
    return PageLink.objects.select_related("database").filter(database=database, wanted_at__lte=now)


def unclear(*, database: NotionDatabase, now: dt.datetime) -> list[PageLink]:
    """Creations without an answer whose pages are to be looked for now."""
    return list(
        _wanted(database, now)
        .filter(state=State.CREATING, is_unclear=True, page_id=None)
        .order_by("wanted_at")[:IDS_AT_ONCE]
    )


def carry(*, bound: BoundSchema, link: PageLink, notion: Notion, policy: InboundPolicy, now: dt.datetime) -> str:
    """Bring one object and its page together; says what became of them. Trouble with this page alone puts it off.

    Raises what concerns all pages: Later, Unauthorized, RateLimited.
    """
    try:
        if link.state == State.CREATING:
            return _create(bound, link, notion, now)
        if link.state == State.RESTORING:
            return _restore(link, notion, now)
        return _update(bound, link, notion, policy, now)
    except NotFound as error:
        return _out_of_reach(bound, link, notion, error, now)
    except Invalid as error:
        schemas.refresh(database=bound.database, notion=notion, now=now)
        _refused(link, error, now)
        return "refused"
    except Forbidden as error:
        _put_off(link, error, now)
        return "refused"
    except (Unavailable, Unclear, Conflicting) as error:
        _put_off(link, error, now)
        return "put_off"


def look_up(*, bound: BoundSchema, links: Sequence[PageLink], notion: Notion, now: dt.datetime) -> str:
    """Ask Notion, with one query, for pages whose creation was not answered."""
    try:
        _look_up(bound, notion, links, now)
    except (Unavailable, Unclear, Conflicting, Forbidden) as error:
        for link in links:
            _put_off(link, error, now)
    return "looked_up"


def settle_duplicate_pages(
    *, bound: BoundSchema, link: PageLink, page: Mapping[str, Any], notion: Notion, now: dt.datetime
) -> None:
    """Two pages of our making for one object: the elder stays, the younger goes to the trash, and staff are told."""
    linked = notion.page(str(link.page_id))
    elder, younger = sorted([linked, page], key=lambda one: (str(one.get("created_time")), one is page))
    try:
        notion.set_trashed(str(younger["id"]), True)
    except Forbidden as error:
        problems.report_right(error, now=now)
        return
    _report_duplicate_pages(link, younger, now)
    if elder is page:
        PageLink.objects.filter(pk=link.pk).update(page_id=page["id"], url=str(page.get("url") or ""), wanted_at=now)


def _create(bound: BoundSchema, link: PageLink, notion: Notion, now: dt.datetime) -> str:
    key = link.object_key
    values = bound.adapter.snapshot(bound.adapter.belonging([key])).get(key) if key else None
    if values is None:
        PageLink.objects.filter(pk=link.pk).update(wanted_at=None)  # it does not belong there (any more)
        return "unchanged"
    if bound.key is None:
        _put_off(link, Invalid("no_key_property", "Add the property for our id first."), now, LONGEST_PAUSE)
        return "put_off"
    told = {name: value for name, value in values.items() if name in bound.properties.keys() - bound.closed}
    draft = bound.write({name: value for name, value in told.items() if value})
    wanted_at, look_up = link.wanted_at, dt.timedelta(seconds=settings.NOTION_LOOK_UP_SECONDS)
    # Before anything leaves: from here on the page may exist, whatever we hear, and whether we live to hear it.
    link.local, link.remote, link.is_unclear, link.digest = told, {}, True, reconciliation.digest(bound, values)
    link.wanted_at = now + look_up
    link.save(update_fields=["local", "remote", "is_unclear", "digest", "wanted_at"])
    try:
        page = notion.create_page(bound.database.data_source_id, draft.properties)
    except Unclear as error:
        _put_off(link, error, database_now(), look_up)  # it waited for its turn: the page is younger than `now`
        return "unclear"
    except (NotionError, Later):
        link.wanted_at = wanted_at
        PageLink.objects.filter(pk=link.pk).update(is_unclear=False, wanted_at=wanted_at)  # a no, or nothing was sent
        raise
    reading = bound.read(page, notion)
    link.remote = {name: reading.values.get(name, value) for name, value in told.items()}
    link.page_id, link.url, link.edited_at = UUID(str(page["id"])), str(page.get("url") or ""), None
    link.state, link.is_unclear, link.wanted_at, link.attempts, link.error = State.LINKED, False, None, 0, ""
    link.agreed_at = now
    with transaction.atomic():
        link.save()
        reconciliation.note(link=link, direction="to_notion", what="created", now=now)
        problems.close(Cause.RIGHT_MISSING, subjects=[INSERT], now=now)
        reconciliation.report_limits(link=link, limits=draft.limits, of=draft.limits, now=now)
        _note_options(bound, told)
    return "created_remote"


def _update(bound: BoundSchema, link: PageLink, notion: Notion, policy: InboundPolicy, now: dt.datetime) -> str:
    page = notion.page(str(link.page_id))
    incoming = inbound.look(bound=bound, notion=notion, page=page, policy=policy, now=now)
    if bound.lost_options(link.remote, incoming.reading):
        schemas.refresh(database=bound.database, notion=notion, now=now)
        bound = bound_schema.current(bound.database, notion)
        incoming = inbound.look(bound=bound, notion=notion, page=page, policy=policy, now=now)
    if link.state == State.LINKED and not inbound.lost(incoming):
        incoming = replace(incoming, reading=bound.without_removed_options(link.remote, incoming.reading))
        result = inbound.reconcile(incoming, link, what="changed")
    else:
        result = inbound.receive(incoming)
    if result.what == "duplicate_page" and result.link:
        settle_duplicate_pages(bound=bound, link=result.link, page=page, notion=notion, now=now)
        return "duplicate_page"
    if result.reconciled.is_gone and result.link:
        _trash(result.link, notion, now)
        return "trashed_remote"
    if result.reconciled.to_remote:
        return _write(incoming, result, notion)
    if result.what != "waiting":
        PageLink.objects.filter(page_id=page["id"]).update(wanted_at=None, attempts=0, error="")
    return result.what


def _write(incoming: InboundPage, result: InboundResult, notion: Notion) -> str:
    """Send what the meeting decided, in one request, and note what Notion made of it."""
    link, values, bound = result.link, result.reconciled.to_remote, incoming.bound
    assert link is not None  # noqa: S101  # who has something to write has a link
    draft = bound.write(values, incoming.page)
    if notion.deadline is not None:  # the page was read for this: putting it off would read it again
        notion = notion.within(deadline=notion.deadline + WRITE_SECONDS)
    answer = notion.update_page(str(link.page_id), draft.properties) if draft.properties else incoming.page
    reading = bound.read(answer, notion)
    before = {name: link.remote.get(name) for name in values}
    for name, value in values.items():
        left = _not_taken_over(link, incoming, name)
        link.local[name] = _without(value, left)
        link.remote[name] = _without(reading.values.get(name, link.remote.get(name)), left)
    # Somebody may have edited other fields between our two requests: then the page is looked at once more.
    others = reading.values.keys() - values.keys()
    raced = any(reading.values[name] != incoming.reading.values.get(name, reading.values[name]) for name in others)
    link.attempts, link.error = link.attempts + 1 if raced else 0, ""
    # What changes whenever it is looked at holds up nobody else.
    pause = dt.timedelta(seconds=2**link.attempts if link.attempts > RACES else 0)
    link.wanted_at = incoming.now + pause if raced else None
    with transaction.atomic():
        link.save(update_fields=["local", "remote", "wanted_at", "attempts", "error"])
        if draft.properties:
            fields = {name: [before[name], value] for name, value in values.items() if name not in draft.left}
            reconciliation.note(link=link, direction="to_notion", what="changed", fields=fields, now=incoming.now)
            problems.close(Cause.RIGHT_MISSING, subjects=[UPDATE], now=incoming.now)
        reconciliation.report_limits(link=link, limits=draft.limits, of=values, now=incoming.now)
        problems.close(Cause.REFUSED_BY_NOTION, subjects=[f"page {link.pk}"], now=incoming.now)
        _note_options(bound, values)
    return "written" if draft.properties else "unchanged"


def _not_taken_over(link: PageLink, incoming: InboundPage, name: str) -> set[str]:
    """What a list in Notion has that we do not know: it stays there, and is agreed on when somebody adds it here."""
    remote, agreed = incoming.reading.values.get(name), link.remote.get(name)
    if not isinstance(remote, list):
        return set()
    return {word.casefold() for word in remote} - {word.casefold() for word in agreed or []}


def _without(value: Any, left: set[str]) -> Any:
    return [word for word in value if word.casefold() not in left] if isinstance(value, list) else value


def _note_options(bound: BoundSchema, values: Mapping[str, Value]) -> None:
    """Options that our own writing made are no news when the schema is looked at next."""
    schema, grown = bound.database.schema, False
    for name, value in values.items():
        one = bound.properties[name]
        if one.type not in ("select", "multi_select") or one.id not in schema:
            continue
        known = {mapping.folded(option) for option in bound.options(name)}
        fresh = [word for word in ([value] if isinstance(value, str) else value) if mapping.folded(word) not in known]
        schema[one.id]["options"] += [word for word in fresh if word]
        grown = grown or bool(fresh)
    if grown:
        bound.database.save(update_fields=["schema"])


def _look_up(bound: BoundSchema, notion: Notion, links: Sequence[PageLink], now: dt.datetime) -> None:
    if bound.key is None:
        raise Unavailable("no_key_property")
    name, kind = bound.named(bound.key.field.name), bound.key.type
    asked = [{"property": name, kind: {"equals": str(link.object_key)}} for link in links]
    answer = notion.query(bound.database.data_source_id, filter=asked[0] if len(asked) == 1 else {"or": asked})
    found: dict[UUID, list[Mapping[str, Any]]] = defaultdict(list)
    for page in answer.get("results") or []:
        if key := bound.key_in(page):
            found[key].append(page)
    for link in links:
        pages = sorted(found.get(link.object_key, []), key=lambda page: str(page.get("created_time")))  # type: ignore[arg-type]
        if not pages:
            # Nothing came of it: asked for once more.
            PageLink.objects.filter(pk=link.pk).update(is_unclear=False, wanted_at=now)
            continue
        for younger in pages[1:]:
            notion.set_trashed(str(younger["id"]), True)
            _report_duplicate_pages(link, younger, now)
        incoming = inbound.look(bound=bound, notion=notion, page=pages[0], policy=InboundPolicy(enrol=True), now=now)
        result = inbound.adopt(incoming, link)
        if result.reconciled.to_remote or result.reconciled.is_gone:
            PageLink.objects.filter(pk=link.pk).update(wanted_at=now)


def _report_duplicate_pages(link: PageLink, younger: Mapping[str, Any], now: dt.datetime) -> None:
    problems.report(
        cause=Cause.TWO_PAGES,
        subject=f"page {younger['id']}",
        message="Notion had made two pages for one object, because its first answer was lost. The younger one is in "
        "the trash.",
        link=link,
        details={"trashed": str(younger.get("url") or "")},
        now=now,
    )


# Trouble


def _out_of_reach(bound: BoundSchema, link: PageLink, notion: Notion, error: NotFound, now: dt.datetime) -> str:
    """A 404 of a page: is it the page, or the whole database? Raises NotFound for the database."""
    notion.data_source(bound.database.data_source_id)
    if link.page_id is None:
        raise error
    return inbound.let_go(link=link, state=State.UNSHARED, now=now).what


def _refused(link: PageLink, error: NotionError, now: dt.datetime) -> None:
    """Notion does not take it: tried again at first soon, since the schema was just read anew, and then rarely."""
    _put_off(link, error, now, dt.timedelta(0) if link.attempts == 0 else None)
    if link.attempts > 1:
        problems.report(
            cause=Cause.REFUSED_BY_NOTION,
            subject=f"page {link.pk}",
            message=f"A change could not be written to Notion. {error.message} It is tried again.",
            link=link,
            now=now,
        )


def _put_off(link: PageLink, error: NotionError, now: dt.datetime, pause: dt.timedelta | None = None) -> None:
    """Look at it again later; longer after every failure in a row, with some chance so that not all come at once."""
    link.attempts += 1
    if isinstance(error, Forbidden):
        problems.report_right(error, now=now, stops="What would need it waits and is tried again.")
    if pause is None:
        seconds = min(2.0 ** min(link.attempts, 20), LONGEST_PAUSE.total_seconds())
        pause = dt.timedelta(seconds=seconds * random.uniform(0.5, 1))  # noqa: S311  # no secret
    link.wanted_at, link.error = now + pause, error.message or str(error)
    PageLink.objects.filter(pk=link.pk).update(
        attempts=min(link.attempts, 30_000), wanted_at=link.wanted_at, error=link.error
    )


def put_off_unforeseen(*, link: PageLink, error: Exception, now: dt.datetime) -> None:
    """Something broke in our own code: staff are told, and it is tried rarely."""
    _put_off(link, Invalid("unforeseen", f"{type(error).__name__}. The log says more."), now, UNFORESEEN_PAUSE)
    problems.report(
        cause=Cause.REFUSED_BY_NOTION,
        subject=f"page {link.pk}",
        message=f"A page could not be synchronised because of an error in Contactflow ({type(error).__name__}). The "
        "others go on. The log of the workers says more; it is tried again every hour.",
        link=PageLink.objects.filter(pk=link.pk).first(),
        now=now,
    )
