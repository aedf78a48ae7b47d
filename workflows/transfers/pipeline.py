"""A list on its way in: read into rows, then judged batch by batch. A preview is the real thing, taken back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F, QuerySet, Window, prefetch_related_objects
from django.db.models.functions import Now, RowNumber

from contactflow.core import bulk
from contacts import cleaning, describe, intake, reference_data
from contacts.cleaning import Unacceptable
from contacts.imports import Columns, FileRefused, Line, Record, Rejected, dates
from contacts.imports.columns import NAMED_ROWS
from contacts.intake import people
from contacts.models import ContactEvent
from workflows import actions, active_workflows, enrolment, entrypoints
from workflows.active_workflows import Candidate
from workflows.conditions import Facts
from workflows.enrolment import Newcomer
from workflows.models import ImportLine, ImportRun
from workflows.transfers import column_mapping, files

READ_AT_ONCE = 1000
JUDGED_AT_ONCE = 500
EARLIER_LINES = 100  # of one person with which a line is judged in a preview; behind so many it is hardly otherwise
MAX_LINES: Final = 2_000_000
MAX_UNKNOWN = 100  # values of one field that are offered to be mapped
SAMPLES, SAMPLED_LINES, SAMPLE_LENGTH = 3, 50, 120
WRITTEN: Final = ("person", "reason", "changes", "warnings", "is_repeat", "starts", "differs", "contact")

State, Became = ImportRun.State, ImportLine.Became
Answer = intake.Receipt | intake.Unchanged | intake.IntakeError


@dataclass
class Judged:
    """One line of the file with what the door said; nothing, where it could not be understood."""

    row: ImportLine
    line: Line | None
    answer: Answer | None = None

    @property
    def is_taken(self) -> bool:
        return isinstance(self.answer, intake.Receipt | intake.Unchanged)

    @property
    def is_new(self) -> bool:
        return isinstance(self.answer, intake.Receipt) and self.answer.created


# Reading


def read(run: ImportRun, *, now: dt.datetime) -> None:
    """Line by line into rows; a reading that was interrupted goes on behind what is stored."""
    with files.stored(run) as copy, files.opened(copy) as table:
        header = [str(cleaning.plain(name)) for name in table.header]
        told = {"header": header, "samples": run.samples or [[] for _ in header]}
        told["date_evidence"] = run.date_evidence or [0] * len(header)
        records = enumerate(table, start=1)
        batch = list(islice(records, run.cursor, run.cursor + READ_AT_ONCE))
        while batch:
            last = batch[-1][0]
            if last > MAX_LINES:
                raise FileRefused(f"The file has more than {MAX_LINES:,} lines. Split it.")
            _look_at(batch, told)
            with transaction.atomic():
                bulk.insert([_row(run, position, record) for position, record in batch])
                run.advance(cursor=last, total=max(table.total_lines - 1, last), **told)
            batch = list(islice(records, READ_AT_ONCE))
    if run.cursor == 0:
        raise FileRefused("The file has a header and not a single line below it.")
    with transaction.atomic():
        run.chunks.all().delete()  # the rows say all that stood in it
        remembered = column_mapping.remembered(run)
        is_command = run.queued_at is None  # and decides by itself
        guess = Columns.by_name(run.header) if is_command else Columns.guessed(run.header, run.samples)
        meant: dict[str, Any] = {"fields": list(remembered.fields if remembered else guess.fields)}
        meant["values"] = column_mapping.remembered_values(run.source)
        meant["date_order"] = remembered.date_order if remembered else ""
        state = State.CHECKING if remembered and not is_command else State.COLUMNS
        run.advance(state=state, total=run.cursor, cursor=0, **meant)


def _look_at(batch: Iterable[tuple[int, Record]], told: dict[str, list[Any]]) -> None:
    """Keep the first values of every column, and what its dates say together."""
    samples, evidence = told["samples"], told["date_evidence"]
    for position, record in batch:
        for at, cell in enumerate(record.cells[: 0 if record.reason else len(evidence)]):
            if cell[:1].isdigit() or cell[:1] == " ":
                evidence[at] |= dates.evidence(cell)
            if position <= SAMPLED_LINES and len(samples[at]) < SAMPLES and cell.strip():
                samples[at].append(str(cleaning.plain(cell)).strip()[:SAMPLE_LENGTH])


def _row(run: ImportRun, position: int, record: Record) -> ImportLine:
    number, cells, reason = record
    return ImportLine(run=run, position=position, number=number, cells=cleaning.plain(list(cells)), unreadable=reason)


# Judging


def judge(run: ImportRun, *, now: dt.datetime) -> None:
    """One batch, stored together with how far the run is: whatever happens, no line is applied twice."""
    rows = list(run.lines.filter(position__gt=run.cursor)[:JUDGED_AT_ONCE])
    is_preview = run.state == State.CHECKING
    if not rows:
        run.advance(state=State.READY) if is_preview else run.advance(state=State.DONE, ended_at=Now())
        return
    judged = _understand(run, rows)
    told = _foresee(run, judged, now) if is_preview else {}
    with transaction.atomic():
        told = told or _apply(run, judged, now)
        bulk.update(rows, [*WRITTEN, run.outcome])
        run.advance(cursor=rows[-1].position, **told)


def _understand(run: ImportRun, rows: Sequence[ImportLine]) -> list[Judged]:
    """Nothing is asked of the door yet."""
    columns = column_mapping.columns_of(run)
    judged = []
    for row in rows:
        found = columns.understand(row.number, row.cells) if not row.unreadable else None
        line = found if isinstance(found, Line) else None
        row.reason = found.reason if isinstance(found, Rejected) else row.unreadable
        row.person = _person(line) if line else ""
        judged.append(Judged(row, line))
    return judged


def _person(line: Line) -> str:
    """The address by which the person of the line is known; as it stands there if it is none."""
    try:
        return cleaning.email(line.arrival.email)[:320]
    except Unacceptable:
        return line.arrival.email[:320]


def _take_in(run: ImportRun, judged: Sequence[Judged], now: dt.datetime) -> int:
    """Send the lines through the door and note its answers; returns how many workflows started."""
    lines = [one for one in judged if one.line is not None]
    answered = entrypoints.apply_many(
        changes=[_change(run, one.line) for one in lines if one.line is not None],
        policy=intake.ARRIVAL if run.start_workflows else intake.BASELINE,
        now=now,
        is_listed=True,
    )
    started = 0
    for one, (answer, enrolled) in zip(lines, answered, strict=True):
        one.answer = answer
        is_known_event = isinstance(answer, intake.Receipt) and answer.duplicate
        started += 0 if is_known_event else len(enrolled.instances)
    return started


def _change(run: ImportRun, line: Line) -> intake.Change:
    """The same line is the same event, unless it is imported for another brand or to start workflows at last."""
    arrival, brand = line.arrival, run.business_entity.name if run.business_entity else ""
    if brand and not arrival.business_entities:
        arrival = dataclasses.replace(arrival, business_entities=(brand,))
    purpose = "start" if run.start_workflows else "baseline"
    key = f"csv:{purpose}:{brand}:{line.digest}"
    return intake.Change(arrival=arrival, source=ContactEvent.Source.CSV, event_key=key)


def _write_down(run: ImportRun, judged: Sequence[Judged]) -> None:
    """Changes are {field: [before, after]}; of somebody new everything that is known, with nothing before."""
    for one in judged:
        row, answer = one.row, one.answer
        became, changes = Became.UNCHANGED if one.is_taken else Became.REJECTED, {}
        if isinstance(answer, intake.Receipt) and answer.created:
            became, changes = Became.CREATED, {name: [None, value] for name, value in answer.known.items() if value}
        elif isinstance(answer, intake.Receipt) and answer.changes:
            became, changes = Became.UPDATED, dict(answer.changes)
        elif isinstance(answer, intake.IntakeError):
            row.reason = str(answer)
        changes.pop("email", None)  # tells who is who, and so never changes
        if run.applied_at:
            row.differs = bool(row.foreseen) and (row.foreseen, row.changes) != (became, changes)
            row.contact = answer.contact if isinstance(answer, intake.Receipt | intake.Unchanged) else None
        setattr(row, run.outcome, became)
        row.changes, row.warnings = changes, list(one.line.warnings) if one.line and one.is_taken else []
        if isinstance(answer, intake.Receipt):
            row.warnings += describe.warnings(answer.event.warnings)


def _mark_repeats(judged: Sequence[Judged], seen: set[str]) -> None:
    for one in judged:
        one.row.is_repeat = one.is_taken and one.row.person in seen
        if one.is_taken:
            seen.add(one.row.person)


def _added(run: ImportRun, judged: Sequence[Judged], started: int) -> dict[str, int]:
    """The run's numbers with this batch in them."""
    total = Counter(run.counts)
    total["started"] += started
    for one in judged:
        total[getattr(one.row, run.outcome)] += 1
        total["merged"] += one.row.is_repeat
        total["differs"] += one.row.differs
        total["warnings"] += len(one.row.warnings)
    return dict(total)


