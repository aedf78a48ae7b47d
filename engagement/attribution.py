"""To what a conversion is owed: the last thing a colleague did or a person clicked before it, and the first beside."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from engagement.models import Alert, Conversion, HumanTouch, Message, MessageEvent, Task

MODEL = "last_touch"
Mark = dict[str, Any]


def attribute(conversions: Sequence[Conversion]) -> None:
    """Freeze it on these conversions, which have their goal; a few queries whatever their number."""
    if not conversions:
        return
    since = min(one.at - dt.timedelta(days=one.goal.window_days) for one in conversions)
    people = {one.contact_id for one in conversions}
    marks = _marks(people, since=since, until=max(one.at for one in conversions))
    for one in conversions:
        window = one.goal.window_days
        begins = one.at - dt.timedelta(days=window)
        within = [mark for at, mark in marks[one.contact_id] if begins <= at <= one.at]
        last, first = (within[-1], within[0]) if within else (None, None)
        one.attribution = {"model": MODEL, "window_days": window, "last": last, "first": first}


def _marks(
    people: Collection[UUID], *, since: dt.datetime, until: dt.datetime
) -> Mapping[UUID, list[tuple[dt.datetime, Mark]]]:
    """By person, the oldest first."""
    found: dict[UUID, list[tuple[dt.datetime, Mark]]] = defaultdict(list)
    clicks = MessageEvent.objects.filter(
        message__contact__in=people, type=MessageEvent.Type.CLICKED, label=MessageEvent.Label.HUMAN
    )
    for click in clicks.filter(at__range=(since, until)).select_related("message__version__template"):
        message = click.message
        told = {"message": str(message.pk), "action": message.action, "email": _email(message)}
        found[message.contact_id].append((click.at, _mark("clicked", click.at, told)))
    touches = list(HumanTouch.objects.filter(contact__in=people, at__range=(since, until)))
    actions = _actions({one.reference for one in touches if one.reference})
    for touch in touches:
        told = {"touch": str(touch.pk), "action": actions.get(touch.reference)}
        found[touch.contact_id].append((touch.at, _mark(touch.kind, touch.at, told)))
    _name_workflows([mark for some in found.values() for _, mark in some])
    for some in found.values():
        some.sort(key=lambda one: one[0])
    return found


def _name_workflows(marks: Collection[Mark]) -> None:
    """Beside the action, which may be gone when somebody counts."""
    actions = {UUID(mark["action"]) for mark in marks if "action" in mark}
    known = import_string(settings.ACTION_ORIGINS["workflows_of"])(actions) if actions else {}
    for mark in marks:
        if "action" in mark and (slug := known.get(UUID(mark["action"]))):
            mark["workflow"] = slug


def _mark(kind: str, at: dt.datetime, told: Mapping[str, Any]) -> Mark:
    return {"kind": kind, "at": at.isoformat()} | {name: str(value) for name, value in told.items() if value}


def _email(message: Message) -> str:
    return message.version.template.slug if message.version else ""


def _actions(references: Collection[UUID]) -> dict[UUID | None, UUID | None]:
    """The planned steps that made what colleagues did something with."""
    if not references:
        return {}
    found: dict[UUID | None, UUID | None] = {}
    for model in (Task, Alert, Message):
        found |= dict(model._default_manager.filter(pk__in=references).values_list("pk", "action"))
    return found
