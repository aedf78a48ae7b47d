"""Erase somebody, after a look at what that reaches."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contactflow.core.clock import database_now
from contactflow.personal_data import belongings, erasure
from contacts import addresses
from contacts.models import Contact


class Command(BaseCommand):
    help = (
        "Deletes everything about one person, for good. Their pages in Notion go to the trash, and of the address "
        "only a hash is kept, so that no list brings them back."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("email", nargs="?", help="Their address, or one they were known by.")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")
        parser.add_argument("--reason", default="", help="Why, kept without their name.")
        parser.add_argument(
            "--again",
            action="store_true",
            help="After a restore: everybody who was erased before and came back with the backup.",
        )

    def handle(self, *args: Any, email: str | None, yes: bool, reason: str, again: bool, **options: Any) -> None:
        contacts = self._meant(email, again=again)
        if not contacts:
            self.stdout.write("Nobody who was erased is here again.")
            return
        self.stdout.write(f"This deletes {'1 person' if len(contacts) == 1 else f'{len(contacts)} people'}, with")
        for name, number in belongings.counted(contacts=[one.pk for one in contacts]):
            self.stdout.write(f"  {number} {name}")
        if not yes and not _confirmed():
            raise CommandError("Nothing was deleted. Say yes with --yes.")
        reason = reason or ("restored from a backup" if again else "")
        for start in range(0, len(contacts), erasure.AT_ONCE):
            batch = contacts[start : start + erasure.AT_ONCE]
            for one in erasure.erase(contacts=batch, reason=reason, actor=getpass.getuser(), now=database_now()):
                self.stdout.write(f"{one.pk}: deleted. The workers look for what is left, and Notion's pages follow.")

    def _meant(self, email: str | None, *, again: bool) -> Sequence[Contact]:
        if again:
            return erasure.resurrected()
        contact = addresses.find(email=email or "")
        if contact is None:
            raise CommandError("Nobody here has this address or had it before.")
        return [contact]


def _confirmed() -> bool:
    return sys.stdin.isatty() and input("Go on? Type yes: ").strip().lower() == "yes"
