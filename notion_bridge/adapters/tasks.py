"""Master Tasks: a page is a task; one that is typed into Notion becomes a task here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Q

from contacts import addresses, cleaning
from contacts.cleaning import Unacceptable
from contacts.models import BusinessEntity, Contact
from engagement import tasking
from engagement.models import Priority, Target, Task
from notion_bridge.adapters.adapter import Adapter, Applied, Made, Source, Values, moment
from notion_bridge.mapping import Value, person

# As PRODUCT's table spells them; Contactflow's own labels differ in capitals.
STATUSES: Final = {
    Task.Status.TO_DO: "To Do",
    Task.Status.IN_PROGRESS: "In Progress",
    Task.Status.ON_HOLD: "On Hold",
    Task.Status.DONE: "Done",
    Task.Status.CANCELLED: "Cancelled",
}
PRIORITIES: Final = {priority: priority.capitalize() for priority in Priority.values}
TITLE_LENGTH, CATEGORY_LENGTH = 300, 60
IN_NOTION: Final = "Notion"  # by whom a task was done there: Notion does not say which of its people it was


class TaskAdapter(Adapter):
    model = Task
    link_field = "task"
    key_field = "task_id"

    def sources(self) -> Sequence[Source]:
        return (
            Source(rows=Task.objects.all(), at="updated_at", key="id"),
            Source(rows=Task.objects.filter(contact__isnull=False), at="contact__updated_at", key="id"),
        )

    def knows(self, name: str, option: str) -> bool:
        outcome = Applied()
        _changes({name: option}, outcome)
        return not outcome.unknown

    def snapshot(self, keys: Sequence[UUID]) -> dict[UUID, dict[str, Value]]:
        related = ("contact", "business_entity", "target", "assignee")
        return {task.pk: _values(task) for task in Task.objects.filter(pk__in=keys).select_related(*related)}

    def apply(self, row: Task, values: Values, *, enrol: bool, now: dt.datetime) -> Applied:
        outcome = Applied()
        if changes := _changes(values, outcome):
            tasking.change(task=row, values=changes, now=now, by=IN_NOTION)
        return outcome

    def make(self, values: Values, *, page_id: UUID, key: UUID | None, enrol: bool, now: dt.datetime) -> Made:
        made = Made()
        made.row = Task.objects.filter(pk=key).first() if key else None
        if made.row is None:
            title = cleaning.line(str(values.get("title", "")))
            if not title:
                made.because = "The task has no name. Give it one."
                return made
            changes = _changes({name: value for name, value in values.items() if value}, made)
            if not made.unknown:
                made.row, made.is_new = self._create(title, values, changes, made, now), True
        return made

    def _create(self, title: str, values: Values, changes: dict[str, Any], made: Made, now: dt.datetime) -> Task:
        task = tasking.create_task(
            action_id=None,
            title=title,
            description=changes.get("description", ""),
            category=changes.get("category", ""),
            priority=changes.get("priority", Priority.MEDIUM),
            target=changes.get("target"),
            contact=_contact(str(values.get("contact_email", "")), made),
            business_entity=changes.get("business_entity"),
            due_at=changes.get("due_at"),
            now=now,
        )
        rest: dict[str, Any] = {name: changes[name] for name in ("assignee", "status", "due_date") if name in changes}
        return tasking.change(task=task, values=rest, now=now, by=IN_NOTION) if rest else task


def _values(task: Task) -> dict[str, Value]:
    return {
        "title": task.title,
        "task_id": str(task.pk),
        "status": STATUSES[Task.Status(task.status)],
        "description": task.description,
        "priority": PRIORITIES.get(task.priority, task.priority),
        "category": task.category,
        "due_date": task.due_date.isoformat() if task.due_date else moment(task.due_at),
        "assigned_to": _person(task.assignee) if task.assignee else task.target.name if task.target else "",
        "contact_email": task.contact.email if task.contact else "",
        "business_entity": task.business_entity.name if task.business_entity else "",
        "source": task.get_source_display(),
    }


def _person(user: User) -> str:
    name = user.get_full_name() or user.get_username()
    return f"{name} <{user.email}>" if user.email else name


def _changes(values: Values, outcome: Applied) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, value in values.items():
        if name in ("status", "priority"):
            _choose(name, str(value), changes, outcome)
        elif name == "assigned_to":
            _assign(str(value), changes, outcome)
        elif name == "business_entity":
            _belong(str(value), changes, outcome)
        elif name == "due_date":
            changes["due_date"], changes["due_at"] = _due(str(value))
        elif name in ("title", "category", "description"):
            _write(name, str(value), changes, outcome)
    return changes


def _choose(name: str, value: str, changes: dict[str, Any], outcome: Applied) -> None:
    choices = STATUSES if name == "status" else PRIORITIES
    found = next((ours for ours, label in choices.items() if label.casefold() == value.casefold()), None)
    if found is not None:
        changes[name] = str(found)
    elif value:
        outcome.unknown[name] = [value]
    else:
        outcome.overruled[name] = f"A task always has a {name}."


def _write(name: str, value: str, changes: dict[str, Any], outcome: Applied) -> None:
    text = cleaning.text(value) if name == "description" else cleaning.line(value)
    limit = {"title": TITLE_LENGTH, "category": CATEGORY_LENGTH, "description": 50_000}[name]
    if name == "title" and not text:
        outcome.overruled[name] = "A task always has a name."
    elif len(text) > limit:
        outcome.refused[name] = f"{name.capitalize()}: {limit} characters at most; this has {len(text)}."
    else:
        changes[name] = text


def _assign(named: str, changes: dict[str, Any], outcome: Applied) -> None:
    """A colleague's address, user name or name, or the role that the task is for."""
    name, address = person(named)
    if not named.strip():
        changes |= {"assignee": None, "target": None}
    elif len(colleagues := _colleagues(name, address)) == 1:
        changes["assignee"] = colleagues[0]
    elif target := Target.objects.filter(Q(name__iexact=name) | Q(slug__iexact=name)).first():
        changes |= {"assignee": None, "target": target}
    elif colleagues:
        outcome.refused["assigned_to"] = f"Several colleagues here are called “{name[:100]}”: name one by the address."
    elif several := named.count(", "):
        outcome.refused["assigned_to"] = (
            f"{several + 1} people are assigned in Notion, and a task here has one. Leave one."
        )
    else:
        outcome.refused["assigned_to"] = f"Nobody here is called “{named[:100]}”. Use a colleague's or a role's name."


