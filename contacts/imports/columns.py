"""Which column says what, and a record -> an arrival."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dateutil import parser as dates

from contacts.imports import defusing
from contacts.imports.reading import Rejected
from contacts.intake import Arrival

EMAIL, ADDED_ON = "email", "added_on"
TEXTS: Final = {
    "first name": "first_name",
    "last name": "last_name",
    "phone": "phone",
    "company": "company",
    "job title": "job_title",
    "notes": "notes",
    "timezone": "timezone",
    "locale": "locale",
    "lead source": "lead_source",
    "status": "status",
}
LISTS: Final = {
    "contact type": "contact_types",
    "business entity": "business_entities",
    "tags": "tags",
    "interests": "interests",
}
FIELDS: Final = {EMAIL: EMAIL, **TEXTS, **LISTS, "date added": ADDED_ON}
# How other programs call the same, for a person to confirm.
SYNONYMS: Final = {
    EMAIL: "e-mail, mail, email address, e-mail address, mail address, e-mail 1 - value, contact email, primary email",
    "first_name": "firstname, given name, forename, first, vorname",
    "last_name": "lastname, surname, family name, last, nachname",
    "phone": "telephone, mobile, mobile phone, cell, cell phone, phone number, tel, phone 1 - value, telefon",
    "company": "organisation, organization, company name, organization name, employer, business, firma",
    "job_title": "title, position, role, job, occupation",
    "notes": "note, comment, comments, remarks",
    "timezone": "time zone",
    "locale": "language, lang",
    "lead_source": "source, origin, referrer, how did you hear about us",
    "status": "contact status, stage",
    "contact_types": "contact types, type, types, category, kind",
    "business_entities": "business entities, brand, brands, entity",
    "tags": "tag, labels, label",
    "interests": "interest, interested in, topics",
    ADDED_ON: "added, added on, created, created at, date, sign-up date, signup date, subscribed, joined, opt-in time",
}
KNOWN_SYNONYMS: Final = {name: field for field, names in SYNONYMS.items() for name in names.split(", ")}
REJECTION_COLUMNS: Final = ("Rejected Line", "Rejected Because")
# Contactflow's own columns, which come back with an export or with a corrected file of rejected lines.
EXPORT_ONLY: Final = ("Contact ID", "Last Interaction", "Permission To Email", "Known Since")
KEPT_ASIDE: Final = frozenset(name.casefold() for name in (*EXPORT_ONLY, *REJECTION_COLUMNS))
CUSTOM = "custom:"  # and the name of the custom field
IGNORE = ""


@dataclass(frozen=True)
class Line:
    """A record that was understood. `digest` stands for its content, wherever in whatever file it stands."""

    number: int  # of the physical line on which the record starts
    arrival: Arrival
    digest: str
    cells: Sequence[str]
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Columns:
    """The header of a file, and for each column the field it fills: one of FIELDS, "custom:Name", or "" for none."""

    header: tuple[str, ...]
    fields: tuple[str, ...]

    @classmethod
    def by_name(cls, header: Sequence[str]) -> Columns:
        """What the names say. Of two columns with one name the first counts; a name nobody knows is a custom field."""
        taken: set[str] = set()
        fields = [_field(name, taken) for name in header]
        last = {field: position for position, field in enumerate(fields)}
        return cls(tuple(header), tuple(field if last[field] == at else IGNORE for at, field in enumerate(fields)))

    @classmethod
    def guessed(cls, header: Sequence[str]) -> Columns:
        """Like `by_name`, and what other programs call the same is taken for it where nothing else fills the field."""
        plain = cls.by_name(header)
        fields, taken = list(plain.fields), set(plain.fields)
        for position, name in enumerate(header):
            meant = KNOWN_SYNONYMS.get(_column(name), "")
            if fields[position].startswith(CUSTOM) and meant and meant not in taken:
                fields[position] = meant
                taken.add(meant)
        return cls(plain.header, tuple(fields))

    @functools.cached_property
    def is_by_name(self) -> bool:
        return self.fields == self.by_name(self.header).fields

    def understand(self, number: int, cells: Sequence[str]) -> Line | Rejected:
        """A record as an arrival. Raises nothing: what is wrong with its values is the door's to say."""
        if any(cell.strip() for cell in cells[len(self.header) :]):
            reason = (
                f"The line has {len(cells)} cells, the header {len(self.header)}. "
                "Put quotation marks around cells that contain the separator."
            )
            return Rejected(number, reason, cells)
        plain = [defusing.restored(cell) for cell in cells]
        values = {field: cell for field, cell in zip(self.fields, plain, strict=False) if field}
        added_on, warnings = _date(values.get(ADDED_ON, ""))
        payload = {name: cell for name, cell in zip(self.header, cells, strict=False) if name and cell}
        arrival = Arrival(
            email=values.get(EMAIL, ""),
            **{field: values.get(field) for field in TEXTS.values()},  # type: ignore[arg-type]  # all are texts
            **{field: _split(values[field]) for field in LISTS.values() if field in values},  # type: ignore[arg-type]
            custom=_custom(values),
            added_on=added_on,
            payload=payload,
        )
        return Line(number=number, arrival=arrival, digest=self._digest(payload), cells=cells, warnings=warnings)

    def _digest(self, payload: dict[str, str]) -> str:
        """The same whatever the order of the columns; another where a person chose other fields than the names say."""
        said: object = payload
        if not self.is_by_name:
            said = [payload, sorted(zip(self.header, self.fields, strict=True))]
        text = json.dumps(said, sort_keys=True).encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:40]


def _field(name: str, taken: set[str]) -> str:
    plain = _column(name)
    if not plain or plain in KEPT_ASIDE:
        return IGNORE
    field = FIELDS.get(plain)
    if field is None:
        return f"{CUSTOM}{name}"
    if field in taken:
        return IGNORE
    taken.add(field)
    return field


def _custom(values: dict[str, str]) -> dict[str, str] | None:
    fields = {name.removeprefix(CUSTOM): cell.strip() for name, cell in values.items() if name.startswith(CUSTOM)}
    return fields or None


def _column(name: str) -> str:
    return " ".join(name.split()).casefold()


def _split(cell: str) -> tuple[str, ...]:
    """A multi-select as Notion writes it: joined by commas, which its options cannot contain."""
    return tuple(part.strip() for part in re.split(r"[,;\n]", cell) if part.strip())


def _date(cell: str) -> tuple[dt.date | None, Sequence[str]]:
    """A date that cannot be read is left out with a warning: no reason to turn a person away."""
    text = cell.strip()
    if not text:
        return None, ()
    date = _parsed(text.split("→")[0].strip())  # Notion's ranges: the first day counts
    return date, () if date else (f'Date Added "{text[:40]}" was left out: write it like November 3, 2024.',)


@functools.lru_cache(maxsize=4096)
def _parsed(text: str) -> dt.date | None:
    """None also for what names no whole day: dateutil would fill the gaps from the date it is given."""
    with contextlib.suppress(ValueError, OverflowError, TypeError):
        found = {dates.parse(text, default=day).date() for day in (dt.datetime(2001, 1, 1), dt.datetime(2002, 2, 2))}  # noqa: DTZ001 - a date has no zone
        return found.pop() if len(found) == 1 else None
    return None
