"""Staff's words + one contact's values -> the email as it is sent. And what is wrong with words, said when saving."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from contacts.models import BusinessEntity, Contact
from engagement import context, layout, placeholders, skeleton, translations, unsubscribing
from engagement.liquid.program import Run, Unrenderable
from engagement.liquid.source import TemplateSyntaxError, Use
from engagement.models import TemplateVersion
from engagement.placeholders import Context
from engagement.plain_text import close_gaps, plain
from engagement.tracking import links
from engagement.tracking.links import Tracking
from engagement.translations import ENGLISH, Translation
from engagement.unsubscribing import WayOut
from engagement.values import Fallbacks, Mark, OfContact

SUBJECT_LIMIT = 150  # what is left of a subject that values made longer
PREHEADER_LIMIT = 200
WORDS = ("subject", "preheader", "body", "fallbacks", "passages", "sender_name", "language", "translations")


def words_of(version: Any) -> dict[str, Any]:
    """What staff wrote, by name: of a version, or of whatever else holds it."""
    return {name: getattr(version, name) for name in WORDS}


@dataclass(frozen=True)
class Rendered:
    """An email in full. With anything in `missing` it must not be sent: the texts then show [name] for each hole."""

    subject: str
    preheader: str
    text: str
    html: str
    used_fallbacks: list[str]
    missing: list[str]
    links: list[str] = field(default_factory=list)
    """Where the links lead that are followed, in the order of their numbers."""
    language: str = ""


@dataclass(frozen=True)
class Words:
    """What staff wrote, together with the level that says which variables it may use."""

    subject: str
    preheader: str
    body: str
    level: str
    fallbacks: Mapping[str, str | None] = field(default_factory=dict)
    passages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sender_name: str = ""
    """Who writes; empty: as the brand calls itself."""
    language: str = ENGLISH
    translations: Mapping[str, Translation] = field(default_factory=dict)

    @classmethod
    def of(cls, version: TemplateVersion) -> Words:
        return cls(level=version.allowed_level, **words_of(version))

    def offered(self) -> list[str]:
        """The languages it was translated into, those alone that somebody could get."""
        return [language for language, one in self.translations.items() if translations.is_whole(one)]

    def in_language(self, language: str) -> Words:
        """The words in that language; what stands in for values is said in it, what is left out or held stays so."""
        if language == self.language or language not in self.translations:
            return replace(self, translations={}) if self.translations else self
        told = self.translations[language]
        texts: dict[str, Any] = {name: str(told.get(name) or "") for name in ("subject", "preheader", "body")}
        passages = {
            name: {**passage, "fallback": told.get("passages", {}).get(name, {}).get("fallback", "")}
            for name, passage in self.passages.items()
        }
        words = replace(self, **texts, passages=passages, language=language, translations={})
        names = words.variable_names()
        ours = {name: said for name, said in translations.stand_ins_of(language).items() if name in names}
        kept = {name: said for name, said in self.fallbacks.items() if not said}
        return replace(words, fallbacks={**ours, **kept, **told.get("fallbacks", {})})

    def for_reader(self, contact: Contact | None, business_entity: BusinessEntity | None) -> Words:
        """In the language of the person, of the brand, or as they were written."""
        if not self.translations:
            return self
        wanted = contact.locale if contact else ""
        default = business_entity.language if business_entity else ""
        language = translations.chosen(wanted=wanted, offered=self.offered(), default=default, own=self.language)
        return self.in_language(language)

    def variable_names(self) -> set[str]:
        """Every variable the words use, by its flat name; those of unreadable words are none."""
        return set(_names(self.subject, self.preheader, self.body))

    def fallback_of(self, name: str) -> str | None:
        """What stands in for the variable where it is first printed; None when the email is held without a value.

        What is only asked for is left out.
        """
        printed = [use for use in self._uses() if use.is_printed and _name_of(use) == name]
        if not printed:
            return ""
        return self.stand_ins().of(name) if printed[0].default is None else printed[0].default

    def stand_ins(self) -> Fallbacks:
        return Fallbacks(self.level, self.fallbacks, self.passages)

    def _uses(self) -> Iterator[Use]:
        for text in (self.subject, self.preheader, self.body):
            with contextlib.suppress(TemplateSyntaxError):
                yield from skeleton.read(text).uses

    def passage_names(self) -> list[str]:
        names = sorted(self.variable_names())
        return [name.removeprefix(placeholders.PASSAGE) for name in names if name.startswith(placeholders.PASSAGE)]


def _name_of(use: Use) -> str | None:
    found = placeholders.named(use.path)
    return found[0] if found else None


@lru_cache(maxsize=1024)
def _names(*texts: str) -> frozenset[str]:
    names: set[str] = set()
    for text in texts:
        with contextlib.suppress(TemplateSyntaxError):
            names.update(filter(None, map(_name_of, skeleton.read(text).uses)))
    return frozenset(names)


def render(  # noqa: PLR0913  # what makes one email
    *,
    version: TemplateVersion,
    contact: Contact,
    business_entity: BusinessEntity | None,
    now: datetime,
    facts: Mapping[str, Any] | Callable[[], Mapping[str, Any] | None] | None = None,
    passages: Mapping[str, str] | None = None,
    tracking: Tracking | None = None,
    way_out: WayOut | None = None,
) -> Rendered:
    """The email for one contact. `passages` holds what a model wrote for it; without, the approved fallbacks stand.
    `facts` that have to be fetched are, where these words mention the event. `tracking` follows what the contact does
    with it; marketing says the `way_out`."""
    words = Words.of(version).for_reader(contact, business_entity)
    names = words.variable_names()
    if callable(facts):
        facts = facts() if any(name.startswith(placeholders.EVENT) for name in names) else None
    values = context.gather(
        contact=contact,
        business_entity=business_entity,
        facts=facts,
        names=names,
        now=now,
        language=words.language,
    )
    if passages:
        values = replace(values, passages=passages)
    brand = layout.brand_of(business_entity)
    return compose(words=words, values=values, brand=brand, tracking=tracking, way_out=way_out)


_SAMPLES: dict[str, Any] = {
    "interests": ["sculpture", "yoga"], "tags": ["Hot"], "opens": 3, "clicks": 1, "replies": 1, "score": 6,
    "last_human_touch": dt.date(2026, 3, 3),
    "last_touch": dt.date(2026, 3, 3), "now": dt.datetime(2026, 3, 3, 10, tzinfo=dt.UTC),
}  # fmt: skip


def samples(words: Words, business_entity: BusinessEntity | None) -> Context:
    """The values of an example person, who knows everything."""
    values: dict[str, Any] = {
        name: placeholder.sample for name, placeholder in placeholders.REGISTRY.items() if name != "full_name"
    }
    if business_entity is not None:
        values["entity"] = business_entity.name
        values["entity_website"] = business_entity.website or values["entity_website"]
    custom = {
        name.removeprefix(placeholders.CUSTOM): name.removeprefix(placeholders.CUSTOM).replace("_", " ")
        for name in words.variable_names()
        if name.startswith(placeholders.CUSTOM)
    }
    return Context(**(values | _SAMPLES), custom=custom)


def compose(
    *,
    words: Words,
    values: Context,
    brand: layout.Brand,
    mark: Mark | None = None,
    tracking: Tracking | None = None,
    way_out: WayOut | None = None,
) -> Rendered:
    """The email with these values. With `mark` it is for the eyes of those who write it, and never for sending."""
    brand = layout.in_language(brand, words.language)
    way_out = unsubscribing.in_language(way_out, words.language) if way_out else None
    said = OfContact(words.stand_ins(), values, mark, translations.region(words.language, values.locale))
    subject = _line(words.subject, said, SUBJECT_LIMIT)
    preheader = _line(words.preheader, said, PREHEADER_LIMIT)
    if not subject:
        said.lacks("subject")
    targets = links.Targets(tracking)
    way = (way_out.unsubscribe, way_out.preferences) if way_out else ("", "")
    run = Run(said, (subject, preheader, *way), targets.follow if tracking and tracking.clicks else None)
    frame = {"brand": brand, "preheader": bool(preheader), "footer": way_out.footer if way_out else None}
    page, text = _parts(words.body, frame, run)
    if tracking:
        page = tracking.completed(page, has_links=bool(targets.found))
    return Rendered(
        subject=subject,
        preheader=preheader,
        text=text,
        html=page,
        used_fallbacks=said.used_fallbacks,
        missing=said.missing,
        links=targets.found,
        language=words.language,
    )


def _parts(body: str, frame: Mapping[str, Any], run: Run) -> tuple[str, str]:
    """HTML and text. Saving refused unreadable words; should some stand here, the send is held."""
    try:
        email = skeleton.build(body=body, **frame)
        return email.html(run), email.text(run)
    except (TemplateSyntaxError, Unrenderable) as problem:
        run.values.lacks(str(problem))
    empty = skeleton.build(body="", **frame)
    return empty.html(run), empty.text(run)


def filled(words: Words, values: Context) -> Words:
    """The words with these values in them, to be written on by a person; a variable without one stays."""

    def kept(name: str, shown: str) -> str:
        return placeholders.written(name) if shown == f"[{plain(name)}]" else shown

    def with_values(text: str) -> str:
        said = OfContact(words.stand_ins(), values, kept)
        try:
            return close_gaps(skeleton.line(text).render(Run(said)))
        except (TemplateSyntaxError, Unrenderable):
            return text

    return replace(words, subject=with_values(words.subject), body=with_values(words.body))


def _line(text: str, said: OfContact, limit: int) -> str:
    try:
        shown = skeleton.line(text).render(Run(said))
    except (TemplateSyntaxError, Unrenderable) as problem:
        said.lacks(str(problem))
        return ""
    return plain(close_gaps(shown), limit)