def _colleagues(name: str, address: str) -> list[User]:
    people = get_user_model().objects.filter(is_active=True)
    first, _, last = name.partition(" ")
    ranks = [Q(email__iexact=address)] if address else []
    ranks += [Q(username__iexact=name) | Q(email__iexact=name), Q(first_name__iexact=first, last_name__iexact=last)]
    found = (list(people.filter(rank)[:2]) for rank in ranks)
    return next((some for some in found if some), [])


def _due(value: str) -> tuple[dt.date | None, dt.datetime | None]:
    """(the day, if no time is given; the moment)."""
    if not value:
        return None, None
    if len(value) == len("2026-01-31"):
        day = dt.date.fromisoformat(value)
        return day, tasking.end_of(day)
    return None, dt.datetime.fromisoformat(value)


def _contact(email: str, made: Made) -> Contact | None:
    if not email.strip():
        return None
    try:
        contact = addresses.find(email=cleaning.email(email))
    except Unacceptable as error:
        made.refused["contact_email"] = str(error)
        return None
    if contact is None:
        made.refused["contact_email"] = "No contact has this address; the task was taken over without one."
    return contact


def _belong(name: str, changes: dict[str, Any], outcome: Applied) -> None:
    entity = BusinessEntity.objects.filter(Q(name__iexact=name) | Q(slug__iexact=name)).first() if name else None
    if name and entity is None:
        outcome.unknown["business_entity"] = [name]
    else:
        changes["business_entity"] = entity
