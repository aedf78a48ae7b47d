"""A name in one piece -> first and last name."""

from __future__ import annotations

from typing import Final

from contacts import cleaning


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES: Final = _words("mr mrs ms miss mx dr prof professor sir herr frau hr fr mme mlle m sr sra ing mag dipl med")
PARTICLES: Final = _words(
    "van von vom zu zum zur de del della der den di da do dos das du la le las los ter ten bin ibn al el af av"
)
SUFFIXES: Final = _words("jr sr ii iii iv phd md esq")


def split(typed: str) -> tuple[str, str]:
    """The last word is the last name, with the particles before it; of "Lovelace, Ada" what stands before the comma."""
    name = cleaning.line(typed)
    before, comma, after = (part.strip() for part in name.partition(","))
    if comma and after and _plain(after) not in SUFFIXES:
        return _without_titles(after.split()), before
    words = name.split()
    suffix = [words.pop()] if len(words) > 2 and _plain(words[-1]) in SUFFIXES else []
    words = _without_titles(words).split()
    if len(words) < 2:
        return " ".join(words), " ".join(suffix)
    start = len(words) - 1
    while start > 1 and _plain(words[start - 1]) in PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join([*words[start:], *suffix]).replace(",", "")


def _without_titles(words: list[str]) -> str:
    while len(words) > 1 and _plain(words[0]) in TITLES:
        words = words[1:]
    return " ".join(words)


def _plain(word: str) -> str:
    return word.casefold().strip(".,")
