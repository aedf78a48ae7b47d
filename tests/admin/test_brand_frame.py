"""The frame of a brand's emails, edited beside one of them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from contacts.models import BusinessEntity
from tests import factories as f

pytestmark = pytest.mark.django_db


def preview(client, **values):
    return client.post(reverse("admin:contacts_businessentity_frame"), values).json()


def test_typed_frame_is_shown_around_an_example(desk):
    answer = preview(desk, name="The Gallery", colour="#8a4b2a", signature="Warmly, Ada", postal_address="1 Main St")

    for words in ("#8a4b2a", "Warmly, Ada", "1 Main St", "Hello Ada"):
        assert words in answer["light"]
    assert answer["sender"].startswith('"The Gallery"')


def test_any_email_of_the_brand_can_stand_in_it(desk):
    template = f.EngagementTemplateFactory(words=("Chosen", "Chosen words."))

    assert "Chosen words." in preview(desk, name="The Gallery", template=template.pk)["light"]


def test_what_is_not_typed_is_as_saved(desk):
    brand = f.BusinessEntityFactory(signature="Saved signature")

    assert "Saved signature" in preview(desk, template_brand=brand.pk)["light"]


def test_preview_changes_nothing(desk):
    brand = f.BusinessEntityFactory(signature="Saved")

    preview(desk, template_brand=brand.pk, signature="Typed")

    assert BusinessEntity.objects.get(pk=brand.pk).signature == "Saved"


def test_unreadable_colour_is_warned_of(desk):
    assert "Hardly visible on white" in preview(desk, name="A", colour="#ffee99")["notes"]


@pytest.mark.parametrize("colour", ["", "red;}</style><script>", '"><script>alert(1)</script>'])
def test_what_is_no_colour_never_reaches_the_frame(desk, colour):
    answer = preview(desk, name="A", colour=colour)

    assert "#334155" in answer["light"]
    assert "<script" not in answer["light"]


def test_hostile_frame_stays_text(desk):
    hostile = "<script>alert(1)</script>"

    answer = preview(desk, name=hostile, signature=hostile, postal_address=hostile, logo_url="javascript:alert(1)")

    assert "<script" not in answer["light"]
    assert "javascript:alert" not in answer["light"]


def test_page_offers_the_brands_emails_first(desk, address):
    brand = f.BusinessEntityFactory()
    f.EngagementTemplateFactory(name="Any brand's")
    f.EngagementTemplateFactory(name="Their own", business_entity=brand)

    emails = desk.get(address.change(brand)).context["emails"]

    assert [email.name for email in emails] == ["Their own", "Any brand's"]


def test_saving_an_unreadable_colour_warns(desk, address):
    brand = f.BusinessEntityFactory()
    from tests.admin import browser

    response = browser.submit(desk, address.change(brand), "businessentity_form", colour="#ffee99")

    assert response.status_code == 302
    assert BusinessEntity.objects.get(pk=brand.pk).colour == "#ffee99"
    page = desk.get(address.list(BusinessEntity)).content.decode()
    assert "Hardly visible on white" in page


def test_reader_sees_the_frame(reading_room, address):
    brand = f.BusinessEntityFactory(signature="Saved signature")

    assert "data-email-preview" in reading_room.get(address.change(brand)).content.decode()
    assert "Saved signature" in preview(reading_room, template_brand=brand.pk)["light"]


def test_frame_is_shown_with_the_values_of_a_chosen_person(desk, address):
    brand = f.BusinessEntityFactory()
    grace = f.ContactFactory(first_name="Grace")

    assert "Hello Grace" in preview(desk, template_brand=brand.pk, contact=grace.pk)["light"]
    assert "data-person-search" in desk.get(address.change(brand)).content.decode()
