"""What stands for each variable in the words to one person, what had to stand in for one, and what is missing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from engagement import placeholders, translations
from engagement.liquid import filters
from engagement.liquid.missing import Meter, Missing, StandIn
from engagement.placeholders import CUSTOM, PASSAGE, Context
from engagement.plain_text import VALUE_LIMIT, plain

PASSAGE_LIMIT = 1200
MISSING_LIMIT = 100  # characters of an entry of Message.missing
Mark = Callable[[str, str], str]
"""Variable and what stands in for it -> how it stands in the text."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,6})?")


class Fallbacks:
    """What stands in for a variable: the words of the email, those approved for a passage, those of the registry."""

    def __init__(
        self, level: str, own: Mapping[str, str | None], passages: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self.level = level
        self._own = own
        self._passages = passages or {}

    def of(self, name: str) -> str | None:
        """The nearest one; None where a missing value holds the email."""
        if name in self._own:
            return self._own[name]
        if name.startswith(PASSAGE):
            return str(self._passages.get(name.removeprefix(PASSAGE), {}).get("fallback") or "") or None
        placeholder = placeholders.find(name)
        return placeholder.fallback if placeholder and self.offers(placeholder) else None

    def offers(self, placeholder: placeholders.Placeholder) -> bool:
        return placeholder.is_offered_at(self.level)


class OfContact:
    """The values of one person, for one email; engagement.liquid.missing.Values."""

    roots = placeholders.ROOTS

    def __init__(self, fallbacks: Fallbacks, context: Context, mark: Mark | None = None, locale: str = "") -> None:
        self.locale = locale or context.locale
        self.zone = context.timezone
        self.meter = Meter()
        self.used_fallbacks: list[str] = []
        self.missing: list[str] = []
        self._fallbacks = fallbacks
        self._context = context
        self._mark = mark
        self._known: dict[str, object] = {}
        self._called: dict[int, str] = {}
        self._said: dict[tuple[str, str | None], str] = {}

    def value(self, path: list[object]) -> object:
        found = self._found(path)
        if isinstance(found, dict | list):
            self._called[id(found)] = ".".join(map(str, path))  # nothing that is found goes away before the email does
        return found

    def _found(self, path: list[object]) -> object:
        """Plain data; Missing where nothing is known or the level does not offer it."""
        if len(path) == 1 and path[0] in self._known:
            return self._known[str(path[0])]
        found = placeholders.named(path)
        if found is None:
            return Missing(".".join(map(str, path)), self)
        name, taken = found
        value = self._value(name)
        for part in path[taken:]:
            value = _part(value, part)
        return Missing(".".join(map(str, path)), self) if taken < len(path) and _is_none(value) else value

    def _value(self, name: str) -> object:
        if name not in self._known:
            placeholder = placeholders.find(name)
            offered = placeholder is not None and self._fallbacks.offers(placeholder)
            value = _typed(name, placeholder.resolve(self._context)) if placeholder and offered else None
            self._known[name] = Missing(name, self) if _is_none(value) else value
        return self._known[name]

    def printed(self, name: str, default: str | None = None) -> str:
        """What stands where the variable of this flat name is printed; "" where it is left out."""
        key = (name, default)
        if key not in self._said:
            value = self._value(name)
            if isinstance(value, dict | list) and not self._words(value):
                value = Missing(name, self)
            if default is not None and isinstance(value, Missing):
                value = self.stand_in(name, default)
            self._said[key] = value if type(value) is str else self.say(value)  # text is plain already
        return self._said[key]

    def say(self, value: object) -> str:
        if isinstance(value, StandIn):
            return self._marked(value.name, plain(value, _limit(value.name)))
        if isinstance(value, str):
            return plain(value, PASSAGE_LIMIT)
        if not isinstance(value, Missing):
            words = self._words(value)
            if words or not isinstance(value, dict | list | tuple):
                return plain(words)
            value = Missing(
                self._called.get(id(value), "a list" if isinstance(value, list | tuple) else "a group"), self
            )
        instead = self.instead(value.name)
        if instead is None:
            return self._hole(value.name)
        return self.say(self.stand_in(value.name, instead))

    def _words(self, value: object) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float):
            return str(value)
        if isinstance(value, dt.date):
            moment = value.astimezone(filters.zone_of(self.zone)) if isinstance(value, dt.datetime) else value
            return filters.written(moment, "long", self.locale)
        if isinstance(value, list | tuple):
            return translations.listed([said for said in map(self._words, value) if said], self.locale)
        return str(value) if isinstance(value, str) else ""

    def instead(self, name: str) -> str | None:
        return self._fallbacks.of(name)

    def stand_in(self, name: str, words: str) -> StandIn:
        _note(name, self.used_fallbacks)
        return StandIn.of(name, words)

    def _marked(self, name: str, shown: str) -> str:
        return self._mark(name, shown) if self._mark and shown else shown

    def _hole(self, name: str) -> str:
        self.lacks(name)
        return self._marked(name, f"[{plain(name)}]")

    def lacks(self, what: str) -> None:
        """Note that the email must not be sent."""
        _note(what[:MISSING_LIMIT], self.missing)


def _note(name: str, names: list[str]) -> None:
    if name not in names:
        names.append(name)


def _limit(name: str) -> int:
    return PASSAGE_LIMIT if name.startswith(PASSAGE) else VALUE_LIMIT


def _is_none(value: object) -> bool:
    return value is None or isinstance(value, Missing) or (isinstance(value, str | list | tuple | dict) and not value)


def _typed(name: str, value: Any) -> Any:
    """Text in one line; the custom field "5" is the number that it reads like."""
    if isinstance(value, str):
        text = plain(value, _limit(name))
        return _number(text) if name.startswith(CUSTOM) and _NUMBER.fullmatch(text) else text
    return list(value) if isinstance(value, tuple) else value


class Whole(int):
    """A number that is equal to the text it was typed as."""

    def __eq__(self, other: object) -> bool:
        return str(int(self)) == other if isinstance(other, str) else int(self) == other

    __hash__ = int.__hash__


class Decimal(float):
    """The same with a point in it."""

    def __eq__(self, other: object) -> bool:
        return str(float(self)) == other if isinstance(other, str) else float(self) == other

    __hash__ = float.__hash__


def _number(text: str) -> object:
    number: int | float = Decimal(text) if "." in text else Whole(text)
    return number if str(number) == text else text


def _part(value: object, part: object) -> object:
    """What python-liquid finds there: an entry, or the size, first or last."""
    if isinstance(value, Mapping):
        return value.get(str(part), len(value) if part == "size" else None)
    if isinstance(value, list):
        if isinstance(part, int):
            return value[part] if -len(value) <= part < len(value) else None
        return {"size": len(value), "first": value[0] if value else None, "last": value[-1] if value else None}.get(
            str(part)
        )
    return len(value) if isinstance(value, str) and part == "size" else None
