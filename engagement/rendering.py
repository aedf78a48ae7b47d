"""Staff's words + one contact's values -> the email as it is sent. And what is wrong with words, said when saving."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contacts.models import BusinessEntity, Contact
from engagement import context, layout, placeholders, skeleton, template_syntax
from engagement.models import TemplateVersion
from engagement.placeholders import Context
from engagement.template_syntax import Piece, Variable
from engagement.tracking.links import Tracking
from engagement.unsubscribing import WayOut

SUBJECT_LIMIT = 150  # what is left of a subject that values made longer
PREHEADER_LIMIT = 200
PASSAGE_LIMIT = 1200
MISSING_LIMIT = 100  # characters of an entry of Message.missing
Mark = Callable[[str, str], str]
"""Variable and what stands in for it -> how it stands in the text."""


WORDS = ("subject", "preheader", "body", "fallbacks", "passages")


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


@dataclass(frozen=True)
class Words:
    """What staff wrote, together with the level that says which variables it may use."""

    subject: str
    preheader: str
    body: str
    level: str
    fallbacks: Mapping[str, str | None] = field(default_factory=dict)
    passages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, version: TemplateVersion) -> Words:
        return cls(level=version.allowed_level, **words_of(version))

    def variable_names(self) -> set[str]:
        """Every variable the words use; those of unreadable words are none."""
        names: set[str] = set()
        for text in (self.subject, self.preheader, self.body):
            try:
                names.update(variable.name for variable in template_syntax.variables(template_syntax.parse(text)))
            except template_syntax.TemplateSyntaxError:
                continue
        return names

    def fallback_of(self, name: str) -> str | None:
        """What stands in for the variable where it is first used; None when the email is held without a value."""
        for text in (self.subject, self.preheader, self.body):
            with contextlib.suppress(template_syntax.TemplateSyntaxError):
                for variable in template_syntax.variables(template_syntax.parse(text)):
                    if variable.name == name and (placeholder := placeholders.find(name)):
                        return _Values(self, Context(), None).fallback(variable, placeholder)
        return None

    def passage_names(self) -> list[str]:
        names = sorted(self.variable_names())
        return [name.removeprefix(placeholders.PASSAGE) for name in names if name.startswith(placeholders.PASSAGE)]


def render(  # noqa: PLR0913  # what makes one email
    *,
    version: TemplateVersion,
    contact: Contact,
    business_entity: BusinessEntity | None,
    now: datetime,
    facts: dict[str, Any] | None = None,
    passages: Mapping[str, str] | None = None,
    tracking: Tracking | None = None,
    way_out: WayOut | None = None,
) -> Rendered:
    """The email for one contact. `passages` holds what a model wrote for it; without, the approved fallbacks stand.
    `tracking` follows what the contact does with it; marketing says the `way_out`."""
    words = Words.of(version)
    values = context.gather(contact=contact, business_entity=business_entity, facts=facts, names=words.variable_names())
    values = replace(values, passages=passages or {})
    brand = layout.brand_of(business_entity)
    return compose(words=words, values=values, brand=brand, tracking=tracking, way_out=way_out)


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
    return Context(**values, custom=custom)


class _Values:
    """Looks up what stands for each variable, and notes what had to be replaced or is missing."""

    def __init__(self, words: Words, values: Context, mark: Mark | None) -> None:
        self._words = words
        self._context = values
        self._mark = mark or (lambda name, shown: shown)
        self.used_fallbacks: list[str] = []
        self.missing: list[str] = []

    def of(self, pieces: Iterable[Piece]) -> dict[Variable, str]:
        return {piece: self._of(piece) for piece in pieces if isinstance(piece, Variable)}

    def _of(self, variable: Variable) -> str:
        placeholder = placeholders.find(variable.name)
        if placeholder is None or not placeholder.is_offered_at(self._words.level):
            return self._hole(variable.name)
        limit = PASSAGE_LIMIT if variable.name.startswith(placeholders.PASSAGE) else template_syntax.VALUE_LIMIT
        if value := template_syntax.plain(placeholder.resolve(self._context), limit):
            return value
        fallback = self.fallback(variable, placeholder)
        if fallback is None:
            return self._hole(variable.name)
        _note(variable.name, self.used_fallbacks)
        shown = template_syntax.plain(fallback, limit)
        return self._mark(variable.name, shown) if shown else ""

    def fallback(self, variable: Variable, placeholder: placeholders.Placeholder) -> str | None:
        """The nearest one: beside the variable, of the email, approved for the passage, of the registry."""
        if variable.fallback is not None:
            return variable.fallback
        if variable.name in self._words.fallbacks:
            return self._words.fallbacks[variable.name]
        if variable.name.startswith(placeholders.PASSAGE):
            passage = self._words.passages.get(variable.name.removeprefix(placeholders.PASSAGE), {})
            return str(passage.get("fallback") or "") or None
        return placeholder.fallback

    def _hole(self, name: str) -> str:
        _note(name[:MISSING_LIMIT], self.missing)
        return self._mark(name, f"[{name}]")


def _note(name: str, names: list[str]) -> None:
    if name not in names:
        names.append(name)


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
    lookup = _Values(words, values, mark)
    subject = _line(words.subject, lookup, SUBJECT_LIMIT)
    preheader = _line(words.preheader, lookup, PREHEADER_LIMIT)
    pieces = _readable(words.body, lookup)
    said = lookup.of(pieces)
    email = skeleton.build(
        pieces=pieces,
        values=tuple((variable, _for_everybody(variable, value)) for variable, value in said.items()),
        brand=brand,
        preheader=bool(preheader),
        footer=way_out.footer if way_out else None,
    )
    filled = [subject, preheader, *said.values(), *((way_out.unsubscribe, way_out.preferences) if way_out else ())]
    if not subject:
        _note("subject", lookup.missing)
    page, links = email.tracked(filled, tracking) if tracking else (email.html(filled), [])
    return Rendered(
        subject=subject,
        preheader=preheader,
        text=email.text(filled),
        html=page,
        used_fallbacks=lookup.used_fallbacks,
        missing=lookup.missing,
        links=links,
    )


def filled(words: Words, values: Context) -> Words:
    """The words with these values in them, to be written on by a person; a variable without one stays."""
    lookup = _Values(words, values, None)

    def with_values(text: str) -> str:
        pieces = _readable(text, lookup)
        said = lookup.of(pieces)
        kept = {one: f"{{{{ {one.name} }}}}" for one in said if one.name in lookup.missing}
        return template_syntax.assemble(pieces, {**said, **kept})

    return replace(words, subject=with_values(words.subject), body=with_values(words.body))


def _for_everybody(variable: Variable, value: str) -> str | None:
    """What is the same in the email of everybody who has a value: nothing, or an address that may begin a link."""
    placeholder = placeholders.find(variable.name)
    return value if not value or (placeholder and placeholder.is_address) else None


def _line(text: str, lookup: _Values, limit: int) -> str:
    pieces = _readable(text, lookup)
    return template_syntax.plain(template_syntax.assemble(pieces, lookup.of(pieces)), limit)


def _readable(text: str, lookup: _Values) -> tuple[Piece, ...]:
    """The pieces of the words. Saving refused unreadable ones; should some stand here, the send is held."""
    try:
        return template_syntax.parse(text)
    except template_syntax.TemplateSyntaxError as problem:
        _note(str(problem)[:MISSING_LIMIT], lookup.missing)
        return ()
