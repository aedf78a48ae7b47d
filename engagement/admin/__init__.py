"""Emails, alerts and tasks in the admin; importing registers the pages."""

from __future__ import annotations

from engagement.admin import alerts, messages, texts, work

__all__ = ["alerts", "messages", "texts", "work"]
