"""The only door in: whoever arrives, by API, admin, CSV or Notion, comes through here and leaves a ContactEvent."""

from __future__ import annotations

from contacts.intake.arrival import Arrival, Changes, Facts, IntakeError, Receipt, Unchanged
from contacts.intake.commands import amend, current_facts, receive, receive_many, record_event

__all__ = [
    "Arrival",
    "Changes",
    "Facts",
    "IntakeError",
    "Receipt",
    "Unchanged",
    "amend",
    "current_facts",
    "receive",
    "receive_many",
    "record_event",
]
