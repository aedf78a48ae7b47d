"""The action types that settings.ACTION_TYPES names, as far as rows have to know them.

What each type is and does stands above, one class a file, in workflows.actions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def registered() -> dict[str, Any]:
    """Every action type by its name, in the order of the setting."""
    return _loaded(tuple(settings.ACTION_TYPES))


def choices() -> list[tuple[str, str]]:
    """What an action may do."""
    return [(name, one.label) for name, one in registered().items()]


def step_choices() -> list[tuple[str, str]]:
    """What a step may do: all but what only the engine plans."""
    return [(name, one.label) for name, one in registered().items() if one.is_step]


def lane_of(name: str) -> str:
    """Whether it works inside our database or leaves the house."""
    return str(registered()[name].lane)


@lru_cache
def _loaded(paths: tuple[str, ...]) -> dict[str, Any]:
    types = [import_string(path)() for path in paths]
    return {one.name: one for one in types}
