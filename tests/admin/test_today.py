"""The start page as people open it."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contactflow.core.clock import database_now
from contacts import consent
from contacts.models import BusinessEntity, Contact
from engagement.models import Alert, ResponseClock
from tests import factories as f
from tests.admin import rows
from workflows import heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(desk):
    """An installation where something of everything happened."""
    for make in (rows.action, rows.message, rows.alert, rows.task, rows.target, rows.heartbeat):
        make()
    return desk


def today(client):
    response = client.get(reverse("admin:index"))
    assert response.status_code == 200
    return response


def test_every_link_of_the_page_opens_and_its_filters_are_obeyed(busy):
    """A list that does not know a filter leads back, with e=1. Of links that differ in a number, one is followed."""
    page = today(busy).content.decode()
    content = page[page.index('id="content"') :]
    found = [*re.findall(r'href="(/admin/[^"]*)"', content), *re.findall(r'href="(/admin/[^"]*\?[^"]*)"', page)]

    links = {re.sub(r"\d+", "1", address): address for address in map(html.unescape, found)}

    assert len(links) > 10
    assert {address: busy.get(address).status_code for address in links.values()} == dict.fromkeys(links.values(), 200)


def test_number_of_people_leads_to_as_many(busy):
    context = today(busy).context
    line = max(context["arrivals"].lines, key=lambda one: one.total)

    listed = busy.get(reverse("admin:contacts_contact_changelist"), {"came": line.brand.pk}).context["cl"]

    assert listed.result_count == line.total > 0


def test_page_asks_as_often_whatever_there_is(busy):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            today(busy)
        return len(captured)

    queries()
    before = queries()
    for make in (rows.action, rows.message, rows.alert, rows.task, rows.entity, rows.target):
        make()

    assert queries() == before


def test_chosen_brand_is_all_there_is(busy):
    ours = rows.alert()
    Alert.objects.filter(pk=ours.pk).update(acknowledged_at=None)
    brand = ours.business_entity
    busy.post(reverse("admin:brand"), {"brand": brand.pk})

    context = today(busy).context

    assert [line.brand for line in context["arrivals"].lines] == [brand]
    assert {card.title: card.value for card in context["cards"]}["Open alerts"] == "1"
    assert context["alerts"] == [ours]


def test_new_installation_says_what_to_do_first(desk, settings):
    settings.EMAIL_URL = ""

    steps = today(desk).context["first_steps"]

    assert [step.title for step in steps if step.is_done] == ["Say where you can be reached"]
    assert "First steps" in today(desk).content.decode()


def test_first_steps_go_when_they_are_done(desk, settings):
    settings.EMAIL_URL = "smtp://localhost:1025"
    rows.instance()
    rows.contact()
    rows.target()
    f.UserFactory(is_staff=True)
    f.BusinessEntityFactory(sender_email="hello@brand.example")
    heartbeat.beat(name="host:1")

    assert today(desk).context["first_steps"] == []


@pytest.mark.parametrize(
    ("permission", "shown", "hidden"),
    [
        ("workflows.view_scheduledaction", "punctuality", "arrivals"),
        ("contacts.view_contact", "clocks", "sends"),
        ("engagement.view_message", "sends", "clocks"),
    ],
)
def test_part_is_for_those_who_may_see_its_list(client, permission, shown, hidden):
    app, _, codename = permission.partition(".")
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=codename, content_type__app_label=app))
    client.force_login(user)

    context = today(client).context

    assert (shown in context, hidden in context) == (True, False)


def test_empty_month_says_so(desk):
    rows.entity()

    page = today(desk).content.decode()

    assert "Nobody arrived in the last 30 days." in page
    assert "No email went out in the last 30 days." in page


def test_target_with_nobody_is_counted(desk, address):
    f.TargetFactory()

    card = next(card for card in today(desk).context["cards"] if card.title == "Teams with nobody")

    assert card.value == "1"
    assert desk.get(card.address).context["cl"].result_count == 1


@pytest.mark.parametrize("value", ["x", "", "1.nothing", "x.late", "9" * 30])
@pytest.mark.parametrize("name", ["came", "answer"])
def test_filter_nobody_offers_breaks_nothing(desk, name, value):
    assert desk.get(reverse("admin:contacts_contact_changelist"), {name: value}).status_code in (200, 302)


def test_waiting_people_are_listed(desk):
    brand = BusinessEntity.objects.create(slug="ours", name="Ours", response_hours=0)
    person = f.ContactFactory()
    now = database_now()
    ResponseClock.objects.create(
        contact=person, business_entity=brand, reason="arrived", reference=person.pk, promised_hours=0,
        started_at=now, warn_at=now, due_at=now,
    )  # fmt: skip

    listed = desk.get(reverse("admin:contacts_contact_changelist"), {"answer": f"{brand.pk}.overdue"}).context["cl"]

    assert list(listed.result_list) == [Contact.objects.get(pk=person.pk)]


def test_a_colleague_whose_address_is_blocked_is_told_on_their_profile(desk, boss):
    assert "No alert and no digest reaches" not in desk.get(reverse("admin:profile")).content.decode()
    User.objects.filter(pk=boss.pk).update(email="boss@staff.example")
    consent.suppress(email="boss@staff.example", reason="bounced")

    assert "No alert and no digest reaches boss@staff.example" in desk.get(reverse("admin:profile")).content.decode()
