from __future__ import annotations

from contacts.models import BusinessEntity
from engagement import envelopes
from engagement.envelopes import Sender


def test_the_brand_sends_in_its_own_name(settings):
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@x.example>"
    brand = BusinessEntity(
        name="The 7 Space", sender_name="Mia at The 7 Space", sender_email="mia@x.example", reply_to="team@x.example"
    )

    assert envelopes.sender_of(brand) == Sender("Mia at The 7 Space", "mia@x.example", "team@x.example")


def test_what_the_brand_leaves_open_comes_from_the_default(settings):
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@x.example>"

    assert envelopes.sender_of(BusinessEntity(name="The 7 Space")) == Sender("The 7 Space", "crm@x.example")
    assert envelopes.sender_of(None) == Sender("Contactflow", "crm@x.example")


def test_quotes_in_a_display_name_break_nothing():
    sender = envelopes.sender_of(BusinessEntity(name='The "7" Space\\', sender_email="a@b.example"))

    assert sender.name == "The '7' Space"
