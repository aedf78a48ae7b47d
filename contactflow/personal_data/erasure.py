"""Erasing people: a request that outlives them, with a few steps, each of which may be done again.

The first deletes the person with all that belongs to them and forgets what mentions them, in one transaction: from
then on nothing is sent, and lists and Notion cannot bring them back. The second, a while later, looks for what those
at work meanwhile left behind. The third waits until their pages are in Notion's trash.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from contactflow.core.clock import database_now
from contactflow.models import ContactMerge, ErasureRequest
from contactflow.personal_data import belongings
from contacts import addresses, consent, deletion
from contacts.deletion import Erased
from contacts.models import Contact
from notion_bridge.models import PageLink
from workflows.models import ImportRun

logger = logging.getLogger(__name__)

SETTLED = dt.timedelta(seconds=60)  # then whoever was at work has written what it had in hand
LATER = dt.timedelta(seconds=30)
AT_ONCE = 50
NAMES = ["first_name", "last_name"]
DELETED, TRACES, NOTION = "deleted", "traces", "notion"
WRITTEN = ["contact_keys", "emails", "names", "pages", "steps", "due_at", "finished_at"]
OUT_OF_REACH = (PageLink.State.UNSHARED, PageLink.State.MOVED)


@transaction.atomic
def erase(
    *, contacts: Sequence[Contact], reason: str, actor: str, now: dt.datetime, user: AbstractBaseUser | None = None
) -> list[ErasureRequest]:
    """Delete these people now, and leave a request for each that sees to the rest. Who is gone already gets none."""
    wanted = Contact.objects.filter(pk__in=[one.pk for one in contacts]).order_by("pk")
    locked = list(wanted.select_for_update(no_key=True))
    requests = [_request(one, reason=reason, actor=actor, now=now, user=user) for one in locked]
    consent.suppress_erased(emails=[email for one in requests for email in one.emails])
    deletion.delete_contacts(contacts=locked)
    ErasureRequest.objects.bulk_create(requests)
    for one in requests:
        logger.info("erasure %s: %s deleted", one.pk, sum(one.steps[DELETED].values()))
    return requests


def run_pump_step(deadline: float) -> int:
    """Go on with what is due, a batch at a time; one process at a time has a request."""
    done = 0
    while time.monotonic() < deadline:
        with transaction.atomic():
            number = _go_on(database_now())
        done += number
        if not number:
            break
    return done


def resurrected() -> list[Contact]:
    """People who were erased and are here again with the id they had: a backup from before was restored."""
    erased = [key for keys in ErasureRequest.objects.values_list("contact_keys", flat=True) for key in keys]
    return list(Contact.objects.filter(pk__in=erased))


def _request(
    contact: Contact, *, reason: str, actor: str, now: dt.datetime, user: AbstractBaseUser | None
) -> ErasureRequest:
    traces = deletion.traces_of(contacts=[contact])
    merged = ContactMerge.objects.filter(kept=contact).values_list("dropped_key", flat=True)
    counts = Counter({rows.model._meta.label_lower: rows.count() for rows in belongings.rows_of(contacts=[contact.pk])})
    return ErasureRequest(
        contact_keys=[contact.pk, *merged],
        reason=_without_them(reason, contact, traces)[:300],
        asked_by_id=user.pk if user else None,
        actor=actor,
        asked_at=now,
        due_at=now + SETTLED,
        emails=list(traces.emails),
        names=list(traces.names),
        pages=_pages([contact.pk]),
        steps={DELETED: dict(counts)},
    )


def _pages(contacts: Collection[UUID], besides: Collection[int] = ()) -> list[int]:
    of_them = Q(contact__in=contacts) | Q(task__contact__in=contacts) | Q(instance__contact__in=contacts)
    rows = PageLink.objects.filter(of_them | Q(object_key__in=contacts) | Q(pk__in=besides))
    return list(rows.values_list("pk", flat=True))


def _without_them(words: str, contact: Contact, traces: Erased) -> str:
    """The reason is kept, and must not say who it was, nor what they were called before."""
    names = {contact.first_name, contact.last_name}
    renamed = contact.events.filter(changes__has_any_keys=NAMES).values_list("changes", flat=True)
    names |= {str(name) for change in renamed for part in NAMES for name in change.get(part, ()) if name}
    whole = [rf"\b{re.escape(one)}\b" for one in sorted(filter(None, names), key=len, reverse=True)]
    return re.sub("|".join([traces.pattern_with_names, *whole]), "…", words, flags=re.IGNORECASE)


def _go_on(now: dt.datetime) -> int:
    due = ErasureRequest.objects.filter(finished_at=None, due_at__lte=now).order_by("due_at")
    requests = list(due.select_for_update(skip_locked=True)[:AT_ONCE])
    if not requests:
        return 0
    fresh = [one for one in requests if TRACES not in one.steps]
    if fresh:
        _forget_traces(fresh, now)
    for one in requests:
        if TRACES in one.steps:
            _look_at_notion(one, now)
    ErasureRequest.objects.bulk_update(requests, WRITTEN)
    return len(requests)


def _forget_traces(requests: Collection[ErasureRequest], now: dt.datetime) -> None:
    """Whoever was in the hands of somebody else at that moment came back; so did what mentions them."""
    emails = {email for one in requests for email in one.emails}
    again = list(addresses.holders(emails=[email.lower() for email in emails]))
    if again:
        _note_pages_of(again, requests)
        consent.suppress_erased(emails=[one.email for one in again])
        deletion.delete_contacts(contacts=again)
    keys = tuple(key for one in requests for key in one.contact_keys)
    names = {name for one in requests for name in one.names}
    deletion.forget(Erased(ids=keys, emails=tuple(sorted(emails)), names=tuple(sorted(names))))
    reading = ImportRun.objects.filter(state=ImportRun.State.READING)
    for one in requests:
        if reading.filter(created_at__lte=one.due_at).exists():
            one.due_at = now + LATER  # its file may hold them; what it becomes is looked through
        else:
            one.pages = _pages(one.contact_keys, besides=one.pages)
            one.steps[TRACES] = {"came_back": sum(person.email in one.emails for person in again)}
            one.emails, one.names = [], []


def _note_pages_of(again: Sequence[Contact], requests: Collection[ErasureRequest]) -> None:
    for person in again:
        for one in requests:
            if person.email in one.emails:
                one.contact_keys.append(person.pk)
                one.pages += _pages([person.pk])


def _look_at_notion(request: ErasureRequest, now: dt.datetime) -> None:
    """The bridge trashes the pages of what was deleted; one that was never made leaves no link."""
    states: Counter[Any] = Counter(PageLink.objects.filter(pk__in=request.pages).values_list("state", flat=True))
    lost = sum(states.pop(state, 0) for state in OUT_OF_REACH)
    trashed = sum(states.pop(state, 0) for state in (PageLink.State.DELETED, PageLink.State.TRASHED))
    waiting = states.total()
    request.steps[NOTION] = {"trashed": trashed, "waiting": waiting, "out_of_reach": lost}
    if waiting:
        request.due_at = now + LATER
    else:
        request.finished_at = now
