"""A yes for a brand that requires one is confirmed from a mail that only the person gets."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
from django.test import Client

from contactflow.core import tokens
from contactflow.core.clock import database_now
from contactflow.permission_pages import confirming
from contacts import consent
from contacts.models import BusinessEntity, Consent, Contact
from engagement import deliveries
from engagement.channels import registry
from engagement.models import HumanTouch, Message
from engagement.unsubscribing import PREFERENCES
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def careful() -> BusinessEntity:
    return f.BusinessEntityFactory(name="The 7 Space", requires_consent=True, sender_email="hello@the7space.example")


@pytest.fixture
def ada(careful: BusinessEntity) -> Contact:
    ada = f.ContactFactory(email="ada@example.org")
    consent.withdraw(contact=ada, business_entity=careful, source="link", now=database_now())
    return ada


@pytest.fixture
def sink(smtp_sink, settings):
    settings.EMAIL_URL = smtp_sink.url
    yield smtp_sink
    registry.release_all()


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def say_yes(browser: Client, ada: Contact, brand: BusinessEntity) -> str:
    """On their page; what it says then."""
    message = Message.objects.filter(contact=ada).first() or Message.objects.create(
        contact=ada, business_entity=brand, recipient=ada.email, subject="Hello", status="sent", sent_at=database_now()
    )
    address = f"/p/{tokens.make(PREFERENCES, ada.pk, message.pk)}"
    return browser.post(address, {"save": "1", f"brand-{brand.slug}": "all"}).content.decode()


def link(message: Message) -> str:
    return re.search(r"/p/confirm/[\w-]+", message.text)[0]


def may(ada: Contact, brand: BusinessEntity) -> str:
    return consent.may_contact(contact=ada, business_entity=brand).reason.code


def test_coming_back_waits_until_it_is_confirmed_from_a_mail(sink, ada, careful, browser) -> None:
    page = say_yes(browser, ada, careful)
    deliveries.run_pump_step(time.monotonic() + 5)

    assert "we sent you an email" in page
    assert may(ada, careful) == "consent_pending"
    (mail,) = sink.messages
    assert (mail["To"], mail["Auto-Submitted"]) == ("ada@example.org", "auto-generated")
    asked = Message.objects.get(subject__startswith="Please confirm")
    assert (asked.purpose, asked.status, HumanTouch.objects.count()) == ("transactional", "sent", 0)

    browser.get(link(asked))
    browser.head(link(asked))
    assert may(ada, careful) == "consent_pending"
    for _ in range(2):
        assert browser.post(link(asked)).status_code == 200

    word = Consent.objects.get(state="granted")
    assert (may(ada, careful), word.source, word.basis) == ("consent_given", confirming.SOURCE, "consent")
    assert ("The 7 Space" in word.wording, bool(word.wording_version)) == (True, True)


def test_who_presses_again_and_again_gets_one_mail(ada, careful, browser) -> None:
    for _ in range(3):
        say_yes(browser, ada, careful)

    assert Message.objects.filter(subject__startswith="Please confirm").count() == 1


def test_a_link_is_for_nothing_once_something_else_was_said_or_it_is_old(ada, careful, browser) -> None:
    say_yes(browser, ada, careful)
    address = link(Message.objects.get(subject__startswith="Please confirm"))
    token = address.rpartition("/")[2]
    later = database_now() + dt.timedelta(days=31)
    assert confirming.confirm(token=token, now=later) is None
    consent.withdraw(contact=ada, business_entity=careful, source="by telephone", now=database_now())

    answers = [browser.get(address), browser.post(address), browser.post("/p/confirm/nonsense")]

    assert [one.status_code for one in answers] == [404, 404, 404]
    assert may(ada, careful) == "consent_withdrawn"


def test_a_link_for_one_purpose_confirms_nothing(ada, careful, browser) -> None:
    pending = consent.ask_to_confirm(contact=ada, business_entity=careful, source="form", now=database_now())

    assert browser.post(f"/p/confirm/{tokens.make('open', pending.key)}").status_code == 404


def test_who_must_not_be_written_to_gets_no_such_mail(ada, careful, browser) -> None:
    consent.suppress(email=ada.email, reason="bounced")

    say_yes(browser, ada, careful)

    assert not Message.objects.filter(subject__startswith="Please confirm").exists()
