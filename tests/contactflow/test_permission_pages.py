"""The pages of people who have no account: leaving a brand, choosing what comes."""

from __future__ import annotations

import base64
import datetime as dt
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from contactflow.core import tokens
from contactflow.core.clock import database_now
from contacts import consent, deletion
from contacts.models import BusinessEntity, Consent, Contact, ContactEvent, EntityMembership, Preference
from engagement import message_consequences
from engagement.models import Message, MessageEvent, Task
from engagement.unsubscribing import PREFERENCES, UNSUBSCRIBE
from tests import factories as f
from tests.workflows import world
from workflows import leases

pytestmark = pytest.mark.django_db
MULTIPART = b"--x\r\nContent-Disposition: form-data; name=List-Unsubscribe\r\n\r\nOne-Click\r\n--x--\r\n"


@pytest.fixture(autouse=True)
def outbox(settings) -> None:
    settings.EMAIL_URL = ""


@pytest.fixture
def browser() -> Client:
    """Of somebody who has no account, and which checks what Django checks of forms."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def brand() -> BusinessEntity:
    return f.BusinessEntityFactory(name="The 7 Space", colour="#7c3f58")


@pytest.fixture
def ada(brand: BusinessEntity) -> Contact:
    return f.ContactFactory(first_name="Ada", email="ada@example.org")


def sent_to(contact: Contact, brand: BusinessEntity | None, **template: object) -> Message:
    action = f.ScheduledActionFactory(
        instance__contact=contact,
        instance__business_entity=brand,
        step__action_type="send_email",
        step__template=f.EngagementTemplateFactory(**template),
        step__target=None,
    )
    world.run_due()
    return Message.objects.get(action=action.pk)


def leaving(message: Message) -> str:
    return f"/u/{tokens.make(UNSUBSCRIBE, message.contact_id, message.pk)}"


def choosing(message: Message) -> str:
    return f"/p/{tokens.make(PREFERENCES, message.contact_id, message.pk)}"


def may(contact: Contact, brand: BusinessEntity | None = None, **about: object) -> str:
    return consent.may_contact(contact=contact, business_entity=brand, **about).reason.code


def everything() -> dict[str, str]:
    """Every row of every table, as text."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT md5(string_agg(row::text, chr(10) ORDER BY row::text)) FROM "{table}" AS row')
            found[table] = cursor.fetchone()[0]
    return found


# Leaving


def test_the_links_of_an_email_lead_to_its_pages(ada, brand, browser) -> None:
    message = sent_to(ada, brand)

    for path in (leaving(message), choosing(message)):
        assert f"http://localhost:8000{path}" in message.html.replace("&amp;", "&")
        assert path in message.text
        assert browser.get(path).status_code == 200


def test_looking_changes_nothing(ada, brand, browser) -> None:
    message = sent_to(ada, brand)
    before = everything()

    for path in (leaving(message), choosing(message)):
        for ask in (browser.get, browser.head, browser.options):
            for address in (path, f"{path}/", f"{path}?List-Unsubscribe=One-Click"):
                ask(address)

    assert everything() == before


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=x"),
        (b"--x torn", "multipart/form-data"),
        (b"{", "application/json"),
        (b"", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("slash", ["", "/"])
def test_any_post_unsubscribes_at_once(ada, brand, browser, body, kind, slash) -> None:
    message = sent_to(ada, brand)

    answer = browser.generic("POST", leaving(message) + slash, body, content_type=kind)

    assert (answer.status_code, answer.cookies.output()) == (200, "")
    assert may(ada, brand) == "consent_withdrawn"
    assert may(ada, brand, is_marketing=False) == "nothing_against"
    assert may(ada, f.BusinessEntityFactory(slug="am_consulting")) == "nothing_against"


def test_it_is_among_the_facts_of_the_message_and_of_the_person_once(ada, brand, browser) -> None:
    message = sent_to(ada, brand)

    for _ in range(3):
        browser.post(leaving(message))

    word, event = Consent.objects.get(), ContactEvent.objects.get(kind="unsubscribed")
    assert (word.business_entity, word.actor) == (brand, "the person")
    assert MessageEvent.objects.filter(message=message, type="unsubscribed", label="human").count() == 1
    assert (event.facts["business_entities"], event.processed_at) == (["The 7 Space"], None)


def test_leaving_is_one_event_of_the_brand_that_was_left(ada, brand, browser) -> None:
    browser.post(leaving(sent_to(ada, brand)))
    message_consequences.run_pump_step(time.monotonic() + 60)

    (event,) = ContactEvent.objects.filter(contact=ada, kind="unsubscribed")
    assert event.payload["business_entities"] == [brand.name]


def test_an_email_of_no_brand_is_left_for_every_brand(ada, brand, browser) -> None:
    browser.post(leaving(sent_to(ada, None)))

    assert may(ada, brand) == may(ada) == "consent_withdrawn"


def test_it_holds_when_the_message_is_kept_no_longer(ada, brand, browser) -> None:
    message = sent_to(ada, brand)
    address = leaving(message)
    message.delete()

    assert browser.post(address).status_code == 200
    assert may(ada, brand) == "consent_withdrawn"


def test_what_was_claimed_for_them_does_not_go(ada, brand, browser) -> None:
    message = sent_to(ada, brand)
    waiting = f.ScheduledActionFactory(
        instance__contact=ada, step__action_type="send_email", step__template=f.EngagementTemplateFactory(),
        instance__business_entity=brand, step__target=None,
    )  # fmt: skip
    (claim,) = leases.claim_outside(limit=1)

    browser.post(leaving(message))

    assert not leases.begin_sending([leases.Intent(claim, ada.email, brand.pk)], channel="email")
    world.run_due()
    waiting.refresh_from_db()
    assert waiting.status == "skipped"


def test_a_key_that_was_changed_breaks_no_link(ada, brand, browser, settings) -> None:
    address = leaving(sent_to(ada, brand))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]

    assert browser.post(address).status_code == 200


