"""What stands in an expression for a value that nobody has."""

from __future__ import annotations

from typing import Protocol


class Meter:
    """The work that goes into Liquid, counted instead of timed: so a busy machine holds no email."""

    __slots__ = ("spent",)

    def __init__(self) -> None:
        self.spent = 0


class Values(Protocol):
    """What an email may say of one person; engagement.values."""

    roots: frozenset[str]
    """The first names of all variables; what staff assign is called otherwise."""
    locale: str
    zone: str
    meter: Meter
    """Of all texts of one email."""

    def value(self, path: list[object]) -> object:
        """Text, number, truth, date, list or dict; Missing where nothing is known."""

    def printed(self, name: str, default: str | None = None) -> str:
        """What `say` makes of the variable of this flat name, with the words of its own default."""

    def say(self, value: object) -> str:
        """As it is printed, in one harmless line; "" where it is left out."""

    def instead(self, name: str) -> str | None:
        """The words that stand in for the variable; None where it holds what is written. Nothing is noted."""

    def stand_in(self, name: str, words: str) -> StandIn:
        """The words, noted as standing for the variable."""


class Missing:
    """False in conditions, nothing to go through, equal to blank; printed, it is what `Values.say` makes of it."""

    __slots__ = ("name", "values")

    def __init__(self, name: str, values: Values) -> None:
        self.name = name
        self.values = values

    def __liquid__(self) -> None:
        return None

    def __str__(self) -> str:
        return self.values.say(self)


class StandIn(str):
    """Words of staff in the place of a value."""

    __slots__ = ("name",)
    name: str

    @classmethod
    def of(cls, name: str, words: str) -> StandIn:
        said = cls(words)
        said.name = name
        return said
