"""Delivery reports: what comes back when a message could not be delivered, or was reported as spam."""

from __future__ import annotations

from engagement.bounces.reports import Report, read
from engagement.bounces.verdicts import Kind, Verdict

__all__ = ["Kind", "Report", "Verdict", "read"]