def test_a_token_is_for_one_purpose(ada, brand, browser) -> None:
    message = sent_to(ada, brand)
    token = {path[1]: path[3:] for path in (leaving(message), choosing(message))}
    click = tokens.make("click", ada.pk, message.pk)

    for path in (f"/u/{token['p']}", f"/p/{token['u']}", f"/u/{click}", f"/p/{click}"):
        assert browser.post(path, {"everything": "1"}).status_code == 404

    assert not Consent.objects.exists()


@pytest.mark.parametrize("path", ["/u/", "/p/"])
def test_no_mutated_token_is_taken(ada, brand, browser, path) -> None:
    purpose = {"/u/": UNSUBSCRIBE, "/p/": PREFERENCES}[path]
    token = tokens.make(purpose, ada.pk, uuid.uuid4())
    for number in range(50):
        raw = bytearray(base64.urlsafe_b64decode(token))
        raw[random.Random(number).randrange(len(raw))] ^= 1 << number % 8
        mutated = base64.urlsafe_b64encode(raw).decode()
        assert browser.post(path + mutated, {"everything": "1"}).status_code == 404

    assert not Consent.objects.exists()


@pytest.mark.parametrize("path", ["/u/x", "/p/%00", "/u/%FF%FE", "/p/" + "A" * 5000, "/u/example", "/p/..%2f"])
def test_a_wrong_address_says_nothing_of_anybody(browser, path) -> None:
    answer = browser.get(path)

    assert answer.status_code == 404
    assert "@" not in answer.content.decode()


def test_who_is_gone_has_no_page(ada, brand, browser) -> None:
    address = leaving(sent_to(ada, brand))
    deletion.delete_contacts(contacts=[ada])

    assert browser.get(address).status_code == browser.post(address).status_code == 404


def test_the_page_keeps_its_address_to_itself(ada, brand, browser) -> None:
    brand.logo_url = "https://images.example/logo.png"
    brand.save()
    answer = browser.get(leaving(sent_to(ada, brand)))

    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert "https://images.example" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "ada@example.org" not in answer.content.decode()
    assert "a…@example.org" in answer.content.decode()


def test_it_speaks_german_with_who_reads_it(ada, brand, browser) -> None:
    ada.locale = "de-AT"
    ada.save()
    german = {"de": {"subject": "Hallo", "preheader": "", "body": "Schön, Sie zu sehen."}}
    message = sent_to(ada, brand, words__translations=german)

    assert "Abmelden" in message.text
    assert '<html lang="de">' in browser.get(leaving(message)).content.decode()


def test_the_brands_colour_is_a_sheet_of_its_own(browser) -> None:
    assert "--brand: #7c3f58" in browser.get("/p/look/7c3f58.css").content.decode()
    assert browser.get("/p/look/7c3f58;x.css").status_code == 404


# Choosing


def test_each_brand_is_chosen_alone(ada, brand, browser) -> None:
    other = f.BusinessEntityFactory(slug="am_consulting")
    EntityMembership.objects.create(contact=ada, business_entity=other, position=0)
    address = choosing(sent_to(ada, brand))

    browser.post(
        address, {"save": "1", "brand-the_7_space": "weekly", "brand-am_consulting": "none", "kind": ["welcome"]}
    )

    assert may(ada, other) == "consent_withdrawn"
    assert may(ada, brand, kind="welcome") == "nothing_against"
    assert may(ada, brand, kind="information") == "kind_refused"
    assert Preference.objects.get(business_entity=brand).frequency == "weekly"


