"""The desk as a small team uses it: what a colleague sees, and what an address typed wrongly leads to."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from contactflow.models import ApiKey, Profile
from contacts.models import BusinessEntity, LeadSource
from notion_bridge.models import NotionConnection
from tests import factories as f
from workflows.admin.editor_choices import Offer
from workflows.admin.editor_forms import Editor
from workflows.drafts import Plan

pytestmark = pytest.mark.usefixtures("reference_rows")


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss", "boss@staff.example", "secret")


@pytest.fixture
def desk(client: Client, boss: User) -> Client:
    client.raise_request_exception = False
    client.force_login(boss)
    return client


def lists() -> list[Any]:
    """All but the page of the one connection to Notion, which lists nothing."""
    models = (model for model in admin.site._registry if model is not NotionConnection)
    return [pytest.param(model, id=model._meta.label_lower) for model in models]


def list_of(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


BROKEN = {
    "CharField": ("regex", "("),
    "TextField": ("regex", "["),
    "DateTimeField": ("year", "99999999999"),
    "DateField": ("gte", "soon"),
    "JSONField": ("regex", "("),
    "UUIDField": ("exact", "nobody"),
    "BigAutoField": ("in", "1,x"),
    "PositiveSmallIntegerField": ("exact", "many"),
    "ForeignKey": ("exact", "x"),
}


def broken_queries(model: Any) -> list[dict[str, str]]:
    """Lookups that name no field, or compare one of each kind with what it cannot hold."""
    fields = {field.get_internal_type(): field.name for field in model._meta.concrete_fields}
    own = [{f"{fields[kind]}__{how}": value} for kind, (how, value) in BROKEN.items() if kind in fields]
    return [{"x__regex": "("}, *own]


# Point 37: addresses


@pytest.mark.parametrize("model", lists())
def test_query_that_means_nothing_is_refused_in_words_by_every_list(desk, model):
    answers = {str(query): desk.get(list_of(model), query) for query in broken_queries(model)}

    assert {query: one.status_code for query, one in answers.items() if one.status_code != 400} == {}
    assert all("Go back" in one.content.decode() for one in answers.values())


def test_page_beyond_the_last_leads_back_to_the_list(desk, monkeypatch):
    monkeypatch.setattr(admin.site._registry[LeadSource], "list_per_page", 1)

    assert desk.get(list_of(LeadSource), {"p": "99"}).status_code == 302


def test_index_of_the_api_names_every_resource(desk):
    answer = desk.get("/api/v1/", headers={"Accept": "application/json"})

    assert answer.status_code == 200
    assert answer.json()["contacts"].endswith("/api/v1/contacts/")
    assert {"tasks", "alerts", "workflow-instances"} <= set(answer.json())


@pytest.mark.parametrize("place", ["/api/v1/", "/api/v1/contacts/", "/contact-workflows/new-contact/"])
def test_pages_of_the_api_carry_our_name(desk, place):
    page = desk.get(place, headers={"Accept": "text/html"}).content.decode()

    assert "Contactflow API" in page
    assert "Django REST framework" not in page


@pytest.mark.parametrize("place", ["/api/v1/contacts/", "/contact-workflows/new-contact/"])
def test_forms_of_the_api_begin_with_a_body_that_is_taken(desk, place):
    page = desk.get(place, headers={"Accept": "text/html"})
    written = re.search(r'<textarea[^>]*name="_content"[^>]*>(.*?)</textarea>', page.content.decode(), re.DOTALL)

    assert written
    body = html.unescape(written[1])
    assert json.loads(body)["first_name"] == "Ada"
    assert desk.post(place, body, content_type="application/json").status_code == 201


def test_examples_in_the_schema_are_real_values(desk):
    schema = desk.get("/api/schema/", {"format": "json"}).json()

    person = schema["components"]["schemas"]["NewContact"]["properties"]
    assert person["email"]["example"] == "ada.lovelace@example.com"
    assert person["contact_types"]["example"] == ["Artist"]


# Point 33: settling in


def test_zone_that_does_not_exist_cannot_be_chosen_for_a_brand(desk):
    brand = BusinessEntity.objects.latest("pk")
    place = reverse("admin:contacts_businessentity_change", args=[brand.pk])

    errors = desk.post(place, {"name": brand.name, "timezone": "Lisbonn"}).context["adminform"].form.errors

    assert "timezone" in errors
    assert "Europe/Lisbon" in desk.get(place).content.decode()


def test_everybody_looks_after_their_own_profile(client):
    jane = User.objects.create_user("jane", is_staff=True)
    client.force_login(jane)
    told = {"first_name": "Jane", "last_name": "Doe", "email": "jane@staff.example", "timezone": "Asia/Tokyo"}

    answer = client.post("/admin/auth/user/me/", told, follow=True)

    jane.refresh_from_db()
    assert (jane.get_full_name(), jane.email, jane.profile.timezone) == ("Jane Doe", "jane@staff.example", "Asia/Tokyo")
    assert reverse("admin:password_change") in answer.content.decode()
    assert "/admin/auth/user/me/" in client.get("/admin/").content.decode()


def test_times_are_told_in_the_zone_of_the_profile_before_that_of_the_browser(desk, boss):
    Profile.objects.create(user=boss, timezone="Asia/Tokyo")
    desk.cookies["timezone"] = "Europe/Berlin"

    ApiKey.objects.issue(name="Website", scope="intake")

    assert "+09:00" in desk.get(list_of(ApiKey)).content.decode()


def test_slug_of_a_new_row_is_proposed_while_it_is_named(desk):
    for model in ("engagement_engagementtemplate", "workflows_workflowtemplate", "contacts_businessentity"):
        page = desk.get(reverse(f"admin:{model}_add")).content.decode()

        assert "contactflow/slug.js" in page
        assert 'id="id_name"' in page
        assert 'id="id_slug"' in page


def test_adding_a_colleague_needs_no_word_of_machines(desk, boss):
    pages = [desk.get(reverse("admin:auth_user_add")), desk.get(reverse("admin:auth_user_change", args=[boss.pk]))]

    for page in pages:
        assert page.status_code == 200
        words = page.content.decode().lower()
        assert not [word for word in ("ldap", "hash", "salt", "algorithm", "authenticat") if word in words]


# Point 34: first steps


def test_first_steps_stand_in_their_order_and_are_ticked_off_where_they_are_done(desk, boss, settings):
    settings.EMAIL_URL = ""
    steps = {step.title: step for step in desk.get("/admin/").context["first_steps"]}

    assert list(steps)[:2] == ["Connect mail", "Introduce your brand"]
    assert list(steps)[3:7] == ["Add your colleagues", "Say who is alerted", "Bring your people", "Try one contact"]
    assert all(desk.get(step.address).status_code == 200 for step in steps.values())
    assert (steps["Add your colleagues"].is_done, steps["Say where you can be reached"].is_done) == (False, True)
    User.objects.create_user("jane", is_staff=True)
    steps = {step.title: step for step in desk.get("/admin/").context["first_steps"]}
    assert steps["Add your colleagues"].is_done


def test_notice_about_notion_can_be_put_away_for_good(desk, boss):
    assert "Notion is not connected" in desk.get("/admin/").content.decode()

    desk.post("/admin/put-away/", {"what": "notion"})

    assert "Notion is not connected" not in desk.get("/admin/").content.decode()
    again = Client()
    again.force_login(boss)
    assert "Notion is not connected" not in again.get("/admin/").content.decode()


# Point 36: a person's page


def test_page_of_a_person_has_three_buttons_and_a_menu_that_ends_with_deleting(desk):
    person = f.ContactFactory()

    page = desk.get(reverse("admin:contacts_contact_change", args=[person.pk])).context

    assert [one["name"] for one in page["buttons"]] == ["Start a workflow", "Write", "Add a task"]
    assert page["more"][-1]["name"] == "Delete"
    assert "Edit" in [one["name"] for one in page["more"]]


# Point 32: settings that are read


def test_usual_days_of_the_source_are_proposed_for_new_emails_of_a_follow_up(desk):
    source = LeadSource.objects.exclude(follow_up_days=[]).first()
    plan = Plan(name="Hello", lead_sources=(source,))

    assert Editor(offer=Offer.read(), plan=plan).usual_days() == source.follow_up_days
