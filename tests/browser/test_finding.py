"""Everything and everybody is found with few keys, on a wide screen as on a telephone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looking import overflow
from tests.browser.walking import go_to

WITH_EVERYTHING = False
TELEPHONE = {"width": 390, "height": 780}


def test_a_person_is_found_by_a_part_of_the_company_without_a_mouse(sign_in):
    page = sign_in("operator")
    page.keyboard.press("Control+k")
    expect(page.get_by_placeholder("Type to search")).to_be_focused()
    page.keyboard.type("bletch")
    expect(page.get_by_role("link", name="Alan Turing Contact · alan@bletchley.example · Bletchley")).to_be_visible()

    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Alan Turing", exact=True)).to_be_visible()


def test_arrows_walk_through_what_the_palette_found(sign_in):
    page = sign_in("operator")
    page.keyboard.press("Control+k")
    expect(page.get_by_placeholder("Type to search")).to_be_focused()
    page.keyboard.type(".example")
    found = page.locator("#command-results-list li")
    expect(found.first).to_have_class(re.compile("active"))
    expect(found).to_have_count(5)
    page.keyboard.press("ArrowDown")
    expect(found.nth(1)).to_have_class(re.compile("active"))
    second = found.nth(1).get_by_role("link").get_attribute("data-title")

    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=second, exact=True)).to_be_visible()


def test_the_palette_says_where_to_look_when_it_finds_nothing(sign_in):
    page = sign_in("operator")
    page.get_by_role("button", name="Find anything").first.click()
    expect(page.get_by_placeholder("Type to search")).to_be_focused()
    page.keyboard.type("zzyzx")

    expect(page.get_by_text("Nothing found. People are found by at least three letters")).to_be_visible()


@pytest.mark.parametrize(
    ("place", "letters", "found", "hidden"),
    [
        ("Contacts", "navy yard", "Grace Hopper", "Ada Lovelace"),
        ("Emails", "wellness", "Wellness program", "Artist welcome"),
        ("Workflows", "lead qual", "Lead qualification", "Artist discovery"),
        ("Executions", "seacole", "Mary Seacole", "Ada Lovelace"),
    ],
)
def test_lists_are_searched_by_a_part_of_what_one_knows(sign_in, place, letters, found, hidden):
    page = sign_in("reader")
    go_to(page, place)
    page.locator("#searchbar").fill(letters)
    page.locator("#searchbar").press("Enter")

    rows = page.get_by_role("table")
    expect(rows).not_to_contain_text(hidden)
    expect(rows).to_contain_text(found)


def test_the_sidebar_opens_and_leads_on_on_a_telephone(sign_in):
    page = sign_in("operator", viewport=TELEPHONE)
    tasks = page.get_by_role("navigation").get_by_role("link", name=re.compile(r"\bTasks$"))
    expect(tasks).to_be_hidden()
    page.get_by_role("button", name="Show or hide the menu").click()
    tasks.click()

    expect(page.get_by_role("navigation", name="Whose tasks")).to_be_visible()
    assert overflow(page) <= 0
