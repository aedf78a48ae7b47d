"""The import door: a list of people comes in, in batches, and the answer says what became of every line."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime as dt
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, TextIO

from django.db import transaction

from contacts import cleaning, imports, intake, reference_data
from contacts.cleaning import Unacceptable
from contacts.imports import FileRefused, Line, Rejected, Table
from contacts.models import ContactEvent
from workflows import entrypoints

BATCH = 500
EARLIER_LINES = 100  # of one person that a dry run keeps; behind so many a line is hardly judged otherwise
KEPT_REJECTIONS: Final = 1000  # of a hopeless file; `rejections` counts them all


@dataclass
class Report:
    """Every line that is no header is in exactly one of created, updated, unchanged and rejections."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejections: int = 0
    merged: int = 0  # of the updated and unchanged: repeats of a person earlier in the file
    started: int = 0  # workflow instances
    warnings: int = 0  # values left out of lines that were taken
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return self.created + self.updated + self.unchanged


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """Who wants to know while it runs: progress in physical lines read, of all; and each rejected record."""

    on_progress: Callable[[int, int], None] = lambda done, total: None
    on_rejected: Callable[[Rejected, Sequence[str]], None] = lambda rejected, header: None


def import_file(
    *,
    file: Path | BinaryIO,
    now: dt.datetime,
    dry_run: bool = False,
    entity: str | None = None,
    start_workflows: bool = False,
    watcher: Watcher | None = None,
) -> Report:
    """Take in every line that can be read; the same file again changes nothing.

    Existing people are a baseline: nothing starts for them unless `start_workflows`, and then all that matches has
    started when this returns. `entity` is the brand of lines that name none. A dry run is the real one, each batch of
    it rolled back. A stream has to be seekable and stays open. Raises imports.FileRefused when the file as a whole
    cannot be read.
    """
    kind = _Rehearsal if dry_run else _Run
    door = Door(now=now, entity=_known_entity(entity), start_workflows=start_workflows)
    run = kind(door=door, watcher=watcher or Watcher())
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(file.open("rb")) if isinstance(file, Path) else file
        run.look_ahead(stream)
        run.take_in(Table(stream))
    return run.report


def _known_entity(entity: str | None) -> str | None:
    if entity is None:
        return None
    try:
        return reference_data.load().business_entities.find(entity).name
    except Unacceptable as error:
        raise FileRefused(str(error)) from error


Answer = intake.Receipt | intake.Unchanged | intake.IntakeError


