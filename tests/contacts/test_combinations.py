"""Every contact type with every lead source, and what that makes of a person."""

from __future__ import annotations

from itertools import product

import pytest

from contacts.defaults import CONTENT
from contacts.models import Contact
from tests.contacts.test_intake import arrive, brands_of, types_of

pytestmark = pytest.mark.usefixtures("reference_rows")

BRANDS = {
    "Artist": "The 7 Space",
    "Gallery Contact": "The 7 Space",
    "Business Contact": "AM Consulting",
    "Potential Client": "AM Consulting",
    "General Contact": "HigherSelf Core",
    "Academic Contact": "HigherSelf Core",
    "Media Contact": "HigherSelf Core",
}
SOURCES = ("Website", "Event", "Referral")
PAIRS = [
    ("Artist", "Gallery Contact"),
    ("Artist", "Business Contact"),
    ("Business Contact", "Artist"),
    ("Potential Client", "Media Contact"),
    ("General Contact", "Artist"),
    ("Academic Contact", "Potential Client"),
]


def test_every_type_has_a_brand_here() -> None:
    assert set(BRANDS) == {row["name"] for row in CONTENT["contact_types"]}


@pytest.mark.parametrize(("kind", "source"), list(product(BRANDS, SOURCES)))
def test_the_facts_are_type_source_and_brand(kind: str, source: str) -> None:
    receipt = arrive(contact_types=[kind], lead_source=source)

    assert receipt.event.facts == {
        "contact_types": [kind],
        "lead_source": source,
        "business_entities": [BRANDS[kind]],
        "interests": [],
        "tags": [],
    }


@pytest.mark.parametrize("types", PAIRS)
def test_of_two_types_the_first_names_the_first_brand(types: tuple[str, str]) -> None:
    contact = arrive(contact_types=types).contact

    assert set(types_of(contact)) == set(types)
    assert brands_of(contact) == list(dict.fromkeys(BRANDS[kind] for kind in types))


@pytest.mark.parametrize("types", PAIRS)
def test_a_type_that_comes_later_adds_its_brand(types: tuple[str, str]) -> None:
    for kind in types:
        arrive(contact_types=[kind])

    assert brands_of(Contact.objects.get()) == list(dict.fromkeys(BRANDS[kind] for kind in types))
