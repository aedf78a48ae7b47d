"""People who edit both sides at random: contacts and tasks come, change and go, workflows are paused and ended."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contactflow.core.clock import database_now
from contacts import intake
from contacts.models import BusinessEntity, Contact
from engagement import tasking
from engagement.models import Target, Task
from notion_bridge import mapping
from notion_bridge.adapters import tasks
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.trials.words import Words
from workflows import controls, entrypoints
from workflows.models import WorkflowInstance

CROWD = 12  # people and tasks, so that both sides often mean the same ones
RARE = 0.03


class Here:
    """Contactflow's side."""

    def __init__(self, chance: random.Random, words: Words) -> None:
        self._chance, self._words = chance, words
        self.roles = list(Target.objects.values_list("name", flat=True)[:5])

    def doings(self) -> list[tuple[Callable[[], str], float]]:
        """What can be done, and how often it is."""
        return [
            (self.meets_somebody, 4),
            (self.edits_a_contact, 22),
            (self.deletes_a_contact, 1),
            (self.plans_a_task, 3),
            (self.edits_a_task, 12),
            (self.deletes_a_task, 1),
            (self.controls_a_workflow, 4),
        ]

    def meets_somebody(self) -> str:
        if Contact.objects.count() >= CROWD:
            return self.edits_a_contact()
        about = {name: make() for name, make in self._words.contact().items() if self._chance.random() < 0.7}
        arrival = _arrival({"email": self._words.email(), **about})
        entrypoints.apply(change=intake.Change(arrival=arrival, source="api"), now=database_now())
        return f"here: {arrival.email} arrives"

    def edits_a_contact(self) -> str:
        contact = self._one(Contact.objects.all())
        if contact is None:
            return self.meets_somebody()
        about = _some_of(self._words.contact(), self._chance)
        try:
            intake.amend(
                contact=contact,
                arrival=_arrival({"email": contact.email, **about}),
                source="admin",
                now=database_now(),
            )
        except intake.IntakeError as error:
            return f"here: refused {error}"
        return f"here: {contact.pk} gets {about}"

    def deletes_a_contact(self) -> str:
        contact = self._one(Contact.objects.all())
        if contact is None or Contact.objects.count() < CROWD / 2:
            return self.meets_somebody()
        contact.delete()
        return f"here: {contact.email} is deleted"

    def plans_a_task(self) -> str:
        if Task.objects.count() >= CROWD:
            return self.edits_a_task()
        now = database_now()
        task = tasking.create_task(
            action_id=None,
            title=self._words.title(),
            target=self._one(Target.objects.all()),
            contact=self._one(Contact.objects.all()),
            now=now,
        )
        return f"here: task {task.pk} is planned"

    def edits_a_task(self) -> str:
        task = self._one(Task.objects.all())
        if task is None:
            return self.plans_a_task()
        about = _some_of(self._words.task(self.roles), self._chance)
        tasking.change(task=task, values=_as_columns(about), now=database_now())
        return f"here: task {task.pk} gets {about}"

    def deletes_a_task(self) -> str:
        task = self._one(Task.objects.all())
        if task is None:
            return self.plans_a_task()
        task.delete()
        return f"here: task {task.title} is deleted"

    def controls_a_workflow(self) -> str:
        instance = self._one(WorkflowInstance.objects.filter(status__in=["active", "paused"]))
        if instance is None:
            return self.edits_a_contact()
        possible = [controls.pause, controls.cancel] if instance.status == "active" else [controls.resume]
        control = self._chance.choice(possible)
        control(instance=instance, reason="as it pleases", actor="robin", now=database_now())
        return f"here: {control.__name__} {instance.pk}"

    def _one(self, rows: Any) -> Any:
        """In the order in which they came, so that a seed means the same ones in every run."""
        since = "started_at" if rows.model is WorkflowInstance else "id" if rows.model is Target else "created_at"
        ids = list(rows.order_by(since, "pk").values_list("pk", flat=True))
        return rows.get(pk=self._chance.choice(ids)) if ids else None


