"""Dates as people write them. Whether the day or the month comes first is decided for a whole column, never by cell."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import re
from typing import Final

from dateutil import parser as dates

DAY, MONTH, UNCLEAR = "day", "month", "unclear"  # which comes first
NUMERIC: Final = re.compile(r"\s*(\d{1,2})\s*([./\- ])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})(?![\d:])")
ZONE: Final = re.compile(r"\s*\([^()]*\)\s*$")  # Notion's "(GMT+9)"
DAY_PROVEN, MONTH_PROVEN, OPEN = 1, 2, 4


def evidence(cell: str) -> int:
    """What a cell says about its column: a part above 12 is a day; a dotted date has the day first."""
    if not (found := NUMERIC.match(cell)):
        return 0
    first, sign, second = int(found[1]), found[2], int(found[3])
    if first > 12 or second > 12:
        return DAY_PROVEN * (first > 12) | MONTH_PROVEN * (second > 12)
    return 0 if sign == "." or first == second else OPEN


def order(found: int) -> str:
    """What a column's cells say together. Empty: nothing in it is open."""
    proven = {DAY_PROVEN: DAY, MONTH_PROVEN: MONTH}
    return proven.get(found & ~OPEN) or (UNCLEAR if found & OPEN else "")


@functools.lru_cache(maxsize=4096)
def parse(cell: str, first: str) -> dt.date | None:
    """The day that a cell names whole; None where it names none, or where it stays open what comes first."""
    text = ZONE.sub("", cell.split("→", maxsplit=1)[0]).strip()  # Notion's ranges: the first day counts
    if found := NUMERIC.match(text):
        return _numeric(int(found[1]), found[2], int(found[3]), found[4], first)
    with contextlib.suppress(ValueError, OverflowError, TypeError):
        # dateutil would fill gaps from the date it is given.
        days = {dates.parse(text, default=day).date() for day in (dt.datetime(2001, 1, 1), dt.datetime(2002, 2, 2))}  # noqa: DTZ001 - a date has no zone
        return days.pop() if len(days) == 1 else None
    return None


def _numeric(one: int, sign: str, two: int, year: str, first: str) -> dt.date | None:
    is_open = one <= 12 and two <= 12 and one != two
    if is_open and sign != "." and first not in (DAY, MONTH):
        return None
    day, month = (two, one) if two > 12 or (is_open and first == MONTH) else (one, two)
    full = int(year) + (0 if len(year) == 4 else 1900 if int(year) >= 70 else 2000)
    with contextlib.suppress(ValueError):
        return dt.date(full, month, day)
    return None
