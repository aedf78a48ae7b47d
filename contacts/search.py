"""What somebody types to find a person -> what is looked for in Contact.searched, the text kept of everybody."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from contacts import cleaning

MOST_TERMS = 6
FEWEST_DIGITS = 5  # of what is taken for a telephone number
PHONE = "#"  # stands before the digits of the number, in contacts_searched

_NUMBER = re.compile(r"(?<!\S)[+(]*\d[\d\s()./\u2010-\u2015\u2212-]*(?!\S)")
_WRITTEN_OUT = {"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue"}
_UMLAUT = re.compile("[aou]e")


def terms(words: str) -> list[str]:
    """The words; a telephone number is one of them, however it is spaced."""
    text = unicodedata.normalize("NFKC", cleaning.line(words))
    found: list[str] = []
    behind = 0
    for number in _NUMBER.finditer(text):
        if len(_digits(number.group())) >= FEWEST_DIGITS:
            found += [*text[behind : number.start()].split(), number.group()]
            behind = number.end()
    return [*found, *text[behind:].split()][:MOST_TERMS]


def patterns(term: str) -> list[str]:
    """Any of these is enough."""
    if "@" in term:
        return [address(term)]
    digits = _digits(term)
    found = [term]
    if _NUMBER.fullmatch(term) and len(digits) >= FEWEST_DIGITS:
        found += _abroad(digits.lstrip("0")) if term.startswith("+") or digits.startswith("00") else _at_home(digits)
    elif any(letter in _WRITTEN_OUT for letter in term.lower()):
        found.append("".join(_WRITTEN_OUT.get(letter, letter) for letter in term.lower()))
    elif not term.isdigit():
        found.append(_UMLAUT.sub(lambda pair: pair.group()[0], term.lower()))
    return list(dict.fromkeys(found))


def address(term: str) -> str:
    """An address as it is stored; part of one as it is."""
    try:
        return cleaning.email(term)
    except cleaning.Unacceptable:
        return term.lower()


def _digits(term: str) -> str:
    return "".join(str(int(char)) for char in term.replace("(0)", "") if char.isdecimal())


def _abroad(number: str) -> list[str]:
    """With the country's code: also as it is stored of people whose country nobody told, without it."""
    lengths = [length for length in (1, 2, 3) if int(number[:length] or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE]
    found = [f"{PHONE}{number}"]
    for length in lengths:
        code, rest = number[:length], number[length:].lstrip("0")
        found += [f"{PHONE}{code}{rest}", f"{PHONE}0{rest}", f"{PHONE}{rest}"] if len(rest) >= FEWEST_DIGITS else []
    return found


def _at_home(digits: str) -> list[str]:
    """Without the 0 (in some countries 8) that is dialled within a country only."""
    found = [digits.lstrip("0"), digits[1:] if len(digits) == 11 and digits[0] == "8" else ""]
    return [number for number in found if len(number) >= FEWEST_DIGITS - 1]
