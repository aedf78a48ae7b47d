"""The SMTP server the mails go to, in a process of its own: it counts and keeps nothing."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from tests import smtp


@dataclass
class CountingSink(smtp.Sink):
    accepted: Synchronized[int] | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        assert self.accepted is not None
        with self.accepted.get_lock():
            self.accepted.value += 1
        return "250 OK"


def serve(parent: Connection, accepted: Synchronized[int]) -> None:
    """Tell the parent the port, and end when it hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with CountingSink(accepted=accepted) as running:
        parent.send(running.port)
        parent.poll(None)
