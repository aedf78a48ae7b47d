"""Whatever arrives: it is refused with reasons, or stored; and nothing that was known is lost."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts import intake
from contacts.intake import Arrival, IntakeError, Receipt
from contacts.models import Contact
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("reference_rows")

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TEXT = st.text(alphabet=st.characters(), max_size=30)
TYPES = st.sampled_from(["Artist", "Gallery Contact", "Business Contact", "Potential Client", "Media Contact"])
SOURCES = st.sampled_from(["Website", "Event", "Referral"])
BRANDS = st.sampled_from(["The 7 Space", "AM Consulting", "HigherSelf Core"])
STATUSES = st.sampled_from(["Active Lead", "Qualified Lead", "Inactive", "Do Not Contact"])
WORDS = st.lists(st.sampled_from(["VIP", "vip", "Hot", "wellness", "Wellness", "yoga", " "]), max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


SENSIBLE = st.fixed_dictionaries(
    {},
    optional={
        "first_name": optional(st.sampled_from(["Ada", "Ада", "舞", ""])),
        "company": optional(st.sampled_from(["Engines", "Gallery X", ""])),
        "job_title": optional(st.sampled_from(["Painter", "CEO", "Professor", ""])),
        "message": optional(st.sampled_from(["I love yoga", "a consultation", ""])),
        "contact_types": optional(st.lists(TYPES, max_size=3)),
        "business_entities": optional(st.lists(BRANDS, max_size=2)),
        "lead_source": optional(SOURCES),
        "status": optional(STATUSES),
        "tags": optional(WORDS),
        "interests": optional(WORDS),
        "custom": optional(st.dictionaries(st.sampled_from(["Budget", "Colour"]), st.sampled_from([1, "red", ""]))),
    },
)
WILD = st.fixed_dictionaries(
    {"email": TEXT | st.emails() | st.just("wild@example.org")},
    optional={
        **dict.fromkeys(("first_name", "last_name", "phone", "company", "job_title", "message", "notes"), TEXT),
        **dict.fromkeys(("timezone", "locale", "lead_source", "status"), TEXT),
        **dict.fromkeys(("contact_types", "business_entities", "tags", "interests"), st.lists(TEXT, max_size=3)),
        "custom": st.dictionaries(TEXT, JSON, max_size=3),
        "source_metadata": st.dictionaries(st.sampled_from(["form", "x"]), JSON, max_size=2),
        "payload": st.dictionaries(TEXT, JSON, max_size=3),
    },
)


def receive(email: str, given: dict[str, Any]) -> Receipt:
    return intake.receive(arrival=Arrival(email=email, **given), source="notion", now=NOW)


def answer_to(wild: dict[str, Any]) -> Receipt | IntakeError:
    try:
        return intake.receive(arrival=Arrival(**wild), source="api", now=NOW)
    except IntakeError as error:
        return error


def somebody() -> str:
    return f"{uuid.uuid4().hex}@example.org"


@few
@given(WILD)
def test_wild_input_is_refused_with_reasons_or_stored(wild: dict[str, Any]) -> None:
    answer = answer_to(wild)

    if isinstance(answer, IntakeError):
        assert answer.errors
        assert all(messages for messages in answer.errors.values())
        str(answer).encode()  # no lone surrogate that a reply could not carry
    else:
        answer.event.refresh_from_db()
        assert Contact.objects.get(pk=answer.contact.pk).email == answer.contact.email


@few
@given(SENSIBLE)
def test_arriving_again_with_the_same_changes_nothing(about: dict[str, Any]) -> None:
    email = somebody()
    first = receive(email, about)

    again = receive(email, about)

    assert again.changes == {}
    assert again.event.facts == first.event.facts


@few
@given(SENSIBLE, SENSIBLE)
def test_nothing_that_is_known_is_lost(before: dict[str, Any], after: dict[str, Any]) -> None:
    email = somebody()
    receive(email, before)
    known = Contact.objects.get(email=email)
    facts = intake.current_facts(known)

    receive(email, after)

    contact = Contact.objects.get(email=email)
    now_known = intake.current_facts(contact)
    assert set(facts["contact_types"]) <= set(now_known["contact_types"])
    assert facts["business_entities"] == now_known["business_entities"][: len(facts["business_entities"])]
    assert contact.tags[: len(known.tags)] == known.tags
    assert contact.interests[: len(known.interests)] == known.interests
    assert set(known.custom) <= set(contact.custom)
    assert not (known.first_name and not contact.first_name)
    assert contact.status.blocks_contact or not known.status.blocks_contact


@few
@given(SENSIBLE, SENSIBLE)
def test_what_the_receipt_says_changed_did(before: dict[str, Any], after: dict[str, Any]) -> None:
    email = somebody()
    old = receive(email, before).event.facts

    receipt = receive(email, after)

    for name in old:
        earlier, later = receipt.changes.get(name, [old[name], old[name]])
        assert earlier == old[name]
        assert later == receipt.event.facts[name]


@few
@given(SENSIBLE)
def test_everybody_ends_with_a_type_a_source_and_a_brand(about: dict[str, Any]) -> None:
    facts = receive(somebody(), about).event.facts

    assert facts["contact_types"]
    assert facts["lead_source"]
    assert facts["business_entities"]


@few
@given(SENSIBLE)
def test_every_brand_is_explained(about: dict[str, Any]) -> None:
    receipt = receive(somebody(), about)

    decided = [one["value"] for one in receipt.event.decisions if one["kind"] == "business_entity"]
    assert decided == receipt.event.facts["business_entities"]
    assert all(membership.because for membership in receipt.contact.memberships.all())
