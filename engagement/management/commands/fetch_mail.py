"""Reads every mailbox once, to its end."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engagement import describe
from engagement.inbound import inboxes, mailboxes
from engagement.inbound.taking import Outcome

WORDS = {
    Outcome.STORED: "new",
    Outcome.KNOWN: "known before",
    Outcome.OURS: "our own",
    Outcome.UNREADABLE: "unreadable, kept for staff",
    Outcome.REFUSED: "refused by the server, noted for staff",
    Outcome.PASSED: "of before and of nobody here, left there",
}


class Command(BaseCommand):
    help = "Reads the mailboxes of INBOX_URL and INBOX_URL_<BRAND> once, to their end, and says what was there."

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = [describe.why(one.reason) for one in inboxes.unusable()]
        passes = mailboxes.read_all()
        for one in passes:
            said = ", ".join(f"{count} {WORDS[outcome]}" for outcome, count in sorted(one.outcomes.items()))
            self.stdout.write(f"{one.mailbox}: {said or 'nothing new'}")
        wrong += [describe.why(one.reason) for one in passes if one.reason]
        if not passes and not wrong:
            wrong = ["No mailbox is configured: set INBOX_URL, such as imaps://user:password@mail.example.com/INBOX."]
        if wrong:
            raise CommandError("\n".join(wrong))
