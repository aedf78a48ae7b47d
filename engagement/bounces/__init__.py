"""Delivery reports: what comes back when a message could not be delivered, or was reported as spam."""

from __future__ import annotations

from engagement.bounces.judging import Answer, answer, detail, judge
from engagement.bounces.matching import Taken, take_in
from engagement.bounces.reports import Report, read
from engagement.bounces.verdicts import Kind, Verdict

__all__ = ["Answer", "Kind", "Report", "Taken", "Verdict", "answer", "detail", "judge", "read", "take_in"]
