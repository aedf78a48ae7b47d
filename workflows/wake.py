"""The one seam through which a commit wakes a worker."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import connection, transaction
from django_q.brokers import Broker, get_broker
from django_q.brokers.orm import ORM
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

_IS_QUEUED = "SELECT EXISTS (SELECT FROM django_q_ormq WHERE key = %s AND lock <= statement_timestamp())"
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
        if not _is_somebody_asked(get_broker()):
            async_task(PUMP)
    except Exception:  # whatever broker is configured: a wake-up call must never fail the work that was committed
        logger.exception("no worker could be woken")


def _is_somebody_asked(broker: Broker) -> bool:
    if not isinstance(broker, ORM):
        return bool(broker.queue_size())
    with connection.cursor() as cursor:  # as its queue_size, without building SQL for each contact that arrives
        cursor.execute(_IS_QUEUED, [broker.list_key])
        return bool(cursor.fetchone()[0])


def for_list_on_commit(kind: str, run_id: UUID) -> None:
    """Let a worker take up an import or an export once the running transaction is committed."""
    transaction.on_commit(lambda: _ask_for_list(kind, run_id))


def _ask_for_list(kind: str, run_id: UUID) -> None:
    try:
        async_task(LISTS, kind, str(run_id))
    except Exception:  # as above; the pump goes on with what nobody took up
        logger.exception("no worker could be asked to go on with %s %s", kind, run_id)
