"""The canonical value of a field -> what to send to Notion as the value of its property, and what did not fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from notion_bridge.mapping import datetimes, rich_text
from notion_bridge.mapping.fields import READ_ONLY, Field, Shape, Value, folded, person

MAX_ADDRESS: Final = 100  # of an email address and of a phone number
MAX_OPTION: Final = 100
MAX_OPTIONS: Final = 100


@dataclass(frozen=True)
class Written:
    """`payload` goes under the property's id; None: leave what stands in Notion alone. `limits` are sentences for staff
    about what Notion cannot hold."""

    payload: dict[str, Any] | None
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a value goes: the property's type, the options it knows, who is who in Notion, and what stands there."""

    field: Field
    type: str
    options: Sequence[str]
    people: Mapping[str, str]
    current: Mapping[str, Any]


def write(
    value: Value,
    field: Field,
    property_type: str,
    *,
    options: Sequence[str] = (),
    people: Mapping[str, str] | None = None,
    current: Mapping[str, Any] | None = None,
) -> Written:
    """What to send. `options` are the names the property knows, `people` maps folded names and addresses to user ids,
    `current` is the property's value in the page: the end of its date range is kept, lost formatting is reported."""
    if property_type in READ_ONLY or property_type in field.reads:
        return Written(None)
    if property_type not in field.accepts:
        return _left(f"{field.label} cannot be written to a property of the type «{property_type}».")
    if field.shape is Shape.PERSON and property_type != "people":
        name, address = person(_line(value))
        value = (address or name) if property_type == "email" else (name or address)
    place = Place(field, property_type, options, people or {}, current or {})
    return _WRITERS[property_type](value, place)


def same(one: Value, other: Value, field: Field) -> bool:
    """Whether both sides say the same, however each of them spells it."""
    if field.shape is Shape.CHOICES:
        return {_compared(name) for name in _names(one)} == {_compared(name) for name in _names(other)}
    first, second = _line(one), _line(other)
    if field.shape is Shape.PERSON:
        return _is_one_person(_compared(first), _compared(second))
    if field.shape in (Shape.CHOICE, Shape.EMAIL):
        return _compared(first) == _compared(second)
    return _normal(first) == _normal(second)


def _is_one_person(one: str, other: str) -> bool:
    """By the address where both say it, else by the name."""
    (name, address), (other_name, other_address) = person(one), person(other)
    both = (address, other_address) if address and other_address else (name, other_name)
    return one == other or (both[0] == both[1] != "")


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", rich_text.clean(text))


def _compared(name: str) -> str:
    return folded(_normal(name))


def _line(value: Value) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _names(value: Value) -> list[str]:
    """Each name once, whatever its case; a name that shows nothing is none."""
    given = [value] if isinstance(value, str) else value
    by_name = {_compared(name): name for name in reversed(given)}
    return [name for compared, name in reversed(by_name.items()) if compared]


def _left(reason: str) -> Written:
    return Written(None, (f"{reason} What stands in Notion was left alone.",))


def _text(value: Value, place: Place) -> Written:
    made, is_whole = rich_text.items(_line(value), links=place.field.shape is Shape.LONG_TEXT)
    limits = []
    if not is_whole:
        limits.append(f"{place.field.label} is longer than Notion can hold: only its beginning is there. Shorten it.")
    if rich_text.has_formatting(place.current.get(place.type)):
        limits.append(f"{place.field.label} was written as plain text: its formatting or mentions in Notion are gone.")
    return Written({place.type: made}, tuple(limits))


def _address(value: Value, place: Place) -> Written:
    text = rich_text.clean(_line(value))
    if rich_text.units(text) > MAX_ADDRESS:
        return _left(f"{place.field.label} has more than the {MAX_ADDRESS} characters that Notion takes.")
    return Written({place.type: text or None})  # an empty string would be refused


def _option(value: Value, place: Place) -> Written:
    names = _names(value)
    if not names:
        return Written({place.type: None})
    name, problem = _known_option(names[0], place)
    if problem:
        return _left(problem)
    limits = [f"{place.field.label} has several values, and the property in Notion takes one: «{name}» was written."]
    return Written({place.type: {"name": name}}, tuple(limits) if len(names) > 1 else ())


def _options(value: Value, place: Place) -> Written:
    checked = [_known_option(name, place) for name in _names(value)]
    fitting = [name for name, problem in checked if not problem]
    limits = [f"{problem} It is missing in Notion." for _, problem in checked if problem]
    if len(fitting) > MAX_OPTIONS:
        limits.append(f"{place.field.label} has {len(fitting)} values: Notion takes the first {MAX_OPTIONS}.")
    return Written({place.type: [{"name": name} for name in fitting[:MAX_OPTIONS]]}, tuple(limits))


def _known_option(given: str, place: Place) -> tuple[str, str]:
    """The property's own spelling of the option, and what is wrong with it if it has none."""
    known = _spelling(given, place)
    if known:
        return known, ""
    name, label = rich_text.clean(given), place.field.label
    if place.type == "status":
        return name, f"{label} has no option «{name}» in Notion, and only a person can add one there."
    if "," in name:
        return name, f"{label} «{name}» has a comma, which an option in Notion cannot have. Rename it."
    if rich_text.units(name) > MAX_OPTION:
        return name, f"{label} «{name[:40]}…» is longer than the {MAX_OPTION} characters of an option. Shorten it."
    return name, ""


def _spelling(name: str, place: Place) -> str:
    by_name = {_compared(option): option for option in reversed(place.options)}
    if found := by_name.get(_compared(name)):
        return found
    synonyms = place.field.synonyms
    meant = synonyms.get(folded(name), name)
    return next((option for option in place.options if synonyms.get(folded(option)) == meant), "")


def _date(value: Value, place: Place) -> Written:
    text = _line(value)
    if not text:
        return Written({"date": None})
    try:
        start = datetimes.written(text, with_time=place.field.shape is Shape.MOMENT)
    except datetimes.Malformed as error:
        return _left(f"{place.field.label} cannot be written: {error}.")
    current = place.current.get("date")
    if not isinstance(current, Mapping) or not current.get("end"):
        return Written({"date": {"start": start}})
    if end := datetimes.kept_end(start, current):
        return Written({"date": {"start": start, "end": end}})
    lost = f"{place.field.label} was a period in Notion: its end did not fit the new beginning and is gone."
    return Written({"date": {"start": start}}, (lost,))


def _people(value: Value, place: Place) -> Written:
    text = _line(value).strip()
    names = [text] if _user(text, place) else [name for part in text.split(",") if (name := part.strip())]
    if unknown := [name for name in names if not _user(name, place)]:
        return _left(f"{place.field.label}: nobody in Notion is called «{', '.join(unknown)}».")
    ids = dict.fromkeys(_user(name, place) for name in names)
    return Written({"people": [{"object": "user", "id": user_id} for user_id in ids]})


def _user(named: str, place: Place) -> str:
    """Their id in Notion, by the address before the name."""
    name, address = person(named)
    return next((place.people[word] for word in (address.casefold(), name.casefold()) if word in place.people), "")


_WRITERS: Final[Mapping[str, Callable[[Value, Place], Written]]] = {
    "title": _text,
    "rich_text": _text,
    "email": _address,
    "phone_number": _address,
    "select": _option,
    "status": _option,
    "multi_select": _options,
    "date": _date,
    "people": _people,
}
