from __future__ import annotations

import pytest

from engagement.alerts import letter
from engagement.models import Alert
from tests.factories import BusinessEntityFactory, ContactFactory, ContactTypeFactory, LeadSourceFactory, TargetFactory

pytestmark = pytest.mark.django_db


def alert_about(contact=None, **fields):
    given = {"title": "New artist", "priority": "high", "target": TargetFactory(name="Gallery curator"), **fields}
    return Alert.objects.create(contact=contact, **given)


def test_the_text_says_who_it_is_about():
    contact = ContactFactory(
        first_name="Ada", last_name="Lovelace", email="ada@example.org", phone="+4912", company="Engines", tags=["VIP"]
    )
    contact.contact_types.add(ContactTypeFactory(name="Artist"))

    text = letter.text_of(alert_about(contact, business_entity=BusinessEntityFactory(name="The 7 Space")))

    for line in (
        "Name: Ada Lovelace",
        "Email: ada@example.org",
        "Phone: +4912",
        "Company: Engines",
        "Type: Artist",
        "Tags: VIP",
        "Brand: The 7 Space",
        "For: Gallery curator",
        "Priority: High",
    ):
        assert line in text.splitlines()


def test_the_text_says_what_the_source_and_the_brand_care_for():
    contact = ContactFactory(lead_source=LeadSourceFactory(focus="personal connection"))
    brand = BusinessEntityFactory(preferred_channels=["phone", "in person"])

    lines = letter.text_of(alert_about(contact, business_entity=brand)).splitlines()

    assert {"Focus: personal connection", "Channels: phone, in person"} <= set(lines)


def test_what_is_not_known_is_left_out():
    assert "Company" not in letter.text_of(alert_about(ContactFactory()))


def test_the_text_says_what_to_do_and_where(settings):
    settings.PUBLIC_URL = "https://crm.example"
    contact = ContactFactory()
    alert = alert_about(contact)

    text = letter.text_of(alert)

    assert "acknowledge" in text
    assert f"https://crm.example/admin/engagement/alert/{alert.pk}/change/" in text
    assert f"https://crm.example/admin/contacts/contact/{contact.pk}/change/" in text


def test_an_alert_without_a_contact_reads_well():
    text = letter.text_of(alert_about(message="The mail server is down."))

    assert "The mail server is down." in text
    assert "The contact" not in text


@pytest.mark.parametrize(
    ("title", "subject"),
    [("New artist", "[high] New artist: Ada"), ("New artist Ada", "[high] New artist Ada")],
)
def test_the_subject_names_the_contact_once(title, subject):
    assert letter.subject_of(alert_about(ContactFactory(first_name="Ada"), title=title)) == subject


def test_a_hostile_name_stays_on_the_subject_line():
    contact = ContactFactory(first_name="Ada\nBcc: x@evil.example")

    assert "\n" not in letter.subject_of(alert_about(contact))
