"""The one seam through which a commit wakes a worker."""

from __future__ import annotations

import logging

from django.db import transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

PUMP = "workflows.tasks.pump"


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
