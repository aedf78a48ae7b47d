"""A list on its way in: read into rows, then judged batch by batch. A preview is the real thing, taken back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Window, prefetch_related_objects
from django.db.models.functions import Now, RowNumber

from contactflow.core import actor, bulk
from contacts import cleaning, describe, intake, reference_data
from contacts.cleaning import Unacceptable
from contacts.imports import FileRefused, Line, Record, dates
from contacts.imports.columns import NAMED_ROWS
from contacts.intake import people
from contacts.models import Contact, ContactEvent
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
    def contact(self) -> Contact | None:
        """Whom it is about, where it is taken in."""
        return self.answer.contact if isinstance(self.answer, intake.Receipt | intake.Unchanged) else None


# Reading


def read(run: ImportRun, *, now: dt.datetime) -> None:
    """Line by line into rows; a reading that was interrupted goes on behind what is stored."""
    with files.table_of(run) as table:
        header = [str(cleaning.plain(name)) for name in table.header]
        told = {"header": header, "samples": run.samples or [[] for _ in header]}
        told["date_evidence"] = run.date_evidence or [0] * len(header)
        records = islice(enumerate(table, start=1), run.cursor, None)
        for batch in iter(lambda: list(islice(records, READ_AT_ONCE)), []):
            last = batch[-1][0]
            if last > MAX_LINES:
                raise FileRefused(f"The file has more than {MAX_LINES:,} lines. Split it.")
            _look_at(batch, told)
            with transaction.atomic():
                bulk.insert(
                    [
                        ImportLine(
                            run=run, position=at, number=number, cells=cleaning.plain([*cells]), unreadable=reason
                        )
                        for at, (number, cells, reason) in batch
                    ]
                )
                run.advance(cursor=last, total=max(table.total_lines - 1, last), **told)
    if run.cursor == 0:
        raise FileRefused("The file has a header and not a single line below it.")
    with transaction.atomic():
        run.chunks.all().delete()  # the rows say all that stood in it
        run.advance(total=run.cursor, cursor=0, **column_mapping.guess(run))


def _look_at(batch: Iterable[tuple[int, Record]], told: dict[str, list[Any]]) -> None:
    """Keep the first values of every column, and what its dates say together."""
    samples, evidence = told["samples"], told["date_evidence"]
    for position, record in batch:
        for at, cell in enumerate(record.cells[: 0 if record.reason else len(evidence)]):
            if cell[:1].isdigit() or cell[:1] == " ":
                evidence[at] |= dates.evidence(cell)
            if position <= SAMPLED_LINES and len(samples[at]) < SAMPLES and cell.strip():
                samples[at].append(str(cleaning.plain(cell)).strip()[:SAMPLE_LENGTH])


# Judging


def judge(run: ImportRun, *, now: dt.datetime) -> None:
    """One batch, stored together with how far the run is: whatever happens, no line is applied twice."""
    rows = list(run.lines.filter(position__gt=run.cursor)[:JUDGED_AT_ONCE])
    is_preview = run.state == State.CHECKING
    if not rows:
        ready: dict[str, Any] = {"state": State.READY, "forecast": _forecast(run)} if is_preview else {}
        run.advance(**(ready or {"state": State.DONE, "ended_at": Now()}))
        return
    judged = _understand(run, rows)
    earlier = _earlier(run, judged)
    with transaction.atomic():
        if run.applied_by is not None:
            actor.for_transaction(user=run.applied_by, path=f"import {run.pk}")  # whoever carries it out
        started = _foresee(run, judged, earlier, now) if is_preview else _take_in(run, judged, now)
        _write_down(run, judged, {line.person for line in earlier})
        bulk.update(rows, [*WRITTEN, run.outcome])
        unknown = _unknown(run.unknown, judged) if is_preview else run.unknown
        run.advance(cursor=rows[-1].position, unknown=unknown, **{run.counted: _added(run, judged, started)})


def _understand(run: ImportRun, rows: Sequence[ImportLine]) -> list[Judged]:
    """Nothing is asked of the door yet."""
    columns = column_mapping.columns_of(run)
    judged = []
    for row in rows:
        found = columns.understand(Record(row.number, row.cells, row.unreadable))
        line = found if isinstance(found, Line) else None
        row.reason = found.reason if isinstance(found, Record) else ""
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


def _earlier(run: ImportRun, judged: Sequence[Judged]) -> list[ImportLine]:
    """Lines further up about the same people that were taken in, of each person the last."""
    persons = {one.row.person for one in judged if one.line}
    before = run.lines.filter(person__in=persons, position__lt=judged[0].row.position)
    age = Window(RowNumber(), partition_by=F("person"), order_by=F("position").desc())
    taken = before.exclude(**{run.outcome: Became.REJECTED}).annotate(age=age)
    return list(taken.filter(age__lte=EARLIER_LINES).order_by("position"))


def _foresee(run: ImportRun, judged: Sequence[Judged], earlier: Sequence[ImportLine], now: dt.datetime) -> int:
    """Take them in as it will be, behind the lines about the same people, and back again: how many workflows start."""
    among = active_workflows.load()
    with transaction.atomic():
        if earlier:
            _take_in(run, _understand(run, earlier), now)
        started = _take_in(run, judged, now)
        if not run.start_workflows:  # nobody said yet whether any are to
            _note_starts(judged, earlier, among, now)
        transaction.set_rollback(True)
    return started


def _note_starts(
    judged: Sequence[Judged], earlier: Sequence[ImportLine], among: Iterable[Candidate], now: dt.datetime
) -> None:
    """With a person's last line of the batch, what would start that no earlier line starts."""
    known = {(line.person, pk) for line in earlier for pk in line.starts}
    last = {one.row.person: one for one in judged if one.contact}
    new = {one.row.person for one in judged if isinstance(one.answer, intake.Receipt) and one.answer.created}
    newcomers = [
        Newcomer(contact=found.contact, facts=Facts.from_event(found.facts()), is_new=name in new)
        for found, name in zip(people.of([one.contact for one in last.values() if one.contact]), last, strict=True)
    ]
    for one in judged:
        one.row.starts = []
    for (name, one), starts in zip(
        last.items(), enrolment.foresee(people=newcomers, among=among, now=now), strict=True
    ):
        one.row.starts = [each.template.pk for each in starts if (name, each.template.pk) not in known]


