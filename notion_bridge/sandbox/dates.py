"""Dates as Notion takes and gives them: a day stays a day, a moment is a minute with an offset."""

from __future__ import annotations

import datetime as dt
import functools
import re
import zoneinfo
from typing import Any

from notion_bridge.sandbox import checks
from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.refusals import invalid, misshapen

DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?\Z")
ISO = "a valid ISO 8601 date string"


@functools.cache
def zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def parse(value: Any, path: str) -> Json | None:
    """The value of a date property as it is kept: {"start", "end", "time_zone"}, spelled as in answers."""
    if value is None:
        return None
    date = checks.mapping(value, path)
    checks.only(date, path, ("start", "end", "time_zone"))
    if "start" not in date:
        raise misshapen(f"{path}.start", "defined")
    zone = _zone(date.get("time_zone"), f"{path}.time_zone")
    start = _part(date["start"], f"{path}.start", zone)
    end = None if date.get("end") is None else _part(date["end"], f"{path}.end", zone)
    _check_range(start, end, path)
    return {"start": spell(start), "end": None if end is None else spell(end), "time_zone": zone}


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


def as_day(when: dt.date | dt.datetime) -> dt.date:
    return when.astimezone(dt.UTC).date() if isinstance(when, dt.datetime) else when


def _part(value: Any, path: str, zone: str | None) -> dt.date | dt.datetime:
    text = checks.string(value, path)
    when = read(text)
    if when is None:
        raise misshapen(path, ISO, text)
    if zone is None or not isinstance(when, dt.datetime):
        return when
    if dt.datetime.fromisoformat(text).tzinfo is not None:
        raise invalid(f"{path} should not have a UTC offset when a time zone is provided.")
    return when.replace(tzinfo=zoneinfo.ZoneInfo(zone))


def _zone(value: Any, path: str) -> str | None:
    if value is None:
        return None
    if value not in zones():
        raise misshapen(path, "a valid IANA time zone, `null`, or `undefined`", value)
    return str(value)


def _check_range(start: dt.date | dt.datetime, end: dt.date | dt.datetime | None, path: str) -> None:
    if end is None:
        return
    if isinstance(start, dt.datetime) != isinstance(end, dt.datetime):
        raise invalid(f"{path}.end should have a time exactly if {path}.start has one.")
    if end < start:
        raise misshapen(f"{path}.end", f"≥ `{spell(start)}`", spell(end))
