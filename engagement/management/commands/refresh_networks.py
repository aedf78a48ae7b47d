"""Takes in a newer list of the networks of machines, for this machine; nothing fetches one by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from django.core.management.base import BaseCommand, CommandError, CommandParser

from engagement.tracking import networks

TIMEOUT = (10, 30)  # seconds to connect, and between two parts of an answer


class Command(BaseCommand):
    help = "Replaces the list by which opens and clicks of machines are told, or says of which day the one in use is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source",
            nargs="?",
            help="a file or https address of lines such as “hosting 203.0.113.0/24”, of the kinds microsoft, apple, "
            "hosting and gateway, plain or compressed by gzip",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if source := options["source"]:
            try:
                counts = networks.replace_list(_raw(source))
            except (networks.BadList, OSError, requests.RequestException) as error:
                raise CommandError(f"{source} was not taken in, and the list in use stays: {error}") from error
            told = ", ".join(f"{kind}: {counts[kind]}" for kind in networks.PRECEDENCE)
            self.stdout.write(f"Taken in for this machine ({told}). manage.py label_hits judges earlier hits anew.")
        self.stdout.write(f"The list in use is of {networks.date_of_list()}.")


def _raw(source: str) -> bytes:
    if source.startswith("https://"):
        with requests.get(source, timeout=TIMEOUT, stream=True) as answer:
            answer.raise_for_status()
            return bytes(answer.raw.read(networks.LARGEST + 1, decode_content=True))
    with Path(source).open("rb") as file:
        return file.read(networks.LARGEST + 1)
