"""Random values as people type them, unlike each other, so that a lost one can be told from all others."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Callable
from typing import Any

from notion_bridge.sandbox import samples

NAMES = ("Ada", "Zoë", "Jean-Luc", "محمد", "李小龙", "Иван", "O'Brien", "👩🏽‍🚀 Mae", "שרה", "Nuñez")
TAGS = ("VIP", "Hot", "Berlin", "newsletter", "Ärztin", "مهم", "🔥", "2026")
STATUSES = ("Active Lead", "Qualified Lead", "Active Client", "Former Client", "Inactive")
TASK_STATUSES = ("To Do", "In Progress", "On Hold", "Done", "Cancelled")
PRIORITIES = ("Low", "Medium", "High", "Urgent")
CATEGORIES = ("Call", "Research", "Büro", "")
FIRST_DAY = dt.date(2026, 1, 1)


class Words:
    """A source of values; the same seed gives the same ones."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._numbers = itertools.count(1)

    def name(self) -> str:
        return f"{self._chance.choice(NAMES)} {next(self._numbers)}"

    def line_or_nothing(self) -> str:
        return "" if self._chance.random() < 0.15 else self.name()

    def title(self) -> str:
        return f"Call {self.name()}"

    def email(self) -> str:
        return f"person{next(self._numbers)}@example.org"

    def phone(self) -> str:
        typed = f"+49 30 {1_000_000 + next(self._numbers)}"
        return self._chance.choice(["", typed, typed.replace(" ", ""), typed])

    def notes(self) -> str:
        line = f"{self.name()} called, 🙂 naïve."
        return self._chance.choice(["", line, f"{line}\n\n- {self.name()}", line * self._chance.randint(30, 150)])

    def types(self) -> list[str]:
        return self._some(samples.TYPES, 2)

    def source(self) -> str:
        return self._chance.choice(["", *samples.SOURCES])

    def entities(self) -> list[str]:
        return self._some(samples.ENTITIES, 2) or [samples.ENTITIES[0]]

    def entity(self) -> str:
        return self._chance.choice(["", *samples.ENTITIES])

    def status(self) -> str:
        return "Do Not Contact" if self._chance.random() < 0.03 else self._chance.choice(STATUSES)

    def tags(self) -> list[str]:
        return self._some([*TAGS, f"tag {next(self._numbers)}"], 4)

    def day(self) -> str:
        return (FIRST_DAY + dt.timedelta(days=self._chance.randrange(700))).isoformat()

    def due(self) -> str:
        hour, minute = self._chance.randrange(24), self._chance.randrange(59)
        return self._chance.choice(["", self.day(), f"{self.day()}T{hour:02d}:{minute:02d}Z"])

    def _some(self, among: Any, most: int) -> list[str]:
        return self._chance.sample(list(among), self._chance.randint(0, most))

    def of(self, choices: Any) -> str:
        return str(self._chance.choice(list(choices)))

    def contact(self) -> dict[str, Callable[[], Any]]:
        """What makes a value, by field."""
        return {
            "first_name": self.line_or_nothing,
            "last_name": self.line_or_nothing,
            "email": self.email,
            "phone": self.phone,
            "contact_types": self.types,
            "lead_source": self.source,
            "business_entities": self.entities,
            "status": self.status,
            "tags": self.tags,
            "company": self.line_or_nothing,
            "job_title": self.line_or_nothing,
            "notes": self.notes,
            "date_added": self.day,
        }

    def task(self, roles: list[str]) -> dict[str, Callable[[], Any]]:
        return {
            "title": self.title,
            "status": lambda: self.of(TASK_STATUSES),
            "description": self.notes,
            "priority": lambda: self.of(PRIORITIES),
            "category": lambda: self.of(CATEGORIES),
            "due_date": self.due,
            "assigned_to": lambda: self.of(["", *roles]),
            "business_entity": self.entity,
        }
