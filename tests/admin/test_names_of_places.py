"""A place is called the same in the sidebar, above its pages and in the title of the window."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from contactflow.admin_site import PLACES
from tests.admin import rows

pytestmark = pytest.mark.django_db
LISTS = [(group, place) for group, places in PLACES.items() for place in places if not place.page]


@pytest.mark.parametrize(("group", "place"), LISTS, ids=[place.model for _, place in LISTS])
def test_list_is_called_as_in_the_sidebar(desk, group, place):
    if place.model in rows.SINGLE:
        rows.MAKERS[place.model]()
    address = reverse(f"admin:{place.model.lower().replace('.', '_')}_changelist")

    page = desk.get(address, follow=True).content.decode()

    names = [group, place.title] if group != place.title else [place.title]
    assert names_above(page)[: len(names)] == names
    if place.model not in rows.SINGLE:
        assert f"<title> {place.title} | Contactflow</title>" in re.sub(r"\s+", " ", page).replace(
            "> </title", "></title"
        )


def test_page_of_a_row_leads_back_to_its_place(desk, address):
    consent = rows.consent()

    page = desk.get(address.change(consent)).content.decode()

    assert names_above(page)[:2] == ["Contacts", "Consents"]
    assert f'href="{address.list(type(consent))}"' in heading(page)


OTHERS = {"django_q.Failure", "django_q.Success", "auth.User", "auth.Group"}  # what other packages call theirs


def test_places_are_called_as_their_models_are():
    named_otherwise = {place.model for _, place in LISTS if place.name}

    assert named_otherwise == OTHERS | {"engagement.Reply"}  # Replies lie in an Inbox


def test_tour_of_the_desk_calls_the_places_as_the_sidebar_does():
    tour = (Path(settings.BASE_DIR) / "docs" / "desk.md").read_text()
    buttons = {("Contacts", "Import")}
    known = {(group, place.title) for group, places in PLACES.items() for place in places} | buttons

    led_to = set(re.findall(r"\*([A-Z]\w+), ([A-Z][\w ]+)\*", tour))

    assert led_to
    assert led_to <= known


def test_sections_of_the_api_are_called_as_the_places_are(client):
    schema = client.get("/api/schema/", HTTP_ACCEPT="application/json").json()
    titles = {place.title for _, place in LISTS}

    sections = {
        tag
        for path, operations in schema["paths"].items()
        if path.startswith("/api/v1/")
        for operation in operations.values()
        for tag in operation["tags"]
    }

    assert sections <= titles | {"Replies"}


USUAL_NAMES = [
    ("templates", ["Workflows", "Emails"]), ("runs", ["Executions"]), ("queue", ["Scheduled steps"]),
    ("unsubscribes", ["Consents", "Suppressed addresses"]), ("roles", ["Teams", "Roles"]), ("errors", ["Failures"]),
    ("permissions", ["Consents"]), ("arrivals", ["Events"]), ("business entities", ["Brands"]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "places"), USUAL_NAMES)
def test_search_finds_a_place_by_its_other_usual_names(desk, said, places):
    page = desk.get(reverse("admin:search"), {"s": said}).content.decode()

    assert [place for place in places if place not in page] == []


def heading(page: str) -> str:
    found = re.search(r"<h1.*?</h1>", page, re.DOTALL)
    assert found is not None
    return found.group()


def names_above(page: str) -> list[str]:
    words = re.sub(r'<span class="material-symbols-outlined.*?</span>', "", heading(page), flags=re.DOTALL)
    return [word.strip() for word in re.findall(r">([^<>]+)<", words) if word.strip()]
