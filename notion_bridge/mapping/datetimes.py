"""Notion's dates <-> "2026-03-01" and "2026-03-01T09:30Z"."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class Malformed(ValueError):
    """What came is not a date; says what it is."""


def canonical(moment: dt.datetime) -> str:
    """The minute in UTC, as values are kept: "2026-03-01T09:30Z"."""
    if moment.tzinfo is None:
        raise Malformed("a time without a time zone")
    try:
        return f"{moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec='minutes')}Z"
    except OverflowError:
        raise Malformed("a time outside the calendar") from None


def parsed(value: str) -> dt.date | dt.datetime:
    """A canonical value as a date, or as an aware datetime where it has a time."""
    try:
        return dt.date.fromisoformat(value) if _DATE.fullmatch(value) else dt.datetime.fromisoformat(value)
    except ValueError:
        raise Malformed(f"{value[:40]!a} is not a date") from None


def here(at: object) -> object:
    """A moment that Notion noted, as it was in the zone of this installation: its day is the day here."""
    found = parsed(at) if isinstance(at, str) else None
    return found.astimezone(ZoneInfo(settings.TIME_ZONE)).isoformat() if isinstance(found, dt.datetime) else at


def read(value: Mapping[str, Any], *, with_time: bool) -> str:
    """The start of a date value; without time the day it names where it was written."""
    start = value.get("start")
    if not isinstance(start, str):
        raise Malformed("the date has no beginning")
    found = parsed(start)
    if not isinstance(found, dt.datetime):
        return found.isoformat()
    if not with_time:
        return found.date().isoformat()
    return canonical(found if found.tzinfo else found.replace(tzinfo=_zone(value.get("time_zone"))))


def _zone(name: object) -> dt.tzinfo:
    if not name:
        return dt.UTC
    try:
        return zoneinfo.ZoneInfo(str(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Malformed(f"{ascii(name)[:40]} is not a known time zone") from None


def written(value: str, *, with_time: bool) -> str:
    """What to send as the start: a date stays a date, a moment carries its offset."""
    found = parsed(value)
    if not isinstance(found, dt.datetime):
        return found.isoformat()
    return _sent(found) if with_time else found.date().isoformat()


def _sent(moment: dt.datetime) -> str:
    return canonical(moment).replace("Z", ":00.000+00:00")


def kept_end(start: str, current: Mapping[str, Any]) -> str | None:
    """The end of the range that stands in Notion, if it can stay: it is later and says as much about time."""
    try:
        first, last = parsed(start), parsed(str(current.get("end")))
        if isinstance(first, dt.datetime) and isinstance(last, dt.datetime):
            return _sent(last) if last.tzinfo and last >= first else None
    except Malformed:
        return None
    if isinstance(first, dt.datetime) or isinstance(last, dt.datetime):
        return None
    return last.isoformat() if last >= first else None
