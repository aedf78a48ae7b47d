"""One timeline of everything that happened with a contact, out of what every room tells."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError

import contactflow.audit.timeline
import contacts.timeline
import engagement.timeline
import notion_bridge.timeline
import workflows.timeline
from contacts import describe
from contacts.models import Contact
from contacts.timeline import ARRIVAL, EDIT, GOAL, NOTE, NOTION, PERMISSION, Entry, Place, Source
from engagement.timeline import ALERT, MAIL, TASK, TOUCH
from workflows.models import ScheduledAction, WorkflowTemplate
from workflows.timeline import CONTROL, STEP, WORKFLOW

PAGE = 25
SEPARATOR = "~"
# What one may look at alone, in the order of the buttons: its name and its icon.
SHOWN = {
    ARRIVAL: ("Events", "login"),
    WORKFLOW: ("Workflows", "account_tree"),
    STEP: ("Steps", "checklist"),
    MAIL: ("Emails", "mail"),
    TOUCH: ("Calls and meetings", "call"),
    ALERT: ("Alerts", "notifications"),
    TASK: ("Tasks", "task_alt"),
    GOAL: ("Goals", "flag"),
    NOTE: ("Notes", "sticky_note_2"),
    CONTROL: ("Decisions", "gavel"),
    EDIT: ("Changes", "edit"),
    PERMISSION: ("Consent", "how_to_reg"),
    NOTION: ("Notion", "sync"),
}
KINDS, ICONS = ({kind: pair[place] for kind, pair in SHOWN.items()} for place in (0, 1))
SOURCES: tuple[Source, ...] = (
    *contacts.timeline.SOURCES,
    *engagement.timeline.SOURCES,
    *workflows.timeline.SOURCES,
    *notion_bridge.timeline.SOURCES,
    *contactflow.audit.timeline.SOURCES,
)
_BY_NAME = {source.name: source for source in SOURCES}


class UnknownPlace(ValueError):
    """The text names no place in a timeline."""


@dataclass(frozen=True)
class Stretch:
    """A page of the timeline, and where the next one begins (empty: this is all)."""

    entries: Sequence[Entry]
    next: str


def visible_to(user: AbstractBaseUser | AnonymousUser) -> tuple[Source, ...]:
    """The sources whose rows the person may see."""
    return tuple(source for source in SOURCES if user.has_perm(_view_permission(source)))  # type: ignore[union-attr]  # staff


def kinds_of(sources: Iterable[Source]) -> dict[str, str]:
    """What can be looked at alone, by name."""
    offered = {kind for source in sources for kind in source.kinds}
    return {kind: name for kind, name in KINDS.items() if kind in offered}


def read(
    *,
    contact: Contact,
    kinds: Collection[str] = (),
    before: str = "",
    limit: int = PAGE,
    sources: Sequence[Source] = SOURCES,
) -> Stretch:
    """The newest entries before that place; no kinds means all of them. Raises UnknownPlace."""
    wanted = [kind for kind in KINDS if kind in kinds] or list(KINDS)
    place = _place(before) if before else None
    parts = [source.older(contact=contact, kinds=wanted, before=place, limit=limit + 1) for source in sources]
    found = list(_newest_first(parts, limit + 1))
    there_is_more, shown = len(found) > limit, found[:limit]
    return Stretch(entries=_completed(shown), next=_text(shown[-1].place) if there_is_more else "")


def _view_permission(source: Source) -> str:
    meta = source.rows(Contact()).model._meta
    return f"{meta.app_label}.view_{meta.model_name}"


def _newest_first(parts: Iterable[Sequence[Entry]], limit: int) -> Iterable[Entry]:
    merged = heapq.merge(*parts, key=_order, reverse=True)
    return (entry for entry, _ in zip(merged, range(limit), strict=False))


def _order(entry: Entry) -> tuple[dt.datetime, str, object]:
    place = entry.place
    if place is None:
        raise UnknownPlace("An entry came from no source.")
    return place.at, place.source, place.pk


def _text(place: Place | None) -> str:
    return SEPARATOR.join((place.at.isoformat(), place.source, str(place.pk))) if place else ""


def _place(text: str) -> Place:
    try:
        at, name, pk = text.split(SEPARATOR)
        moment, source = dt.datetime.fromisoformat(at), _BY_NAME[name]
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        model = source.rows(Contact()).model
        return Place(at=moment, source=name, pk=model._meta.pk.to_python(pk))
    except (ValueError, KeyError, ValidationError) as error:
        raise UnknownPlace(text) from error


def _completed(entries: list[Entry]) -> list[Entry]:
    """Add what no room knows alone: the workflow behind an email, alert or task, and the names of workflows."""
    workflows_of = _workflows({entry.action for entry in entries if entry.action})
    names = _names() if any(entry.answers for entry in entries) else {}
    return [_complete(entry, workflows_of, names) for entry in entries]


def _complete(entry: Entry, workflows_of: dict[object, str], names: dict[str, str]) -> Entry:
    lines = entry.lines
    if workflow := workflows_of.get(entry.action):
        lines = (*lines, f"Workflow: {workflow}")
    answers = tuple(
        {**answer, "workflow": names.get(answer["workflow"], answer["workflow"])} for answer in entry.answers
    )
    return replace(entry, lines=lines, answers=answers)


def _workflows(actions: Collection[object]) -> dict[object, str]:
    if not actions:
        return {}
    rows = ScheduledAction.objects.filter(pk__in=actions)  # type: ignore[misc]  # ids, as the rows carry them
    return dict(rows.values_list("pk", "instance__template__name"))


def _names() -> dict[str, str]:
    return dict(WorkflowTemplate.objects.values_list("slug", "name"))


def told(answers: Iterable[Mapping[str, Any]], *, started: bool) -> list[str]:
    """What the workflows that started (or did not) said."""
    return [describe.outcome(one) for one in answers if bool(one.get("matched")) is started]
