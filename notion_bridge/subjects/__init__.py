"""The kinds of objects that live on both sides: people, tasks, and workflows under way."""

from __future__ import annotations

from notion_bridge.models import Kind
from notion_bridge.subjects.people import People
from notion_bridge.subjects.runs import Runs
from notion_bridge.subjects.subject import Applied, Made, Source, Subject, Values
from notion_bridge.subjects.work import Work

SUBJECTS: dict[str, Subject] = {Kind.CONTACTS: People(), Kind.TASKS: Work(), Kind.INSTANCES: Runs()}

__all__ = ["SUBJECTS", "Applied", "Made", "Source", "Subject", "Values"]
