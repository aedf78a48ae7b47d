"""The action types, one class in one file each; settings.ACTION_TYPES names them by dotted path."""

from __future__ import annotations

from workflows.actions.base import ActionType
from workflows.models import action_types


def all_types() -> list[ActionType]:
    """In the order in which people choose among them."""
    return list(action_types.registered().values())


def of(name: str) -> ActionType:
    """The type by its name."""
    found: ActionType = action_types.registered()[name]
    return found


def emails() -> tuple[str, ...]:
    """The names of those that write to the contact."""
    return tuple(one.name for one in all_types() if one.is_email)
