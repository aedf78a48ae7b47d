"""The window in which Notion may introduce itself."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contactflow.core.clock import database_now
from notion_bridge import webhooks
from notion_bridge.models import NotionConnection

LONGEST_MINUTES = 24 * 60


class Command(BaseCommand):
    help = (
        "Opens the window in which the handshake of Notion's webhook is accepted, and shows its state. "
        "The verification token that Notion sends is shown once, to paste into Notion."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--open", type=int, metavar="MINUTES", help="accept the handshake for so many minutes")
        parser.add_argument("--show", action="store_true", help="show the state (the default)")

    def handle(self, *args: Any, **options: Any) -> None:
        now, minutes = database_now(), options["open"]
        if minutes is not None:
            if not 1 <= minutes <= LONGEST_MINUTES:
                raise CommandError(f"Open the window for 1 to {LONGEST_MINUTES} minutes.")
            webhooks.open_window(until=now + dt.timedelta(minutes=minutes))
        connection = NotionConnection.current()
        if until := webhooks.open_until(connection, now=now):
            self.stdout.write(f"The handshake is accepted until {until:%Y-%m-%d %H:%M %Z}.")
        else:
            self.stdout.write("The window is closed. Open it with: manage.py notion_webhook --open 15")
        known = bool(connection.webhook_token)
        self.stdout.write("Notion has introduced itself." if known else "Notion has not introduced itself yet.")
        token = webhooks.show_token_once()
        if token:
            self.stdout.write("Paste this verification token into Notion; it is not shown again:")
            self.stdout.write(token)
