"""People -> a file for the one who asked: gathered batch by batch, formulas defused, never held as a whole."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Value, Window
from django.db.models.functions import Now, RowNumber

from contacts.models import Contact
from workflows.models import ExportChunk, ExportPerson, ExportRun
from workflows.models.transfers import NotPossible
from workflows.transfers import contact_columns

State = ExportRun.State
AT_ONCE = 500
KEPT: Final = dt.timedelta(days=7)
MAX_SHEET: Final = 200_000  # rows that a spreadsheet still opens in good time
LOOKED_AT = 2000  # newest people, for the names of custom fields
CONTENT_TYPES: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def custom_fields() -> list[str]:
    """The names of custom fields, as the newest people have them."""
    some = Contact.objects.exclude(custom={}).order_by("-created_at", "-id").values_list("custom", flat=True)
    return sorted({name for custom in some[:LOOKED_AT] for name in custom}, key=str.casefold)[:100]


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


def cancel(*, run: ExportRun) -> None:
    """Raises NotPossible once it is made."""
    run.move((State.PREPARING,), State.CANCELLED, ended_at=Now(), lease_until=None, token=None)
    expire(run=run)


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
        everybody = contact_columns.with_rows(Contact.objects.order_by("-created_at", "-id"))
        if run.reached:
            created_at, pk = dt.datetime.fromisoformat(run.reached[0]), run.reached[1]
            everybody = everybody.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk))
            everybody = everybody.filter(created_at__lte=created_at)  # what the index serves
        batch = list(everybody[:AT_ONCE])
        return batch, [batch[-1].created_at.isoformat(), str(batch[-1].pk)] if batch else []
    after = int(run.reached[0]) if run.reached else 0
    while places := list(run.people.filter(position__gt=after)[:AT_ONCE]):
        after = places[-1].position
        found = contact_columns.with_rows(Contact.objects.all()).in_bulk([place.contact_id for place in places])
        if found:  # all of them may have been deleted meanwhile
            return [found[place.contact_id] for place in places if place.contact_id in found], [str(after)]
    return [], []


def _as_csv(run: ExportRun, batch: Sequence[Contact]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    if run.cursor == 0:
        text.write("\ufeff")  # makes spreadsheets read it as UTF-8
        writer.writerow(contact_columns.headings(run.columns))
    writer.writerows(contact_columns.rows(batch, run.columns))
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
