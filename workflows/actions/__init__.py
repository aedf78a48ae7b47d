"""The action types, one class in one file each; settings.ACTION_TYPES names them by dotted path."""

from __future__ import annotations

from collections.abc import Iterable

from workflows.actions.base import ActionType, Planned
from workflows.drafts import PlannedStep
from workflows.models import Step, action_types


def all_types() -> list[ActionType]:
    """In the order in which people choose among them."""
    return list(action_types.registered().values())


def of(name: str) -> ActionType:
    found: ActionType = action_types.registered()[name]
    return found


def emails() -> tuple[str, ...]:
    """The names of those that write to the contact."""
    return tuple(one.name for one in all_types() if one.is_email)


def emails_of(steps: Iterable[PlannedStep | Step]) -> list[Planned]:
    """The emails that the steps lead to, those of follow-ups included."""
    planned = (one for step in steps for one in of(step.action_type).planned(step))
    return [one for one in planned if of(one.action_type).is_email]
