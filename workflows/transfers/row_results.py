"""A batch of lines through the door: what each becomes, in words and values a person reads."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from contacts import intake
from contacts.imports import Columns, Line, Rejected
from contacts.models import Contact
from workflows.imports import Answer, Door, became_of, person_of
from workflows.models import ImportLine, ImportRun

Became = ImportLine.Became
NEVER_SHOWN: Final = ("email",)  # tells who is who, and so never changes


@dataclass
class Judged:
    """One line of the file with what the door said."""

    row: ImportLine
    line: Line | None
    became: str = Became.REJECTED
    reason: str = ""
    changes: dict[str, list[Any]] = field(default_factory=dict)
    contact: Contact | None = None

    @property
    def is_taken(self) -> bool:
        return self.became != Became.REJECTED


def door_of(run: ImportRun, now: dt.datetime) -> Door:
    brand = run.business_entity.name if run.business_entity else None
    return Door(now=now, entity=brand, start_workflows=run.start_workflows)


def understand(run: ImportRun, rows: Sequence[ImportLine]) -> list[Judged]:
    """Nothing is asked of the door yet."""
    columns = Columns(tuple(run.header), tuple(run.fields))
    judged = []
    for row in rows:
        found = (
            Rejected(row.number, row.unreadable, row.cells)
            if row.unreadable
            else columns.understand(row.number, row.cells)
        )
        is_line = isinstance(found, Line)
        judged.append(Judged(row, found) if is_line else Judged(row, None, reason=found.reason))  # type: ignore[union-attr,arg-type]
    return judged


def take_in(judged: Sequence[Judged], door: Door) -> int:
    """Send the lines through the door and note its answers; returns how many workflows started."""
    lines = [one for one in judged if one.line is not None]
    answers, started = door.take_in([one.line for one in lines if one.line is not None])
    for one, answer in zip(lines, answers, strict=True):
        one.became = became_of(answer)
        one.reason = str(answer) if isinstance(answer, intake.IntakeError) else ""
        one.changes = _changes(answer)
        one.contact = None if isinstance(answer, intake.IntakeError) else answer.contact
    return started


def person(line: Line) -> str:
    return person_of(line)[:320]


def added(counts: dict[str, int], judged: Sequence[Judged]) -> dict[str, int]:
    """The run's numbers with this batch in them."""
    total = Counter(counts)
    for one in judged:
        total[one.became] += 1
        total["merged"] += one.is_taken and one.row.is_repeat
        total["warnings"] += len(one.line.warnings) if one.is_taken and one.line else 0
    return dict(total)


def _changes(answer: Answer) -> dict[str, list[Any]]:
    """{field: [before, after]}; of somebody new everything that is known, with nothing before."""
    if not isinstance(answer, intake.Receipt):
        return {}
    if not answer.created:
        return {name: pair for name, pair in answer.changes.items() if name not in NEVER_SHOWN}
    return {name: [None, value] for name, value in answer.known.items() if value and name not in NEVER_SHOWN}
