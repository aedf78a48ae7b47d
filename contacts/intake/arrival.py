"""What comes through the door, and what the caller gets back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from contacts.models import Contact, ContactEvent


class Remark(TypedDict):
    """A detail that was left out, or taken in another way than it came; stored in ContactEvent.warnings."""

    field: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A person as a source tells of them. None means: the source does not know.

    Types, entities, source and status are names (or slugs) of rows. `payload` is kept as it arrived, beside the event.
    `warnings` is what the door could not understand before.
    """

    email: str
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    company: str | None = None
    job_title: str | None = None
    message: str | None = None
    timezone: str | None = None
    locale: str | None = None
    notes: str | None = None
    contact_types: Sequence[str] | None = None
    business_entities: Sequence[str] | None = None
    interests: Sequence[str] | None = None
    tags: Sequence[str] | None = None
    lead_source: str | None = None
    status: str | None = None
    custom: Mapping[str, Any] | None = None
    source_metadata: Mapping[str, Any] | None = None
    added_on: dt.date | None = None
    permission: Mapping[str, bool | None] | None = None
    """Whether they may be written to, by the name of a brand; by the empty name for every brand. None: they may not
    where the source has them, which says nothing about somebody who is known here."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[Remark] = ()


class IntakeError(Exception):
    """The arrival cannot be taken in: `errors` says for each field what is wrong and what would be right."""

    permanent = True

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        self.errors: dict[str, list[str]] = {name: list(messages) for name, messages in errors.items()}
        super().__init__(" ".join(message for messages in self.errors.values() for message in messages))


class Facts(TypedDict):
    """What holds for an event and what enrolment judges; stored as ContactEvent.facts."""

    contact_types: list[str]
    lead_source: str
    business_entities: list[str]
    interests: list[str]
    tags: list[str]


Changes = dict[str, list[Any]]  # {field: [before, after]}, in words a person reads


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of an arrival. `duplicate`: the event key was known, `event` is the first one, nothing changed."""

    contact: Contact
    event: ContactEvent
    created: bool
    changes: Changes
    duplicate: bool = False
    known: Mapping[str, Any] = field(default_factory=dict)
    """Of somebody new on a list: everything the line tells, before a later one tells more."""


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """A listed person about whom the list says nothing new: no event was left."""

    contact: Contact
