"""Marks around what stands in for a missing value, for the people who write an email. Nothing marked is ever sent.

A mark is three characters of Unicode's private area, which pass through the Markdown parser and the frame as letters
do, and become <mark> only at the very end: so a value cannot make one, and a mark cannot make HTML of a value.
"""

from __future__ import annotations

import html
import re

_START, _MIDDLE, _END = "\ue000", "\ue001", "\ue002"
_ANY = re.compile(f"[{_START}{_MIDDLE}{_END}]")
_WHOLE = re.compile(f"{_START}([^{_START}{_MIDDLE}{_END}]*){_MIDDLE}([^{_START}{_MIDDLE}{_END}]*){_END}")
_OPENING = re.compile(f"{_START}[^{_START}{_MIDDLE}{_END}]*{_MIDDLE}?")
_STYLE = "background-color:#fde68a;color:#422006;border-radius:2px;padding:0 2px"


def around(words: str, why: str) -> str:
    """The words with a mark that says why they stand here."""
    return f"{_START}{clean(why)}{_MIDDLE}{clean(words)}{_END}"


def clean(text: str) -> str:
    """The text without the characters that marks are made of."""
    return _ANY.sub("", text)


def strip(text: str) -> str:
    """The text without its marks: for attributes and titles, where no mark can stand."""
    return _ANY.sub("", _OPENING.sub("", text))


def as_html(escaped: str) -> str:
    """Text or HTML that is escaped already, with each mark as an element."""
    return strip(_WHOLE.sub(_element, escaped))


def of_text(text: str) -> str:
    """Plain text as HTML, with each mark as an element."""
    return as_html(html.escape(text))


def _element(found: re.Match[str]) -> str:
    why = html.escape(html.unescape(found.group(1)))
    return f'<mark title="{why}" style="{_STYLE}">{found.group(2)}</mark>'
