"""From here to Notion: look at the page of what changed (notion_bridge.comparing finds it) and write only what differs.

An object without a page gets one: the link is stored with our id before the page is asked for, and when the answer is
lost, Notion is asked for that id before a second page is made.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from notion_bridge import arriving, layouts, mapping, problems, reconciling, schemas
from notion_bridge.arriving import Arrived, Visit
from notion_bridge.client import (
    Conflicting,
    Invalid,
    Later,
    NotFound,
    Notion,
    NotionError,
    Turn,
    Unavailable,
    Unclear,
)
from notion_bridge.layouts import Layout
from notion_bridge.merging import Value
from notion_bridge.models import NotionDatabase, PageLink, SyncProblem
from notion_bridge.reconciling import Manner

State = PageLink.State
Cause = SyncProblem.Cause

IDS_AT_ONCE = 50  # looked up with one query
WRITE_SECONDS = 2.0
LONGEST_PAUSE = dt.timedelta(hours=6)
UNFORESEEN_PAUSE = dt.timedelta(hours=1)


def let_deleted_go(*, database: NotionDatabase, notion: Notion, now: dt.datetime, **turn: Unpack[Turn]) -> int:
    """Move the page of an object that was deleted here to the trash; returns how many it saw to, one at a time."""
    orphans = PageLink.objects.filter(database=database, state__in=[State.CREATING, State.LINKED])
    link = orphans.filter(Q(wanted_at=None) | Q(wanted_at__lte=now), contact=None, task=None, instance=None).first()
    if link is None:
        return 0
    if link.page_id is None and not link.is_unclear:
        link.delete()  # no page was ever asked for
    elif link.page_id is None:
        _look_up(layouts.load(database), notion, [link], now, **turn)
    else:
        _trash(link, notion, now, **turn)
    return 1


def _trash(link: PageLink, notion: Notion, now: dt.datetime, **turn: Unpack[Turn]) -> None:
    try:
        notion.set_trashed(str(link.page_id), True, **turn)
    except (NotFound, Invalid):
        pass  # it is out of reach, or in the trash already
    except (Unavailable, Unclear, Conflicting) as error:
        _put_off(link, error, now)
        return
    gone = PageLink.objects.filter(pk=link.pk, contact=None, task=None, instance=None)
    if gone.update(state=State.DELETED, wanted_at=None, here={}, there={}):
        reconciling.note(link=link, direction="to_notion", what="trashed", now=now)
    else:  # its object came back meanwhile
        PageLink.objects.filter(pk=link.pk).update(state=State.RESTORING, wanted_at=now)


def _restore(link: PageLink, notion: Notion, now: dt.datetime, **turn: Unpack[Turn]) -> str:
    """Its object came back: the page leaves the trash, and is looked at next."""
    notion.set_trashed(str(link.page_id), False, **turn)
    with transaction.atomic():
        PageLink.objects.filter(pk=link.pk).update(state=State.LINKED, wanted_at=now, attempts=0, error="")
        reconciling.note(link=link, direction="to_notion", what="restored", now=now)
    return "restored_there"


# Carrying one object over


def next_change(*, database: NotionDatabase, now: dt.datetime) -> PageLink | None:
    """The page to be looked at next."""
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


def carry(
    *, layout: Layout, link: PageLink, notion: Notion, manner: Manner, now: dt.datetime, **turn: Unpack[Turn]
) -> str:
    """Bring one object and its page together; says what became of them. Trouble with this page alone puts it off.

    Raises what concerns all pages: Later, Unauthorized, Forbidden, RateLimited.
    """
    try:
        if link.state == State.CREATING:
            return _create(layout, link, notion, now, **turn)
        if link.state == State.RESTORING:
            return _restore(link, notion, now, **turn)
        return _update(layout, link, notion, manner, now, **turn)
    except NotFound as error:
        return _out_of_reach(layout, link, notion, error, now, **turn)
    except Invalid as error:
        schemas.refresh(database=layout.database, notion=notion, now=now, **turn)
        _refused(link, error, now)
        return "refused"
    except (Unavailable, Unclear, Conflicting) as error:
        _put_off(link, error, now)
        return "put_off"


def look_up(
    *, layout: Layout, links: Sequence[PageLink], notion: Notion, now: dt.datetime, **turn: Unpack[Turn]
) -> str:
    """Ask Notion, with one query, for pages whose creation was not answered."""
    try:
        _look_up(layout, notion, links, now, **turn)
    except (Unavailable, Unclear, Conflicting) as error:
        for link in links:
            _put_off(link, error, now)
    return "looked_up"


def settle_twins(
    *, layout: Layout, link: PageLink, page: Mapping[str, Any], notion: Notion, now: dt.datetime, **turn: Unpack[Turn]
) -> None:
    """Two pages of our making for one object: the elder stays, the younger goes to the trash, and staff are told."""
    linked = notion.page(str(link.page_id), **turn)
    elder, younger = sorted([linked, page], key=lambda one: (str(one.get("created_time")), one is page))
    notion.set_trashed(str(younger["id"]), True, **turn)
    _report_twins(link, younger, now)
    if elder is page:
        PageLink.objects.filter(pk=link.pk).update(page_id=page["id"], url=str(page.get("url") or ""), wanted_at=now)


def _create(layout: Layout, link: PageLink, notion: Notion, now: dt.datetime, **turn: Unpack[Turn]) -> str:
    key = link.object_key
    values = layout.subject.snapshot(layout.subject.belonging([key])).get(key) if key else None
    if values is None:
        PageLink.objects.filter(pk=link.pk).update(wanted_at=None)  # it does not belong there (any more)
        return "unchanged"
    if layout.key is None:
        _put_off(link, Invalid("no_key_property", "Add the property for our id first."), now, LONGEST_PAUSE)
        return "put_off"
    told = {name: value for name, value in values.items() if name in layout.properties}
    draft = layout.write({name: value for name, value in told.items() if value})
    began, wanted_at, look_up = time.monotonic(), link.wanted_at, dt.timedelta(seconds=settings.NOTION_LOOK_UP_SECONDS)
    # Before anything leaves: from here on the page may exist, whatever we hear, and whether we live to hear it.
    link.here, link.there, link.is_unclear, link.digest = told, {}, True, reconciling.digest(layout, values)
    link.wanted_at = now + look_up
    link.save(update_fields=["here", "there", "is_unclear", "digest", "wanted_at"])
    try:
        page = notion.create_page(layout.database.data_source_id, draft.properties, **turn)
    except Unclear as error:
        waited = dt.timedelta(seconds=time.monotonic() - began)  # for its turn: the page is younger than `now`
        _put_off(link, error, now + waited, look_up)
        return "unclear"
    except (NotionError, Later):
        link.wanted_at = wanted_at
        PageLink.objects.filter(pk=link.pk).update(is_unclear=False, wanted_at=wanted_at)  # a no, or nothing was sent
        raise
    reading = layout.read(page, notion, **turn)
    link.there = {name: reading.values.get(name, value) for name, value in told.items()}
    link.page_id, link.url, link.edited_at = UUID(str(page["id"])), str(page.get("url") or ""), None
    link.state, link.is_unclear, link.wanted_at, link.attempts, link.error = State.LINKED, False, None, 0, ""
    link.agreed_at = now
    with transaction.atomic():
        link.save()
        reconciling.note(link=link, direction="to_notion", what="created", now=now)
        reconciling.report_limits(link=link, limits=draft.limits, of=draft.limits, now=now)
        _note_options(layout, told)
    return "created_there"


def _update(
    layout: Layout, link: PageLink, notion: Notion, manner: Manner, now: dt.datetime, **turn: Unpack[Turn]
) -> str:
    page = notion.page(str(link.page_id), **turn)
    visit = arriving.look(layout=layout, notion=notion, page=page, manner=manner, now=now, **turn)
    if layout.lost_options(link.there, visit.reading):
        schemas.refresh(database=layout.database, notion=notion, now=now, **turn)
        layout = layouts.current(layout.database, notion, **turn)
        visit = arriving.look(layout=layout, notion=notion, page=page, manner=manner, now=now, **turn)
    if link.state == State.LINKED and not arriving.lost(visit):
        visit = replace(visit, reading=layout.without_removed_options(link.there, visit.reading))
        arrived = arriving.meet(visit, link, what="changed")
    else:
        arrived = arriving.receive(visit)
    if arrived.what == "twin" and arrived.link:
        settle_twins(layout=layout, link=arrived.link, page=page, notion=notion, now=now, **turn)
        return "twin"
    if arrived.to_there.is_gone and arrived.link:
        _trash(arrived.link, notion, now, **turn)
        return "trashed_there"
    if arrived.to_there.to_there:
        return _write(visit, arrived, notion, **turn)
    if arrived.what != "waiting":
        PageLink.objects.filter(page_id=page["id"]).update(wanted_at=None, attempts=0, error="")
    return arrived.what


def _write(visit: Visit, arrived: Arrived, notion: Notion, **turn: Unpack[Turn]) -> str:
    """Send what the meeting decided, in one request, and note what Notion made of it."""
    link, values, layout = arrived.link, arrived.to_there.to_there, visit.layout
    assert link is not None  # noqa: S101  # who has something to write has a link
    draft = layout.write(values, visit.page)
    if (deadline := turn.get("deadline")) is not None:
        turn["deadline"] = deadline + WRITE_SECONDS  # the page was read for this: putting it off would read it again
    answer = notion.update_page(str(link.page_id), draft.properties, **turn) if draft.properties else visit.page
    reading = layout.read(answer, notion, **turn)
    before = {name: link.there.get(name) for name in values}
    for name, value in values.items():
        left = _not_taken_over(link, visit, name)
        link.here[name] = _without(value, left)
        link.there[name] = _without(reading.values.get(name, link.there.get(name)), left)
    # Somebody may have edited other fields between our two requests: then the page is looked at once more.
    others = reading.values.keys() - values.keys()
    raced = any(reading.values[name] != visit.reading.values.get(name, reading.values[name]) for name in others)
    link.wanted_at, link.attempts, link.error = visit.now if raced else None, 0, ""
    with transaction.atomic():
        link.save(update_fields=["here", "there", "wanted_at", "attempts", "error"])
        if draft.properties:
            fields = {name: [before[name], value] for name, value in values.items() if name not in draft.left}
            reconciling.note(link=link, direction="to_notion", what="changed", fields=fields, now=visit.now)
        reconciling.report_limits(link=link, limits=draft.limits, of=values, now=visit.now)
        problems.close(Cause.REFUSED_BY_NOTION, subjects=[f"page {link.pk}"], now=visit.now)
        _note_options(layout, values)
    return "written" if draft.properties else "unchanged"


def _not_taken_over(link: PageLink, visit: Visit, name: str) -> set[str]:
    """What a list in Notion has that we do not know: it stays there, and is agreed on when somebody adds it here."""
    there, agreed = visit.reading.values.get(name), link.there.get(name)
    if not isinstance(there, list):
        return set()
    return {word.casefold() for word in there} - {word.casefold() for word in agreed or []}


def _without(value: Any, left: set[str]) -> Any:
    return [word for word in value if word.casefold() not in left] if isinstance(value, list) else value


def _note_options(layout: Layout, values: Mapping[str, Value]) -> None:
    """Options that our own writing made are no news when the schema is looked at next."""
    schema, grown = layout.database.schema, False
    for name, value in values.items():
        one = layout.properties[name]
        if one.type not in ("select", "multi_select") or one.id not in schema:
            continue
        known = {mapping.folded(option) for option in schema[one.id]["options"]}
        fresh = [word for word in ([value] if isinstance(value, str) else value) if mapping.folded(word) not in known]
        schema[one.id]["options"] += [word for word in fresh if word]
        grown = grown or bool(fresh)
    if grown:
        layout.database.save(update_fields=["schema"])


def _look_up(layout: Layout, notion: Notion, links: Sequence[PageLink], now: dt.datetime, **turn: Unpack[Turn]) -> None:
    if layout.key is None:
        raise Unavailable("no_key_property")
    name, kind = layout.named(layout.key.field.name), layout.key.type
    asked = [{"property": name, kind: {"equals": str(link.object_key)}} for link in links]
    answer = notion.query(layout.database.data_source_id, filter=asked[0] if len(asked) == 1 else {"or": asked}, **turn)
    found: dict[UUID, list[Mapping[str, Any]]] = defaultdict(list)
    for page in answer.get("results") or []:
        if key := layout.key_in(page):
            found[key].append(page)
    for link in links:
        pages = sorted(found.get(link.object_key, []), key=lambda page: str(page.get("created_time")))  # type: ignore[arg-type]
        if not pages:
            # Nothing came of it: asked for once more.
            PageLink.objects.filter(pk=link.pk).update(is_unclear=False, wanted_at=now)
            continue
        for younger in pages[1:]:
            notion.set_trashed(str(younger["id"]), True, **turn)
            _report_twins(link, younger, now)
        visit = arriving.look(layout=layout, notion=notion, page=pages[0], manner=Manner(enrol=True), now=now, **turn)
        arrived = arriving.adopt(visit, link)
        if arrived.to_there.to_there or arrived.to_there.is_gone:
            PageLink.objects.filter(pk=link.pk).update(wanted_at=now)


def _report_twins(link: PageLink, younger: Mapping[str, Any], now: dt.datetime) -> None:
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


def _out_of_reach(
    layout: Layout, link: PageLink, notion: Notion, error: NotFound, now: dt.datetime, **turn: Unpack[Turn]
) -> str:
    """A 404 of a page: is it the page, or the whole database? Raises NotFound for the database."""
    notion.data_source(layout.database.data_source_id, **turn)
    if link.page_id is None:
        raise error
    return arriving.let_go(link=link, state=State.UNSHARED, now=now).what


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
