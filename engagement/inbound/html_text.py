"""What an HTML mail says, as text: for mails without a text of their own."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SILENT = ("style", "script", "head", "title")
_LINES = ("p", "div", "br", "tr", "li", "ul", "ol", "table", "blockquote", "hr", "h1", "h2", "h3", "h4", "pre")
_BLANKS = re.compile(r"[ \t\xa0]+")
_MANY_LINES = re.compile(r"\n{3,}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.silent = self.quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        if tag in _LINES:
            self.lines.append("")
        if tag == "blockquote":
            self.quoted += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        if tag == "blockquote":
            self.quoted = max(0, self.quoted - 1)
        if tag in _LINES:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if self.silent:
            return
        words = _BLANKS.sub(" ", data.replace("\n", " "))
        if self.quoted and not self.lines[-1] and words.strip():
            self.lines[-1] = "> "
        self.lines[-1] += words


def to_text(html: str) -> str:
    """Line by line, quoted parts behind "> "."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return _MANY_LINES.sub("\n\n", "\n".join(line.strip() for line in reader.lines)).strip()