def test_a_pause_lasts_thirty_days_and_is_not_made_longer_by_saving_again(ada, brand, browser) -> None:
    address = choosing(sent_to(ada, brand))
    kinds = ["welcome", "follow_up", "lead_source", "information"]

    for _ in range(2):
        browser.post(address, {"save": "1", "brand-the_7_space": "pause", "kind": kinds})

    chosen = Preference.objects.get()
    assert chosen.paused_until - chosen.recorded_at == dt.timedelta(days=30)
    assert may(ada, brand) == "paused"


def test_coming_back_is_a_yes_in_the_words_that_were_shown(ada, brand, browser) -> None:
    message = sent_to(ada, brand)
    browser.post(leaving(message))

    browser.post(choosing(message), {"save": "1", "brand-the_7_space": "all"})

    word = Consent.objects.order_by("id").last()
    assert may(ada, brand) == "consent_given"
    assert (word.basis, word.actor, "The 7 Space" in word.wording) == ("consent", "the person", True)
    assert word.wording_version


def test_everything_is_left_at_once_and_lifted_for_one_brand(ada, brand, browser) -> None:
    message = sent_to(ada, brand)

    browser.post(choosing(message), {"everything": "1"})
    assert may(ada) == may(ada, brand) == "consent_withdrawn"

    browser.post(choosing(message), {"save": "1", "brand-the_7_space": "weekly"})
    assert (may(ada), may(ada, brand)) == ("consent_withdrawn", "consent_given")
    browser.post(choosing(message), {"everything": "1"})
    assert may(ada, brand) == "consent_withdrawn"


def test_a_yes_to_every_brand_lifts_none_that_was_left(ada, brand, browser) -> None:
    browser.post(leaving(sent_to(ada, brand)))
    message = Message.objects.create(contact=ada, recipient=ada.email, subject="Hello", status="sent")
    consent.withdraw(contact=ada, source="by telephone", now=database_now())

    browser.post(choosing(message), {"save": "1", "brand-": "all", "brand-the_7_space": "none"})

    assert may(ada) == "consent_given"

    assert may(ada, brand) == "consent_withdrawn"


def test_an_old_link_lets_go_and_lets_nothing_come_again(ada, brand, browser) -> None:
    """Whoever an email was forwarded to holds its link."""
    message = sent_to(ada, brand)
    past = message.sent_at - dt.timedelta(days=31)
    Message.objects.filter(pk=message.pk).update(sent_at=past, created_at=past)

    browser.post(choosing(message), {"save": "1", "brand-the_7_space": "none"})
    page = browser.post(choosing(message), {"save": "1", "brand-the_7_space": "all"})

    assert may(ada, brand) == "consent_withdrawn"
    assert page.content.decode().count("too old to let emails come again") == 1
    assert 'value="all"' not in browser.get(choosing(message)).content.decode()


def test_the_link_of_a_message_that_is_gone_lets_nothing_come_again(ada, brand, browser) -> None:
    message = sent_to(ada, brand)
    address = choosing(message)
    browser.post(leaving(message))
    message.delete()

    browser.post(address, {"save": "1", "brand-the_7_space": "all"})

    assert may(ada, brand) == "consent_withdrawn"


def test_choices_of_a_day_are_limited_and_leaving_is_not(ada, brand, browser) -> None:
    message = sent_to(ada, brand)

    for number in range(30):
        page = browser.post(choosing(message), {"save": "1", "brand-the_7_space": "pause" if number % 2 else "weekly"})

    assert Preference.objects.count() == 20
    assert "changed very often today" in page.content.decode()
    browser.post(choosing(message), {"save": "1", "brand-the_7_space": "none"})
    assert may(ada, brand) == "consent_withdrawn"


def test_what_is_no_choice_is_left_alone(ada, brand, browser) -> None:
    address = choosing(sent_to(ada, brand))

    for posted in ({}, {"save": "1", "brand-x": "none", "brand-the_7_space": "daily\0"}, {"kind": "x"}):
        assert browser.post(address, posted).status_code == 200

    assert may(ada, brand) == "nothing_against"


def test_their_data_is_a_task_for_the_team_once(ada, brand, browser) -> None:
    address = choosing(sent_to(ada, brand))

    for _ in range(2):
        browser.post(address, {"data": "1"})

    assert Task.objects.get().contact == ada


@pytest.mark.django_db(transaction=True)
def test_two_who_choose_at_once_wait_for_each_other(ada, brand) -> None:
    address = choosing(sent_to(ada, brand))

    def post(way: str) -> int:
        try:
            return Client().post(address, {"save": "1", "brand-the_7_space": way}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(post, ["none", "all", "none", "weekly"])) == {200}
