"""Which column says what, and a record -> an arrival."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from contacts import campaigns, full_name
from contacts.imports import dates
from contacts.imports.cells import CUSTOM, literal, marked, permission_read, read, split, typed
from contacts.imports.reading import Record
from contacts.intake import Arrival
from contacts.rules import spelling

EMAIL, ADDED_ON, FULL_NAME = "email", "added_on", "full_name"
# Each followed by the slug of a brand, or by nothing for every brand. Yes and no mean the opposite in the second.
PERMISSION, OPT_OUT = "permission:", "opt_out:"
PERMITTED = "permission"  # as our own export says it, for all brands in one cell
CAMPAIGN = "source_metadata:"  # and the name of the column, in what is kept of where somebody came from


@dataclass(frozen=True)
class Field:
    """The heading of its column in an export, which an import knows; how other programs call it, for a person to
    confirm; what the screen calls it, where that differs."""

    heading: str
    synonyms: str = ""
    name: str = ""
    hint: str = ""
    is_exported_only: bool = False

    @property
    def label(self) -> str:
        return self.name or self.heading.capitalize()

    @property
    def label_with_hint(self) -> str:
        return f"{self.label} ({self.hint})" if self.hint else self.label


FIELDS: Final = {
    EMAIL: Field("Email", "e-mail, mail, email address, e-mail address, mail address, contact email, primary email, "
                          "e-mail 1 - value"),
    "first_name": Field("First Name", "firstname, given name, forename, first, vorname"),
    "last_name": Field("Last Name", "lastname, surname, family name, last, nachname"),
    FULL_NAME: Field("Full Name", "name, fullname, contact name, display name, person, contact, vollständiger name, "
                                  "nom complet", hint="split into first and last"),
    "phone": Field("Phone", "telephone, mobile, mobile phone, cell, cell phone, phone number, tel, telefon, "
                            "phone 1 - value"),
    "company": Field("Company", "organisation, organization, company name, organization name, employer, business, "
                                "firma"),
    "job_title": Field("Job Title", "title, position, role, job, occupation"),
    "contact_types": Field("Contact Type", "contact types, type, types, category, kind", hint="several: with commas"),
    "lead_source": Field("Lead Source", "source, origin, referrer, how did you hear about us"),
    "business_entities": Field("Business Entity", "business entities, brand, brands, entity", "Brand",
                               hint="several: with commas"),
    "status": Field("Status", "contact status, stage"),
    PERMITTED: Field("Permission To Email", name="May be emailed", hint="as an export of Contactflow says it"),
    "tags": Field("Tags", "tag, labels, label", hint="with commas"),
    "interests": Field("Interests", "interest, interested in, topics", hint="with commas"),
    "notes": Field("Notes", "note, comment, comments, remarks"),
    ADDED_ON: Field("Date Added", "added, added on, created, created at, date, sign-up date, signup date, subscribed, "
                                  "joined, opt-in time"),
    "timezone": Field("Timezone", "time zone", "Time zone"),
    "locale": Field("Locale", "language, lang", "Language"),
    "last_interaction": Field("Last Interaction", is_exported_only=True),
    "known_since": Field("Known Since", is_exported_only=True),
    "contact_id": Field("Contact ID", is_exported_only=True),
}  # fmt: skip
LISTS: Final = ("contact_types", "business_entities", "tags", "interests")
TEXTS: Final = (
    "first_name", "last_name", "phone", "company", "job_title", "notes", "timezone", "locale", "lead_source", "status",
)  # fmt: skip
NAMED_ROWS: Final = ("contact_types", "lead_source", "status", "business_entities")  # whose values have to be known
BY_HEADING: Final = {one.heading.casefold(): name for name, one in FIELDS.items() if not one.is_exported_only}
BY_SYNONYM: Final = {said: name for name, one in FIELDS.items() for said in one.synonyms.split(", ")}


def _meaning(yes: str, no: str) -> dict[str, bool]:
    return dict.fromkeys(yes.split(), True) | dict.fromkeys(no.split(), False)


# An answer to what the column asks, and words that say by themselves whether somebody may be written to.
ANSWERS: Final = _meaning(
    "yes y true 1 on x ✓ ✔ ✅ ☑ ok okay ja j wahr oui vrai si sí sim da tak checked",
    "no n false 0 off ✗ ✘ ❌ ☐ nein falsch non faux nie não nee none unchecked",
)
STATES: Final = _meaning(
    "granted given allowed confirmed subscribed optin opted-in opt-in",
    "denied refused withdrawn never unsubscribed optout opted-out opt-out cleaned bounced complained",
)
ABOUT_PERMISSION: Final = re.compile(
    r"marketing|newsletter|mailing|e-?mail|consent|permission|opt|gdpr|dsgvo|rgpd|subscri|einwillig|may (we|i)"
)
AGAINST: Final = re.compile(
    r"unsubscri|opt(ed)?[- ]?out|do ?n[o']t|\bno\b|\bnot\b|\bnever\b|keine?\b|abgemeldet|block|suppress"
)
OTHERWISE: Final = re.compile(r"verif|valid|bounce|options?\b|open")
REJECTION_COLUMNS: Final = ("Rejected Line", "Rejected Because")
# Contactflow's own columns, which come back with an export or with a corrected file of rejected lines.
ONLY_TOLD: Final = frozenset(one.heading.casefold() for one in FIELDS.values() if one.is_exported_only)
OURS: Final = ONLY_TOLD | {FIELDS[PERMITTED].heading.casefold()}
KEPT_ASIDE: Final = ONLY_TOLD | {name.casefold() for name in REJECTION_COLUMNS}
IGNORE = ""
QUOTE_THEM: Final = "Put quotation marks around cells that contain the separator."


class Line(NamedTuple):
    """A record that was understood. `digest` stands for its content, wherever in whatever file it stands."""

    number: int  # of the physical line on which the record starts
    cells: Sequence[str]
    arrival: Arrival
    digest: str
    warnings: Sequence[str]


@dataclass(frozen=True)
class Columns:
    """The header of a file, and for each column the field it fills: one of FIELDS, "custom:Name", or "" for none."""

    header: tuple[str, ...]
    fields: tuple[str, ...]
    date_order: str = ""  # what comes first in dates that say it neither themselves nor together, as a person says
    found_order: str = ""  # as the column's dates say it together
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For a field, which name is meant by a spelling of a value nobody knows; empty: none."""

    @classmethod
    def by_name(cls, header: Sequence[str]) -> Columns:
        """What the names say. Of two columns with one name the first counts; a name nobody knows is a custom field."""
        found = [_field(name) for name in header]
        return cls(tuple(header), tuple(IGNORE if one in found[:at] else one for at, one in enumerate(found)))

    @classmethod
    def guessed(cls, header: Sequence[str], samples: Sequence[Sequence[str]]) -> Columns:
        """Like `by_name`, and what other programs call the same is taken for it where nothing else fills the field;
        what is called like a permission and says yes or no is one."""
        fields = list(cls.by_name(header).fields)
        for at, name in enumerate(header):
            meant = likely_permission(name, samples[at]) or BY_SYNONYM.get(plain(name), "")
            is_named = meant == FULL_NAME and {"first_name", "last_name"} & {*fields}
            if fields[at].startswith(CUSTOM) and meant and meant not in fields and not is_named:
                fields[at] = meant
        return cls(tuple(header), tuple(fields))

    @functools.cached_property
    def is_ours(self) -> bool:
        """Whether it is an export of our own, in which values of custom fields stand as they are kept."""
        return any(plain(name) in OURS for name in self.header)

    @functools.cached_property
    def _chosen(self) -> object:
        """What a person chose otherwise than the names say."""
        is_by_name = self.fields == self.by_name(self.header).fields
        fields = [] if is_by_name else sorted(zip(self.header, self.fields, strict=True))
        return [fields, self.date_order, self.values] if fields or self.date_order or self.values else None

    def repeated(self) -> list[str]:
        """The names of columns that do not count because an earlier one is called the same."""
        meant = [_field(name) for name in self.header]
        return [
            self.header[at] for at, one in enumerate(meant) if one and one in meant[:at] and self.fields[at] == IGNORE
        ]

    def understand(self, record: Record) -> Line | Record:
        """As an arrival, or with the reason why not. What is wrong with its values is the door's to say."""
        number, cells, reason = record
        if not reason and any(cell.strip() for cell in cells[len(self.header) :]):
            reason = f"The line has {len(cells)} cells, the header {len(self.header)}. {QUOTE_THEM}"
        if reason:
            return Record(number, cells, reason)
        values: dict[str, str] = {}
        raw = {name: cell for name, cell in zip(self.fields, cells, strict=False) if name}
        warnings: list[str] = []
        for name, cell in raw.items():
            values[name], wrong = read(name, cell) if cell else ("", "")
            warnings += [wrong] if wrong else []
        payload = {name: cell for name, cell in reversed([*zip(self.header, cells, strict=False)]) if name and cell}
        arrival = Arrival(
            email=values.get(EMAIL, ""),
            **self._given(values),
            custom=self._custom(values, raw),
            source_metadata=_named(values, CAMPAIGN) or None,
            added_on=self._added_on(values.get(ADDED_ON, "").strip(), warnings),
            permission=self._permission(values, warnings),
            payload=payload,
        )
        return Line(number, cells, arrival, self._digest(payload), warnings)

    def _given(self, values: dict[str, str]) -> dict[str, Any]:
        """Texts and lists, with the names that are meant by values nobody knows."""
        whole = values.get(FULL_NAME, "")
        if whole.strip() and not (values.get("first_name", "").strip() or values.get("last_name", "").strip()):
            values["first_name"], values["last_name"] = full_name.split(whole)
        given: dict[str, Any] = {name: values[name] for name in TEXTS if name in values}
        given |= {name: split(values[name]) for name in LISTS if name in values}
        for name, meant in self.values.items():
            if isinstance(said := given.get(name), str):
                given[name] = meant.get(spelling(said), said)
            elif said:
                given[name] = [new for one in said if (new := meant.get(spelling(one), one))]
        return given

    def _custom(self, values: Mapping[str, str], raw: Mapping[str, str]) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        for name, text in _named(values, CUSTOM, but_empty=False).items():
            kept = typed(raw[f"{CUSTOM}{name}"]) if self.is_ours else None
            found[name] = text if kept is None else kept
        return found or None

    def _added_on(self, text: str, warnings: list[str]) -> dt.date | None:
        """A date that cannot be read is left out with a warning: no reason to turn a person away."""
        date = dates.parse(text, self.date_order or self.found_order) if text else None
        if text and date is None:
            warnings.append(f'Date Added "{text[:40]}" was left out: write it like November 3, 2024.')
        return date

    def _permission(self, values: Mapping[str, str], warnings: list[str]) -> dict[str, bool | None] | None:
        """By brand. Where two columns speak of one, a no is not outvoted."""
        found: dict[str, bool | None] = {}
        meant = self.values.get("business_entities", {})
        for column, cell in values.items():
            for brand, may in _answers(column, cell, warnings).items():
                name = meant.get(spelling(brand), brand)
                if name or not brand:  # and not a brand that was chosen to be left out
                    found[name] = min(found.get(name, True), may, key=(False, None, True).index)
        return found or None

    def _digest(self, payload: dict[str, str]) -> str:
        """The same whatever the order of the columns; another where a person chose otherwise than the names say."""
        said: object = payload if self._chosen is None else [payload, self._chosen]
        text = json.dumps(said, sort_keys=True).encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:40]


