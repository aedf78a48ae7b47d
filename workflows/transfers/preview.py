"""The preview: every line is read into a row, judged by the door as it would be when applied, and taken back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Window, prefetch_related_objects
from django.db.models.functions import RowNumber

from contactflow.core import bulk
from contacts import cleaning
from contacts.imports import FileRefused, Rejected
from contacts.intake import people
from workflows import actions, active_workflows, enrolment
from workflows.active_workflows import Candidate
from workflows.conditions import Facts
from workflows.enrolment import Newcomer
from workflows.imports import EARLIER_LINES
from workflows.models import ImportLine, ImportRun
from workflows.transfers import files, job_lease, row_results
from workflows.transfers.row_results import Judged

READ_AT_ONCE = 1000
JUDGED_AT_ONCE = 200
MAX_LINES: Final = 500_000


def step(run: ImportRun, *, now: dt.datetime, deadline: float) -> None:
    """One batch of the preview; the first reads the whole file."""
    if run.is_read:
        _check_some(run, now)
    else:
        _read(run)


def _read(run: ImportRun) -> None:
    """Line by line into rows; a reading that was interrupted goes on behind what is stored."""
    with files.stored(run) as copy:
        opened = files.open_file(copy)  # type: ignore[arg-type]  # a temporary file is a binary stream
        records = enumerate(opened, start=1)
        batch = list(islice(records, run.lines_read, run.lines_read + READ_AT_ONCE))
        while batch:
            last = batch[-1][0]
            if last > MAX_LINES:
                raise FileRefused(f"The file has more than {MAX_LINES:,} lines. Split it.")
            with transaction.atomic():
                ImportLine.objects.bulk_create(_row(run, position, record) for position, record in batch)
                job_lease.advance(run, lines_read=last, total=max(run.total, last))
            batch = list(islice(records, READ_AT_ONCE))
        opened.close() if isinstance(opened, files.Workbook) else None
    with transaction.atomic():
        run.chunks.all().delete()  # the rows say all that stood in it
        job_lease.advance(run, is_read=True, total=run.lines_read)


def _row(run: ImportRun, position: int, record: files.Record) -> ImportLine:
    number, cells, reason = (
        (record.number, record.cells, record.reason) if isinstance(record, Rejected) else (*record, "")
    )
    return ImportLine(run=run, position=position, number=number, cells=cleaning.plain(list(cells)), unreadable=reason)


def _check_some(run: ImportRun, now: dt.datetime) -> None:
    rows = list(run.lines.filter(position__gt=run.cursor)[:JUDGED_AT_ONCE])
    if not rows:
        job_lease.advance(run, state=ImportRun.State.READY)
        return
    judged = row_results.understand(run, rows)
    for one in judged:
        one.row.person = row_results.person(one.line) if one.line else ""
    earlier = _earlier(run, {one.row.person for one in judged} - {""}, before=rows[0].position)
    starting = _preview(run, judged, earlier, now)
    _mark_repeats(judged, earlier)
    forecast = _foretold(run.forecast, judged, starting, earlier)
    with transaction.atomic():
        _store(judged)
        job_lease.advance(
            run, cursor=rows[-1].position, foreseen=row_results.added(run.foreseen, judged), forecast=forecast
        )


def _earlier(run: ImportRun, persons: set[str], *, before: int) -> list[ImportLine]:
    """Lines further up about the same people, of each the last: with them a line is judged as it will be."""
    lines = run.lines.filter(person__in=persons, position__lt=before).exclude(foreseen="rejected")
    age = Window(RowNumber(), partition_by=F("person"), order_by=F("position").desc())
    return list(lines.annotate(age=age).filter(age__lte=EARLIER_LINES).order_by("position"))


def _preview(
    run: ImportRun, judged: Sequence[Judged], earlier: Sequence[ImportLine], now: dt.datetime
) -> dict[str, list[Candidate]]:
    """As it will be, and taken back; returns by person what would start."""
    run.start_workflows = False  # what would start is judged by itself, and the choice is made afterwards
    door = row_results.door_of(run, now)
    among = active_workflows.load()
    with transaction.atomic():
        if earlier:
            row_results.take_in(row_results.understand(run, earlier), door)
        row_results.take_in(judged, door)
        taken = {one.row.person: one for one in judged if one.is_taken and one.contact is not None}
        new = {one.row.person for one in judged if one.became == "created"}
        persons = people.of([one.contact for one in taken.values() if one.contact is not None])
        newcomers = [
            Newcomer(contact=found.contact, facts=Facts.from_event(found.facts()), is_new=name in new)
            for found, name in zip(persons, taken, strict=True)
        ]
        starting = dict(zip(taken, enrolment.foresee(people=newcomers, among=among, now=now), strict=True))
        transaction.set_rollback(True)
    return starting


def _mark_repeats(judged: Sequence[Judged], earlier: Iterable[ImportLine]) -> None:
    seen = {line.person for line in earlier}
    for one in judged:
        one.row.is_repeat = one.is_taken and one.row.person in seen
        if one.is_taken:
            seen.add(one.row.person)


def _foretold(
    forecast: dict[str, Any],
    judged: Sequence[Judged],
    starting: dict[str, list[Candidate]],
    earlier: Sequence[ImportLine],
) -> dict[str, Any]:
    """What the run would start so far. A person who stands in the file again starts only what is new."""
    known: dict[str, set[int]] = {}
    for line in earlier:
        known.setdefault(line.person, set()).update(line.starts)
    last = {one.row.person: one for one in judged if one.is_taken}
    workflows: dict[str, dict[str, Any]] = {key: dict(value) for key, value in forecast.get("workflows", {}).items()}
    counts: Counter[str] = Counter(people=forecast.get("people", 0))
    mails = _mails([one for some in starting.values() for one in some])
    for person, some in starting.items():
        new = [one for one in some if one.template.pk not in known.get(person, ())]
        last[person].row.starts = [one.template.pk for one in new]
        counts["people"] += bool(new) and not known.get(person)
        for one in new:
            number, first = mails[one.template.pk]
            entry = workflows.setdefault(
                str(one.template.pk), {"name": one.template.name, "people": 0, "emails": 0, "first_hours": first}
            )
            entry["people"] += 1
            entry["emails"] += number
    return {"people": counts["people"], "workflows": workflows}


def _mails(candidates: Iterable[Candidate]) -> dict[int, tuple[int, float | None]]:
    """For each workflow: how many emails one person gets, and after how many hours the first."""
    by_template = {one.template.pk: one for one in candidates}
    prefetch_related_objects(
        [step for one in by_template.values() for step in one.steps], "template", "touches__template"
    )
    found = {}
    for pk, one in by_template.items():
        hours = [float(email.hours) for email in actions.emails_of(one.steps)]
        found[pk] = (len(hours), min(hours, default=None))
    return found


def _store(judged: Sequence[Judged]) -> None:
    for one in judged:
        one.row.foreseen, one.row.reason, one.row.changes = one.became, one.reason, one.changes
        one.row.warnings = list(one.line.warnings) if one.line and one.is_taken else []
    names = ["person", "foreseen", "reason", "changes", "warnings", "is_repeat", "starts"]
    bulk.update([one.row for one in judged], names)
