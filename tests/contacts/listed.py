"""Lists of people on their way in, as an import brings them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from contacts import intake, reference_data
from contacts.imports import Columns, FileRefused, Line, Record, Records
from contacts.intake import Arrival, EnrolmentPolicy
from tests.factories import NOW
from workflows import entrypoints
from workflows.models import ImportLine, ImportRun
from workflows.transfers import runs


def take_in(arrivals: Sequence[tuple[str, Arrival]], policy: EnrolmentPolicy = intake.BASELINE) -> list[Any]:
    """What is answered to each (event key, arrival)."""
    changes = [intake.Change(arrival=arrival, source="csv", event_key=key) for key, arrival in arrivals]
    return [answer for answer, _ in entrypoints.apply_many(changes=changes, policy=policy, now=NOW, is_listed=True)]


class Table:
    """A CSV file whose columns are known by their names, read without the database."""

    def __init__(self, stream: BinaryIO) -> None:
        self.records = Records(stream)
        self.columns = Columns.by_name(self.records.header)

    def __iter__(self) -> Iterator[Line | Record]:
        return map(self.columns.understand, self.records)


@dataclass
class Report:
    """What became of a list, in numbers."""

    created: int
    updated: int
    unchanged: int
    rejections: int
    merged: int
    started: int
    warnings: int
    rejected: list[ImportLine]
    run: ImportRun


def import_file(
    *,
    file: Path | BinaryIO,
    now: Any = NOW,
    dry_run: bool = False,
    entity: str | None = None,
    start_workflows: bool = False,
    source: str = "",
    date_order: str = "",
    on_step: Callable[[ImportRun], None] = lambda run: None,
) -> Report:
    """As the command does it."""
    brand = reference_data.load().business_entities.find(entity) if entity else None
    stream = io.BytesIO(file.read_bytes()) if isinstance(file, Path) else file
    run = runs.receive(
        here=True,
        file=stream,
        file_name="list.csv",
        source=source or "Command line",
        business_entity=brand,
        now=now,
    )
    given = {"date_order": date_order or run.date_order, "start_workflows": start_workflows}
    runs.carry_out(run=run, dry_run=dry_run, on_step=on_step, **given)
    if run.state == ImportRun.State.FAILED:
        raise FileRefused(run.trouble)
    counts = run.foreseen if dry_run else run.applied
    names = ("created", "updated", "unchanged", "merged", "warnings", "started")
    return Report(
        **{name: counts.get(name, 0) for name in names},
        rejections=counts.get("rejected", 0),
        rejected=list(run.rejected()),
        run=run,
    )
