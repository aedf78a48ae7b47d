"""Two contacts are one person: merged with a choice for every value, and taken apart again."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from contactflow import contact_merge
from contactflow.core.clock import database_now
from contacts.models import Contact
from tests.browser.office import beside
from tests.browser.walking import find_contact, go_to, region
from tests.workflows import world
from workflows.models import WorkflowInstance

WITH_EVERYTHING = False
OTHER = "Ada Lovelace-King"


@pytest.fixture
def operator(sign_in):
    return sign_in("operator")


def write_down_the_other_ada(page: Page) -> None:
    go_to(page, "Contacts")
    page.get_by_role("link", name="Add contact").click()
    page.get_by_label("Email*").fill("ada@home.example")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Last name").fill("Lovelace-King")
    page.get_by_label("Company").fill("Ockham Park")
    page.get_by_label("Phone").fill("+44 20 7946 0018")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def test_two_records_of_ada_become_one_with_what_is_right_of_each(operator):
    write_down_the_other_ada(operator)
    find_contact(operator, "engines.example", "Ada Lovelace")
    operator.get_by_role("navigation", name="What you can do").locator("summary").click()
    operator.get_by_role("link", name="Merge with another contact").click()
    operator.get_by_label("Find the other contact").fill("ockham")
    operator.get_by_role("button", name="Search", exact=True).click()
    region(operator, "Found").get_by_role("link", name=f"Compare with {OTHER}").click()
    effects = region(operator, "What will happen")
    expect(effects).to_contain_text("“Website lead nurturing” would run twice")
    operator.get_by_role("group", name="Company").get_by_label("Ockham Park").check()
    operator.get_by_role("group", name="Email").get_by_label("ada@home.example").check()
    expect(effects).to_contain_text("ada@engines.example stays known")

    operator.get_by_role("button", name=f"Merge {OTHER} into Ada Lovelace").click()

    expect(operator.get_by_text(f"Merged with {OTHER}.")).to_be_visible()
    happened = region(operator, "Everything that happened")
    expect(happened).to_contain_text("Workflow started: Community onboarding")  # what the other brought
    expect(happened).to_contain_text("Workflow started: Artist discovery")
    ada = Contact.objects.get(first_name="Ada")
    assert (ada.email, ada.company, ada.phone) == ("ada@home.example", "Ockham Park", "+442079460018")
    nurturing = WorkflowInstance.objects.filter(contact=ada, template__name="Website lead nurturing", status="active")
    assert nurturing.count() == 1


def two_graces_become_one() -> None:
    other = world.arrive(first_name="Grace", last_name="Murray", email="grace@home.example", lead_source="Website")
    grace = Contact.objects.get(email="grace@navy.example")
    boss = User.objects.get(username="boss")
    contact_merge.merge(keep=grace, drop=other.receipt.contact, choices={}, by=boss, now=database_now())


def test_a_merge_is_undone_from_the_page_of_the_person(operator):
    beside(two_graces_become_one)
    find_contact(operator, "navy", "Grace Hopper")
    expect(region(operator, "What runs now")).to_contain_text("Community onboarding")

    operator.get_by_role("navigation", name="What you can do").locator("summary").click()
    operator.get_by_role("link", name="Undo the merge with Grace Murray").click()
    operator.get_by_role("button", name="Undo the merge").click()

    expect(operator.get_by_text("The merge is undone: Grace Murray is a contact of their own again.")).to_be_visible()
    expect(region(operator, "What runs now")).not_to_contain_text("Community onboarding")
    graces = Contact.objects.filter(first_name="Grace").values_list("email", "last_name")
    assert set(graces) == {("grace@navy.example", "Hopper"), ("grace@home.example", "Murray")}
