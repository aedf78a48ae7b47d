"""What the pages of imports show: numbers, lines, and changes in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflows.models import ImportLine, ImportRun
from workflows.transfers.contact_columns import FIELD_NAMES

PER_PAGE = 50
LONGEST = 200

OUTCOMES: Final = (
    ("created", "New", "is-good"),
    ("updated", "Changed", "is-info"),
    ("unchanged", "Unchanged", ""),
    ("rejected", "Rejected", "is-bad"),
)
CHIPS: Final = {name: (word, colour) for name, word, colour in OUTCOMES}
SHORT: Final = {
    "contact_types": "Contact type",
    "business_entities": "Brand",
    "tags": "Tags",
    "interests": "Interests",
    "permission": "May be emailed",
}


@dataclass(frozen=True)
class Change:
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownLine:
    row: ImportLine
    word: str
    colour: str
    changes: list[Change]


@dataclass(frozen=True)
class Lines:
    """One page of lines, and where its neighbours begin."""

    rows: list[ShownLine]
    show: str
    before: int | None
    after: int | None


def numbers(counts: Mapping[str, int], show: str) -> list[dict[str, Any]]:
    """The four outcomes, each a filter of the lines below."""
    return [
        {"name": name, "word": word, "count": counts.get(name, 0), "is_on": show == name} for name, word, _ in OUTCOMES
    ]


def lines(run: ImportRun, *, show: str, after: int, before: int) -> Lines:
    """By position, so that page 2,000 is as quick as the first."""
    field = "became" if run.applied_at else "foreseen"
    found = run.lines.exclude(**{field: ""})
    if show in CHIPS:
        found = run.lines.filter(**{field: show})
    elif show == "warnings":
        found = found.exclude(warnings=[])
    elif show == "differs":
        found = found.filter(differs=True)
    if before:
        some = list(found.filter(position__lt=before).order_by("-position")[: PER_PAGE + 1])
        has_before, has_after = len(some) > PER_PAGE, True
        some = some[:PER_PAGE][::-1]
    else:
        some = list(found.filter(position__gt=after).order_by("position")[: PER_PAGE + 1])
        has_before, has_after = after > 0, len(some) > PER_PAGE
        some = some[:PER_PAGE]
    return Lines(
        rows=[_shown(row, getattr(row, field)) for row in some],
        show=show,
        before=some[0].position if some and has_before else None,
        after=some[-1].position if some and has_after else None,
    )


def first_mail(hours: float | None) -> str:
    """When the first email of a workflow goes out, counted from the moment of applying."""
    if hours is None:
        return "sends none"
    if hours < 1:
        return "at once" if hours == 0 else f"{round(hours * 60)} minutes later"
    if hours < 48:
        return f"{hours:g} hour{'' if hours == 1 else 's'} later"
    return f"{hours / 24:.3g} days later"


def forecast(run: ImportRun) -> dict[str, Any]:
    """What starting workflows would mean, the largest first."""
    found: Iterable[dict[str, Any]] = run.forecast.get("workflows", {}).values()
    rows = sorted(found, key=lambda one: -int(one["people"]))
    sending = [one["first_hours"] for one in rows if one["first_hours"] is not None]
    return {
        "people": run.forecast.get("people", 0),
        "starts": sum(one["people"] for one in rows),
        "emails": sum(one["emails"] for one in rows),
        "first": first_mail(min(sending, default=None)),
        "rows": [{**one, "first": first_mail(one["first_hours"])} for one in rows],
    }


def named(field: str) -> str:
    if field.startswith("custom."):
        return field.removeprefix("custom.")
    if field.startswith("permission."):
        return f"May be emailed by {field.removeprefix('permission.')}"
    return SHORT.get(field) or FIELD_NAMES.get(field) or field.replace("_", " ").capitalize()


def _shown(row: ImportLine, outcome: str) -> ShownLine:
    word, colour = CHIPS.get(outcome, ("", ""))
    changes = [Change(named(name), _value(pair[0]), _value(pair[1])) for name, pair in row.changes.items()]
    return ShownLine(row, word, colour, changes)


def _value(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
