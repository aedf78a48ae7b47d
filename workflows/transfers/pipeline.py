"""A list on its way in: read into rows, then judged batch by batch. A preview is the real thing, taken back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F, Window, prefetch_related_objects
from django.db.models.functions import Now, RowNumber

from contactflow.core import bulk
from contacts import cleaning, describe, intake, reference_data
from contacts.cleaning import Unacceptable
from contacts.imports import Columns, FileRefused, Line, Rejected, dates
from contacts.imports.columns import NAMED_ROWS
from contacts.intake import people
from contacts.models import Contact, ContactEvent
from workflows import actions, active_workflows, enrolment, entrypoints
from workflows.active_workflows import Candidate
from workflows.conditions import Facts
from workflows.enrolment import Newcomer
from workflows.models import ImportLine, ImportRun
from workflows.transfers import column_mapping, files, job_lease

READ_AT_ONCE = 1000
JUDGED_AT_ONCE = 500
EARLIER_LINES = 100  # of one person with which a line is judged in a preview; behind so many it is hardly otherwise
MAX_LINES: Final = 2_000_000
MAX_UNKNOWN = 100  # values of one field that are offered to be mapped
SAMPLES, SAMPLED_LINES, SAMPLE_LENGTH = 3, 50, 120
NEVER_SHOWN: Final = ("email",)  # tells who is who, and so never changes

State, Became = ImportRun.State, ImportLine.Became
Answer = intake.Receipt | intake.Unchanged | intake.IntakeError


@dataclass
class Judged:
    """One line of the file with what the door said."""

    row: ImportLine
    line: Line | None
    became: str = Became.REJECTED
    reason: str = ""
    changes: dict[str, list[Any]] = field(default_factory=dict)
    contact: Contact | None = None
    unknown: list[tuple[str, str]] = field(default_factory=list)  # (field, value) of rows nobody knows
    warnings: list[str] = field(default_factory=list)

    @property
    def is_taken(self) -> bool:
        return self.became != Became.REJECTED


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
                job_lease.advance(run, cursor=last, total=max(table.total_lines - 1, last), **told)
            batch = list(islice(records, READ_AT_ONCE))
    if run.cursor == 0:
        raise FileRefused("The file has a header and not a single line below it.")
    with transaction.atomic():
        run.chunks.all().delete()  # the rows say all that stood in it
        remembered = column_mapping.remembered(run)
        fields = remembered.fields if remembered else Columns.guessed(run.header, run.samples).fields
        meant = {"fields": list(fields), "values": column_mapping.remembered_values(run.source)}
        meant["date_order"] = remembered.date_order if remembered else ""
        is_clear = remembered is not None and run.queued_at is not None  # the command decides by itself
        state = State.CHECKING if is_clear else State.COLUMNS
        job_lease.advance(run, state=state, total=run.cursor, cursor=0, **meant)


def _look_at(batch: Iterable[tuple[int, files.Record]], told: dict[str, list[Any]]) -> None:
    """Keep the first values of every column, and what its dates say together."""
    samples, evidence = told["samples"], told["date_evidence"]
    for position, record in batch:
        if isinstance(record, Rejected):
            continue
        for at, cell in enumerate(record[1][: len(evidence)]):
            if cell[:1].isdigit() or cell[:1] == " ":
                evidence[at] |= dates.evidence(cell)
            if position <= SAMPLED_LINES and len(samples[at]) < SAMPLES and cell.strip():
                samples[at].append(str(cleaning.plain(cell)).strip()[:SAMPLE_LENGTH])


def _row(run: ImportRun, position: int, record: files.Record) -> ImportLine:
    number, cells, reason = (
        (record.number, record.cells, record.reason) if isinstance(record, Rejected) else (*record, "")
    )
    return ImportLine(run=run, position=position, number=number, cells=cleaning.plain(list(cells)), unreadable=reason)


# Judging


def judge(run: ImportRun, *, now: dt.datetime) -> None:
    """One batch, stored together with how far the run is: whatever happens, no line is applied twice."""
    is_preview = run.state == State.CHECKING
    rows = list(run.lines.filter(position__gt=run.cursor)[:JUDGED_AT_ONCE])
    if not rows:
        job_lease.advance(run, state=State.READY) if is_preview else job_lease.advance(
            run, state=State.DONE, ended_at=Now()
        )
        return
    judged = _understand(run, rows)
    if is_preview:
        earlier = _earlier(run, judged)
        started, starting = _taken_back(run, judged, earlier, now)
        _mark_repeats(judged, {line.person for line in earlier})
        forecast = _foretold(run.forecast, judged, starting, earlier)
        with transaction.atomic():
            _store(judged, "foreseen")
            counts = _added(run.foreseen, judged, started=started)
            told = {"foreseen": counts, "forecast": forecast, "unknown": _unknown(run.unknown, judged)}
            job_lease.advance(run, cursor=rows[-1].position, **told)
        return
    with transaction.atomic():
        _say_who_wanted_it(run)
        started = _take_in(run, judged, now)
        if not run.foreseen:  # nobody asked for a preview
            _mark_repeats(judged, _persons_before(run, judged))
        counts = _added(run.applied, judged, started=started, differs=_note_differences(judged))
        _store(judged, "became")
        job_lease.advance(run, cursor=rows[-1].position, applied=counts)


def _understand(run: ImportRun, rows: Sequence[ImportLine]) -> list[Judged]:
    """Nothing is asked of the door yet."""
    columns = column_mapping.columns_of(run)
    judged = []
    for row in rows:
        found = columns.understand(row.number, row.cells) if not row.unreadable else None
        if isinstance(found, Line):
            row.person = _person(found)
            judged.append(Judged(row, found))
        else:
            judged.append(Judged(row, None, reason=found.reason if found else row.unreadable))
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
        _note(one, answer)
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


def _note(one: Judged, answer: Answer) -> None:
    """Changes are {field: [before, after]}; of somebody new everything that is known, with nothing before."""
    if isinstance(answer, intake.IntakeError):
        one.became, one.reason, one.contact, one.changes, one.warnings = Became.REJECTED, str(answer), None, {}, []
        one.unknown = _unknown_values(one.line, answer) if one.line else []
        return
    one.contact, one.became, one.changes = answer.contact, Became.UNCHANGED, {}
    one.warnings = list(one.line.warnings) if one.line else []
    if not isinstance(answer, intake.Receipt):
        return
    one.warnings += describe.warnings(answer.event.warnings)
    if answer.created:
        one.became = Became.CREATED
        one.changes = {name: [None, value] for name, value in answer.known.items() if value and name not in NEVER_SHOWN}
    elif answer.changes:
        one.became = Became.UPDATED
        one.changes = {name: pair for name, pair in answer.changes.items() if name not in NEVER_SHOWN}


def _unknown_values(line: Line, error: intake.IntakeError) -> list[tuple[str, str]]:
    """What would be understood if somebody said what it means."""
    reference, found = reference_data.load(), []
    for name in error.errors.keys() & set(NAMED_ROWS):
        given = getattr(line.arrival, name) or ()
        rows = reference.named(name)
        found += [(name, one) for one in ([given] if isinstance(given, str) else given) if not rows.knows(one)]
    return found


def _mark_repeats(judged: Sequence[Judged], seen: set[str]) -> None:
    for one in judged:
        one.row.is_repeat = one.is_taken and one.row.person in seen
        if one.is_taken:
            seen.add(one.row.person)


def _added(counts: dict[str, int], judged: Sequence[Judged], **more: int) -> dict[str, int]:
    """The run's numbers with this batch in them."""
    total = Counter(counts)
    total.update(more)
    for one in judged:
        total[one.became] += 1
        total["merged"] += one.row.is_repeat
        total["warnings"] += len(one.warnings)
    return dict(total)


