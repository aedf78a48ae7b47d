"""Colleagues redesign the databases in Notion at random: nothing crashes, nothing is wiped, every edit is reported."""

from __future__ import annotations

import copy
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contactflow.core.clock import database_now
from contacts.models import Contact
from notion_bridge import mapping, monitoring, syncing, webhooks
from notion_bridge.models import Kind, NotionDatabase, PropertyMapping, SyncProblem, SyncRun
from notion_bridge.sandbox import editing
from notion_bridge.sandbox.model import WITH_OPTIONS, DataSource, Property
from tests.notion_bridge import bridge
from tests.notion_bridge.observed import Sandbox
from tests.notion_bridge.trials.figures import Figure, exactly
from tests.notion_bridge.trials.stage import Stage
from tests.notion_bridge.trials.witness import Witness, short
from tests.notion_bridge.trials.words import Words

EDITS, CROWD = 200, 12
TYPES = ("rich_text", "number", "select", "multi_select", "checkbox", "date", "url", "email", "phone_number", "people")
FREE = ("tags", "category")  # what an option is called there, it is called here


@dataclass(frozen=True)
class Expected:
    """What staff should find reported after an edit; `closed` where a trouble should be over."""

    causes: tuple[str, ...] = ()
    closed: bool = False


@dataclass(frozen=True)
class Removed:
    """A property as it was before somebody removed it or gave it another type."""

    source_id: str
    prop: Property
    values: Mapping[str, Any]  # by page


@dataclass
class Outcome:
    edits: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    values: int = 0
    told: int = 0
    crashes: list[str] = field(default_factory=list)
    wiped: list[str] = field(default_factory=list)
    unreported: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        return [
            Figure("edits", ", ".join(f"{number} {what}" for what, number in self.edits.most_common())),
            Figure("values here that were watched", self.values),
            Figure("problems noted", ", ".join(f"{number} {what}" for what, number in self.causes.most_common())),
            exactly("crashes", len(self.crashes), 0),
            exactly("values wiped here", len(self.wiped), 0),
            exactly("edits that nobody was told of", len(self.unreported), 0),
            Figure("fields unequal in the end, and staff were told why", self.told),
            exactly("fields unequal in the end, and nobody was told", len(self.differences), 0),
        ]


def run(
    stage: Stage, *, edits: int = EDITS, crowd: int = CROWD, seed: int = 1, say: Callable[[str], None] = print
) -> Outcome:
    """So many edits of the schemas of people and tasks, with a pass after each."""
    stage.clear()
    with Sandbox(seed=seed) as sandbox:
        redesign = Redesign(stage, sandbox, seed, crowd)
        for _ in range(edits):
            redesign.edit()
        redesign.undo_everything()
    outcome = redesign.outcome
    for line in (*outcome.crashes, *outcome.wiped, *outcome.unreported, *outcome.differences):
        say(line)
    return outcome


