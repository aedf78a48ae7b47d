"""Conditions on what is known of a person, as plain values. Classification and routing are made of them."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

from contactflow.core.reasons import Reason
from contacts.models import Rule

Field, Operator = Rule.Field, Rule.Operator


@dataclass(frozen=True)
class Named:
    """A row by name and slug: staff may rename it, and rules that say either still mean it."""

    name: str
    slug: str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What rules may ask about."""

    email: str = ""
    job_title: str = ""
    company: str = ""
    form: str = ""
    message: str = ""
    interests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    lead_source: Named | None = None
    contact_types: tuple[Named, ...] = ()


class StoredDecision(TypedDict):
    kind: str
    value: str
    rule: str
    because: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided, by which rule ("" where no rule was needed), and why."""

    kind: str  # contact_type, lead_source, interest or business_entity
    value: str
    rule: str = ""
    because: Reason

    def stored(self) -> StoredDecision:
        return {"kind": self.kind, "value": self.value, "rule": self.rule, "because": self.because.as_json()}


@dataclass(frozen=True)
class Condition:
    """A rule without its conclusion: any of `words` in `field` is enough."""

    name: str
    field: str
    operator: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class _Value:
    """A value of a profile: as it is shown, and the forms in which a rule may name it."""

    shown: str
    forms: tuple[str, ...]


def _texts(*values: str) -> list[_Value]:
    return [_Value(value, (value,)) for value in values if value]


def _rows(*rows: Named | None) -> list[_Value]:
    return [_Value(row.name, (row.name, row.slug)) for row in rows if row is not None]


READERS: dict[str, Callable[[Profile], list[_Value]]] = {
    Field.EMAIL_DOMAIN: lambda profile: _texts(profile.email.rpartition("@")[2]),
    Field.JOB_TITLE: lambda profile: _texts(profile.job_title),
    Field.COMPANY: lambda profile: _texts(profile.company),
    Field.FORM: lambda profile: _texts(profile.form),
    Field.INTERESTS: lambda profile: _texts(*profile.interests),
    Field.TAGS: lambda profile: _texts(*profile.tags),
    Field.MESSAGE: lambda profile: _texts(profile.message),
    Field.SOURCE: lambda profile: _rows(profile.lead_source),
    Field.CONTACT_TYPE: lambda profile: _rows(*profile.contact_types),
}

OPERATORS: dict[str, Callable[[str, str], bool]] = {
    Operator.IS: lambda text, word: spelling(text) == spelling(word),
    Operator.ENDS_WITH: lambda text, word: bool(word) and folded(text).endswith(folded(word)),
    Operator.HAS_WORD: lambda text, word: has_word(text=text, word=word),
}


def reason(*, condition: Condition, profile: Profile) -> Reason | None:
    """Why the condition holds; None where it does not."""
    matches = OPERATORS[condition.operator]
    for value in READERS[condition.field](profile):
        for word in condition.words:
            if any(matches(form, word) for form in value.forms):
                return _because(condition, value.shown, word)
    return None


def _because(condition: Condition, shown: str, word: str) -> Reason:
    if condition.field == Field.MESSAGE:
        # A message may be long and private; the word that was found says enough.
        return Reason.of("message_has_word", word=word)
    if condition.operator == Operator.IS:
        return Reason.of("field_is", field=str(condition.field), value=shown)
    code = "field_ends_with" if condition.operator == Operator.ENDS_WITH else "field_has_word"
    return Reason.of(code, field=str(condition.field), value=shown, word=word)


def has_word(*, text: str, word: str) -> bool:
    """Whether the word, or the phrase, stands in the text as a whole, in any script and whatever its case."""
    wanted, present = _rule_word(word), tokens(text)
    size = len(wanted)
    return size > 0 and any(present[at : at + size] == wanted for at in range(len(present) - size + 1))


@functools.lru_cache(maxsize=4096)
def _rule_word(word: str) -> list[str]:
    """Rules are few and judge many people; their words are parted once."""
    return tokens(word)


def tokens(text: str) -> list[str]:
    """Runs of letters, digits and the marks that belong to them (vowel signs are part of a word)."""
    parted = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in folded(text))
    return parted.split()


def spelling(text: str) -> str:
    """Two spellings of one name are equal: case, spaces, underscores and hyphens do not count."""
    return " ".join(folded(text).replace("_", " ").replace("-", " ").split())


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()
