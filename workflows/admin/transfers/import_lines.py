"""What the pages of imports show: numbers, lines, and changes in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q

from contactflow.core.numbers import key
from contacts.imports.columns import FIELDS
from workflows.admin import plan_sentences
from workflows.models import ImportLine, ImportRun

PER_PAGE = 50
LONGEST = 200

OUTCOMES: Final = {name: str(word) for name, word in ImportLine.Became.choices if name}
COLOURS: Final = {"created": "is-good", "updated": "is-info", "rejected": "is-bad"}


def page(run: ImportRun, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Some lines by position, so that page 2,000 is as quick as the first, and where its neighbours begin."""
    show, before, after = asked.get("show", ""), key(asked.get("before")), key(asked.get("after"))
    wanted = {name: Q(**{run.outcome: name}) for name in OUTCOMES}
    wanted |= {"warnings": ~Q(warnings=[]), "differs": Q(differs=True)}
    found = run.lines.exclude(**{run.outcome: ""}).filter(wanted.get(show, Q()))
    found = found.filter(position__lt=before).reverse() if before else found.filter(position__gt=after)
    some = list(found[: PER_PAGE + 1])
    goes_on, some = len(some) > PER_PAGE, some[:PER_PAGE]
    if before:
        some.reverse()
    has_earlier, has_later = (goes_on, True) if before else (after > 0, goes_on)
    return {
        "lines": [_shown(row, getattr(row, run.outcome)) for row in some],
        "show": show,
        "before": some[0].position if some and has_earlier else None,
        "after": some[-1].position if some and has_later else None,
        "numbers": [(name, word, run.counts.get(name, 0)) for name, word in OUTCOMES.items()],
    }


def forecast(run: ImportRun) -> dict[str, Any]:
    """What starting workflows would mean, the largest first."""
    rows = sorted(run.forecast.get("workflows", {}).values(), key=lambda one: -int(one["people"]))
    return {
        "people": run.forecast.get("people", 0),
        "starts": sum(one["people"] for one in rows),
        "emails": sum(one["emails"] for one in rows),
        "first": _first_mail(one["first_hours"] for one in rows),
        "rows": [{**one, "first": _first_mail([one["first_hours"]])} for one in rows],
    }


def named(field: str) -> str:
    if field.startswith("custom."):
        return field.removeprefix("custom.")
    if field.startswith("permission."):
        return f"May be emailed by {field.removeprefix('permission.')}"
    return FIELDS[field].label if field in FIELDS else field.replace("_", " ").capitalize()


def _first_mail(hours: Iterable[float | None]) -> str:
    """When the first of these emails goes out, counted from the moment of applying."""
    first = min((one for one in hours if one is not None), default=None)
    return "sends none" if first is None else plan_sentences.delay(Decimal(str(first)))


def _shown(row: ImportLine, outcome: str) -> dict[str, Any]:
    changes = [(named(name), _value(before), _value(after)) for name, (before, after) in row.changes.items()]
    return {"row": row, "word": OUTCOMES.get(outcome, ""), "colour": COLOURS.get(outcome, ""), "changes": changes}


def _value(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