class Redesign:
    def __init__(self, stage: Stage, sandbox: Sandbox, seed: int, crowd: int) -> None:
        self.stage, self.sandbox, self.chance = stage, sandbox, random.Random(seed)
        self.words, self.outcome = Words(self.chance), Outcome()
        self.ids = bridge.connect(sandbox, stage.settings)
        stage.time.begin(sandbox)
        sandbox.webhooks.active = True
        self.undone: dict[str, Removed] = {}
        self._fill(crowd)
        bridge.sync()
        monitoring.switch(on=True, actor="robin", now=database_now())
        self.witness = Witness(sandbox, self.ids)
        self.witness.begin()
        self.kept = self._here()
        self.outcome.values = sum(bool(value) for values in self.kept.values() for value in values.values())

    def _fill(self, crowd: int) -> None:
        for _ in range(crowd):
            makers = self.words.contact()
            about = {name: _something(make) for name, make in makers.items()} | {"status": "Active Client"}
            self.sandbox.person_creates(self.ids["contacts"], _labelled("contacts", about))
            makers = self.words.task(["Gallery curator"])
            about = {name: _something(make) for name, make in makers.items()}
            self.sandbox.person_creates(self.ids["tasks"], _labelled("tasks", about))

    # One edit

    def edit(self) -> None:
        kind = self.chance.choice(["contacts", "contacts", "tasks"])
        source = self.sandbox.workspace.sources[self.ids[kind]]
        doings: list[tuple[Callable[[str, DataSource], tuple[str, Expected] | None], float]] = [
            (self._rename, 4),
            (self._remove, 3),
            (self._add, 1),
            (self._retype, 3),
            (self._add_option, 2),
            (self._rename_option, 3),
            (self._remove_option, 3),
            (self._undo, 4),
            (self._type_back, 2),
        ]
        done = None
        while done is None:
            doing = self.chance.choices([one for one, _ in doings], [weight for _, weight in doings])[0]
            began = database_now()
            done = doing(kind, source)
        said, expected = done
        self.outcome.edits[doing.__name__.strip("_").replace("_", " ")] += 1
        if self.chance.random() < 0.3:
            self._somebody_edits_here()
        self._pass(said)
        self._check(said, expected, began)

    def _rename(self, kind: str, source: DataSource) -> tuple[str, Expected] | None:
        prop = self._one(source, lambda one: True)
        if prop is None:
            return None
        name = f"{self.words.name()} {prop.type}"
        said = f"{prop.name} is called {name}"
        self.sandbox.rename_property(source.id, prop.id, name)
        return said, Expected(("property_renamed",))

    def _remove(self, kind: str, source: DataSource) -> tuple[str, Expected] | None:
        prop = self._one(source, lambda one: one.type != "title")
        if prop is None:
            return None
        self._remember(source, prop)
        self.sandbox.remove_property(source.id, prop.id)
        return f"{prop.name} is removed", Expected(("property_vanished",))

    def _retype(self, kind: str, source: DataSource) -> tuple[str, Expected] | None:
        prop = self._one(source, lambda one: one.type != "title")
        if prop is None:
            return None
        other = self.chance.choice([one for one in TYPES if one != prop.type])
        self._remember(source, prop)
        self.sandbox.change_type(source.id, prop.id, other)
        return f"{prop.name} becomes {other}", Expected(("property_retyped",))

    def _add(self, kind: str, source: DataSource) -> tuple[str, Expected] | None:
        name = self.words.name()
        self.sandbox.add_property(source.id, name, self.chance.choice(TYPES))
        return f"{name} is added", Expected(("property_added",))

    def _add_option(self, kind: str, source: DataSource) -> tuple[str, Expected] | None:
        prop = self._one(source, lambda one: one.type in WITH_OPTIONS)
        if prop is None:
            return None
        name = self.words.name()
        self.sandbox.add_option(source.id, prop.id, name)
        return f"{prop.name} gets {name}", Expected(("option_added",))

    def _rename_option(self, kind: str, source: DataSource) -> tuple[str, Expected] | None:
        prop = self._one(source, lambda one: bool(one.options))
        if prop is None:
            return None
        old, new = self.chance.choice(prop.options).name, self.words.name()
        self.sandbox.rename_option(source.id, prop.id, old, new)
        self._rename_kept(kind, prop.id, old, new)
        self.witness.renamed[new] = self.witness.renamed.get(old, old)
        return f"{prop.name}: {old} is called {new}", Expected()

    def _remove_option(self, kind: str, source: DataSource) -> tuple[str, Expected] | None:
        prop = self._one(source, lambda one: bool(one.options))
        if prop is None:
            return None
        old = self.chance.choice(prop.options).name
        self.sandbox.remove_option(source.id, prop.id, old)
        return f"{prop.name} loses {old}", Expected(("option_removed",))

    def _undo(self, kind: str, source: DataSource) -> tuple[str, Expected] | None:
        """As with Ctrl+Z: the property is back, and what pages had in it."""
        found = [one for one in self.undone.values() if one.source_id == source.id]
        if not found:
            return None
        self._put_back(self.chance.choice(found))
        return "undone", Expected(closed=True)

    def _type_back(self, kind: str, source: DataSource) -> tuple[str, Expected] | None:
        """By hand: what did not survive the other type stays empty in Notion."""
        found = [one for one in self.undone.values() if one.source_id == source.id and one.prop.id in source.properties]
        if not found:
            return None
        removed = self.chance.choice(found)
        options = [one.name for one in removed.prop.options]
        self.sandbox.change_type(source.id, removed.prop.id, removed.prop.type, options)
        del self.undone[removed.prop.id]
        return f"{removed.prop.name} becomes {removed.prop.type} again", Expected(closed=True)

    def _one(self, source: DataSource, fits: Callable[[Property], bool]) -> Property | None:
        """A property that holds a field and was not tampered with."""
        ours = set(PropertyMapping.objects.exclude(property_id="").values_list("property_id", flat=True))
        found = [one for one in source.properties.values() if one.id in ours and one.id not in self.undone]
        fitting = [one for one in found if fits(one)]
        return self.chance.choice(fitting) if fitting else None

    def _remember(self, source: DataSource, prop: Property) -> None:
        rows = self.sandbox.workspace.rows[source.id].values()
        values = {page.id: copy.deepcopy(page.values[prop.id]) for page in rows if prop.id in page.values}
        self.undone[prop.id] = Removed(source.id, copy.deepcopy(prop), values)

    def _put_back(self, removed: Removed) -> None:
        workspace = self.sandbox.workspace
        with workspace.lock:
            source = workspace.sources[removed.source_id]
            source.properties[removed.prop.id] = removed.prop
            for page in workspace.rows[source.id].values():
                page.values.pop(removed.prop.id, None)
                if page.id in removed.values:
                    page.values[removed.prop.id] = removed.values[page.id]
            editing.changed_schema(workspace, source, removed.prop, "updated", workspace.people[0].id)
        del self.undone[removed.prop.id]

    # What has to hold after it

    def _pass(self, said: str) -> None:
        way = self.chance.choice([bridge.sync, lambda: bridge.sync(full=True), self._follow_events, self._wait])
        try:
            way()
        except Exception as error:  # noqa: BLE001 - every crash is a finding
            self.outcome.crashes.append(f"{said}: {type(error).__name__}: {error}")
        for run in SyncRun.objects.exclude(error=""):
            self.outcome.crashes.append(f"{said}: {run.error}")
            run.delete()

    def _follow_events(self) -> None:
        for event in self.sandbox.events():
            webhooks.store(event=event, body=json.dumps(event).encode())
        syncing.run_pump_step(time.monotonic() + 30)

    def _wait(self) -> None:
        """Without an event the schema is looked at every few minutes."""
        self.sandbox.events()
        NotionDatabase.objects.update(schema_seen_at=None, polled_at=None)
        self.stage.time.pass_by(self.sandbox, 400)
        syncing.run_pump_step(time.monotonic() + 30)

    def _check(self, said: str, expected: Expected, began: Any) -> None:
        for cause in expected.causes:
            if not SyncProblem.objects.filter(cause=cause, last_at__gte=began).exists():
                self.outcome.unreported.append(f"{said}: nobody was told {cause}")
        if expected.closed and not SyncProblem.objects.filter(closed_at__gte=began).exists():
            self.outcome.unreported.append(f"{said}: nothing was closed")
        now = self._here()
        for row, values in self.kept.items():
            for name, value in values.items():
                if not _is_there(value, now[row][name]):
                    self.outcome.wiped.append(f"{said}: {name} {short(value)} -> {short(now[row][name])}")
        self.kept = now

    def _here(self) -> dict[UUID, dict[str, Any]]:
        sight = self.witness.look()
        return {row: dict(values) for row, values in sight.local.items() if sight.kinds[row] != Kind.INSTANCES}

    def _rename_kept(self, kind: str, property_id: str, old: str, new: str) -> None:
        """Where options are free words, the new one is expected here too."""
        fields = PropertyMapping.objects.filter(database__kind=kind, property_id=property_id, field__in=FREE)
        for name in fields.values_list("field", flat=True):
            for values in self.kept.values():
                if name in values and isinstance(values[name], list):
                    values[name] = [one for one in values[name] if one != old]

    def _somebody_edits_here(self) -> None:
        contact = self.chance.choice(list(Contact.objects.order_by("pk")))
        about = {"company": self.words.name(), "tags": [*contact.tags, f"tag {self.words.name()}"]}
        bridge.edit(contact, **about)
        self.kept[contact.pk] |= about

    def undo_everything(self) -> None:
        for removed in list(self.undone.values()):
            self._put_back(removed)
        for _ in range(2):
            self._pass("all is undone")
            bridge.sync()
        self.outcome.causes = Counter(SyncProblem.objects.values_list("cause", flat=True))
        self.outcome.differences, self.outcome.told = self.witness.differences()


def _something(make: Callable[[], Any]) -> Any:
    """Not nothing."""
    while not (value := make()):
        pass
    return value


def _is_there(before: Any, after: Any) -> bool:
    if isinstance(before, list):
        return {one.casefold() for one in before} <= {one.casefold() for one in after}
    return bool(after) or not before


def _labelled(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {mapping.field_of(kind, name).label: value for name, value in values.items()}
