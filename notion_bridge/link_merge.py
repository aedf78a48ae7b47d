"""Two people who are one: their pages in Notion follow."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from contacts.models import Contact
from notion_bridge import problems
from notion_bridge.models import PageLink, SyncProblem
from workflows import wake

State = PageLink.State


def foresee(*, keep: Contact, drop: Contact) -> str:
    """What becomes of their pages, in a sentence; empty where none has one."""
    theirs, ours = _link(drop), _link(keep)
    if theirs is None or theirs.page_id is None:
        return "The page in Notion gets the values of both." if ours is not None and ours.page_id else ""
    if _moves(theirs, ours):
        return f"The page in Notion of {drop} becomes that of {keep}."
    if theirs.state == State.LINKED:
        return f"The page in Notion of {keep} gets the values of both; the page of {drop} goes to Notion's trash."
    return f"The page in Notion of {drop} is not synchronised any more and is left alone."


def join(*, keep: Contact, drop: Contact, now: dt.datetime) -> dict[str, Any]:
    """Before `drop` is deleted: their page goes over where `keep` has none. Returns how it was, for `part`.

    Otherwise the page is left without a person, and so goes to the trash like that of anybody who is deleted.
    """
    theirs, ours = _link(drop), _link(keep)
    if theirs is None:
        return {}
    was = {"state": theirs.state, "local": theirs.local, "remote": theirs.remote}
    record: dict[str, Any] = {"link": theirs.pk, "was": was, "moved": _moves(theirs, ours)}
    if record["moved"]:
        if ours is not None:
            ours.delete()  # no page was asked for yet
        PageLink.objects.filter(pk=theirs.pk).update(contact=keep, object_key=keep.pk, wanted_at=now, digest="")
    else:
        PageLink.objects.filter(pk=theirs.pk).update(contact=None, wanted_at=None)
    if theirs.page_id is not None:
        problems.close(SyncProblem.Cause.DUPLICATE_CONTACT, subjects=[f"page {theirs.page_id}"], now=now)
    wake.on_commit()
    return record


def part(*, record: dict[str, Any], keep: UUID, drop: UUID, now: dt.datetime) -> str:
    """After `drop` is there again: their page returns, out of the trash if need be. Says what could not be done."""
    if not record:
        return ""
    link = PageLink.objects.select_for_update().filter(pk=record["link"]).first()
    if link is None:
        return ""  # it had no page yet; it gets one like anybody new
    if link.contact_id not in (None, keep) or (record["moved"] and link.contact_id != keep):
        return "The page in Notion belongs to somebody else by now and stays there."
    was = record["was"]
    link.contact_id, link.object_key, link.wanted_at, link.digest = drop, drop, now, ""
    if link.state == State.DELETED:
        link.state, link.local, link.remote = State.RESTORING, was["local"], was["remote"]
    elif link.state not in (State.LINKED, State.CREATING):
        link.wanted_at = None
    link.save(update_fields=["contact", "object_key", "wanted_at", "digest", "state", "local", "remote"])
    wake.on_commit()
    return ""


def _link(contact: Contact) -> PageLink | None:
    return PageLink.objects.filter(contact=contact).first()


def _moves(theirs: PageLink, ours: PageLink | None) -> bool:
    """A page in step goes over to somebody who has none, and for whom none was asked for."""
    has_none = ours is None or (ours.page_id is None and not ours.is_unclear)
    return has_none and theirs.state == State.LINKED and theirs.page_id is not None
