"""A Notion of one's own, to try the bridge without an account."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from notion_bridge.sandbox import KEY, Sandbox, demonstration, storing

SAVE_EVERY = 2.0  # seconds
PER_SECOND, BURST = 3.0, 10


class Command(BaseCommand):
    help = (
        "Starts a server that speaks Notion's API, with the three databases and some people in them, and a page to "
        "look at and edit them. Prints the lines for .env, which stay valid when it is started again."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8090, help="where to listen on this computer (8090)")
        parser.add_argument("--people", type=int, default=12, help="how many sample contacts to begin with (12)")
        parser.add_argument("--key", default=KEY, help="the key that the bridge shall use")
        parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on where it was")

    def handle(self, *args: Any, **options: Any) -> None:
        sandbox = Sandbox(key=options["key"])
        path = Path(settings.BASE_DIR) / "var" / "notion_sandbox.json"
        if options["fresh"] or not storing.load(path, sandbox.workspace, sandbox.webhooks):
            demonstration.furnish(sandbox, people=options["people"])
        sandbox.limit_rate(PER_SECOND, BURST)
        try:
            sandbox.start(port=options["port"])
        except OSError as taken:
            raise CommandError(f"Cannot listen on port {options['port']}: {taken.strerror}. Try --port.") from taken
        self._serve(sandbox, path)

    def _announce(self, sandbox: Sandbox) -> None:
        sandbox.console.lines = demonstration.env_lines(sandbox)
        self.stdout.write("A Notion sandbox is running. To connect, put these lines into .env:\n")
        self.stdout.write(sandbox.console.lines)
        self.stdout.write(f"Look at it and edit it: {sandbox.url}/\nStop it with Ctrl-C.")
        self.stdout.flush()

    def _serve(self, sandbox: Sandbox, path: Path) -> None:
        """Until Ctrl-C or a TERM; what changed is on the disk two seconds later at the latest."""
        stop, saved = threading.Event(), -1
        before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
        sandbox.webhooks.start()
        self._announce(sandbox)
        try:
            while not stop.wait(SAVE_EVERY):
                if sandbox.workspace.changes != saved:
                    saved = sandbox.workspace.changes
                    storing.save(path, sandbox.workspace, sandbox.webhooks)
        finally:
            sandbox.stop()
            storing.save(path, sandbox.workspace, sandbox.webhooks)
            for number, handler in before.items():
                signal.signal(number, handler)
        self.stdout.write("Stopped.")
