"""The filters staff may use: those of python-liquid that fit text and numbers, and dates and numbers by babel.

What has no value passes through all of them as missing, or as the words that stand in for it; only `default` asks.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import UnknownCurrencyError, format_currency, format_decimal, get_currency_name
from liquid.exceptions import FilterArgumentError, ResourceLimitError

from engagement.liquid.missing import Missing, StandIn, Values

Filter = Callable[..., Any]
TEXT = (
    *("upcase", "downcase", "capitalize", "strip", "lstrip", "rstrip", "squish", "append", "prepend", "remove"),
    *("remove_first", "replace", "replace_first", "truncate", "truncatewords", "slice"),
)
LISTS = ("split", "join", "first", "last", "size", "sort", "sort_natural", "uniq", "reverse", "concat", "compact")
NUMBERS = ("plus", "minus", "times", "divided_by", "modulo", "round", "ceil", "floor", "abs", "at_least", "at_most")
OWN = ("default", "date", "number", "currency")
ALLOWED = (*OWN, *TEXT, *LISTS, *NUMBERS)
LONGEST = 64_000  # characters of one value on its way
MOST = 2_000  # entries of a list on its way
GREATEST = 10**30
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?\Z")
_DIRECTIVE = re.compile(r"%(-?[A-Za-z%])")
_BABEL = {
    "a": "EEE", "A": "EEEE", "b": "MMM", "B": "MMMM", "d": "dd", "-d": "d", "e": "d", "m": "MM", "-m": "M",
    "y": "yy", "Y": "y", "H": "HH", "-H": "H", "I": "hh", "-I": "h", "l": "h", "M": "mm", "S": "ss", "p": "a",
    "j": "DDD", "Z": "z", "%": "'%'",
}  # fmt: skip
STYLES = ("full", "long", "medium", "short")


def allowed(builtin: dict[str, Filter]) -> dict[str, Filter]:
    """The filters of an environment, from those that python-liquid registers."""
    found = {name: _careful(name, builtin[name]) for name in (*TEXT, *LISTS, *NUMBERS)}
    found["replace"] = _careful("replace", _sized(builtin["replace"]))
    found["join"] = _careful("join", _short(builtin["join"]))
    for name, own in (("date", date), ("number", number), ("currency", currency)):
        found[name] = _careful(name, own, is_local=True)
    return {**found, "default": default}


def default(value: object, words: object = "", *, allow_false: bool = False) -> object:
    """The words where there is no value."""
    if isinstance(value, Missing):
        return value.values.stand_in(value.name, words) if isinstance(words, str) else words
    if value is None or (value is False and not allow_false) or value in ("", []) or isinstance(value, dict):
        return words  # a group says nothing by itself
    return value


def _careful(name: str, function: Filter, *, is_local: bool = False) -> Filter:
    """Lets through what is missing, counts what it has to go through, and bounds what comes out."""
    is_text = name in TEXT
    weigh = _spoken if is_local else _squared if name == "uniq" else weight

    def run(value: Any, *arguments: Any, context: Any, **options: Any) -> Any:
        context.spend(weigh(value) + sum(map(weight, arguments)))
        given = [value, *arguments]
        for place, one in enumerate(given):
            if isinstance(one, Missing):
                words = one.values.instead(one.name)
                if words is None:
                    return one
                given[place] = one.values.stand_in(one.name, words)
                if place == 0 and not is_text:
                    return given[0]
            else:
                given[place] = _in_words(one, name, context.values)
            _bound(one)
        if isinstance(value, StandIn) and not is_text:
            return value
        if is_local:
            options["values"] = context.values
        if wants_environment:
            options["environment"] = context.env
        try:
            found = function(*given, **options)
        except (ArithmeticError, ValueError, TypeError, AttributeError) as error:
            raise FilterArgumentError(f"a filter cannot work with this value: {error}", token=None) from error
        _bound(found)
        return found

    wants_environment = getattr(function, "with_environment", False)
    cast(Any, run).with_context = True
    return run


def _in_words(value: Any, name: str, values: Values) -> Any:
    """A list or group as it is printed, for filters that would write it as a program does."""
    if not isinstance(value, list | tuple | dict):
        return value
    if name in TEXT and name != "slice":
        return values.say(value)
    if name == "join" and not isinstance(value, dict):
        return [values.say(one) if isinstance(one, list | tuple | dict) else one for one in value]
    return value


def weight(value: object) -> int:
    """The work of going through it once."""
    if isinstance(value, str):
        return 1 + len(value) // 100
    if isinstance(value, list | tuple):
        return 1 + sum(map(weight, value))
    return 1 + sum(map(weight, value.values())) if isinstance(value, dict) else 1


def _squared(value: object) -> int:
    """Of comparing each entry with all others."""
    return weight(value) + (len(value) ** 2 // 250 if isinstance(value, list | tuple) else 0)


def _spoken(value: object) -> int:
    """Of Babel's words."""
    return weight(value) + 20


