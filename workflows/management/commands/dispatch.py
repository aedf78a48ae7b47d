"""The engine in the foreground."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from engagement.language_model import passages
from workflows import pump

ROUND_SECONDS = 3600.0
IDLE_SECONDS = 1.0


class Command(BaseCommand):
    help = "Does what is due, without workers: unprocessed events, expired leases and every due action."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is due any more, and print counts")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        done: Counter[str] = pump.run(max_seconds=ROUND_SECONDS)
        while once and passages.finish(seconds=IDLE_SECONDS):  # emails that wait for their words are due now
            done += pump.run(max_seconds=ROUND_SECONDS)
        while not once:
            time.sleep(IDLE_SECONDS)
            done = pump.run(max_seconds=ROUND_SECONDS)
        self._print(done)

    def _print(self, done: Counter[str]) -> None:
        table = Table("What", "How many", title="Done")
        for what, many in done.items():
            table.add_row(what, str(many))
        Console(width=100).print(table)
