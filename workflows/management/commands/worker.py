"""The workers under a watchdog."""

from __future__ import annotations

import os
import signal
import socket
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from workflows.watchdog import Watchdog


class Command(BaseCommand):
    help = (
        "Runs the workers and replaces them when they stop giving signs of life. Start any number, on any number of "
        "machines. SIGTERM lets them finish what they do, at most 30 seconds."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        watchdog = Watchdog(name=f"{socket.gethostname()}:{os.getpid()}")

        def stop(number: int, frame: FrameType | None) -> None:
            watchdog.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        watchdog.run()
