"""The brand chosen in the header, and what obeys it."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.urls import reverse

from contacts import brands
from contacts.models import BusinessEntity, Contact, EntityMembership
from engagement.models import Alert, Task
from tests.admin import rows

OBEY = (
    "contacts.Contact",
    "workflows.WorkflowInstance",
    "workflows.ScheduledAction",
    "workflows.WorkflowTemplate",
    "engagement.EngagementTemplate",
    "engagement.Message",
    "engagement.Task",
    "engagement.Alert",
)
pytestmark = pytest.mark.django_db


def brand_of(row):
    if isinstance(row, Contact):
        return row.business_entities.get()
    return getattr(row, "business_entity", None) or row.instance.business_entity


def choose(client, brand, back=""):
    return client.post(reverse("admin:brand"), {"brand": brand.pk if brand else "", "next": back})


def shown(client, address, model):
    return set(client.get(address.list(model)).context["cl"].result_list)


@pytest.mark.parametrize("label", OBEY)
def test_list_shows_the_chosen_brand_only(desk, address, label):
    model = apps.get_model(label)
    ours, theirs = rows.MAKERS[label](), rows.MAKERS[label]()

    choose(desk, brand_of(ours))

    assert ours in shown(desk, address, model)
    assert theirs not in shown(desk, address, model)


@pytest.mark.parametrize("label", OBEY)
def test_page_of_a_row_of_another_brand_still_opens(desk, address, label):
    theirs = rows.MAKERS[label]()

    choose(desk, rows.entity())

    assert desk.get(address.change(theirs)).status_code == 200


def test_list_says_which_brand_it_shows_and_leads_to_all(desk, address):
    ours = rows.contact()
    brand = brand_of(ours)
    choose(desk, brand)

    page = desk.get(address.list(Contact)).content.decode()

    assert f"Only {brand.name} is shown here." in page
    assert "Show all brands" in page


def test_all_brands_show_everything_again(desk, address):
    ours, theirs = rows.contact(), rows.contact()
    choose(desk, brand_of(ours))

    choose(desk, None)

    assert {ours, theirs} <= shown(desk, address, Contact)


def test_what_belongs_to_no_brand_is_everybodys(desk, address):
    free = rows.task()
    Task.objects.filter(pk=free.pk).update(business_entity=None)

    choose(desk, rows.entity())

    assert free in shown(desk, address, Task)


def test_person_of_two_brands_is_shown_once(desk, address):
    person = rows.contact()
    EntityMembership.objects.create(contact=person, business_entity=rows.entity())

    choose(desk, person.business_entities.first())

    assert list(desk.get(address.list(Contact)).context["cl"].result_list) == [person]


def test_action_on_many_touches_the_chosen_brand_only(desk, address):
    ours, theirs = rows.alert(), rows.alert()
    choose(desk, ours.business_entity)

    desk.post(address.list(Alert), {"action": "acknowledge_all", "_selected_action": [ours.pk, theirs.pk]})

    theirs.refresh_from_db()
    assert theirs.acknowledged_at is None


@pytest.mark.parametrize("name", ["", "0", "999999", "x", "1; DROP"])
def test_brand_nobody_knows_means_all(desk, name):
    desk.post(reverse("admin:brand"), {"brand": name})

    assert not desk.session[brands.KEY]


def test_brand_that_is_gone_means_all(desk, address):
    person, gone = rows.contact(), rows.entity()
    choose(desk, gone)
    BusinessEntity.objects.filter(pk=gone.pk).delete()

    assert person in shown(desk, address, Contact)


@pytest.mark.parametrize(
    ("back", "where"),
    [("/admin/contacts/contact/?q=ada", "/admin/contacts/contact/?q=ada"), ("https://elsewhere.example/", "/admin/"),
     ("//elsewhere.example", "/admin/"), ("", "/admin/")],
)  # fmt: skip
def test_choice_leads_back_to_where_it_was_made(desk, back, where):
    assert choose(desk, None, back).url == where


def test_brand_is_only_chosen_by_post(desk):
    assert desk.get(reverse("admin:brand")).status_code == 405


def test_stranger_chooses_no_brand(client):
    assert client.post(reverse("admin:brand"), {"brand": "1"}).status_code == 302
    assert brands.KEY not in client.session


def test_steps_of_a_workflow_that_runs_for_another_brand_are_none(desk):
    theirs = rows.action()
    choose(desk, rows.entity())

    page = desk.get(
        reverse("admin:workflows_scheduledaction_changelist"),
        {"instance__template__id__exact": theirs.instance.template_id},
    )

    assert list(page.context["cl"].result_list) == []
