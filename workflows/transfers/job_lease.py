"""Who works on a run: a lease that every batch renews, so that a worker that died is followed by another."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from typing import Any, TypeVar

from django.db.models import Case, F, PositiveSmallIntegerField, Q, Value, When
from django.db.models.functions import Now

from workflows import wake
from workflows.models import ExportRun, ImportRun

logger = logging.getLogger(__name__)

Run = TypeVar("Run", ImportRun, ExportRun)

LEASE = dt.timedelta(seconds=90)  # a batch takes a second or two
FORGOTTEN = dt.timedelta(seconds=30)  # a run that nobody took up for so long is the pump's
MAX_CRASHES = 3


class Lost(Exception):
    """Somebody cancelled the run, or another worker took over: what the batch did is undone."""


def queue(run: ImportRun | ExportRun) -> None:
    """Let a worker take it up once the running transaction is committed."""
    type(run).objects.filter(pk=run.pk).update(queued_at=Now(), lease_until=None, token=None, crashes=0)
    wake.for_list_on_commit(run._meta.model_name or "", run.pk)


def claim(model: type[Run], pk: uuid.UUID) -> Run | None:
    """The run, held by the caller; None when there is nothing to do or somebody else does it."""
    token = uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    died = When(lease_until__isnull=False, then=F("crashes") + 1)
    taken = model._default_manager.filter(free, pk=pk, state__in=model.WORKING).update(
        token=token,
        lease_until=Now() + Value(LEASE),
        crashes=Case(died, default=F("crashes"), output_field=PositiveSmallIntegerField()),
    )
    return model._default_manager.get(pk=pk) if taken else None


def advance(run: ImportRun | ExportRun, **values: Any) -> None:
    """Note how far it is; within the transaction of the batch, which is undone by `Lost`. A batch is done once."""
    held = type(run).objects.filter(pk=run.pk, token=run.token, state=run.state)
    if held.update(lease_until=Now() + Value(LEASE), crashes=0, **values) != 1:
        raise Lost
    for name, value in values.items():
        setattr(run, name, value)


def release(run: ImportRun | ExportRun) -> None:
    """Let the next one take it at once."""
    type(run).objects.filter(pk=run.pk, token=run.token).update(lease_until=None, token=None)


def fail(run: ImportRun | ExportRun, trouble: str) -> None:
    """End it with a reason that a person reads."""
    state = type(run).State.FAILED
    held = type(run).objects.filter(pk=run.pk, token=run.token)
    held.update(state=state, trouble=trouble, ended_at=Now(), lease_until=None, token=None)


def forgotten(model: type[Run]) -> list[uuid.UUID]:
    """Runs that nobody works on although somebody should: the queue lost them, or their worker died."""
    waiting = model._default_manager.filter(state__in=model.WORKING, queued_at__lt=Now() - Value(FORGOTTEN))
    free = waiting.filter(Q(lease_until=None) | Q(lease_until__lt=Now()))
    return list(free.order_by("queued_at").values_list("pk", flat=True)[:5])
