"""The nine workflows of a fresh deployment, as content.toml says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.conditions import CONTACT_UPDATED, NEW_CONTACT

ARRIVALS = (NEW_CONTACT, CONTACT_UPDATED)


@dataclass(frozen=True, kw_only=True)
class StepContent:
    delay_hours: int
    action_type: str
    target: str = ""
    template: str = ""
    title: str = ""
    category: str = ""
    priority: str = ""
    effort_hours: int | None = None
    touches: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class WorkflowContent:
    slug: str
    name: str
    description: str
    steps: tuple[StepContent, ...]
    entity: str = ""
    events: tuple[str, ...] = ARRIVALS
    contact_types: tuple[str, ...] = ()
    lead_sources: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def _read(row: Mapping[str, Any]) -> WorkflowContent:
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return WorkflowContent(**{**row, **lists, "steps": tuple(_step(step) for step in row["steps"])})


def _step(row: Mapping[str, Any]) -> StepContent:
    return StepContent(**{**row, "touches": tuple((day, email) for day, email in row.get("touches", ()))})


WORKFLOWS = tuple(
    _read(row)
    for row in tomllib.loads((Path(__file__).parent / "content.toml").read_text(encoding="utf-8"))["workflows"]
)
