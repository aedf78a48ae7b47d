"""A place is called the same in the sidebar, above its pages and in the title of the window."""

from __future__ import annotations

import re

import pytest
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

    assert names_above(page)[:2] == ["Contacts", "Permissions"]
    assert f'href="{address.list(type(consent))}"' in heading(page)


def heading(page: str) -> str:
    found = re.search(r"<h1.*?</h1>", page, re.DOTALL)
    assert found is not None
    return found.group()


def names_above(page: str) -> list[str]:
    words = re.sub(r'<span class="material-symbols-outlined.*?</span>', "", heading(page), flags=re.DOTALL)
    return [word.strip() for word in re.findall(r">([^<>]+)<", words) if word.strip()]
