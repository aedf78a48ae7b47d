"""The one seam through which a commit wakes a worker."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

PUMP = "workflows.tasks.pump"
LISTS = "workflows.tasks.work_on_list"


def on_commit() -> None:
    """Wake a worker once the running transaction is committed (at once when there is none)."""
    transaction.on_commit(wake)


def wake() -> None:
    """Ask for a run of the pump, unless one waits in the queue already: it will see what is committed now.

    A queue that does not answer costs nothing but time: the workers look by themselves every few seconds.
    """
    try:
        if get_broker().queue_size() == 0:
            async_task(PUMP)
    except Exception:  # whatever broker is configured: a wake-up call must never fail the work that was committed
        logger.exception("no worker could be woken")


def for_list_on_commit(kind: str, run_id: UUID) -> None:
    """Let a worker take up an import or an export once the running transaction is committed."""
    transaction.on_commit(lambda: _ask_for_list(kind, run_id))


def _ask_for_list(kind: str, run_id: UUID) -> None:
    try:
        async_task(LISTS, kind, str(run_id))
    except Exception:  # as above; the pump goes on with what nobody took up
        logger.exception("no worker could be asked to go on with %s %s", kind, run_id)
