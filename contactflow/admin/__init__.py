"""The pages that span all rooms; importing registers them."""

from __future__ import annotations

from contactflow.admin import accounts, audit, background, inbox, people, retention, work

__all__ = ["accounts", "audit", "background", "inbox", "people", "retention", "work"]
