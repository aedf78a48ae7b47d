"""Time in which a team works: the hours of its week, public holidays and days off, in its own time zone.

Each local day has open intervals, whose edges are moments; what lies between two moments is where they meet. So a day
on which clocks are changed has as many hours as it has.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)
LOOKED_AHEAD = 366 * DAY  # who never works is due at the end of it
_LINE = re.compile(r"([a-z]{3})\s*(?:[-\u2013]\s*([a-z]{3}))?\s+(\d.*)")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})")
Spans = tuple[tuple[int, int], ...]
"""Minutes of the wall clock since midnight: from, until; in order, and apart."""
ALL_DAY: Spans = ((0, 24 * 60),)


@dataclass(frozen=True, kw_only=True)
class WorkingTime:
    """`hours` are lines as people type them; none: around the clock."""

    zone: str = "UTC"
    hours: tuple[str, ...] = ()
    country: str = ""
    subdivision: str = ""
    closed: frozenset[dt.date] = frozenset()

    def elapsed(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """The working time between two moments: that of the parts adds up to that of the whole."""
        start, end = start.astimezone(dt.UTC), end.astimezone(dt.UTC)
        if self._is_always_open:
            return max(end - start, dt.timedelta(0))
        open_for = dt.timedelta(0)
        for since, until in self._intervals(start, end):
            open_for += max(min(until, end) - max(since, start), dt.timedelta(0))
        return open_for

    def later(self, start: dt.datetime, working: dt.timedelta) -> dt.datetime:
        """When so much working time has passed, a year later at the latest."""
        start = start.astimezone(dt.UTC)
        if self._is_always_open:
            return start + working
        left = working
        for since, until in self._intervals(start, start + LOOKED_AHEAD):
            begins = max(since, start)
            if begins + left <= until:
                return begins + left
            left -= max(until - begins, dt.timedelta(0))
        return start + LOOKED_AHEAD

    @property
    def _is_always_open(self) -> bool:
        return not (self.hours or self.country or self.closed)

    def _intervals(self, start: dt.datetime, end: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """The open ones of every local day that the two moments touch, in UTC."""
        zone, week = _zone(self.zone), _week(self.hours)
        off = _holidays(self.country, self.subdivision)
        day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
        while day <= last:
            if day not in self.closed and day not in off:
                for since, until in week[day.weekday()]:
                    yield _instant(day, since, zone), _instant(day, until, zone)
            day += DAY


def validate_line(line: str) -> None:
    """For what people type."""
    try:
        _read(line)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def validate_holidays(country: str, subdivision: str) -> None:
    """For the two fields of these names."""
    known = _known_holidays()
    if country and country not in known:
        said = f"No holidays are known of “{country}”: give the two letters of a country, such as DE."
        raise ValidationError({"holidays_country": said})
    regions = known.get(country, [])
    if subdivision and subdivision not in regions:
        remedy = f"Known are {', '.join(regions)}." if regions else "There are none here: leave this empty."
        raise ValidationError({"holidays_subdivision": f"No region “{subdivision}” is known. {remedy}"})


def _instant(day: dt.date, minutes: int, zone: ZoneInfo) -> dt.datetime:
    """When the wall clock shows it for the first time; where it skips it, when it jumps."""
    wall = dt.datetime.combine(day, dt.time.min) + dt.timedelta(minutes=minutes)
    found = wall.replace(tzinfo=zone).astimezone(dt.UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    early, late = wall.replace(tzinfo=zone, fold=1).astimezone(dt.UTC), found
    while late - early > SECOND:
        middle = early + (late - early) // 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


@functools.lru_cache(maxsize=256)
def _week(lines: tuple[str, ...]) -> tuple[Spans, ...]:
    """The spans of each weekday, Monday first."""
    if not lines:
        return (ALL_DAY,) * 7
    read = [_read(line) for line in lines]
    return tuple(_united([span for days, spans in read if day in days for span in spans]) for day in range(7))


def _read(line: str) -> tuple[list[int], list[tuple[int, int]]]:
    """The days of a line and its spans. Raises ValueError, whose words say what to type."""
    found = _LINE.fullmatch(line.strip().lower())
    if found is None or found[1] not in DAYS or (found[2] or "mon") not in DAYS:
        raise ValueError(f"“{line}” is not understood: write days and hours such as Mon-Fri 9:00-17:00.")
    first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
    days = [(first + number) % 7 for number in range((last - first) % 7 + 1)]
    return days, [_span(text.strip(), line) for text in found[3].split(",")]


def _span(text: str, line: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"“{line}”: write hours such as 9:00-12:30, 13:30-17:00.")
    hours = [int(part) for part in found.groups()]
    since, until = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(hours[1], hours[3]) > 59 or until > 24 * 60:
        raise ValueError(f"“{line}”: a day has hours from 0:00 to 24:00.")
    if since >= until:
        raise ValueError(f"“{line}”: it ends before it begins. Hours past midnight are a line of the next day.")
    return since, until


def _united(spans: list[tuple[int, int]]) -> Spans:
    united: list[tuple[int, int]] = []
    for since, until in sorted(spans):
        if united and since <= united[-1][1]:
            united[-1] = (united[-1][0], max(until, united[-1][1]))
        else:
            united.append((since, until))
    return tuple(united)


@functools.lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@functools.lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str) -> Container[dt.date]:
    """Worked out for a year when somebody asks for one of its days."""
    if not country or country not in _known_holidays():
        return frozenset()
    import holidays  # noqa: PLC0415  # takes a while, and most need none

    region = subdivision if subdivision in _known_holidays()[country] else None
    found: Container[dt.date] = holidays.country_holidays(country, subdiv=region)
    return found


@functools.cache
def _known_holidays() -> dict[str, list[str]]:
    """The regions of each country."""
    import holidays  # noqa: PLC0415  # as above

    return holidays.list_supported_countries(include_aliases=False)
