"""Everything about one person, as two files."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contactflow.core.clock import database_now
from contactflow.personal_data import export
from contacts import addresses


class Command(BaseCommand):
    help = "Writes everything about one person to two files: JSON for programs, and a page for the person."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("email", help="Their address, or one they were known by.")
        parser.add_argument("--json", type=Path, metavar="FILE", help="Default: person-ID.json here.")
        parser.add_argument("--html", type=Path, metavar="FILE", help="Default: person-ID.html here.")

    def handle(self, *args: Any, **options: Any) -> None:
        contact = addresses.find(email=options["email"])
        if contact is None:
            raise CommandError("Nobody here has this address or had it before.")
        told = export.of(contact=contact, now=database_now())
        for ending, text in (("json", told.as_json()), ("html", told.as_html())):
            path: Path = options[ending] or Path(f"person-{contact.pk}.{ending}")
            _write(path, text)
            self.stdout.write(str(path))


def _write(path: Path, text: str) -> None:
    """For the eyes of this account alone."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(
            f"Cannot write {path} ({error.strerror}): give another file with --json and --html."
        ) from None