def heading(name: str) -> str:
    """The name of a custom field above its column in an export."""
    return marked(name, _is_ours)


def likely_permission(name: str, samples: Sequence[str]) -> str:
    """The field of a column that seems to say whether people may be written to; empty where it does not."""
    said = plain(name)
    is_answered = bool(samples) and all(_word(sample) in ANSWERS.keys() | STATES.keys() for sample in samples)
    if not is_answered or not ABOUT_PERMISSION.search(said) or OTHERWISE.search(said):
        return ""
    return OPT_OUT if AGAINST.search(said) else PERMISSION


def _field(name: str) -> str:
    said = plain(name)
    if not said or said in KEPT_ASIDE:
        return IGNORE
    if campaigns.NAMES.fullmatch(said):
        return f"{CAMPAIGN}{said}"
    own = literal(name, _is_ours)
    return BY_HEADING.get(said) or f"{CUSTOM}{name if own is None else own}"


def _is_ours(name: str) -> bool:
    said = plain(name)
    return said in BY_HEADING or said in KEPT_ASIDE or bool(campaigns.NAMES.fullmatch(said))


def _named(values: Mapping[str, str], kind: str, *, but_empty: bool = True) -> dict[str, str]:
    """What stands in the columns of this kind, by what follows it."""
    found = {name.removeprefix(kind): text.strip() for name, text in values.items() if name.startswith(kind)}
    return {name: text for name, text in found.items() if text or not but_empty}


def plain(name: str) -> str:
    """A column's name, by which it is known."""
    return " ".join(name.split()).casefold()


def _answers(column: str, cell: str, warnings: list[str]) -> dict[str, bool | None]:
    """What a cell says about being emailed, by brand; empty: every brand."""
    kind, _, brand = column.partition(":")
    if f"{kind}:" not in (PERMISSION, OPT_OUT) or not cell.strip():
        return {}
    if column == PERMITTED and (told := permission_read(cell)) is not None:
        return told
    answer = ANSWERS.get(_word(cell))
    may = STATES.get(_word(cell), None if answer is None else answer == (f"{kind}:" == PERMISSION))
    if may is None:
        warnings.append(f"“{cell.strip()[:40]}” says neither yes nor no about being emailed, and was left out.")
    return {} if may is None else {brand: may}


def _word(cell: str) -> str:
    return "-".join(cell.casefold().replace("_", " ").strip(" .!").split())
