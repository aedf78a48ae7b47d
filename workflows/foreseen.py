"""What a dry run says: one action as it would be, and for whom it is foreseen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contacts.models import BusinessEntity, Contact


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """One action as it would be. For emails `subject` and `text` as rendered; `missing` names what would hold it."""

    at: dt.datetime
    action_type: str
    what: str
    target: str = ""
    whom: str = ""
    subject: str = ""
    text: str = ""
    missing: list[str] = field(default_factory=list)
    step: int = 0
    html: str = ""
    title: str = ""
    message: str = ""
    priority: str = ""
    category: str = ""
    due_at: dt.datetime | None = None
    used_fallbacks: list[str] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Someone:
    """For whom it is foreseen: a contact, or an example person who exists nowhere."""

    contact: Contact
    business_entity: BusinessEntity | None
    facts: Mapping[str, Any] | None = None
    because: str = ""  # why it would start, as alerts and tasks tell it

    @property
    def zone(self) -> str:
        """The contact's time zone; without one, the brand's."""
        return self.contact.timezone or self.team_zone

    @property
    def team_zone(self) -> str:
        return self.business_entity.timezone if self.business_entity else "UTC"
