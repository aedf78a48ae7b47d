"""What became of an erasure, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps

from contactflow.core.numbers import counted
from contactflow.models import ErasureRequest
from contactflow.personal_data import belongings


def erasure(request: ErasureRequest) -> list[str]:
    """A sentence for each step that was done."""
    said = {"deleted": _deleted, "traces": _traces, "notion": _notion}
    return [said[step](told) for step, told in request.steps.items() if step in said]


def _deleted(told: Mapping[str, int]) -> str:
    names = [f"{number} {_name(table, number)}" for table, number in told.items()]
    return f"Deleted: {', '.join(names)}."


def _name(table: str, number: int) -> str:
    try:
        return belongings.name_of(apps.get_model(table), number)
    except (LookupError, ValueError):
        return table  # of an older release


def _traces(told: Mapping[str, Any]) -> str:
    again = told.get("came_back", 0)
    back = f", and {counted(again, 'contact')} that came in at that moment deleted again" if again else ""
    return f"What was at work meanwhile was looked through{back}."


def _notion(told: Mapping[str, int]) -> str:
    words = {
        "trashed": "in the trash",
        "waiting": "waiting for Notion",
        "out_of_reach": "out of reach: see to them there",
    }
    found = [f"{told[name]} {word}" for name, word in words.items() if told.get(name)]
    return f"Pages in Notion: {', '.join(found) or 'none'}."
