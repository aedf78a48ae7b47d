"""A contact in the admin: every change goes through the door of all arrivals."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from contacts import consent
from contacts.models import Consent, Contact, ContactEvent, EntityMembership, Suppression
from engagement.models import Message
from tests import factories as f
from tests.admin import browser
from workflows.models import WorkflowInstance

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reference_rows():
    f.ContactStatusFactory(slug="active_lead")
    f.ContactTypeFactory(slug="general_contact", is_fallback=True)
    f.LeadSourceFactory(slug="website", is_fallback=True)
    f.BusinessEntityFactory(slug="higherself_core", is_fallback=True)


def add(desk, address, **values):
    return browser.submit(desk, address.add(Contact), "contact_form", **{"email": "ada@example.org"} | values)


def known(**values):
    person = f.ContactFactory(email="ada@example.org", **values)
    EntityMembership.objects.create(contact=person, business_entity=f.BusinessEntityFactory(slug="the_7_space"))
    return person


def change(desk, address, person, **values):
    return browser.submit(desk, address.button(person, "edit"), "contact_form", **values)


def test_new_contact_comes_in_through_the_door(desk, address):
    response = add(desk, address, email="  Ada@Example.ORG ", first_name="Ada")

    event = ContactEvent.objects.get()
    assert response.status_code == 302
    assert (event.contact.email, event.contact.email_typed) == ("ada@example.org", "Ada@Example.ORG")
    assert (event.kind, event.source) == ("new_contact", "admin")


def test_new_contact_gets_status_type_source_and_business_entity(desk, address):
    add(desk, address)

    contact = Contact.objects.get()
    assert contact.status.slug == "active_lead"
    assert [kind.slug for kind in contact.contact_types.all()] == ["general_contact"]
    assert contact.lead_source.slug == "website"
    assert [entity.slug for entity in contact.business_entities.all()] == ["higherself_core"]


def test_new_contact_keeps_what_was_chosen(desk, address):
    artist = f.ContactTypeFactory(slug="artist")
    gallery = f.BusinessEntityFactory(slug="the_7_space")

    add(desk, address, contact_types=[artist.pk], brands=[gallery.pk], tags="VIP\nHot", custom="Shoe size = 38")

    contact = Contact.objects.get()
    assert list(contact.contact_types.all()) == [artist]
    assert list(contact.business_entities.all()) == [gallery]
    assert contact.tags == ["VIP", "Hot"]
    assert contact.custom == {"Shoe size": "38"}


def test_new_contact_starts_its_workflows_and_the_person_is_told(desk, address):
    version = f.WorkflowVersionFactory(template__name="Artist discovery")
    f.StepFactory(version=version)
    version.published_at = f.NOW
    version.save(update_fields=["published_at"])
    version.template.current_version = version
    version.template.save(update_fields=["current_version"])

    response = add(desk, address)

    assert WorkflowInstance.objects.get().version == version
    assert "Started: Artist discovery." in [str(message) for message in get_messages(response.wsgi_request)]


def test_address_that_is_known_is_refused_naming_the_contact(desk, address):
    known(first_name="Ada", last_name="Lovelace")

    response = add(desk, address, email="ADA@example.org")

    assert response.context["adminform"].form.errors["email"] == [
        "Ada Lovelace has this address already: open that contact instead."
    ]


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "ada@example", "ada@exam ple.org"])
def test_address_that_is_none_is_refused_at_its_field(desk, address, typed):
    response = add(desk, address, email=typed)

    assert response.status_code == 200
    assert "email" in response.context["adminform"].form.errors
    assert not Contact.objects.exists()


def test_address_that_no_text_can_hold_adds_nobody(desk, address):
    response = add(desk, address, email="ada@example.org\x00")

    assert response.status_code == 400
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("timezone", "Mars/Base"), ("custom", "no equals sign"), ("first_name", "x" * 200), ("tags", "x" * 61)],
)
def test_value_that_cannot_be_is_refused_at_its_field(desk, address, field, value):
    response = add(desk, address, **{field: value})

    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors


def test_change_leaves_an_event_that_says_what_changed(desk, address):
    person = known(company="Engines")

    change(desk, address, person, company="Analytical Engines")

    event = ContactEvent.objects.get()
    assert (event.kind, event.source) == ("contact_updated", "admin")
    assert event.changes == {"company": ["Engines", "Analytical Engines"]}


def test_change_may_empty_a_field(desk, address):
    person = known(company="Engines", tags=["VIP"], custom={"Visits": 3})

    change(desk, address, person, company="", tags="", custom="")

    person.refresh_from_db()
    assert (person.company, person.tags, person.custom) == ("", [], {})


def test_change_touches_nothing_else(desk, address):
    person = known(company="Engines", tags=["VIP"], custom={"Visits": 3, "Languages": ["en", "fr"]}, notes="Likes tea")
    before = Contact.objects.values().get()

    change(desk, address, person, first_name="Ada")

    after = Contact.objects.values().get()
    assert {name for name in after if after[name] != before[name]} <= {"first_name", "updated_at", "searched"}


def test_saving_without_a_change_leaves_no_event(desk, address):
    person = known(company="Engines", custom={"Visits": 3})

    response = change(desk, address, person)

    assert response.status_code == 302
    assert not ContactEvent.objects.exists()


def test_change_of_the_address_keeps_the_person(desk, address):
    person = known()

    change(desk, address, person, email="Countess@example.org")

    person.refresh_from_db()
    assert person.email == "countess@example.org"


def test_change_of_types_replaces_them(desk, address):
    person = known()
    person.contact_types.add(f.ContactTypeFactory(slug="artist"))
    business = f.ContactTypeFactory(slug="business_contact")

    change(desk, address, person, contact_types=[business.pk])

    assert list(person.contact_types.all()) == [business]


def test_first_business_entity_stays_the_first_when_one_is_added(desk, address):
    person = known()
    first = person.memberships.get().business_entity
    added = f.BusinessEntityFactory(slug="am_consulting")

    change(desk, address, person, brands=[added.pk, first.pk])

    assert [row.business_entity for row in person.memberships.all()] == [first, added]


def test_lead_source_can_be_emptied(desk, address):
    person = known(lead_source=f.LeadSourceFactory(slug="event"))

    change(desk, address, person, lead_source="")

    person.refresh_from_db()
    assert person.lead_source is None


def test_status_cannot_be_emptied(desk, address):
    response = change(desk, address, known(), status="")

    assert "status" in response.context["adminform"].form.errors


def test_do_not_contact_can_be_set(desk, address):
    person = known()

    change(desk, address, person, status=f.ContactStatusFactory(slug="do_not_contact").pk)

    assert not consent.may_contact(contact=person).allowed


def test_owner_is_kept_without_an_event(desk, address, boss):
    person = known()

    change(desk, address, person, owner=boss.pk)

    person.refresh_from_db()
    assert person.owner == boss
    assert not ContactEvent.objects.exists()


def test_deleting_a_contact_takes_along_what_is_kept_about_them(desk, address):
    person = known()
    f.WorkflowInstanceFactory(contact=person, event=f.ContactEventFactory(contact=person))
    Message.objects.create(contact=person, recipient=person.email, subject="Hello", text="", html="", status="sent")

    desk.post(address.delete(person), {"post": "yes"})

    assert not Contact.objects.exists()
    assert not Message.objects.exists()


def test_deleting_a_contact_does_not_lift_the_ban_on_contact(desk, address):
    person = known(status=f.ContactStatusFactory(slug="do_not_contact"))

    desk.post(address.delete(person), {"post": "yes"})

    assert not Contact.objects.exists()
    assert consent.kept_out(emails=[person.email])


def test_deleting_several_contacts_does_not_lift_the_ban_on_contact(desk, address):
    person = known(status=f.ContactStatusFactory(slug="do_not_contact"))
    chosen = {"action": "delete_selected", "_selected_action": [str(person.pk)], "post": "yes"}

    desk.post(address.list(Contact), chosen)

    assert not Contact.objects.exists()
    assert consent.kept_out(emails=[person.email])


@pytest.mark.parametrize("term", ["LOVE", "ada@", "analytical", "Ada Lovelace"])
def test_search_finds_any_part_of_name_address_and_company(desk, address, term):
    known(first_name="Ada", last_name="Lovelace", company="Analytical Engines")
    f.ContactFactory(email="grace@example.org", first_name="Grace")

    response = desk.get(address.list(Contact), {"q": term})

    assert [contact.email for contact in response.context["cl"].result_list] == ["ada@example.org"]


def test_page_shows_why_the_contact_belongs_to_a_business_entity(desk, address):
    person = known()
    person.memberships.update(because={"code": "field_is", "field": "contact_type", "value": "Artist"})

    page = desk.get(address.change(person)).content.decode()

    assert "contact type is" in page


def test_page_leads_to_workflows_and_messages(desk, address):
    person = known()
    instance = f.WorkflowInstanceFactory(contact=person)
    message = Message.objects.create(
        contact=person, recipient=person.email, subject="Hello Ada", text="", html="", status="sent"
    )

    page = desk.get(address.change(person)).content.decode()

    assert address.change(instance) in page
    assert address.change(message) in page


def test_permission_is_recorded_as_withdrawn(desk, address):
    person = known()

    desk.post(
        address.add(Consent),
        {"contact": person.pk, "state": "withdrawn", "channel": "email", "source": "By phone", "business_entity": ""},
    )

    assert not consent.may_contact(contact=person).allowed
    assert Consent.objects.get().source == "By phone"


def test_permission_is_recorded_as_granted(desk, address):
    person = known()

    desk.post(address.add(Consent), {"contact": person.pk, "state": "granted", "channel": "email", "source": "Form"})

    assert Consent.objects.get().state == "granted"


def test_permission_on_record_is_neither_changed_nor_deleted(desk, address):
    record = consent.grant(contact=known(), source="Form", now=f.NOW)

    statuses = [
        desk.post(address.change(record), {"state": "withdrawn"}).status_code,
        desk.post(address.delete(record), {"post": "yes"}).status_code,
    ]

    assert statuses == [403, 403]


def test_blocked_address_is_normalised(desk, address):
    desk.post(address.add(Suppression), {"email": "Gone@Example.org", "reason": "manual", "detail": ""})

    assert Suppression.objects.get().email == "gone@example.org"


def test_address_is_blocked_once(desk, address):
    consent.suppress(email="gone@example.org", reason="bounced")

    response = desk.post(address.add(Suppression), {"email": "GONE@example.org", "reason": "manual", "detail": ""})

    assert response.context["adminform"].form.errors["email"] == ["This address is blocked already."]


def test_blocked_address_is_released_by_deleting_it(desk, address):
    blocked = consent.suppress(email="gone@example.org", reason="manual")

    desk.post(address.delete(blocked), {"post": "yes"})

    assert not Suppression.objects.exists()


def test_blocked_address_is_released_with_a_reason(desk, address):
    person = known()
    blocked = consent.suppress(email=person.email, reason="bounced")
    page = reverse("admin:contacts_suppression_release", args=[blocked.pk])

    assert "Release" in desk.get(page).content.decode()
    desk.post(page, {"reason": "New mailbox"})

    assert not Suppression.objects.exists()
    event = ContactEvent.objects.get(contact=person, event_key__startswith="suppression_lifted:")
    assert event.payload["how"] == "New mailbox"


def test_contact_can_be_looked_up_while_typing(desk):
    known(first_name="Ada")
    query = {"term": "ada", "app_label": "contacts", "model_name": "consent", "field_name": "contact"}

    response = desk.get(reverse("admin:autocomplete"), query)

    assert [row["text"] for row in response.json()["results"]] == ["Ada"]
