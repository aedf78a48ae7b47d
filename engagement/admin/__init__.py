"""Emails, alerts and tasks in the admin; importing registers the pages."""

from __future__ import annotations

from engagement.admin import alerts, brands, messages, texts, versions, work

__all__ = ["alerts", "brands", "messages", "texts", "versions", "work"]
