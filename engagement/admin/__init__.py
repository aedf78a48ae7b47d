"""Emails, alerts and tasks in the admin; importing registers the pages."""

from __future__ import annotations

from engagement.admin import (
    alerts,
    brands,
    email_versions,
    emails,
    experiments,
    goals,
    mail_state,
    messages,
    networks,
    tasks,
)

__all__ = [
    "alerts",
    "brands",
    "email_versions",
    "emails",
    "experiments",
    "goals",
    "mail_state",
    "messages",
    "networks",
    "tasks",
]
