"""Tells people from machines anew among opens and clicks: after the lists of networks changed, or the rules."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count

from contactflow.core.clock import database_now
from contactflow.core.numbers import counted
from engagement.models import HITS, MessageEvent
from engagement.tracking import labelling


class Command(BaseCommand):
    help = "Judges opens and clicks again whose raw data is still kept, and says how many are whose."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", metavar="DATE", help="only hits since this day (UTC), such as 2026-03-01")

    def handle(self, *args: Any, **options: Any) -> None:
        since = _day(options["since"])
        asked = labelling.label_anew(since=since)
        while labelling.label_due(now=database_now()):
            pass
        rows = MessageEvent.objects.filter(HITS, **({"at__gte": since} if since else {}))
        labels = dict(rows.order_by().values_list("label").annotate(Count("pk")))
        told = ", ".join(f"{name}: {labels.get(name, 0)}" for name in MessageEvent.Label.values)
        self.stdout.write(f"{counted(asked, 'hit')} judged again. {told}.")


def _day(typed: str | None) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(typed).replace(tzinfo=dt.UTC) if typed else None
    except ValueError:
        raise CommandError(f"{typed!r} is no day: give it as 2026-03-01.") from None
