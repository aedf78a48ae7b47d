"""People -> a file in columns that an import knows: gathered by batches, formulas defused, never held as a whole."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Value, Window
from django.db.models.functions import Now, RowNumber

from contactflow.core import mail_addresses
from contacts import consent
from contacts.imports import cells
from contacts.imports.cells import CUSTOM
from contacts.imports.columns import FIELDS, FULL_NAME, heading
from contacts.models import Consent, Contact, Suppression
from workflows.models import ExportChunk, ExportPerson, ExportRun
from workflows.models.transfers import NotPossible

State = ExportRun.State
AT_ONCE = 500
KEPT: Final = dt.timedelta(days=7)
MAX_SHEET: Final = 200_000  # rows that a spreadsheet still opens in good time
LOOKED_AT = 2000  # newest people, for the names of custom fields
CONTENT_TYPES: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# What is not simply an attribute.
VALUES: Final[Mapping[str, Callable[[Contact], Any]]] = {
    "contact_types": lambda one: [kind.name for kind in one.contact_types.all()],
    "lead_source": lambda one: one.lead_source.name if one.lead_source else "",
    "business_entities": lambda one: [each.business_entity.name for each in one.memberships.all()],
    "status": lambda one: one.status.name,
    "added_on": lambda one: one.added_on.isoformat() if one.added_on else "",
    "last_interaction": lambda one: (
        one.last_interaction_at.strftime("%Y-%m-%d %H:%M UTC") if one.last_interaction_at else ""
    ),
    "known_since": lambda one: one.created_at.strftime("%Y-%m-%d"),
    "contact_id": lambda one: str(one.pk),
}
# With all that a row of the export shows.
SHOWN: Final = Contact.objects.select_related("status", "lead_source").prefetch_related(
    "contact_types", "memberships__business_entity"
)
# The columns it can have besides custom fields.
HEADINGS: Final = {name: one.heading for name, one in FIELDS.items() if name != FULL_NAME}
# Not ticked when somebody exports.
SELDOM: Final = ("notes", "timezone", "locale", "interests", "last_interaction", "known_since", "contact_id")


def headings(chosen: Sequence[str]) -> list[str]:
    """As an import knows them, so that a file goes out and comes back."""
    return [HEADINGS.get(name) or heading(name.removeprefix(CUSTOM)) for name in chosen]


def rows_of(people: Sequence[Contact], chosen: Sequence[str]) -> list[list[str]]:
    """The cells of each of them."""
    permitted = _permissions(people) if "permission" in chosen else {}
    values: dict[str, Callable[[Contact], Any]] = {**VALUES, "permission": lambda one: permitted[one.pk]}

    def value(one: Contact, name: str) -> Any:
        if name.startswith(CUSTOM):
            return one.custom.get(name.removeprefix(CUSTOM))
        return values[name](one) if name in values else getattr(one, name)

    return [[cells.written(name, value(one, name)) for name in chosen] for one in people]


def column_choices() -> list[tuple[str, str]]:
    """The columns an export can have, with their names; custom fields as the newest people have them."""
    some = Contact.objects.exclude(custom={}).order_by("-created_at", "-id").values_list("custom", flat=True)
    names = sorted({name for custom in some[:LOOKED_AT] for name in custom}, key=str.casefold)[:100]
    return [*HEADINGS.items(), *((f"{CUSTOM}{name}", f"{name} (custom)") for name in names)]


def start(
    *, chosen: QuerySet[Contact] | None, filters: str, columns: Sequence[str], kind: str, by: Any, now: dt.datetime
) -> ExportRun:
    """Prepare a file with these people (None: everybody) as they stand in the list now. Raises NotPossible."""
    if not columns:
        raise NotPossible("Choose at least one column.")
    with transaction.atomic():
        run = ExportRun.objects.create(
            created_by=by, created_at=now, format=kind, columns=list(columns), filters=filters[:500]
        )
        run.total = _select(run, chosen) if chosen is not None else Contact.objects.all()[: MAX_SHEET + 1].count()
        run.is_everybody = chosen is None
        if run.total == 0:
            raise NotPossible("Nobody is in this list, so there is nothing to export.")
        if kind == ExportRun.Format.XLSX and run.total > MAX_SHEET:
            raise NotPossible(f"An Excel file may have {MAX_SHEET:,} people at most. Choose CSV.")
        run.save(update_fields=["total", "is_everybody"])
    return run


def expire(*, run: ExportRun) -> None:
    """The file goes, or what there is of it; that it was made is kept."""
    for state, ended in ((State.PREPARING, State.CANCELLED), (State.READY, State.EXPIRED)):
        ExportRun.objects.filter(pk=run.pk, state=state).update(state=ended, lease_until=None, token=None)
    run.chunks.all().delete()
    run.people.all().delete()


def note_download(run: ExportRun) -> None:
    ExportRun.objects.filter(pk=run.pk).update(downloads=F("downloads") + 1, downloaded_at=Now())


def step(run: ExportRun, *, now: dt.datetime) -> None:
    """One batch of people; at last the file is finished."""
    if run.is_gathered:
        _finish(run)
        return
    batch, reached = _next(run)
    with transaction.atomic():
        if not batch:
            run.advance(is_gathered=True)
            return
        data = _as_csv(run, batch)
        ExportChunk.objects.create(run=run, number=run.cursor, data=data)
        cursor = run.cursor + len(batch)
        run.advance(cursor=cursor, size=run.size + len(data), reached=reached, total=max(run.total, cursor))


def _select(run: ExportRun, chosen: QuerySet[Contact]) -> int:
    """Keep who stands in the list now: a filter may mean others when the file is made."""
    newest_first = Window(RowNumber(), order_by=[F("created_at").desc(), F("id").desc()])
    listed = Contact.objects.filter(pk__in=chosen.order_by().values("pk")).order_by()
    sql, params = listed.annotate(place=newest_first).values_list("pk", "place").query.sql_with_params()
    table = connection.ops.quote_name(ExportPerson._meta.db_table)
    insert = f"INSERT INTO {table} (run_id, contact_id, position) SELECT %s, one.* FROM ({sql}) AS one"  # noqa: S608 - Django's own query
    with connection.cursor() as cursor:
        cursor.execute(insert, [run.pk, *params])
        return int(cursor.rowcount)


def _next(run: ExportRun) -> tuple[list[Contact], list[str]]:
    """The next people, and who of them comes last."""
    if run.is_everybody:
        everybody = SHOWN.order_by("-created_at", "-id")
        if run.reached:
            created_at, pk = dt.datetime.fromisoformat(run.reached[0]), run.reached[1]
            everybody = everybody.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk))
            everybody = everybody.filter(created_at__lte=created_at)  # what the index serves
        batch = list(everybody[:AT_ONCE])
        return batch, [batch[-1].created_at.isoformat(), str(batch[-1].pk)] if batch else []
    after = int(run.reached[0]) if run.reached else 0
    while places := list(run.people.filter(position__gt=after)[:AT_ONCE]):
        after = places[-1].position
        found = SHOWN.in_bulk([place.contact_id for place in places])
        if found:  # all of them may have been deleted meanwhile
            return [found[place.contact_id] for place in places if place.contact_id in found], [str(after)]
    return [], []


def _as_csv(run: ExportRun, batch: Sequence[Contact]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    if run.cursor == 0:
        text.write("\ufeff")  # makes spreadsheets read it as UTF-8
        writer.writerow(headings(run.columns))
    writer.writerows(rows_of(batch, run.columns))
    return text.getvalue().encode("utf-8", "replace")


def _finish(run: ExportRun) -> None:
    with transaction.atomic():
        if run.format == ExportRun.Format.XLSX:
            run.size = _to_workbook(run)
        run.people.all().delete()
        run.advance(
            state=State.READY,
            size=run.size,
            total=run.cursor,
            ended_at=Now(),
            expires_at=Now() + Value(KEPT),
        )


def _to_workbook(run: ExportRun) -> int:
    """Replace what was gathered by an Excel file, row by row."""
    import openpyxl  # noqa: PLC0415 - half a second that only Excel files cost

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Contacts")
    sheet.freeze_panes = "A2"
    # A record never crosses two pieces, so each may be split on its own.
    lines = (line for piece in run.content() for line in io.StringIO(piece.decode("utf-8-sig"), newline=""))
    for row in csv.reader(lines):
        sheet.append([openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        size = file.tell()
        file.seek(0)
        run.keep(file)
    return size


def _permissions(people: Sequence[Contact]) -> dict[UUID, str]:
    """Whether each may be written to, and why not; as contacts.consent judges one, for many in two queries."""
    blocked = consent.suppressions_of(emails=[one.email for one in people])
    records = consent.newest_records(people)
    return {one.pk: _permission(one, blocked, records[one.pk]) for one in people}


def _permission(person: Contact, blocked: Mapping[str, Suppression], records: Sequence[Consent]) -> str:
    if person.status.blocks_contact:
        return f"{cells.BLOCKED}{person.status.name}"
    if row := blocked.get(mail_addresses.folded(person.email)):
        return f"{cells.BLOCKED}{row.get_reason_display().lower()}"
    general = next((at for at, one in enumerate(records) if one.business_entity is None), len(records))
    # What is older than a word about every brand holds no more.
    return cells.permission_written(list(reversed(records[: general + 1]))) or cells.NOTHING