def _before(run: ImportRun, judged: Sequence[Judged]) -> QuerySet[ImportLine]:
    """Lines further up about the same people."""
    persons = {one.row.person for one in judged if one.line}
    before = run.lines.filter(person__in=persons, position__lt=judged[0].row.position)
    return before.exclude(**{run.outcome: Became.REJECTED})


# Of applying


def _say_who_wanted_it(run: ImportRun) -> None:
    """What the lines change is written down as changed by the colleague who said yes to it, whoever carries it out."""
    if run.applied_by is None:
        return
    asked = f"SELECT {', '.join('set_config(%s, %s, true)' for _ in range(3))}"  # until the batch is committed
    told = ("actor", run.applied_by.get_username()), ("user_id", str(run.applied_by.pk)), ("path", f"import {run.pk}")
    with connection.cursor() as cursor:
        cursor.execute(asked, [word for name, value in told for word in (f"contactflow.{name}", value)])


def _apply(run: ImportRun, judged: Sequence[Judged], now: dt.datetime) -> dict[str, Any]:
    _say_who_wanted_it(run)
    started = _take_in(run, judged, now)
    if not run.foreseen:  # nobody asked for a preview
        _mark_repeats(judged, set(_before(run, judged).values_list("person", flat=True)))
    _write_down(run, judged)
    return {"applied": _added(run, judged, started)}


