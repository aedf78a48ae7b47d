"""The rows an arrival refers to by name."""

from __future__ import annotations

import pytest

from contacts import reference_data
from contacts.cleaning import Unacceptable
from contacts.models import ContactStatus, ContactType, RoutingRule
from contacts.reference_data import NameIndex
from contacts.rules import Named


def kinds() -> NameIndex[ContactType]:
    return NameIndex(
        "contact type",
        [
            ContactType(pk=1, slug="artist", name="Artist"),
            ContactType(pk=2, slug="gallery_contact", name="Gallery Contact"),
            ContactType(pk=3, slug="friend", name="Gallery contact of old"),
        ],
    )


@pytest.mark.parametrize("named", ["Gallery Contact", "gallery contact", "GALLERY_CONTACT", " gallery-contact "])
def test_a_row_answers_to_its_name_and_slug_in_any_spelling(named: str) -> None:
    assert kinds().find(named).pk == 2


def test_a_name_wins_over_the_slug_of_another_row() -> None:
    rows = [ContactType(pk=1, slug="maker", name="Artist"), ContactType(pk=2, slug="artist", name="Painter")]

    assert NameIndex("contact type", rows).find("artist").pk == 1


def test_rows_come_in_the_order_they_are_named_and_once() -> None:
    found = kinds().find_all(["friend", "Artist", "artist", " ", ""])

    assert [row.pk for row in found] == [3, 1]


@pytest.mark.parametrize("named", ["Astronaut", "Gallery", "artists", "\ud800"])
def test_an_unknown_name_is_refused_with_the_allowed_ones(named: str) -> None:
    with pytest.raises(Unacceptable, match=r"Allowed: Artist, Gallery Contact, Gallery contact of old\.$") as refusal:
        kinds().find(named)

    str(refusal.value).encode()


def test_a_very_long_name_does_not_make_a_very_long_message() -> None:
    with pytest.raises(Unacceptable) as refusal:
        kinds().find("x" * 10_000)

    assert len(str(refusal.value)) < 250


def test_an_empty_shelf_says_so() -> None:
    with pytest.raises(Unacceptable, match="Allowed: none yet"):
        NameIndex[ContactType]("contact type", []).find("Artist")


@pytest.mark.usefixtures("reference_rows")
class TestLoading:
    def test_the_fallbacks_are_the_rows_marked_so(self) -> None:
        loaded = reference_data.load()

        assert loaded.fallbacks.contact_type == Named("General Contact", "general_contact")
        assert loaded.fallbacks.lead_source == Named("Website", "website")
        assert loaded.fallback_entity == Named("HigherSelf Core", "higherself_core")

    def test_without_marks_there_is_no_fallback(self) -> None:
        ContactType.objects.update(is_fallback=False)

        assert reference_data.load().fallbacks.contact_type is None

    def test_new_contacts_get_the_status_marked_so(self) -> None:
        assert reference_data.load().default_status.slug == "active_lead"

    def test_without_a_mark_they_get_the_first_that_does_not_block(self) -> None:
        ContactStatus.objects.update(is_default=False)
        ContactStatus.objects.filter(slug="do_not_contact").update(position=1)

        assert reference_data.load().default_status.slug == "active_lead"

    def test_rules_come_in_their_order_and_only_the_active_ones(self) -> None:
        RoutingRule.objects.filter(name="Wellness tag to The 7 Space").update(position=1)
        RoutingRule.objects.filter(name="Art to The 7 Space").update(active=False)

        names = [route.condition.name for route in reference_data.load().routes]

        assert names == [
            "Wellness tag to The 7 Space",
            "Business to AM Consulting",
            "Community to HigherSelf Core",
            "Wellness interest to The 7 Space",
        ]
