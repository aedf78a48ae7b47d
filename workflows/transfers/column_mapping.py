"""Which column fills which field, and what its values mean: guessed, remembered for the source, chosen by a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from django.db.models.functions import Now

from contacts import reference_data
from contacts.imports import Columns, FileRefused, columns, dates
from contacts.imports.cells import CUSTOM
from contacts.rules import spelling
from workflows.models import ImportRun, SavedMapping

MAX_NAME = 100
LEFT_OUT: Final = "-"  # chosen for a value: nothing is meant


def choices() -> list[tuple[str, str]]:
    """The fields a column can fill, with their names."""
    known = reference_data.load().business_entities.by_id.values()
    brands = [("", "any brand"), *((one.slug, one.name) for one in known)]
    asked = (
        (columns.PERMISSION, "May be emailed by {}? (yes or no)"),
        (columns.OPT_OUT, "Wants no email of {}? (yes or no)"),
    )
    permissions = [(f"{kind}{slug}", words.format(name)) for kind, words in asked for slug, name in brands]
    fields = [(name, one.label_with_hint) for name, one in columns.FIELDS.items() if not one.is_exported_only]
    others = [(columns.CAMPAIGN, "Where they came from (campaign)"), (CUSTOM, "A custom field named …")]
    return [(columns.IGNORE, "Do not import"), *fields, *permissions, *others]


def columns_of(run: ImportRun) -> Columns:
    """How the lines of the run are to be understood."""
    found = next((order_of(run, at) for at, name in enumerate(run.fields) if name == columns.ADDED_ON), "")
    return Columns(tuple(run.header), tuple(run.fields), run.date_order, found, run.values)


def order_of(run: ImportRun, column: int) -> str:
    """What the dates of a column say together about which part comes first."""
    return dates.order(run.date_evidence[column]) if column < len(run.date_evidence) else ""


def remarks(run: ImportRun) -> list[str]:
    """What somebody should know of the columns before anything is stored."""
    said = [f"“{name}” stands there twice: the first column counts." for name in columns_of(run).repeated()]
    for at, (name, chosen) in enumerate(zip(run.header, run.fields, strict=True)):
        if chosen == columns.ADDED_ON and not run.date_order and order_of(run, at) == dates.UNCLEAR:
            said.append(
                f"“{name}” has dates like 03/04/2024, and none says whether the day or the month comes first. "
                "They are left out; say it with --dates day or --dates month."
            )
        if chosen.startswith(CUSTOM) and columns.likely_permission(name, run.samples[at]):
            said.append(
                f"“{name}” looks like a permission and became a custom field: nobody is kept from being emailed by it. "
                "Map it once under Contacts, Import, and give that source with --source."
            )
    return said


def guess(run: ImportRun) -> dict[str, Any]:
    """What its columns and values mean: as the last time when this source brought these columns, else by their names.

    Who waits at a command line is asked for nothing, and nobody is asked twice. Raises FileRefused.
    """
    is_command = run.queued_at is None
    of_source = list(SavedMapping.objects.filter(source__iexact=run.source).order_by("used_at"))
    values: dict[str, dict[str, str]] = {}
    for name, said in (pair for one in of_source for pair in one.values.items()):  # whatever the columns of its files
        values[name] = values.get(name, {}) | said
    meant: dict[str, Any] = {"values": values, "state": ImportRun.State.COLUMNS}
    saved = next((one for one in reversed(of_source) if one.header_digest == _digest(run.header)), None)
    if saved is None:
        found = Columns.by_name(run.header) if is_command else Columns.guessed(run.header, run.samples)
        if is_command and columns.EMAIL not in found.fields:
            names = ", ".join(filter(None, run.header)) or "none"
            raise FileRefused(f'There is no column "Email". Columns found: {names}. Rename the right one.')
        return {**meant, "fields": list(found.fields)}
    # Two columns may have one name: the first of them fills what the first filled, and so on.
    now, then = (
        sorted(range(len(header)), key=lambda at: columns.plain(header[at])) for header in (run.header, saved.header)
    )
    fields = dict(zip(now, (saved.fields[at] for at in then), strict=True))
    meant["fields"] = [fields[at] for at in range(len(run.header))]
    state = ImportRun.State.COLUMNS if is_command else ImportRun.State.CHECKING
    return {**meant, "date_order": saved.date_order, "state": state}


def remember(run: ImportRun) -> None:
    stored = {name: getattr(run, name) for name in ("header", "fields", "date_order", "values")}
    SavedMapping.objects.update_or_create(
        source=run.source, header_digest=_digest(run.header), defaults={**stored, "used_at": Now()}
    )


def sources() -> list[str]:
    """The names people gave their sources so far, the last used first."""
    return list(dict.fromkeys(SavedMapping.objects.order_by("-used_at").values_list("source", flat=True)[:100]))[:20]


def errors_of(*, run: ImportRun, fields: Sequence[str], date_order: str) -> dict[int | None, str]:
    """What is wrong with what a person chose, by column; None: with all of it."""
    allowed, found = dict(choices()), dict[int | None, str]()
    for at, chosen in enumerate(fields):
        first = fields.index(chosen)
        kind = next((one for one in (CUSTOM, columns.CAMPAIGN) if chosen.startswith(one)), chosen)
        if kind not in allowed:
            found[at] = "Choose one of the fields in the list."
        elif chosen == CUSTOM:
            found[at] = "Give the custom field a name, such as Favourite artist."
        elif len(chosen) > MAX_NAME + len(CUSTOM):
            found[at] = f"The name may have {MAX_NAME} characters at most."
        elif chosen and first < at:
            other = run.header[first] or f"column {first + 1}"
            found[at] = f"“{other}” fills this field already. Choose another field, or do not import one."
        elif chosen == columns.ADDED_ON and not date_order and order_of(run, at) == dates.UNCLEAR:
            found[at] = "Say whether the day or the month comes first: no date in the column does."
    if columns.EMAIL not in fields:
        found[None] = "Choose the column with the email address: it tells who is who."
    return found


def chosen(run: ImportRun, picked: Sequence[str], names: Sequence[str]) -> list[str]:
    """The fields: `picked` has for each column one, "custom:" or nothing; `names` how a custom one is to be called."""
    named = {
        CUSTOM: [" ".join(name.split()) for name in names],
        columns.CAMPAIGN: [columns.plain(name) for name in run.header],
    }
    return [f"{value}{named[value][at]}" if value in named else value for at, value in enumerate(picked)]


def meant(run: ImportRun, chosen: dict[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    """What values mean from now on, with what was known before; what names nothing that exists is passed over."""
    known = {name: dict(values) for name, values in run.values.items()}
    reference = reference_data.load()
    for (name, value), to in chosen.items():
        is_offered = name in columns.NAMED_ROWS and value in run.unknown.get(name, {})
        if is_offered and (to == LEFT_OUT or (to and reference.named(name).knows(to))):
            known.setdefault(name, {})[spelling(value)] = "" if to == LEFT_OUT else to
    return known


def _digest(header: Sequence[str]) -> str:
    """The same for the same names, in whatever order; upper and lower case make no difference."""
    names = sorted(columns.plain(name) for name in header)
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()
