"""What a person decides about an import: its columns, to apply it, to leave it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from contacts.imports import FileRefused
from contacts.imports.columns import EMAIL
from contacts.models import BusinessEntity
from workflows.models import ImportRun
from workflows.models.transfers import WORKING
from workflows.transfers import column_mapping, files, job_runner
from workflows.transfers.column_mapping import Choice

State = ImportRun.State
COMMAND_LINE: Final = "Command line"  # the source of a list that names none
ANEW: Final[dict[str, Any]] = {"foreseen": {}, "forecast": {}, "applied": {}, "unknown": {}, "cursor": 0}


class NotPossible(Exception):
    """The state of the run does not allow it; the message says why."""

    permanent = True


def check(*, run: ImportRun, choice: Choice) -> None:
    """Make the preview with these columns, in the background when the list is long."""
    with transaction.atomic():
        chosen = {"fields": choice.fields, "date_order": choice.date_order}
        _move(run, (State.COLUMNS, State.READY), State.CHECKING, trouble="", **chosen, **ANEW)
        column_mapping.remember(run)
    job_runner.begin(run)


def mean(run: ImportRun, chosen: dict[tuple[str, str], str]) -> None:
    """Make the preview again, with what values mean that nobody knew; remembered for the source."""
    values = column_mapping.meant(run, chosen)
    with transaction.atomic():
        _move(run, (State.READY,), State.CHECKING, values=values, **ANEW)
        column_mapping.remember(run)
    job_runner.begin(run)


def read_here(
    *, file: BinaryIO, file_name: str, source: str, entity: BusinessEntity | None, now: dt.datetime
) -> ImportRun:
    """A run whose columns are known, read here and now. Raises FileRefused; then there is none."""
    run = files.receive(
        file=file, file_name=file_name, source=source or COMMAND_LINE, business_entity=entity, by=None, now=now
    )
    job_runner.work(kind="importrun", run_id=run.pk, seconds=math.inf)
    run.refresh_from_db()
    if run.state == State.COLUMNS and EMAIL in run.fields:
        return run
    run.delete()
    found = ", ".join(name for name in run.header if name) or "none"
    raise FileRefused(run.trouble or f'There is no column "Email". Columns found: {found}. Rename the right one.')


def carry_out(
    *,
    run: ImportRun,
    date_order: str,
    dry_run: bool,
    start_workflows: bool,
    on_step: Callable[[ImportRun], None],
) -> None:
    """Preview or apply a run that was read, here and now, whoever waits for it. What became of it is in the run."""
    values = {"date_order": date_order or run.date_order, "start_workflows": start_workflows}
    if dry_run:
        _move(run, (State.COLUMNS,), State.CHECKING, **values)
    else:
        _move(run, (State.COLUMNS,), State.APPLYING, applied_at=Now(), **values)
    job_runner.work(kind="importrun", run_id=run.pk, seconds=math.inf, on_step=on_step)
    run.refresh_from_db()


def choose_again(*, run: ImportRun) -> None:
    """Back to the columns."""
    _move(run, (State.READY,), State.COLUMNS)


def apply(*, run: ImportRun, start_workflows: bool, by: User | None = None) -> None:
    """Store what the preview showed; existing people are a baseline unless `start_workflows`."""
    began = {"cursor": 0, "applied_at": Now(), "applied_by": by}
    _move(run, (State.READY,), State.APPLYING, start_workflows=start_workflows, **began)
    job_runner.begin(run)


def go_on(*, run: ImportRun) -> None:
    """Take up what was stopped in the middle, where it was stopped."""
    state = State.APPLYING if run.applied_at else State.CHECKING if run.fields else State.READING
    _move(run, (State.CANCELLED, State.FAILED), state, trouble="", ended_at=None)
    job_runner.begin(run)


def cancel(*, run: ImportRun) -> None:
    """Stop it; what was applied stays. A batch under way is undone."""
    states = (State.COLUMNS, State.READY, *WORKING)
    _move(run, states, State.CANCELLED, ended_at=Now(), lease_until=None, token=None)


def can_go_on(run: ImportRun) -> bool:
    return run.state in (State.CANCELLED, State.FAILED) and bool(run.cursor) and not run.is_cleared


def _move(run: ImportRun, states: Sequence[str], to: str, **values: object) -> None:
    if not ImportRun.objects.filter(pk=run.pk, state__in=states).update(state=to, **values):
        run.refresh_from_db()
        raise NotPossible(f"This is not possible any more: the import is {run.get_state_display().lower()}.")
    run.refresh_from_db()
