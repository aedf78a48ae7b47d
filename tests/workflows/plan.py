"""Plans as values, for tests that need no page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engagement.models import EngagementTemplate, Target
from workflows.drafts import Plan, PlannedStep, Touch

SOMEBODY = Target(pk=1, slug="gallery_team", name="Gallery team")
WELCOME = EngagementTemplate(pk=1, name="Welcome", current_version_id=1)
NEWS = EngagementTemplate(pk=2, name="News", current_version_id=2)


def task(hours: str = "0", **values: Any) -> PlannedStep:
    values = {"title": "Look at it", "target": SOMEBODY} | values
    return PlannedStep(action_type="create_task", delay_hours=Decimal(hours), **values)


def alert(hours: str = "0", **values: Any) -> PlannedStep:
    return PlannedStep(action_type="send_notification", delay_hours=Decimal(hours), **{"target": SOMEBODY} | values)


def email(hours: str = "0", template: EngagementTemplate | None = WELCOME) -> PlannedStep:
    return PlannedStep(action_type="send_email", delay_hours=Decimal(hours), template=template)


def follow_up(*days: int, hours: str = "0", template: EngagementTemplate | None = NEWS) -> PlannedStep:
    touches = tuple(Touch(day=day, template=template) for day in days)
    return PlannedStep(action_type="schedule_follow_up", delay_hours=Decimal(hours), touches=touches)


def plan(*steps: PlannedStep, **values: Any) -> Plan:
    values = {"name": "Discovery", "events": ("new_contact",)} | values
    return Plan(steps=steps, **values)
