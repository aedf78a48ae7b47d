"""Arrival -> Reading: every value cleaned, every name resolved to its row. All that is wrong is said at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final

from contacts import cleaning
from contacts.cleaning import Unacceptable
from contacts.intake.arrival import Arrival, IntakeError
from contacts.models import BusinessEntity, Contact, ContactStatus, ContactType, LeadSource
from contacts.reference_data import ReferenceData

# The columns of a contact that hold one text each, in the order in which they are cleaned.
TEXT_COLUMNS: Final = ("first_name", "last_name", "company", "job_title", "timezone", "locale", "notes")
CLEANERS: Final[Mapping[str, Callable[[str], str]]] = {
    "first_name": cleaning.name,
    "last_name": cleaning.name,
    "company": cleaning.name,
    "job_title": cleaning.name,
    "timezone": cleaning.timezone,
    "locale": cleaning.locale,
    "notes": cleaning.text,
    "message": cleaning.text,
}
LIMITS: Final[Mapping[str, int]] = {
    name: getattr(Contact._meta.get_field(name), "max_length", None) or 50_000 for name in TEXT_COLUMNS
} | {"message": 50_000}
WORD_LIMITS: Final[Mapping[str, int]] = {"tags": 60, "interests": 100}


@dataclass(frozen=True, kw_only=True)
class ValidatedArrival:
    """What an arrival says, ready to be stored. A field that is None (or missing from `texts`) was not given."""

    email: str
    email_typed: str
    texts: dict[str, str]
    message: str
    form: str
    contact_types: list[ContactType] | None
    business_entities: list[BusinessEntity] | None
    interests: list[str] | None
    tags: list[str] | None
    lead_source: LeadSource | None
    status: ContactStatus | None
    custom: dict[str, Any] | None
    added_on: dt.date | None
    permission: dict[BusinessEntity | None, bool]
    payload: dict[str, Any]


@dataclass
class _Errors:
    """Collects what is wrong, field by field."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def of(self, name: str, *, prefix: str = "") -> _Noting:
        return _Noting(self.found, name, prefix)


@dataclass(frozen=True)
class _Noting:
    """Within it, what is unacceptable is noted for the field instead of raised."""

    found: dict[str, list[str]]
    name: str
    prefix: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        if not isinstance(error, Unacceptable):
            return False
        self.found.setdefault(self.name, []).append(f"{self.prefix}{error}")
        return True


def validate(*, arrival: Arrival, reference: ReferenceData) -> ValidatedArrival:
    """Raises IntakeError naming each field that is wrong."""
    errors = _Errors()
    email = ""
    with errors.of("email"):
        email = cleaning.email(_text("email", arrival.email))
    texts = _texts(arrival, errors)
    rows = _rows(arrival, reference, errors)
    interests, tags = _words("interests", arrival.interests, errors), _words("tags", arrival.tags, errors)
    custom = _custom(arrival, errors)
    message = _cleaned("message", arrival.message, errors) or ""
    form = _form(arrival, errors)
    permission: dict[BusinessEntity | None, bool] = {}
    with errors.of("permission"):
        brands = reference.business_entities
        permission = {brands.find(name) if name else None: may for name, may in (arrival.permission or {}).items()}
    if errors.found:
        raise IntakeError(errors.found)
    return ValidatedArrival(
        email=email,
        email_typed=arrival.email.strip()[:320],
        texts=texts,
        message=message,
        form=form,
        custom=custom,
        added_on=arrival.added_on,
        permission=permission,
        payload=_payload(arrival),
        interests=interests,
        tags=tags,
        **rows,
    )


def _texts(arrival: Arrival, errors: _Errors) -> dict[str, str]:
    given = {name: _cleaned(name, getattr(arrival, name), errors) for name in TEXT_COLUMNS}
    texts = {name: value for name, value in given.items() if value is not None}
    if arrival.phone is not None:
        locale, timezone = texts.get("locale", ""), texts.get("timezone", "")
        texts["phone"] = cleaning.phone(str(arrival.phone), locale=locale, timezone=timezone)
    return texts


def _cleaned(name: str, typed: str | None, errors: _Errors) -> str | None:
    if typed is None:
        return None
    label = name.replace("_", " ").capitalize()
    with errors.of(name):
        cleaned = CLEANERS.get(name, cleaning.line)(_text(label, typed))
        if len(cleaned) > LIMITS[name]:
            raise Unacceptable(f"{label}: {LIMITS[name]} characters at most; this has {len(cleaned)}.")
        return cleaned
    return None


def _text(label: str, typed: object) -> str:
    if not isinstance(typed, str):
        raise Unacceptable(f"{label} has to be text.")
    return typed


def _rows(arrival: Arrival, reference: ReferenceData, errors: _Errors) -> dict[str, Any]:
    rows: dict[str, Any] = dict.fromkeys(("contact_types", "business_entities", "lead_source", "status"))
    with errors.of("contact_types"):
        if arrival.contact_types is not None:
            rows["contact_types"] = reference.contact_types.find_all(_list("contact types", arrival.contact_types))
    with errors.of("business_entities"):
        if arrival.business_entities is not None:
            given = _list("business entities", arrival.business_entities)
            rows["business_entities"] = reference.business_entities.find_all(given)
    with errors.of("lead_source"):
        if arrival.lead_source and _text("The lead source", arrival.lead_source).strip():
            rows["lead_source"] = reference.lead_sources.find(arrival.lead_source)
    with errors.of("status"):
        if arrival.status and _text("The status", arrival.status).strip():
            rows["status"] = reference.statuses.find(arrival.status)
    return rows


def _words(name: str, typed: object, errors: _Errors) -> list[str] | None:
    if typed is None:
        return None
    with errors.of(name, prefix=f"{name.capitalize()}: "):
        return cleaning.words(_list(name, typed), limit=WORD_LIMITS[name])
    return None


def _list(label: str, typed: object) -> list[str]:
    """A lone text is no list: taken as one it would be a list of letters."""
    if not isinstance(typed, list | tuple) or not all(isinstance(word, str) for word in typed):
        raise Unacceptable(f"give the {label} as a list of texts.")
    return list(typed)


def _custom(arrival: Arrival, errors: _Errors) -> dict[str, Any] | None:
    if arrival.custom is None:
        return None
    with errors.of("custom", prefix="Custom fields: "):
        if not isinstance(arrival.custom, Mapping):
            raise Unacceptable("give them as an object of names and values.")
        return cleaning.custom(arrival.custom)
    return None


def _form(arrival: Arrival, errors: _Errors) -> str:
    """The form the person filled in, by the name the source gives it."""
    with errors.of("source_metadata", prefix="Source metadata: "):
        if not isinstance(arrival.source_metadata, Mapping | None):
            raise Unacceptable("give it as an object of names and values.")
        return cleaning.line(str((arrival.source_metadata or {}).get("form") or ""))
    return ""


def _payload(arrival: Arrival) -> dict[str, Any]:
    """What arrived, as it arrived; message and form are always in it, as no column of the contact holds them."""
    payload: dict[str, Any] = cleaning.plain(dict(arrival.payload))
    for name in ("message", "source_metadata"):
        value = getattr(arrival, name)
        if value and name not in payload:
            payload[name] = cleaning.plain(value)
    return payload
