"""The only door in: whatever changes about a person, by API, admin, CSV or Notion, comes through here and leaves a
ContactEvent."""

from __future__ import annotations

from contacts.intake.arrival import Arrival, Changes, Facts, IntakeError, Receipt, Unchanged
from contacts.intake.commands import (
    Batch,
    Change,
    Command,
    Edited,
    Happened,
    amend,
    apart_from_races,
    apply,
    current_facts,
    happened,
    receive,
    record_event,
    take_in,
    understand,
)
from contacts.intake.policy import ARRIVAL, BASELINE, EDIT, EnrolmentPolicy, Mode

__all__ = [
    "ARRIVAL",
    "BASELINE",
    "EDIT",
    "Arrival",
    "Batch",
    "Change",
    "Changes",
    "Command",
    "Edited",
    "EnrolmentPolicy",
    "Facts",
    "Happened",
    "IntakeError",
    "Mode",
    "Receipt",
    "Unchanged",
    "amend",
    "apart_from_races",
    "apply",
    "current_facts",
    "happened",
    "receive",
    "record_event",
    "take_in",
    "understand",
]
