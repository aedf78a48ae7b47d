"""What an HTML mail says, as text: for mails without a text of their own.

One pass over it, whatever it looks like: `html.parser` takes minutes for 200 kB of tags that never end.
"""

from __future__ import annotations

import re
from html import unescape

_SILENT = ("head", "title")
_LINES = ("p", "div", "br", "tr", "li", "ul", "ol", "table", "blockquote", "hr", "h1", "h2", "h3", "h4", "pre")
_BLANKS = re.compile(r"[ \t\xa0]+")
_MANY_LINES = re.compile(r"\n{3,}")
_TAG = re.compile(r"<(?:(?P<comment>!--)|[!?]|(?P<end>/?)(?P<name>[a-z][a-z0-9]{0,20}))", re.IGNORECASE)
# What stands in these is no HTML.
_CODE = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("style", "script")}


class _Text:
    def __init__(self) -> None:
        self.words: list[str] = []
        self.silent = self.quoted = 0
        self.at_line_start = True

    def open(self, tag: str) -> None:
        self.silent += tag in _SILENT
        self.break_at(tag)
        self.quoted += tag == "blockquote"

    def close(self, tag: str) -> None:
        self.silent = max(0, self.silent - (tag in _SILENT))
        self.quoted = max(0, self.quoted - (tag == "blockquote"))
        self.break_at(tag)

    def break_at(self, tag: str) -> None:
        if tag in _LINES:
            self.words.append("\n")
            self.at_line_start = True

    def say(self, data: str) -> None:
        words = "" if self.silent else _BLANKS.sub(" ", unescape(data).replace("\n", " "))
        if self.quoted and self.at_line_start and words.strip():
            self.words.append("> ")
        self.words.append(words)
        self.at_line_start = self.at_line_start and not words


def to_text(html: str) -> str:
    """Line by line, quoted parts behind "> "."""
    text, at = _Text(), 0
    while tag := _TAG.search(html, at):
        text.say(html[at : tag.start()])
        name = (tag["name"] or "").lower()
        at = _after(html, "-->" if tag["comment"] else ">", tag.end())
        if tag["end"]:
            text.close(name)
        elif name in _CODE:
            code_end = _CODE[name].search(html, at)
            at = _after(html, ">", code_end.end()) if code_end else len(html)
        elif name:
            text.open(name)
    text.say(html[at:])
    lines = "".join(text.words).split("\n")
    return _MANY_LINES.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


def _after(html: str, mark: str, start: int) -> int:
    """Behind the next such mark; at the end where there is none, as in a browser."""
    found = html.find(mark, start)
    return len(html) if found < 0 else found + len(mark)
