"""What speaks against words of a language model. Findings are codes with what was found; no finding: they may be used.

Facts about the person and the brand's approved statements may be repeated as they stand; they are taken out before
the rest is judged, so a figure, price or name that remains stands in neither. It is no reading: what people would call
a lie passes in plain words, and so a person may have to approve.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engagement import risky_values
from engagement.language_model import languages, words

LONGEST = 600  # characters of a passage


@dataclass(frozen=True)
class Finding:
    code: str
    found: str = ""

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "found": self.found[:100]}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What holds for these words."""

    known: Sequence[str] = ()
    """Facts and approved statements: may be repeated."""
    topic: Sequence[str] = ()
    """What they may be about; with nothing here, anything."""
    language: str = ""
    longest: int = LONGEST
    is_plain: bool = True
    """One paragraph without markup; else Markdown with variables."""


# What no proposal shows either; the others are said beside it, for a colleague to judge.
NEVER = frozenset({"empty", "too_long", "markup", "link", "obscene", "threat", "about_itself", "other_language"})

_PLAIN = re.compile(r"[{}<>*_`#|\[\]\\~^]|\n")
_MARKDOWN = re.compile(r"[<>`]|\{%|!\[")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_CLAIMS = {"figure": re.compile(r"\d[\d.,:/]*"), "sign": re.compile(r"[%‰€$£¥₹₿]")} | words.patterns("claims")
_MANNERS = words.patterns("manners")
_PARTED = re.compile(r"(?<=\w)[*.\-_](?=\w)")  # a.s for as
_AS_LETTERS = str.maketrans("013457@$!", "oieastasi")
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'\u2019\-]"
_NAME = re.compile(rf"(?<=[\w,;\-)] ){_CAPITAL}*(?: {_CAPITAL}*)*")
_PAIR = re.compile(rf"(?<=[\w,;\-)] ){_CAPITAL}+ {_CAPITAL}+")
_NO_NAMES = frozenset({"I", "I'm", "I'd", "I'll", "I've", "Sie", "Ihr", "Ihre", "Ihnen", "Ihren", "Ihrer", "Ihrem"})
_EMPTY = frozenset().union(*languages.COMMON.values(), *words.lists("empty").values())


def findings(text: str, rules: Rules) -> list[Finding]:
    """The first of each code."""
    first: dict[str, Finding] = {}
    for one in (*_of_form(text, rules), *_of_manners(text), *_of_matter(text, rules)):
        first.setdefault(one.code, one)
    return list(first.values())


def makes_claims(text: str) -> bool:
    """Whether it holds a figure, a price or another claim: what strangers typed must not license one."""
    return any(pattern.search(text) for pattern in _CLAIMS.values())


def _of_form(text: str, rules: Rules) -> Iterator[Finding]:
    if not text.strip():
        yield Finding("empty")
    if len(text) > rules.longest:
        yield Finding("too_long", str(len(text)))
    if marked := (_PLAIN if rules.is_plain else _MARKDOWN).search(text):
        yield Finding("markup", marked.group())
    if code := risky_values.why(text if rules.is_plain else _without(text, rules.known), longest=rules.longest):
        yield Finding("link", code)


def _of_manners(text: str) -> Iterator[Finding]:
    plain = unicodedata.normalize("NFKC", text)
    for spelling in (plain, plain.translate(_AS_LETTERS), _PARTED.sub("", plain)):
        for code, pattern in _MANNERS.items():
            if found := pattern.search(spelling):
                yield Finding(code, found.group())


def _of_matter(text: str, rules: Rules) -> Iterator[Finding]:
    rest = _without(text, rules.known)
    for code, pattern in _CLAIMS.items():
        if found := pattern.search(rest):
            yield Finding(code, found.group())
    language = languages.of(text)
    if rules.language in languages.COMMON and language and language != rules.language:
        yield Finding("other_language", language)
    if rules.is_plain:
        yield from (Finding("name", name) for name in _names(rest, language or rules.language))
    if rules.topic and not _is_about(text, rules.topic):
        yield Finding("off_topic")


def _without(text: str, known: Iterable[str]) -> str:
    """The text without what may be repeated, the longest first."""
    rest = _SPACE.sub(" ", unicodedata.normalize("NFKC", text))
    for phrase in sorted({_SPACE.sub(" ", one).strip(" .") for one in known}, key=len, reverse=True):
        if len(phrase) > 1:
            rest = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", "this", rest, flags=re.I)
    return rest


def _names(text: str, language: str) -> Iterator[str]:
    """Capitals within a sentence are a name, but in German: there two of them in a row are taken for one."""
    for found in (_PAIR if language == "de" else _NAME).finditer(text):
        if not set(found.group().split()) & _NO_NAMES:
            yield found.group()


def _is_about(text: str, topic: Sequence[str]) -> bool:
    """Whether it shares a word, or one of every ten, with what it was to be about; a word is its beginning."""
    said, asked = _stems([text]), _stems(topic)
    return len(said & asked) >= max(1, (len(said) + 9) // 10)


def _stems(texts: Iterable[str]) -> set[str]:
    found = (word.casefold() for text in texts for word in _WORD.findall(text))
    return {word[:5] for word in found if word not in _EMPTY}


def as_json(found: Iterable[Finding]) -> list[dict[str, str]]:
    return [one.as_json() for one in found]
