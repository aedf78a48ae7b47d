"""Contacts in the admin; importing registers the pages."""

from __future__ import annotations

from contacts.admin import history, people, permissions, reference, rules

__all__ = ["history", "people", "permissions", "reference", "rules"]
