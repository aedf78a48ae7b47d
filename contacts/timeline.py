"""What happened with one contact, newest first: how an entry reads, how every room hands over its own, and ours.

A room gives sources. Each answers one page at a time, from an index on (contact, time), so that the timeline of a
contact with ten thousand entries costs as much as that of one with ten. contactflow.timeline puts them together.
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from contacts import describe
from contacts.models import Consent, Contact, ContactEvent, Preference

ARRIVAL, NOTE, EDIT, PERMISSION, NOTION, GOAL = "arrival", "note", "edit", "permission", "notion", "goal"
GOOD, WARN, BAD, INFO = "is-good", "is-warn", "is-bad", "is-info"

ABOUT_GOALS = "converted:"  # the key of an event that a goal left
# Events that say nothing but that contact was forbidden or allowed again begin their key so.
ABOUT_PERMISSION = ("do_not_contact:", "contact_again:", "suppression_lifted:")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an entry stands: by time, and for equal times by source and row, so that no two share a place."""

    at: dt.datetime
    source: str
    pk: Any


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened, as a person reads it."""

    kind: str
    at: dt.datetime
    title: str
    lines: tuple[str, ...] = ()
    by: str = ""
    """Who did it, where it was a person."""
    tone: str = ""
    row: Model | None = None
    """Where one can read on."""
    text: str = ""
    """Words of a person, or of an email: shown as they are, line for line."""
    text_title: str = ""
    answers: tuple[Mapping[str, Any], ...] = ()
    """What every workflow said to an event."""
    action: UUID | None = None
    """The planned step that made it."""
    place: Place | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """The rows of one table that tell of a contact. `kinds` says which of them are of which kind.

    They are told one by one (`tell`), or together where their words need rows of other tables (`tell_all`).
    """

    name: str
    kinds: Mapping[str, Q]
    rows: Callable[[Contact], QuerySet[Any]]
    time: str
    tell: Callable[[Any], Entry] | None = None
    tell_all: Callable[[Sequence[Any]], Sequence[Entry]] | None = None

    def older(self, *, contact: Contact, kinds: Collection[str], before: Place | None, limit: int) -> list[Entry]:
        """At most `limit` entries of these kinds, the newest before that place first."""
        wanted = [self.kinds[kind] for kind in kinds if kind in self.kinds]
        if not wanted:
            return []
        rows = self.rows(contact)
        if len(wanted) < len(self.kinds):
            rows = rows.filter(_any(wanted))
        if before is not None:
            rows = rows.filter(self._older_than(before))
        return self._told(list(rows.order_by(f"-{self.time}", "-pk")[:limit]))

    def _older_than(self, before: Place) -> Q:
        if self.name > before.source:
            return Q(**{f"{self.time}__lt": before.at})
        up_to = Q(**{f"{self.time}__lte": before.at})
        if self.name < before.source:
            return up_to
        return up_to & (Q(**{f"{self.time}__lt": before.at}) | Q(pk__lt=before.pk))

    def _told(self, rows: Sequence[Any]) -> list[Entry]:
        entries = self.tell_all(rows) if self.tell_all else [self.tell(row) for row in rows if self.tell]
        places = (Place(at=getattr(row, self.time), source=self.name, pk=row.pk) for row in rows)
        return [replace(entry, place=place) for entry, place in zip(entries, places, strict=True)]


def _any(conditions: Sequence[Q]) -> Q:
    return functools.reduce(operator.or_, conditions)


def _kinds_of_events() -> dict[str, Q]:
    note = Q(kind=NOTE)
    permission = _any([Q(event_key__startswith=start) for start in ABOUT_PERMISSION])
    goal = Q(event_key__startswith=ABOUT_GOALS)
    notion = Q(source=ContactEvent.Source.NOTION) & ~note
    edit = Q(mode=ContactEvent.Mode.EDIT) & ~Q(source=ContactEvent.Source.NOTION) & ~permission
    arrival = ~(note | permission | goal | Q(source=ContactEvent.Source.NOTION) | Q(mode=ContactEvent.Mode.EDIT))
    return {ARRIVAL: arrival, NOTE: note, GOAL: goal, EDIT: edit, PERMISSION: permission, NOTION: notion}


def _tell_event(event: ContactEvent) -> Entry:
    if event.kind == NOTE:
        text = str(event.payload.get("text", ""))
        return Entry(kind=NOTE, at=event.received_at, title="Note", by=_colleague(event), text=text)
    if event.event_key.startswith(ABOUT_PERMISSION):
        return _permission_changed(event)
    if event.event_key.startswith(ABOUT_GOALS):
        return _goal(event)
    if event.mode == ContactEvent.Mode.EDIT:
        return _edit(event)
    return _arrival(event)


def _permission_changed(event: ContactEvent) -> Entry:
    forbidden = event.event_key.startswith("do_not_contact:")
    how = str(event.payload.get("how") or "")
    return Entry(
        kind=PERMISSION,
        at=event.received_at,
        title="Do not contact from now on" if forbidden else "May be written to again",
        lines=(*((f"Because: {how}",) if how else ()), *describe.changes(event.changes)),
        by=_colleague(event),
        tone=BAD if forbidden else GOOD,
        row=event,
    )


def _goal(event: ContactEvent) -> Entry:
    about = event.payload.get("metadata") or {}
    worth = " ".join(str(about[name]) for name in ("value", "currency") if about.get(name))
    lines = ((f"Worth {worth}",) if worth else ()) + ((str(about["note"]),) if about.get("note") else ())
    return Entry(
        kind=GOAL,
        at=event.received_at,
        title=f"Goal reached: {about.get('goal_name') or about.get('goal')}",
        lines=lines,
        by=_colleague(event),
        tone=GOOD,
        row=event,
        answers=tuple(event.outcome),
    )


def _edit(event: ContactEvent) -> Entry:
    is_notion = event.source == ContactEvent.Source.NOTION
    where = {"notion": "in Notion", "api": "through the API"}.get(event.source, "by a colleague")
    return Entry(
        kind=NOTION if is_notion else EDIT,
        at=event.received_at,
        title=f"Changed {where}",
        lines=(*describe.changes(event.changes), *map(describe.decision, event.decisions)),
        by=_colleague(event),
        row=event,
        answers=tuple(event.outcome),
    )


def _arrival(event: ContactEvent) -> Entry:
    by = _colleague(event)
    through, said = event.get_source_display(), event.payload.get("message")
    title = {
        "new_contact": f"Arrived for the first time ({through})",
        "contact_updated": f"Arrived again ({through})",
        "manual_trigger": f"Workflows were started by hand ({through})",
    }.get(event.kind, f"{describe.name_of_event(event.kind)} ({through})")
    known = ("Was on a list that started no workflow.",) if event.mode == ContactEvent.Mode.BASELINE and not by else ()
    waiting = ("Workflows have not looked at this yet.",) if event.processed_at is None else ()
    told = (*describe.changes(event.changes), *map(describe.decision, event.decisions), *describe.proposals(event))
    odd = describe.warnings(event.warnings)
    return Entry(
        kind=NOTION if event.source == ContactEvent.Source.NOTION else ARRIVAL,
        at=event.received_at,
        title=title,
        lines=(*told, *odd, *known, *waiting),
        by=by,
        tone=INFO,
        row=event,
        text=said if isinstance(said, str) else "",
        text_title="What they wrote",
        answers=tuple(event.outcome),
    )


def _colleague(event: ContactEvent) -> str:
    about = event.payload.get("metadata") if isinstance(event.payload.get("metadata"), dict) else event.payload
    return str(about.get("colleague") or "") if isinstance(about, dict) else ""


def _tell_consent(consent: Consent) -> Entry:
    given = consent.state == Consent.State.GRANTED
    brand = consent.business_entity or "every brand"
    verb = "Permission asked for" if consent.state == Consent.State.PENDING else "Permission withdrawn"
    verb = "Permission given" if given else verb
    who = (f"By: {consent.actor}",) if consent.actor else ()
    words = (f"In the words: {consent.wording}",) if consent.wording else ()
    return Entry(
        kind=PERMISSION,
        at=consent.recorded_at,
        title=f"{verb}: {consent.channel} from {brand}",
        lines=((f"How: {consent.source}",) if consent.source else ()) + who + words,
        tone=GOOD if given else BAD,
        row=consent,
    )


def _tell_choice(choice: Preference) -> Entry:
    pause = f"Pause until {describe.moment(choice.paused_until)}" if choice.paused_until else ""
    refused = f"Not wanted: {', '.join(choice.refused_kinds).replace('_', ' ')}" if choice.refused_kinds else ""
    return Entry(
        kind=PERMISSION,
        at=choice.recorded_at,
        title=f"Chosen for {choice.business_entity or 'every brand'}: {choice.get_frequency_display().lower()}",
        lines=tuple(filter(None, (pause, refused, f"How: {choice.source}", choice.actor and f"By: {choice.actor}"))),
    )


SOURCES = (
    Source(
        name="contacts.event",
        kinds=_kinds_of_events(),
        rows=lambda contact: ContactEvent.objects.filter(contact=contact).defer("facts"),
        time="received_at",
        tell=_tell_event,
    ),
    Source(
        name="contacts.permission",
        kinds={PERMISSION: Q()},
        rows=lambda contact: Consent.objects.filter(contact=contact).select_related("business_entity"),
        time="recorded_at",
        tell=_tell_consent,
    ),
    Source(
        name="contacts.preference",
        kinds={PERMISSION: Q()},
        rows=lambda contact: Preference.objects.filter(contact=contact).select_related("business_entity"),
        time="recorded_at",
        tell=_tell_choice,
    ),
)
