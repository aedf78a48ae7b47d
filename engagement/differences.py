"""What changed between two versions of an email, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engagement import translations
from engagement.models import EngagementTemplate, TemplateVersion

Kind = Literal["same", "gone", "new"]
_WORDS = re.compile(r"\{\{[^{}]*\}\}|\w+|\s+|[^\w\s]")
LONGEST = 20_000  # characters of a text compared word by word; longer ones are compared line by line


@dataclass(frozen=True)
class Run:
    """Some words that are in both, only in the earlier or only in the later."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Difference:
    """One part of an email: its subject, its body, one fallback."""

    part: str
    runs: list[Run]

    @property
    def is_change(self) -> bool:
        return any(run.kind != "same" for run in self.runs)


def between(*, earlier: TemplateVersion | None, later: TemplateVersion | None) -> list[Difference]:
    """The parts that differ, in the order in which the editor shows them; none where one is not there."""
    if earlier is None or later is None:
        return []
    before, after = dict(_parts(earlier)), dict(_parts(later))
    parts = list(dict.fromkeys([*before, *after]))
    found = [Difference(part, runs(before.get(part, ""), after.get(part, ""))) for part in parts]
    return [difference for difference in found if difference.is_change]


def runs(before: str, after: str) -> list[Run]:
    """Both texts in one, run by run."""
    old, new = _pieces(before, after)
    found: list[Run] = []
    for what, old_start, old_end, new_start, new_end in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        gone, added = "".join(old[old_start:old_end]), "".join(new[new_start:new_end])
        if what == "equal":
            found.append(Run("same", gone))
            continue
        found += [run for run in (Run("gone", gone), Run("new", added)) if run.text]
    return found


def _pieces(before: str, after: str) -> tuple[list[str], list[str]]:
    if max(len(before), len(after)) > LONGEST:
        return before.splitlines(keepends=True), after.splitlines(keepends=True)
    return _WORDS.findall(before), _WORDS.findall(after)


def _parts(version: TemplateVersion) -> Iterator[tuple[str, str]]:
    yield "Sender", version.sender_name
    yield "Subject", version.subject
    yield "Preheader", version.preheader
    yield "Body", version.body.strip()
    yield "Language", translations.name_of(version.language)
    yield "Level", EngagementTemplate.Level(version.allowed_level).label
    yield "Brand", str(version.speaks_for or "any")
    yield from _beside(version.fallbacks, version.passages)
    for language, told in version.translations.items():
        spoken = translations.name_of(language)
        for part in ("subject", "preheader", "body"):
            yield f"{spoken}: {part}", str(told.get(part, "")).strip()
        for part, text in _beside(told.get("fallbacks", {}), told.get("passages", {})):
            yield f"{spoken}: {part}", text


def _beside(fallbacks: Mapping[str, str | None], passages: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, words in fallbacks.items():
        yield f"When {name} is missing", in_words(words)
    for name, passage in passages.items():
        yield from _passage(name, passage)


def _passage(name: str, passage: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield f"Passage {name}: instruction", str(passage.get("instruction", ""))
    yield f"Passage {name}: approved text", str(passage.get("fallback", ""))


def in_words(fallback: str | None) -> str:
    """What happens when a value is missing."""
    if fallback is None:
        return "hold the email"
    return f"write “{fallback}”" if fallback else "leave it out"
