"""The variables of former releases, `{{ name|words }}`, as Liquid, and back; for migrations."""

from __future__ import annotations

import re

_FORMER = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"(?:[a-z_]+|(?:custom|passage)\.[^\s.|{}][^|{}]*)\Z")
_LIQUID = re.compile(
    r"""\{\{\s*(?:([a-z_]+(?:\.\w+)?)|(custom|passage)\[(["'])([^{}]*?)\3\])"""
    r"""\s*(?:\|\s*default:\s*(["'])([^{}|]*?)\5\s*)?\}\}"""
)


def to_liquid(text: str) -> str:
    """What cannot be read stays as it is."""
    return _FORMER.sub(_converted, text) if "{{" in text else text


def _converted(found: re.Match[str]) -> str:
    name, bar, words = (part.strip() for part in found.group(1).partition("|"))
    if not _NAME.match(name) or "|" in words:
        return found.group()
    family, dot, key = name.partition(".")
    path = f"{family}[{_quoted(key)}]" if dot and not re.fullmatch(r"[A-Za-z_]\w*", key) else name
    return f"{{{{ {path} | default: {_quoted(words)} }}}}" if bar else f"{{{{ {path} }}}}"


def _quoted(words: str) -> str:
    if '"' not in words:
        return f'"{words}"'
    return f"'{words}'" if "'" not in words else '"' + words.replace('"', "”") + '"'


def from_liquid(text: str) -> str:
    """What former releases have no words for stays as it is."""
    return _LIQUID.sub(_restored, text) if "{{" in text else text


def _restored(found: re.Match[str]) -> str:
    flat, family, _, key, _, words = found.groups()
    name = flat or f"{family}.{key}"
    return f"{{{{ {name} }}}}" if words is None else f"{{{{ {name}|{words} }}}}"