def became_of(answer: Answer) -> str:
    """What became of a line: one of the words of Report, or "rejected"."""
    if isinstance(answer, intake.IntakeError):
        return "rejected"
    if isinstance(answer, intake.Receipt) and answer.created:
        return "created"
    return "updated" if isinstance(answer, intake.Receipt) and answer.changes else "unchanged"


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where every line of every list goes in, whoever brings it: the command, or somebody in the admin."""

    now: dt.datetime
    entity: str | None = None
    start_workflows: bool = False

    def take_in(self, lines: Sequence[Line]) -> tuple[Sequence[Answer], int]:
        """What is answered to each line, and how many workflows started. All of it or nothing."""
        answered = entrypoints.apply_many(
            changes=[self._change(line) for line in lines],
            policy=intake.ARRIVAL if self.start_workflows else intake.BASELINE,
            now=self.now,
            is_listed=True,
        )
        started = sum(len(enrolment.instances) for answer, enrolment in answered if not _is_duplicate(answer))
        return [answer for answer, _ in answered], started

    def _change(self, line: Line) -> intake.Change:
        """The same line is the same event, unless it is imported for another brand or to start workflows at last."""
        arrival = line.arrival
        if self.entity and not arrival.business_entities:
            arrival = dataclasses.replace(arrival, business_entities=(self.entity,))
        purpose = "start" if self.start_workflows else "baseline"
        key = f"csv:{purpose}:{self.entity or ''}:{line.digest}"
        return intake.Change(arrival=arrival, source=ContactEvent.Source.CSV, event_key=key)


def _is_duplicate(answer: Answer) -> bool:
    return isinstance(answer, intake.Receipt) and answer.duplicate


@dataclass(kw_only=True)
class _Run:
    door: Door
    watcher: Watcher
    report: Report = field(default_factory=Report)
    # Hashes, not addresses: a hundred thousand of them fit into a few megabytes.
    seen: set[int] = field(default_factory=set)

    def look_ahead(self, stream: BinaryIO) -> None:
        """What is to be known of the whole file before the first batch: nothing."""

    def take_in(self, table: Table) -> None:
        records = table.__iter__()
        with contextlib.closing(records):
            while batch := list(islice(records, BATCH)):
                self._batch(batch, table.header)
                self.watcher.on_progress(table.lines_read, table.total_lines)

    def _batch(self, batch: Sequence[Line | Rejected], header: Sequence[str]) -> None:
        lines = [record for record in batch if isinstance(record, Line)]
        answers, started = self._receive(lines)
        self.report.started += started
        answered = iter(zip(lines, answers, strict=True))
        for record in batch:
            if isinstance(record, Rejected):
                self._reject(record, header)
            else:
                self._count(*next(answered), header)

    def _receive(self, lines: Sequence[Line]) -> tuple[Sequence[Answer], int]:
        return self.door.take_in(lines)

    def _count(self, line: Line, answer: Answer, header: Sequence[str]) -> None:
        if isinstance(answer, intake.IntakeError):
            self._reject(Rejected(line.number, str(answer), line.cells), header)
            return
        became = became_of(answer)
        setattr(self.report, became, getattr(self.report, became) + 1)
        self.report.warnings += len(line.warnings)
        self._remember(hash(answer.contact.email))

    def _remember(self, person: int) -> None:
        self.report.merged += person in self.seen
        self.seen.add(person)

    def _reject(self, rejected: Rejected, header: Sequence[str]) -> None:
        self.report.rejections += 1
        if len(self.report.rejected) < KEPT_REJECTIONS:
            self.report.rejected.append(rejected)
        self.watcher.on_rejected(rejected, header)


@dataclass(kw_only=True)
class _Rehearsal(_Run):
    """Takes back every batch, so that nobody waits for the end of the file. Of people who come again in a later batch
    it keeps the lines, and takes them in once more before that batch: so it is judged as it will be."""

    again: set[int] = field(default_factory=set)  # hashes of the people who stand in the file more than once
    earlier: defaultdict[int, deque[Line]] = field(default_factory=lambda: defaultdict(_a_few_lines))

    def look_ahead(self, stream: BinaryIO) -> None:
        met: set[int] = set()
        for record in Table(stream):
            if isinstance(record, Line):
                person = _person(record)
                (self.again if person in met else met).add(person)

    def _receive(self, lines: Sequence[Line]) -> tuple[Sequence[Answer], int]:
        with transaction.atomic():
            if known := self._lines_before(lines):
                super()._receive(known)
            outcome = super()._receive(lines)
            transaction.set_rollback(True)
        for line in lines:
            if (person := _person(line)) in self.again:
                self.earlier[person].append(line)
        return outcome

    def _lines_before(self, lines: Sequence[Line]) -> list[Line]:
        people = {_person(line) for line in lines} & self.earlier.keys()
        return sorted((line for person in people for line in self.earlier[person]), key=lambda line: line.number)


def _a_few_lines() -> deque[Line]:
    return deque(maxlen=EARLIER_LINES)


def _person(line: Line) -> int:
    return hash(person_of(line))


def person_of(line: Line) -> str:
    """The address by which the person of the line is known; as it stands there if it is none."""
    try:
        return cleaning.email(line.arrival.email)
    except Unacceptable:
        return line.arrival.email


class RejectedFile:
    """Writes rejected lines beside the imported file, each with its number and reason, ready to be corrected and
    imported. A file of an earlier run is replaced; without a rejected line there is none."""

    def __init__(self, imported: Path) -> None:
        self.path = imported.with_name(f"{imported.name}.rejected.csv")
        self._file: TextIO | None = None

    def __enter__(self) -> RejectedFile:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rejected: Rejected, header: Sequence[str]) -> None:
        if self._file is None:
            # The byte-order mark makes spreadsheets read it as UTF-8, as it does in Notion's own export.
            self._file = self.path.open("w", encoding="utf-8-sig", errors="replace", newline="")
            csv.writer(self._file).writerow([*imports.REJECTION_COLUMNS, *header])
        csv.writer(self._file).writerow([rejected.number, rejected.reason, *rejected.cells])
