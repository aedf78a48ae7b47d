"""Contacts & Profiles: a page is a person. Everything goes through contacts.intake."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import timezone

from contacts import addresses, cleaning, full_name, intake, reference_data
from contacts.cleaning import Unacceptable
from contacts.models import Contact, ContactEvent, ContactStatus, EntityMembership
from notion_bridge.adapters.adapter import Adapter, Applied, Made, Source, Values, moment
from notion_bridge.mapping import Value
from notion_bridge.three_way_merge import Side

TEXTS: Final = ("first_name", "last_name", "email", "phone", "company", "job_title", "notes")
CHOICES: Final = {"lead_source": "lead_sources", "status": "statuses"}
LISTS: Final = {"contact_types": "contact_types", "business_entities": "business_entities"}
RENAMED: Final = {"date_added": "added_on"}  # field -> what intake calls it
NAMES: Final = {  # of what a contact has many of, in the order in which they are shown
    "type_names": ArraySubquery(
        Contact.contact_types.through.objects.filter(contact=OuterRef("pk"))
        .order_by("contacttype__position", "contacttype__name")
        .values("contacttype__name")
    ),
    "brand_names": ArraySubquery(
        EntityMembership.objects.filter(contact=OuterRef("pk"))
        .order_by("position", "id")
        .values("business_entity__name")
    ),
}
NOT_PULLED: Final = frozenset({"last_interaction", "contact_id"})


class ContactAdapter(Adapter):
    model = Contact
    link_field = "contact"
    key_field = "contact_id"

    def sources(self) -> Sequence[Source]:
        return (Source(rows=Contact.objects.all(), at="updated_at", key="id"),)

    def snapshot(self, keys: Sequence[UUID]) -> dict[UUID, dict[str, Value]]:
        found = Contact.objects.filter(pk__in=keys).select_related("status", "lead_source").annotate(**NAMES)
        return {contact.pk: _values(contact) for contact in found}

    def knows(self, name: str, option: str) -> bool:
        shelf = (LISTS | CHOICES).get(name)
        return shelf is None or bool(getattr(reference_data.load(), shelf).knows(option))

    def is_being_typed(self, values: Values) -> bool:
        """The types decide which workflows start: whoever is still typing is given the time.

        Not for somebody known, who would get a second page meanwhile.
        """
        return not values.get("contact_types") and not _is_known(str(values.get("email", "")))

    def referee(self, name: str, local: Value, remote: Value) -> Side | None:
        """Who said that a person must not be contacted is heard, whichever side it was."""
        if name != "status":
            return None
        blocking = {one.name.casefold() for one in ContactStatus.objects.filter(blocks_contact=True)}
        if str(local).casefold() in blocking:
            return "contactflow"
        return "notion" if str(remote).casefold() in blocking else None

    def apply(self, row: Contact, values: Values, *, enrol: bool, now: dt.datetime) -> Applied:
        outcome = Applied()
        wanted = _storable(values, outcome)
        current = self.snapshot([row.pk])[row.pk]
        wanted = {name: value for name, value in wanted.items() if value != current[name]}
        wanted = _with_both_names(wanted, str(current["last_name"]))

        def attempt(accepted: Values) -> None:
            intake.amend(
                contact=row,
                arrival=_arrival({"email": row.email, **accepted}, page_id=None),
                source=ContactEvent.Source.NOTION,
                now=now,
                erase=["added_on"] if accepted.get("date_added") == "" else [],
                policy=intake.EDIT if enrol else intake.BASELINE,
            )

        _without_what_is_refused(wanted, outcome, attempt)
        _blame_the_whole_name(values, outcome)
        return outcome

    def make(self, values: Values, *, page_id: UUID, key: UUID | None, enrol: bool, now: dt.datetime) -> Made:
        made = Made()
        try:
            email = cleaning.email(str(values.get("email", "")))
        except Unacceptable as error:
            made.because = str(error)
            return made
        known = Contact.objects.filter(pk=key).first() if key else None
        made.row = known or addresses.find(email=email)
        if made.row is None:
            self._create(made, values, page_id=page_id, enrol=enrol, now=now)
        return made

    def _create(self, made: Made, values: Values, *, page_id: UUID, enrol: bool, now: dt.datetime) -> None:
        given = _storable({name: value for name, value in values.items() if value}, made)  # an empty cell says nothing
        if made.unknown:
            return

        def attempt(accepted: Values) -> None:
            receipt = intake.receive(
                arrival=_arrival(accepted, page_id=page_id),
                source=ContactEvent.Source.NOTION,
                now=now,
                policy=intake.ARRIVAL if enrol else intake.BASELINE,
            )
            made.row, made.is_new = receipt.contact, receipt.created
            made.refused |= {_field(warning["field"]): warning["message"] for warning in receipt.event.warnings}

        _without_what_is_refused(_with_both_names(given), made, attempt)
        _blame_the_whole_name(values, made)
        if made.row is None:
            made.because = " ".join(made.refused.values())


def _with_both_names(values: Values, last_here: str = "") -> dict[str, Value]:
    """Where the title is the whole name: without the last name, as far as that is known, and split where it is not."""
    if "full_name" not in values:
        return dict(values)
    whole = cleaning.line(str(values["full_name"]))
    rest = {name: value for name, value in values.items() if name != "full_name"}
    given = cleaning.line(str(rest.get("last_name", "")))
    first, last = full_name.split(whole)
    known = given or last_here
    if known and whole.casefold().endswith(f" {known}".casefold()):
        first, last = whole[: -len(known)].strip(), known
    elif given or (last_here and whole and not last):
        first, last = whole, known
    return rest | {"first_name": first, "last_name": last}


def _blame_the_whole_name(values: Values, outcome: Applied) -> None:
    if "full_name" in values:
        because = [outcome.refused.pop(name) for name in ("first_name", "last_name") if name in outcome.refused]
        outcome.refused |= {"full_name": " ".join(because)} if because else {}


def _is_known(address: str) -> bool:
    try:
        return addresses.find(email=cleaning.email(address)) is not None
    except Unacceptable:
        return False


def _values(contact: Any) -> dict[str, Value]:
    return {
        **{name: getattr(contact, name) for name in (*TEXTS, "full_name")},
        "contact_types": contact.type_names,
        "business_entities": contact.brand_names,
        "lead_source": contact.lead_source.name if contact.lead_source else "",
        "status": contact.status.name,
        "tags": list(contact.tags),
        "date_added": (
            contact.added_on or timezone.localdate(contact.created_at, timezone.get_default_timezone())
        ).isoformat(),
        "last_interaction": moment(contact.last_interaction_at),
        "contact_id": str(contact.pk),
    }


def _storable(values: Values, outcome: Applied) -> dict[str, Value]:
    """The values with every name in the spelling of its row; what no row has is noted as unknown."""
    rows = reference_data.load()
    storable: dict[str, Value] = {}
    for name, value in values.items():
        if name in NOT_PULLED:
            continue
        if name in LISTS:
            known = _known(getattr(rows, LISTS[name]), name, value, outcome)
            # Nobody emptied a list by putting something unknown in the place of all that was there.
            storable |= {name: known} if known or not value else {}
        elif name == "status" and not value:
            outcome.overruled[name] = "A contact always has a status."
        elif name in CHOICES and value:
            known = _known(getattr(rows, CHOICES[name]), name, [str(value)], outcome)
            storable |= {name: known[0]} if known else {}
        else:
            storable[name] = value
    return storable


def _known(shelf: Any, name: str, value: Value, outcome: Applied) -> list[str]:
    known = []
    for one in value if isinstance(value, list) else [value]:
        try:
            known.append(shelf.find(one).name)
        except Unacceptable:
            outcome.unknown.setdefault(name, []).append(one)
    return known


def _without_what_is_refused(values: Values, outcome: Applied, attempt: Callable[[Values], None]) -> None:
    """Try with all of them, then without those the door refuses: one bad cell holds up no other."""
    accepted = dict(values)
    while accepted:
        try:
            return attempt(accepted)
        except intake.IntakeError as error:
            refused = {_field(name): " ".join(messages) for name, messages in error.errors.items()}
            outcome.refused |= refused
            if not refused.keys() & accepted.keys():
                return None
            accepted = {name: value for name, value in accepted.items() if name not in refused}
    return None


def _field(name: str) -> str:
    return next((field for field, ours in RENAMED.items() if ours == name), name)


def _arrival(values: Values, *, page_id: UUID | None) -> intake.Arrival:
    known = {field.name for field in dataclasses.fields(intake.Arrival)}
    given: dict[str, Any] = {RENAMED.get(name, name): value for name, value in values.items()}
    if "added_on" in given:
        given["added_on"] = _date(str(given["added_on"]))
    payload: Mapping[str, Any] = {"notion_page": str(page_id)} if page_id else {}
    return intake.Arrival(**{name: value for name, value in given.items() if name in known}, payload=payload)


def _date(value: str) -> dt.date | None:
    return dt.date.fromisoformat(value[:10]) if value else None