def _bound(value: object) -> None:
    if isinstance(value, str):
        too_much = len(value) > LONGEST
    elif isinstance(value, list | tuple | dict | range):
        too_much = len(value) > MOST
    else:
        too_much = isinstance(value, int | float) and not -GREATEST < value < GREATEST
    _fits(LONGEST + too_much)


def _fits(size: int) -> None:
    if size > LONGEST:
        raise ResourceLimitError("a value grows beyond what an email can hold", token=None)


def _sized(replace: Filter) -> Filter:
    @wraps(replace)
    def run(value: Any, old: Any, new: Any = "") -> Any:
        text, sought, put = str(value), str(old), str(new)
        times = text.count(sought) if sought else len(text) + 1
        _fits(len(text) + times * (len(put) - len(sought)))
        return replace(value, old, new)

    return run


def _short(join: Filter) -> Filter:
    @wraps(join)
    def run(value: Any, between: Any = " ", **options: Any) -> Any:
        if isinstance(value, list | tuple):
            _fits(sum(len(str(one)) for one in value) + len(str(between)) * len(value))
        return join(value, between, **options)

    return run


def date(value: object, form: object = "long", *, values: Any) -> object:
    """A day or moment in the person's language and time zone; `form` is one of STYLES or signs such as %B."""
    moment = _moment(value)
    if moment is None:
        return value
    if isinstance(moment, dt.datetime):
        moment = moment.astimezone(zone_of(values.zone))
    return written(moment, str(form), values.locale)


def written(moment: dt.date, form: str, locale: str) -> str:
    """In words, with Babel's names of months and days."""
    spoken = locale_of(locale)
    if form in STYLES:
        return format_date(moment, form, spoken)
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, dt.time())
    return format_datetime(moment, _pattern(form), locale=spoken)


def _moment(value: object) -> dt.date | None:
    """What says itself which day it is: 05/06 and 10:00 do not."""
    if isinstance(value, dt.date):
        return value
    if not (isinstance(value, str) and _ISO.match(value.strip())):
        return None
    try:
        moment = dt.datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if len(value.strip()) == 10:
        return moment.date()
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


@lru_cache(maxsize=256)
def _pattern(form: str) -> str:
    """strftime's signs as Babel writes them."""
    parts, end = [], 0
    for found in _DIRECTIVE.finditer(form):
        sign = found.group(1)
        if sign not in _BABEL:
            known = ", ".join(f"%{one}" for one in _BABEL)
            raise FilterArgumentError(f'date: "%{sign}" is unknown; known are {known}', token=None)
        parts += [_quoted(form[end : found.start()]), _BABEL[sign]]
        end = found.end()
    return "".join([*parts, _quoted(form[end:])])


def _quoted(literal: str) -> str:
    doubled = literal.replace("'", "''")
    return f"'{doubled}'" if any(one.isalpha() for one in literal) else doubled


@lru_cache(maxsize=256)
def locale_of(name: str) -> Locale:
    """The person's, without the region where Babel does not know it; English as in Britain where none is known."""
    for tried in (name, name.partition("-")[0].partition("_")[0]):
        if tried and tried not in ("en", "EN"):
            try:
                return Locale.parse(tried.replace("_", "-"), sep="-")
            except (UnknownLocaleError, ValueError, TypeError):
                continue
    return Locale("en", "GB")


@lru_cache(maxsize=512)
def zone_of(name: str) -> dt.tzinfo:
    try:
        return ZoneInfo(name) if name else dt.UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return dt.UTC


def _as_number(value: object) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    try:
        return float(value) if isinstance(value, str) and len(value) < 30 else None
    except ValueError:
        return None


def number(value: object, digits: object = None, *, values: Any) -> object:
    """1234.5 -> 1,234.5, or 1.234,5 in German; with that many digits behind the point where they are given."""
    found = _as_number(value)
    if found is None:
        return value
    places = "0" * min(max(int(str(digits)), 0), 9) if digits is not None else None
    form = None if places is None else f"#,##0.{places}" if places else "#,##0"
    return format_decimal(found, form, locale=locale_of(values.locale))


def currency(value: object, code: object = "", *, values: Any) -> object:
    """As an amount in this currency."""
    found = _as_number(value)
    if found is None:
        return value
    if not is_currency(str(code)):
        raise FilterArgumentError(
            f'currency: "{str(code)[:10]}" is none; write {{{{ x | currency: "EUR" }}}}', token=None
        )
    return format_currency(found, str(code), locale=locale_of(values.locale))


@lru_cache(maxsize=256)
def is_currency(code: str) -> bool:
    try:
        return bool(re.fullmatch("[A-Z]{3}", code)) and get_currency_name(code, locale="en") != code
    except UnknownCurrencyError:
        return False


def names(found: Iterable[str] = ALLOWED) -> str:
    return ", ".join(sorted(found))