class There:
    """Notion's side."""

    def __init__(self, sandbox: Sandbox, ids: Mapping[str, str], chance: random.Random, words: Words) -> None:
        self._sandbox, self._ids, self._chance, self._words = sandbox, ids, chance, words
        self.roles: list[str] = []

    def doings(self) -> list[tuple[Callable[[], str], float]]:
        return [
            (self.types_somebody, 4),
            (self.edits_a_person, 22),
            (self.mistypes_a_person, 2),
            (self.types_a_task, 3),
            (self.edits_a_task, 12),
            (self.sets_a_workflow, 4),
            (self.writes_what_is_not_theirs, 1),
            (self.trashes, 3),
            (self.restores, 3),
            (self.copies_a_page, 0.3),
        ]

    def types_somebody(self) -> str:
        if len(self._pages("contacts")) >= CROWD:
            return self.edits_a_person()
        about = {name: make() for name, make in self._words.contact().items() if self._chance.random() < 0.7}
        if self._chance.random() < 0.9:
            about["email"] = self._email()
        page = self._sandbox.person_creates(self._ids["contacts"], _labelled("contacts", about))
        return f"there: {page} is typed with {about}"

    def edits_a_person(self) -> str:
        return self._edit("contacts", self._words.contact(), self.types_somebody)

    def mistypes_a_person(self) -> str:
        wrong: dict[str, Callable[[], Any]] = {
            "email": lambda: self._chance.choice(["", "not an address", self._email()]),
            "contact_types": lambda: [*self._words.types(), f"Sculptor {self._words.name()}"],
            "status": lambda: "",
            "lead_source": lambda: "Hearsay",
        }
        return self._edit("contacts", wrong, self.types_somebody, most=1)

    def types_a_task(self) -> str:
        if len(self._pages("tasks")) >= CROWD:
            return self.edits_a_task()
        makers = self._words.task(self.roles)
        about = {name: make() for name, make in makers.items() if self._chance.random() < 0.7}
        page = self._sandbox.person_creates(self._ids["tasks"], _labelled("tasks", about))
        return f"there: task {page} is typed with {about}"

    def edits_a_task(self) -> str:
        makers = self._words.task(self.roles)
        if self._chance.random() < RARE:
            makers = {"title": lambda: "", "status": lambda: "", "assigned_to": lambda: "Nobody Known"}
        return self._edit("tasks", makers, self.types_a_task)

    def sets_a_workflow(self) -> str:
        statuses = ("Active", "On Hold", "Cancelled", "Completed")
        return self._edit("instances", {"status": lambda: self._words.of(statuses)}, self.edits_a_person)

    def writes_what_is_not_theirs(self) -> str:
        kind, name = self._chance.choice(
            [("contacts", "contact_id"), ("contacts", "last_interaction"), ("tasks", "contact_email")]
        )
        value = {"contact_id": "mine", "last_interaction": self._words.day(), "contact_email": self._words.email()}
        return self._edit(kind, {name: lambda: value[name]}, self.edits_a_person)

    def trashes(self) -> str:
        page = self._any_page()
        if page is None:
            return self.types_somebody()
        self._sandbox.person_trashes(page)
        return f"there: {page} is trashed"

    def restores(self) -> str:
        trashed = [page for kind in self._ids for page in self._sandbox.pages_of(self._ids[kind], trashed=True)]
        if not trashed:
            return self.edits_a_person()
        page = self._chance.choice(trashed)
        self._sandbox.person_restores(page)
        return f"there: {page} is restored"

    def copies_a_page(self) -> str:
        page = self._any_page()
        return f"there: {self._sandbox.person_duplicates(page)} is a copy of {page}" if page else self.types_somebody()

    def _edit(
        self, kind: str, makers: Mapping[str, Callable[[], Any]], otherwise: Callable[[], str], most: int = 3
    ) -> str:
        pages = self._pages(kind)
        if not pages:
            return otherwise()
        page = self._chance.choice(pages)
        about = _some_of(makers, self._chance, most)
        self._sandbox.person_edits(page, _labelled(kind, about))
        return f"there: {page} gets {about}"

    def _email(self) -> str:
        """Mostly a new one; now and then one that somebody has, or one written in capitals."""
        dice = self._chance.random()
        known = [str(one) for one in Contact.objects.order_by("email").values_list("email", flat=True)]
        if dice < RARE and known:
            return self._chance.choice(known)
        return self._words.email().title() if dice > 0.9 else self._words.email()

    def _pages(self, kind: str) -> list[str]:
        return self._sandbox.pages_of(self._ids[kind])

    def _any_page(self) -> str | None:
        pages = [page for kind in ("contacts", "tasks") for page in self._pages(kind)]
        return self._chance.choice(pages) if pages else None


def act(among: Sequence[tuple[Callable[[], str], float]], chance: random.Random) -> str:
    """One of them, at random; what was done."""
    return chance.choices([doing for doing, _ in among], [weight for _, weight in among])[0]()


def _some_of(makers: Mapping[str, Callable[[], Any]], chance: random.Random, most: int = 3) -> dict[str, Any]:
    names = chance.sample(sorted(makers), chance.randint(1, min(most, len(makers))))
    return {name: makers[name]() for name in names}


def _labelled(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {mapping.field_of(kind, name).label: value for name, value in values.items()}


def _arrival(about: Mapping[str, Any]) -> intake.Arrival:
    given = dict(about)
    if "date_added" in given:
        given["added_on"] = dt.date.fromisoformat(given.pop("date_added"))
    return intake.Arrival(**given)


def _as_columns(about: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(about)
    if "status" in columns:
        columns["status"] = columns["status"].lower().replace(" ", "_")
    if "priority" in columns:
        columns["priority"] = columns["priority"].lower()
    if "due_date" in columns:
        columns["due_date"], columns["due_at"] = tasks._due(columns["due_date"])
    if "assigned_to" in columns:
        columns["assignee"] = None
        columns["target"] = Target.objects.filter(name=columns.pop("assigned_to")).first()
    if "business_entity" in columns:
        columns["business_entity"] = BusinessEntity.objects.filter(name=columns["business_entity"]).first()
    return columns
