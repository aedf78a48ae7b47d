"""The conditions a filter can put on one value, by the type of the property."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

from notion_bridge.sandbox import checks, dates
from notion_bridge.sandbox.checks import Json
from notion_bridge.sandbox.model import Property
from notion_bridge.sandbox.refusals import invalid, misshapen

Test = Callable[[Any], bool]  # on the value of a property, as it is compared (see `comparable` in filters)

LONGEST_TEXT = 2000
TEXT = ("equals", "does_not_equal", "contains", "does_not_contain", "starts_with", "ends_with")
NUMBER: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda value, other: value == other,
    "does_not_equal": lambda value, other: value != other,
    "greater_than": lambda value, other: value > other,
    "less_than": lambda value, other: value < other,
    "greater_than_or_equal_to": lambda value, other: value >= other,
    "less_than_or_equal_to": lambda value, other: value <= other,
}
DATE: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, other: value == other,
    "before": lambda value, other: value < other,
    "after": lambda value, other: value > other,
    "on_or_before": lambda value, other: value <= other,
    "on_or_after": lambda value, other: value >= other,
}
WINDOWS = ("this_week", "past_week", "past_month", "past_year", "next_week", "next_month", "next_year")
RELATIVE = {"today": 0, "tomorrow": 1, "yesterday": -1, "one_week_ago": -7, "one_week_from_now": 7}
LENGTHS = {"week": 7, "month": 30, "year": 365}


def compile_test(kind: str, condition: Any, path: str, *, prop: Property | None, now: dt.datetime) -> Test:
    """The condition as a function of the value; `kind` is the type of filter."""
    given = checks.mapping(condition, path)
    if len(given) != 1:
        raise misshapen(path, "an object with exactly one condition", given)
    name, wanted = next(iter(given.items()))
    path = f"{path}.{name}"
    if name in ("is_empty", "is_not_empty"):
        return _existence(name, wanted, path)
    if kind in ("title", "rich_text", "url", "email", "phone_number"):
        return _text(name, wanted, path)
    if kind in ("date", "created_time", "last_edited_time"):
        return _date(name, wanted, path, now)
    if kind in ("number", "unique_id"):
        return _number(name, wanted, path)
    if kind == "checkbox":
        return _checkbox(name, wanted, path)
    if kind in ("select", "status"):
        return _choice(name, wanted, path, prop)
    if kind in ("multi_select", "people", "relation", "created_by", "last_edited_by"):
        return _contains(kind, name, wanted, path)
    raise misshapen(path, "not present", wanted)


def _existence(name: str, wanted: Any, path: str) -> Test:
    if wanted is not True:
        raise misshapen(path, "`true`", wanted)
    empty = name == "is_empty"
    return lambda value: (value is None or value in ("", [])) == empty


def _text(name: str, wanted: Any, path: str) -> Test:
    checks.one_of(name, path, TEXT)
    text = checks.string(wanted, path, longest=LONGEST_TEXT, empty=True)
    if name == "equals":
        return lambda value: (value or "") == text
    if name == "does_not_equal":
        return lambda value: (value or "") != text
    folded = text.casefold()
    if name in ("contains", "does_not_contain"):
        positive = name == "contains"
        return lambda value: (folded in (value or "").casefold()) == positive
    if name == "starts_with":
        return lambda value: (value or "").casefold().startswith(folded)
    return lambda value: (value or "").casefold().endswith(folded)


def _number(name: str, wanted: Any, path: str) -> Test:
    checks.one_of(name, path, NUMBER)
    if isinstance(wanted, bool) or not isinstance(wanted, int | float) or not math.isfinite(wanted):
        raise misshapen(path, "a number", wanted)
    compare = NUMBER[name]
    return lambda value: value is not None and compare(value, wanted)


def _checkbox(name: str, wanted: Any, path: str) -> Test:
    checks.one_of(name, path, ("equals", "does_not_equal"))
    positive = checks.flag(wanted, path, optional=False) == (name == "equals")
    return lambda value: bool(value) == positive


def _choice(name: str, wanted: Any, path: str, prop: Property | None) -> Test:
    checks.one_of(name, path, ("equals", "does_not_equal"))
    names = wanted if isinstance(wanted, list) else [wanted]
    for one in names:
        checks.string(one, path)
        if prop is not None and prop.named(one) is None:
            raise invalid(f'{prop.type} option "{one}" not found for property "{prop.name}".')
    positive = name == "equals"
    return lambda value: (value in names) == positive


def _contains(kind: str, name: str, wanted: Any, path: str) -> Test:
    checks.one_of(name, path, ("contains", "does_not_contain"))
    if kind == "multi_select":
        sought = [checks.string(one, path) for one in (wanted if isinstance(wanted, list) else [wanted])]
    else:
        sought = [checks.identifier(wanted, path)]
    positive = name == "contains"
    return lambda value: any(one in (value or ()) for one in sought) == positive


def _date(name: str, wanted: Any, path: str, now: dt.datetime) -> Test:
    if name in WINDOWS:
        checks.only(checks.mapping(wanted, path), path, ())
        first, last = _window(name, dates.as_day(now))
        return lambda value: value is not None and first <= dates.as_day(value) <= last
    checks.one_of(name, path, (*DATE, *WINDOWS))
    compare, other = DATE[name], _moment(wanted, path, now)
    if isinstance(other, dt.datetime):
        day = dates.as_day(other)
        return lambda value: (
            value is not None and (compare(value, other) if isinstance(value, dt.datetime) else compare(value, day))
        )
    return lambda value: value is not None and compare(dates.as_day(value), other)


def _moment(wanted: Any, path: str, now: dt.datetime) -> dt.date | dt.datetime:
    text = checks.string(wanted, path)
    if text in RELATIVE:
        return dates.as_day(now) + dt.timedelta(days=RELATIVE[text])
    when = dates.read(text)
    if when is None:
        raise misshapen(path, dates.ISO, text)
    return when


def _window(name: str, today: dt.date) -> tuple[dt.date, dt.date]:
    if name == "this_week":
        monday = today - dt.timedelta(days=today.weekday())
        return monday, monday + dt.timedelta(days=6)
    direction, length = name.split("_")
    days = dt.timedelta(days=LENGTHS[length])
    return (today - days, today) if direction == "past" else (today, today + days)


def one_condition(filter_: Json, kinds: tuple[str, ...]) -> list[str]:
    """Which of the kinds of filter the object carries."""
    return [key for key in filter_ if key in kinds]
