"""The action types that settings.ACTION_TYPES names, as far as rows have to know them.

What each type is and does stands above, one class a file, in workflows.actions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def registered() -> dict[str, Any]:
    """Every action type by its name, in the order of the setting."""
    return {one.name: one for one in map(_at, settings.ACTION_TYPES)}


def choices() -> list[tuple[str, str]]:
    """What an action may do."""
    return [(one.name, one.label) for one in _importable()]


def step_choices() -> list[tuple[str, str]]:
    """What a step may do: all but what only the engine plans."""
    return [(one.name, one.label) for one in _importable() if one.is_step]


def lane_of(name: str) -> str:
    """Whether it works inside our database or leaves the house."""
    return str(registered()[name].lane)


def _importable() -> Iterator[Any]:
    """What cannot be imported is left to the system check, which asks for the choices too."""
    for path in settings.ACTION_TYPES:
        with suppress(ImportError):
            yield _at(path)


@cache
def _at(path: str) -> Any:
    return import_string(path)()
