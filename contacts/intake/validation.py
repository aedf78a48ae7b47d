"""Arrival -> Reading: every value cleaned, every name resolved to its row. All that is wrong is said at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from types import TracebackType
from typing import Any, Final

from contacts import cleaning
from contacts.cleaning import Unacceptable
from contacts.intake.arrival import Arrival, IntakeError, Remark
from contacts.models import BusinessEntity, Contact, ContactStatus, ContactType, LeadSource
from contacts.reference_data import ReferenceData

# The columns of a contact that hold one text each, in the order in which they are cleaned.
TEXT_COLUMNS: Final = ("first_name", "last_name", "company", "job_title", "timezone", "locale", "notes")
# What decides who it is and what starts; of everything else a person is not turned away.
DECISIVE: Final = frozenset(("email", "contact_types", "business_entities", "lead_source", "status", "permission"))
EVERY_FIELD: Final = frozenset(one.name for one in fields(Arrival))
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
} | {"message": 50_000, "phone": 50_000}
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
    permission: dict[BusinessEntity | None, bool | None]
    payload: dict[str, Any]
    warnings: list[Remark]


@dataclass
class _Findings:
    """Collects what is wrong, field by field: what decides is refused, what is a detail is left out and said."""

    refused: Collection[str]
    warnings: list[Remark]
    errors: dict[str, list[str]] = field(default_factory=dict)

    def of(self, name: str, *, prefix: str = "") -> _Noting:
        return _Noting(self, name, prefix)

    def note(self, name: str, message: str) -> None:
        if name in self.refused:
            self.errors.setdefault(name, []).append(message)
        else:
            self.warnings.append({"field": name, "message": message})


@dataclass(frozen=True)
class _Noting:
    """Within it, what is unacceptable is noted for the field instead of raised."""

    findings: _Findings
    name: str
    prefix: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        if not isinstance(error, Unacceptable):
            return False
        self.findings.note(self.name, f"{self.prefix}{error}")
        return True


def validate(*, arrival: Arrival, reference: ReferenceData, refused: Collection[str] = DECISIVE) -> ValidatedArrival:
    """Raises IntakeError naming each of the `refused` fields that is wrong; of the others `warnings` tells."""
    findings = _Findings(refused, list(arrival.warnings))
    email = ""
    with findings.of("email"):
        email = cleaning.email(_text("email", arrival.email))
    texts = _texts(arrival, findings)
    rows = _rows(arrival, reference, findings)
    interests, tags = _words("interests", arrival.interests, findings), _words("tags", arrival.tags, findings)
    custom = _custom(arrival, findings)
    message = texts.pop("message", "")
    form = _form(arrival, findings)
    permission: dict[BusinessEntity | None, bool | None] = {}
    with findings.of("permission"):
        brands = reference.business_entities
        permission = {brands.find(name) if name else None: may for name, may in (arrival.permission or {}).items()}
    if findings.errors:
        raise IntakeError(findings.errors)
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
        warnings=findings.warnings,
        **rows,
    )


def _texts(arrival: Arrival, findings: _Findings) -> dict[str, str]:
    """A telephone number is only trimmed: how it is read depends on what else is known of the person."""
    given = {name: _cleaned(name, getattr(arrival, name), findings) for name in (*TEXT_COLUMNS, "phone", "message")}
    return {name: value for name, value in given.items() if value is not None}


def _cleaned(name: str, typed: object, findings: _Findings) -> str | None:
    if typed is None:
        return None
    label = name.replace("_", " ").capitalize()
    with findings.of(name):
        if isinstance(typed, int) and not isinstance(typed, bool):
            findings.note(name, f"{label} came as a number: a + or 0 at its beginning would be lost.")
            typed = str(typed)
        typed = _text(label, typed)
        if name == "locale" and (listed := re.split("[,;]", typed))[1:]:  # what a browser accepts, the best first
            typed = listed[0]
            findings.note(name, f"Of several languages the first was taken: {typed[:35]}.")
        cleaned = CLEANERS.get(name, cleaning.line)(typed)
        if len(cleaned) > LIMITS[name]:
            raise Unacceptable(f"{label}: {LIMITS[name]} characters at most; this has {len(cleaned)}.")
        return cleaned
    return None


def _text(label: str, typed: object) -> str:
    if not isinstance(typed, str):
        raise Unacceptable(f"{label} has to be text.")
    return typed


def _rows(arrival: Arrival, reference: ReferenceData, findings: _Findings) -> dict[str, Any]:
    rows: dict[str, Any] = dict.fromkeys(("contact_types", "business_entities", "lead_source", "status"))
    with findings.of("contact_types"):
        if arrival.contact_types is not None:
            rows["contact_types"] = reference.contact_types.find_all(_list("contact types", arrival.contact_types))
    with findings.of("business_entities"):
        if arrival.business_entities is not None:
            given = _list("business entities", arrival.business_entities)
            rows["business_entities"] = reference.business_entities.find_all(given)
    with findings.of("lead_source"):
        if arrival.lead_source and _text("The lead source", arrival.lead_source).strip():
            rows["lead_source"] = reference.lead_sources.find(arrival.lead_source)
    with findings.of("status"):
        if arrival.status and _text("The status", arrival.status).strip():
            rows["status"] = reference.statuses.find(arrival.status)
    return rows


def _words(name: str, typed: object, findings: _Findings) -> list[str] | None:
    if typed is None:
        return None
    label, limit = name.capitalize(), WORD_LIMITS[name]
    with findings.of(name, prefix=f"{label}: "):
        if isinstance(typed, str):
            findings.note(name, f"{label} came as one text and not as a list, and were taken as one.")
            typed = [typed]
        elif not isinstance(typed, list | tuple):
            raise Unacceptable(f"give the {name} as a list of texts.")
        fitting = [word for word in typed if isinstance(word, str) and len(cleaning.line(word)) <= limit]
        if len(fitting) < len(typed) or len(fitting) > cleaning.MAX_WORDS:
            findings.note(
                name, f"{label}: give {cleaning.MAX_WORDS} texts at most, each with {limit} characters at most."
            )
        return cleaning.words(fitting[: cleaning.MAX_WORDS], limit=limit)
    return None


def _list(label: str, typed: object) -> list[str]:
    """A lone text is no list: taken as one it would be a list of letters."""
    if not isinstance(typed, list | tuple) or not all(isinstance(word, str) for word in typed):
        raise Unacceptable(f"give the {label} as a list of texts.")
    return list(typed)


def _custom(arrival: Arrival, findings: _Findings) -> dict[str, Any] | None:
    if arrival.custom is None:
        return None
    with findings.of("custom", prefix="Custom fields: "):
        if not isinstance(arrival.custom, Mapping):
            raise Unacceptable("give them as an object of names and values.")
        return cleaning.custom(arrival.custom)
    return None


def _form(arrival: Arrival, findings: _Findings) -> str:
    """The form the person filled in, by the name the source gives it."""
    with findings.of("source_metadata", prefix="Source metadata: "):
        if not isinstance(arrival.source_metadata, Mapping | None):
            raise Unacceptable("give it as an object of names and values.")
        return cleaning.line(str((arrival.source_metadata or {}).get("form") or ""))
    return ""


def _payload(arrival: Arrival) -> dict[str, Any]:
    """What arrived, as it arrived; message and form are always in it, as no column of the contact holds them."""
    payload: dict[str, Any] = cleaning.plain(dict(arrival.payload))
    for name in ("message", "source_metadata"):
        if value := getattr(arrival, name):
            payload[name] = cleaning.plain(value)
    return payload
