"""The variables of former releases, `{{ name|words }}`, as Liquid, and back; and how Liquid says a name."""

from __future__ import annotations

import re

_FORMER = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"(?:[a-z_]+|(?:custom|passage)\.[^\s.|{}][^|{}]*)\Z")
_WORD = re.compile(r"[^\W\d]\w*")
_RESERVED = frozenset({
    "and", "as", "blank", "cols", "contains", "continue", "else", "empty", "false", "for", "if", "in", "limit", "nil",
    "not", "null", "offset", "or", "required", "reversed", "true", "with",
})  # fmt: skip
"""Words of python-liquid's own, which it takes for no name."""
_LIQUID = re.compile(
    r"""\{\{\s*(?:([a-z_]+(?:\.\w+)?)|(custom|passage)\[(["'])([^{}]*?)\3\])"""
    r"""\s*(?:\|\s*default:\s*(["'])([^{}|]*?)\5\s*)?\}\}"""
)


def to_liquid(text: str, room: int | None = None) -> str:
    """What cannot be read stays as it is. Without the spaces that Liquid is usually written with, where with them it
    has more than `room` characters."""
    if "{{" not in text:
        return text
    said = _FORMER.sub(_converted, text)
    return _FORMER.sub(_closely, text) if room is not None and len(said) > room else said


def _closely(found: re.Match[str]) -> str:
    return _converted(found, between="")


def _converted(found: re.Match[str], between: str = " ") -> str:
    name, bar, words = (part.strip() for part in found.group(1).partition("|"))
    if not _NAME.match(name) or "|" in words:
        return found.group()
    said = [path(name)]
    if bar:
        said += ["|", f"default:{between}{_quoted(words)}"]
    return between.join(("{{", *said, "}}"))


def path(name: str) -> str:
    """The variable of this flat name, as Liquid reads it."""
    family, dot, key = name.partition(".")
    key = sayable(key)
    is_bare = not dot or (_WORD.fullmatch(key) and key not in _RESERVED)
    return f"{family}{dot}{key}" if is_bare else f"{family}[{_quoted(key)}]"


def sayable(key: str) -> str:
    """Liquid has no word for both kinds of quotes in one; as variables are looked up, it is the same key."""
    return re.sub("[\"']", "_", key) if '"' in key and "'" in key else key


def _quoted(words: str) -> str:
    return f'"{words}"' if '"' not in words else "'" + words.replace("'", "\u2019") + "'"


def from_liquid(text: str) -> str:
    """What former releases have no words for stays as it is."""
    return _LIQUID.sub(_restored, text) if "{{" in text else text


def _restored(found: re.Match[str]) -> str:
    flat, family, _, key, _, words = found.groups()
    name = flat or f"{family}.{key}"
    return f"{{{{ {name} }}}}" if words is None else f"{{{{ {name}|{words} }}}}"