def _write_down(run: ImportRun, judged: Sequence[Judged], seen: set[str]) -> None:
    """Changes are {field: [before, after]}; of somebody new everything that is known, with nothing before."""
    for one in judged:
        row, answer = one.row, one.answer
        became, changes = Became.UNCHANGED if one.contact else Became.REJECTED, {}
        if isinstance(answer, intake.Receipt) and answer.created:
            became, changes = Became.CREATED, {name: [None, value] for name, value in answer.known.items() if value}
        elif isinstance(answer, intake.Receipt) and answer.changes:
            became, changes = Became.UPDATED, dict(answer.changes)
        elif isinstance(answer, intake.IntakeError):
            row.reason = str(answer)
        changes.pop("email", None)  # tells who is who, and so never changes
        if run.applied_at:
            row.differs = bool(row.foreseen) and (row.foreseen, row.changes) != (became, changes)
            row.contact = one.contact
        setattr(row, run.outcome, became)
        row.changes, row.warnings = changes, list(one.line.warnings) if one.line and one.contact else []
        if isinstance(answer, intake.Receipt):
            row.warnings += describe.warnings(answer.event.warnings)
        row.is_repeat = one.contact is not None and row.person in seen
        seen |= {row.person} if one.contact else set()


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


def _unknown(known: dict[str, dict[str, int]], judged: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """How often each value stands in the file that would be understood if somebody said what it means, by field."""
    reference, found = reference_data.load(), {name: Counter(known.get(name)) for name in NAMED_ROWS}
    for one in judged:
        if one.line is None or not isinstance(one.answer, intake.IntakeError):
            continue
        for name in one.answer.errors.keys() & found.keys():
            given = getattr(one.line.arrival, name) or ()
            for value in [given] if isinstance(given, str) else given:
                is_offered = value in found[name] or len(found[name]) < MAX_UNKNOWN
                if is_offered and not reference.named(name).knows(value):
                    found[name][value] += 1
    return {name: dict(values) for name, values in found.items() if values}


def _forecast(run: ImportRun) -> dict[str, Any]:
    """How many people would start something, and by workflow: how many, with how many emails, and when the first."""
    starting = run.lines.exclude(starts=[])
    number_of = Counter(pk for starts in starting.values_list("starts", flat=True) for pk in starts)
    found = [one for one in active_workflows.load() if one.template.pk in number_of]
    prefetch_related_objects([step for one in found for step in one.steps], "template", "touches__template")
    workflows = {}
    for one in found:
        number, hours = number_of[one.template.pk], [float(email.hours) for email in actions.emails_of(one.steps)]
        told = {"name": one.template.name, "people": number, "emails": number * len(hours)}
        workflows[one.template.pk] = {**told, "first_hours": min(hours, default=None)}
    return {"people": starting.values("person").distinct().count(), "workflows": workflows}
