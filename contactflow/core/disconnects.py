"""Writing down what is known even when the database is away for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, OperationalError, connection

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
logger = logging.getLogger(__name__)


def retry_on_disconnect(work: Callable[[], object], *, seconds: float) -> None:
    """Call `work` until the database takes it, for at most `seconds`. It may run several times."""
    until = time.monotonic() + seconds
    wait = FIRST_WAIT
    while True:
        try:
            work()
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            logger.warning("the database did not answer; what is known is written when it does")
            reconnect()
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
        else:
            return


def reconnect() -> None:
    """Drop a connection that broke; the next query opens another."""
    try:
        connection.close()
    except DatabaseError:
        logger.debug("closing a broken connection failed", exc_info=True)
