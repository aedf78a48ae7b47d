"""What a person decides about an import: its columns, to apply it, to leave it."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from workflows.models import ImportRun
from workflows.transfers import column_mapping, job_runner

State = ImportRun.State


class NotPossible(Exception):
    """The state of the run does not allow it; the message says why."""

    permanent = True


def check(*, run: ImportRun, fields: Sequence[str]) -> None:
    """Make the preview with these columns, in the background when the file is long."""
    nothing = {"foreseen": {}, "forecast": {}, "applied": {}, "cursor": 0}
    with transaction.atomic():
        _move(run, (State.COLUMNS, State.READY), State.CHECKING, fields=list(fields), trouble="", **nothing)
        column_mapping.remember(run)
    job_runner.begin(run)


def choose_again(*, run: ImportRun) -> None:
    """Back to the columns."""
    _move(run, (State.READY,), State.COLUMNS)


def apply(*, run: ImportRun, start_workflows: bool, by: User | None = None) -> None:
    """Store what the preview showed; existing people are a baseline unless `start_workflows`."""
    began = {"cursor": 0, "applied_at": Now(), "applied_by": by}
    with transaction.atomic():
        _move(run, (State.READY,), State.APPLYING, start_workflows=start_workflows, **began)
    job_runner.begin(run)


def go_on(*, run: ImportRun) -> None:
    """Take up what was stopped in the middle, where it was stopped."""
    state = State.APPLYING if run.applied_at else State.CHECKING
    with transaction.atomic():
        _move(run, (State.CANCELLED, State.FAILED), state, trouble="", ended_at=None)
    job_runner.begin(run)


def cancel(*, run: ImportRun) -> None:
    """Stop it; what was applied stays. A batch under way is undone."""
    states = (State.COLUMNS, State.CHECKING, State.READY, State.APPLYING)
    _move(run, states, State.CANCELLED, ended_at=Now(), lease_until=None, token=None)


def can_go_on(run: ImportRun) -> bool:
    return run.state in (State.CANCELLED, State.FAILED) and bool(run.cursor) and not run.is_cleared


def _move(run: ImportRun, states: Sequence[str], to: str, **values: object) -> None:
    if not ImportRun.objects.filter(pk=run.pk, state__in=states).update(state=to, **values):
        run.refresh_from_db()
        raise NotPossible(f"This is not possible any more: the import is {run.get_state_display().lower()}.")
    run.refresh_from_db()
