"""How people get about: by the sidebar, by what stands on the page; never by an address."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

PATIENCE = 15_000  # milliseconds, for a machine that is busy with other things
expect.set_options(timeout=PATIENCE)


def go_to(page: Page, place: str, *, under: str = "") -> None:
    """Click that line of the sidebar; `under` is the folded group that it stands in."""
    sidebar = page.get_by_role("navigation").filter(has=page.get_by_role("link", name="Today"))
    line = sidebar.get_by_role("link", name=re.compile(rf"\b{re.escape(place)}$"))
    if under and not line.is_visible():
        sidebar.locator("h2", has_text=under).click()
    line.click()


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def type_into(field: Locator, letters: str) -> None:
    """Letter by letter, in a field that one sees: letters before that go nowhere."""
    field.click()
    field.press_sequentially(letters)


def find_contact(page: Page, letters: str, name: str) -> None:
    """Open somebody's page by any part of what is known of them."""
    go_to(page, "Contacts")
    search = page.get_by_placeholder(re.compile("^Search by any part of the name"))
    search.fill(letters)
    search.press("Enter")
    expect(page).to_have_url(re.compile(r"[?&]q="))
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
