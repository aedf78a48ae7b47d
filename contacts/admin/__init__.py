"""Contacts in the admin; importing registers the pages."""

from __future__ import annotations

from contacts.admin import consents, contacts, events, reference, rules

__all__ = ["consents", "contacts", "events", "reference", "rules"]