# Of the preview


def _foresee(run: ImportRun, judged: Sequence[Judged], now: dt.datetime) -> dict[str, Any]:
    """Take them in as it will be, behind the lines about the same people, and back again: how many workflows start and,
    while nobody said whether any are to, by person which would."""
    age = Window(RowNumber(), partition_by=F("person"), order_by=F("position").desc())
    earlier = list(_before(run, judged).annotate(age=age).filter(age__lte=EARLIER_LINES).order_by("position"))
    among = active_workflows.load()
    with transaction.atomic():
        if earlier:
            _take_in(run, _understand(run, earlier), now)
        started = _take_in(run, judged, now)
        starting = {} if run.start_workflows else _starting(judged, among, now)
        transaction.set_rollback(True)
    _mark_repeats(judged, {line.person for line in earlier})
    forecast = _foretold(run.forecast, judged, starting, earlier)
    _write_down(run, judged)
    return {"foreseen": _added(run, judged, started), "forecast": forecast, "unknown": _unknown(run.unknown, judged)}


def _starting(judged: Sequence[Judged], among: Iterable[Candidate], now: dt.datetime) -> dict[str, list[Candidate]]:
    taken = {
        one.row.person: one.answer.contact
        for one in judged
        if isinstance(one.answer, intake.Receipt | intake.Unchanged)
    }
    new = {one.row.person for one in judged if one.is_new}
    newcomers = [
        Newcomer(contact=found.contact, facts=Facts.from_event(found.facts()), is_new=name in new)
        for found, name in zip(people.of(list(taken.values())), taken, strict=True)
    ]
    return dict(zip(taken, enrolment.foresee(people=newcomers, among=among, now=now), strict=True))


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
    people_starting = forecast.get("people", 0)
    mails = _mails([one for some in starting.values() for one in some])
    for person, some in starting.items():
        new = [one for one in some if one.template.pk not in known.get(person, ())]
        last[person].row.starts = [one.template.pk for one in new]
        people_starting += bool(new) and not known.get(person)
        for one in new:
            number, first = mails[one.template.pk]
            fresh = {"name": one.template.name, "people": 0, "emails": 0, "first_hours": first}
            entry = workflows.setdefault(str(one.template.pk), fresh)
            entry["people"] += 1
            entry["emails"] += number
    return {"people": people_starting, "workflows": workflows}


def _mails(candidates: Iterable[Candidate]) -> dict[int, tuple[int, float | None]]:
    """For each workflow: how many emails one person gets, and after how many hours the first."""
    by_template = {one.template.pk: one for one in candidates}
    prefetch_related_objects(
        [step for one in by_template.values() for step in one.steps], "template", "touches__template"
    )
    hours = {pk: [float(email.hours) for email in actions.emails_of(one.steps)] for pk, one in by_template.items()}
    return {pk: (len(some), min(some, default=None)) for pk, some in hours.items()}


def _unknown(known: dict[str, dict[str, int]], judged: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """How often each value stands in the file that would be understood if somebody said what it means, by field."""
    reference, found = reference_data.load(), {name: Counter(values) for name, values in known.items()}
    for one in judged:
        if one.line is None or not isinstance(one.answer, intake.IntakeError):
            continue
        for name in one.answer.errors.keys() & set(NAMED_ROWS):
            given = getattr(one.line.arrival, name) or ()
            values = found.setdefault(name, Counter())
            for value in [given] if isinstance(given, str) else given:
                is_offered = value in values or len(values) < MAX_UNKNOWN
                if is_offered and not reference.named(name).knows(value):
                    values[value] += 1
    return {name: dict(values) for name, values in found.items() if values}
