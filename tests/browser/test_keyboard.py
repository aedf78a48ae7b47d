"""The desk without a mouse, and without anything that jumps while it is read."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from tests.browser import looking, other_places, places
from tests.browser.walking import type_into

WITH_EVERYTHING = False
FOCUSED = "document.activeElement"
# What is pressed by a click and can be seen, but is not among what Tab comes to.
OUT_OF_REACH = """() => [...document.querySelectorAll('[x-on\\\\:click], a, button, summary, [role=button]')]
    .filter(one => one.checkVisibility({visibilityProperty: true}) && one.textContent.trim() && one.tabIndex < 0
        && !one.querySelector('a[href], button') && !one.matches('.fixed, .select2-selection__choice__remove'))
    .map(one => one.outerHTML.slice(0, 160))"""
SHIFT = """() => new Promise(resolve => {
    let all = 0;
    new PerformanceObserver(list => list.getEntries().forEach(one => { if (!one.hadRecentInput) all += one.value; }))
        .observe({type: 'layout-shift', buffered: true});
    setTimeout(() => resolve(all), 300);
})"""


def workflow() -> str:
    return reverse("admin:workflows_workflowtemplate_change", args=[other_places.artists().pk])


PLACES = {
    "today": lambda: reverse("admin:index"),
    "contacts": lambda: places.list_of("contacts.Contact"),
    "a contact": lambda: places.page_of("contacts.Contact"),
    "planned steps": lambda: places.list_of("workflows.ScheduledAction"),
    "a workflow": workflow,
    "an email": lambda: places.page_of("engagement.EngagementTemplate"),
    "the board": lambda: reverse("admin:engagement_task_board"),
    "an account": lambda: places.page_of("auth.User"),
}


@pytest.mark.parametrize("name", PLACES)
def test_whatever_is_clicked_is_reached_with_tab(boss, name):
    boss.goto(PLACES[name]())
    boss.wait_for_load_state("networkidle")

    assert boss.evaluate(OUT_OF_REACH) == []


@pytest.mark.parametrize("name", PLACES)
def test_nothing_jumps_while_a_page_is_drawn(boss, name):
    boss.goto(PLACES[name]())

    assert boss.evaluate(SHIFT) < 0.05


@pytest.mark.parametrize("script", ["alpine.js", "flow.js"])
def test_page_is_shown_when_every_script_that_hears_its_keys_is_there(boss, script):
    held: list[Route] = []
    boss.route(f"**/{script}", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    address = reverse("admin:workflows_workflowtemplate_dry_run", args=[other_places.artists().pk])
    with boss.expect_request(f"**/{script}"):
        boss.goto(address, wait_until="commit")
    search = boss.get_by_label("Find a contact by name, address or company")
    search.wait_for(state="attached")
    expect(search).to_be_hidden()

    held.pop().continue_()
    boss.unroute_all()
    type_into(search, "lovelace")

    expect(boss.get_by_role("link", name="Ada Lovelace")).to_be_visible()


def test_first_tab_offers_a_way_past_the_sidebar(boss):
    boss.goto(reverse("admin:index"))
    boss.keyboard.press("Tab")
    skip = boss.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()

    boss.keyboard.press("Enter")

    assert boss.evaluate(f"{FOCUSED}.id") == "content"


def test_focus_is_seen_wherever_it_goes(boss):
    boss.goto(places.list_of("contacts.Contact"))

    for _ in range(30):
        boss.keyboard.press("Tab")
        assert boss.evaluate(SEEN), boss.evaluate(f"{FOCUSED}.outerHTML.slice(0, 200)")


SEEN = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    return one === document.body || style.outlineStyle !== 'none' || style.boxShadow !== 'none';
}"""


def test_escape_closes_what_enter_opened(boss):
    boss.goto(reverse("admin:index"))
    me = boss.locator("#nav-sidebar").get_by_text("boss@staff.example")
    me.locator("xpath=ancestor::*[@tabindex][1]").focus()

    boss.keyboard.press("Enter")
    expect(boss.get_by_role("button", name="Log out")).to_be_visible()
    boss.keyboard.press("Escape")

    expect(boss.get_by_role("button", name="Log out")).to_be_hidden()


def test_brands_open_and_close_with_keys(boss):
    boss.goto(reverse("admin:index"))
    brands = boss.locator("details.desk-menu")
    brands.locator("summary").focus()

    boss.keyboard.press("Enter")
    expect(brands.get_by_role("button", name="AM Consulting")).to_be_visible()
    boss.keyboard.press("Escape")

    expect(brands.get_by_role("button", name="AM Consulting")).to_be_hidden()
    expect(brands.locator("summary")).to_be_focused()


def test_search_opens_by_keys_is_fit_to_work_with_and_closes(boss):
    boss.goto(reverse("admin:index"))
    boss.keyboard.press("Control+k")
    field = boss.locator("#search-input-command")
    type_into(field, "lovelace")
    expect(boss.locator("#command-results-list")).to_contain_text("Ada Lovelace")

    assert looking.faults(boss) == []
    field.press("Escape")  # empties it first
    expect(field).to_have_value("")
    field.press("Escape")
    expect(field).to_be_hidden()


def test_sidebar_opens_and_closes_with_keys_on_a_telephone(boss):
    boss.set_viewport_size({"width": 360, "height": 780})
    boss.goto(reverse("admin:index"))

    boss.get_by_role("button", name="Show or hide the menu").press("Enter")
    expect(boss.locator("#nav-sidebar")).to_be_visible()
    boss.keyboard.press("Escape")

    expect(boss.locator("#nav-sidebar")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1920])
def test_whoever_is_signed_out_signs_in(office, chromium, complaints, width):
    page = chromium.new_page(base_url=office.url, viewport={"width": width, "height": 900})
    complaints.listen(page)
    page.goto(reverse("admin:login"))
    assert looking.faults(page) == []

    page.get_by_label("Username").fill("boss")
    page.keyboard.press("Tab")
    page.keyboard.type("secret")
    page.keyboard.press("Enter")

    expect(page).to_have_title(re.compile("Today"))
    page.close()


@pytest.mark.parametrize("address", ["/admin/nowhere/", "/nowhere"])
def test_page_that_is_not_there_says_so_and_leads_back(sign_in, complaints, address):
    page = sign_in("boss")
    page.goto(address)

    check_apology(page, complaints)


def test_page_that_one_may_not_see_says_so_and_leads_back(sign_in, complaints):
    page = sign_in("reader")
    page.goto(reverse("admin:contacts_contact_add"))

    check_apology(page, complaints)


def check_apology(page: Page, complaints: looking.Complaints) -> None:
    complaints.said[:] = [one for one in complaints.said if "Failed to load resource" not in one]  # that page itself
    assert looking.faults(page) == []
    page.get_by_role("link", name="Back to the desk").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