def _store(judged: Sequence[Judged], outcome: str) -> None:
    for one in judged:
        row = one.row
        setattr(row, outcome, one.became)
        row.reason, row.changes, row.contact = one.reason, one.changes, one.contact if outcome == "became" else None
        row.warnings = one.warnings
    names = ["person", outcome, "reason", "changes", "warnings", "is_repeat", "starts", "differs", "contact"]
    bulk.update([one.row for one in judged], names)


# Of applying


def _say_who_wanted_it(run: ImportRun) -> None:
    """What the lines change is written down as changed by the colleague who said yes to it, whoever carries it out."""
    if run.applied_by is None:
        return
    asked = f"SELECT {', '.join('set_config(%s, %s, true)' for _ in range(3))}"  # until the batch is committed
    told = ("actor", run.applied_by.get_username()), ("user_id", str(run.applied_by.pk)), ("path", f"import {run.pk}")
    with connection.cursor() as cursor:
        cursor.execute(asked, [word for name, value in told for word in (f"contactflow.{name}", value)])


def _persons_before(run: ImportRun, judged: Sequence[Judged]) -> set[str]:
    persons = {one.row.person for one in judged if one.line}
    before = run.lines.filter(person__in=persons, position__lt=judged[0].row.position).exclude(became=Became.REJECTED)
    return set(before.values_list("person", flat=True))


def _note_differences(judged: Sequence[Judged]) -> int:
    """How many became something else than was foreseen."""
    for one in judged:
        one.row.differs = bool(one.row.foreseen) and (one.row.foreseen, one.row.changes) != (one.became, one.changes)
    return sum(one.row.differs for one in judged)


# Of the preview


def _earlier(run: ImportRun, judged: Sequence[Judged]) -> list[ImportLine]:
    """Lines further up about the same people, of each the last: with them a line is judged as it will be."""
    persons = {one.row.person for one in judged if one.line}
    lines = run.lines.filter(person__in=persons, position__lt=judged[0].row.position).exclude(foreseen=Became.REJECTED)
    age = Window(RowNumber(), partition_by=F("person"), order_by=F("position").desc())
    return list(lines.annotate(age=age).filter(age__lte=EARLIER_LINES).order_by("position"))


def _taken_back(
    run: ImportRun, judged: Sequence[Judged], earlier: Sequence[ImportLine], now: dt.datetime
) -> tuple[int, dict[str, list[Candidate]]]:
    """Take them in as it will be, and back again: how many workflows start and, while nobody said whether any are to,
    by person which would."""
    among = active_workflows.load()
    with transaction.atomic():
        if earlier:
            _take_in(run, _understand(run, earlier), now)
        started = _take_in(run, judged, now)
        starting = {} if run.start_workflows else _starting(judged, among, now)
        transaction.set_rollback(True)
    return started, starting


def _starting(judged: Sequence[Judged], among: Iterable[Candidate], now: dt.datetime) -> dict[str, list[Candidate]]:
    taken = {one.row.person: one.contact for one in judged if one.contact is not None}
    new = {one.row.person for one in judged if one.became == Became.CREATED}
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
    """How often each value stands in the file that nobody knows, by field."""
    found = {name: Counter(values) for name, values in known.items()}
    for name, value in (pair for one in judged for pair in one.unknown):
        values = found.setdefault(name, Counter())
        if value in values or len(values) < MAX_UNKNOWN:
            values[value] += 1
    return {name: dict(values) for name, values in found.items()}
