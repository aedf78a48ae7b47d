"""Dates as Notion takes and gives them: a day stays a day, a moment is a minute with an offset."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from notion_bridge.sandbox import checks
from notion_bridge.sandbox.checks import Json, invalid, misshapen

DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?\Z")
ISO = "a valid ISO 8601 date string"


def parse(value: Any, path: str) -> Json | None:
    """The value of a date property as it is kept: {"start", "end", "time_zone"}, spelled as in answers."""
    if value is None:
        return None
    date = checks.mapping(value, path)
    checks.only(date, path, ("start", "end"))
    if "start" not in date:
        raise misshapen(f"{path}.start", "defined")
    start = _part(date["start"], f"{path}.start")
    end = None if date.get("end") is None else _part(date["end"], f"{path}.end")
    _check_range(start, end, path)
    return {"start": spell(start), "end": None if end is None else spell(end), "time_zone": None}


def read(text: str) -> dt.date | dt.datetime | None:
    """A day, or an aware moment (UTC where nothing else is said); None for anything else."""
    try:
        if DAY.match(text):
            return dt.date.fromisoformat(text)
        if MOMENT.match(text):
            moment = dt.datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return None


def spell(when: dt.date | dt.datetime) -> str:
    """Notion keeps no seconds of a date property."""
    if not isinstance(when, dt.datetime):
        return when.isoformat()
    return when.replace(second=0, microsecond=0).isoformat(timespec="milliseconds")


def timestamp(moment: dt.datetime) -> str:
    """As Notion writes the times that it keeps itself."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def as_day(when: dt.date | dt.datetime) -> dt.date:
    return when.astimezone(dt.UTC).date() if isinstance(when, dt.datetime) else when


def _part(value: Any, path: str) -> dt.date | dt.datetime:
    when = read(checks.string(value, path))
    if when is None:
        raise misshapen(path, ISO, value)
    return when


def _check_range(start: dt.date | dt.datetime, end: dt.date | dt.datetime | None, path: str) -> None:
    if end is None:
        return
    if isinstance(start, dt.datetime) != isinstance(end, dt.datetime):
        raise invalid(f"{path}.end should have a time exactly if {path}.start has one.")
    if end < start:
        raise misshapen(f"{path}.end", f"≥ `{spell(start)}`", spell(end))
