"""The pages of people without an account: in the brand's look, by day, by night and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import looking

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.looking import Complaints
    from tests.browser.office import Office

WITH_EVERYTHING = False
SIZES = {"desktop": (1280, 900), "telephone": (360, 780)}


@pytest.fixture(scope="module")
def links(office: Office, django_db_blocker) -> dict[str, str]:
    from contactflow.core import tokens
    from contacts import intake
    from contacts.models import BusinessEntity, EntityMembership
    from engagement.models import Message
    from engagement.unsubscribing import PREFERENCES, UNSUBSCRIBE
    from tests.factories import NOW

    with django_db_blocker.unblock():
        found = {}
        for locale in ("en", "de"):
            arrival = intake.Arrival(email=f"{locale}@example.org", locale=locale)
            person = intake.receive(arrival=arrival, source="api", now=NOW).contact
            brands = list(BusinessEntity.objects.all())
            for brand in brands:
                EntityMembership.objects.get_or_create(contact=person, business_entity=brand)
            message = Message.objects.create(
                contact=person,
                business_entity=brands[0],
                recipient=person.email,
                subject="x",
                text="",
                html="",
                status="sent",
            )
            found[f"u-{locale}"] = f"/u/{tokens.make(UNSUBSCRIBE, person.pk, message.pk)}"
            found[f"p-{locale}"] = f"/p/{tokens.make(PREFERENCES, person.pk, message.pk)}"
        return found


@pytest.fixture
def page(chromium: Browser, office: Office, complaints: Complaints) -> Iterator[Page]:
    """Of somebody whom the office does not know."""
    context = chromium.new_context(base_url=office.url)
    page = context.new_page()
    complaints.listen(page)
    yield page
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["u-en", "p-en", "u-de", "p-de"])
def test_page_is_fit_to_read(page, links, name, size, scheme, tmp_path) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))

    page.goto(links[name])

    page.screenshot(path=tmp_path / f"{name}-{size}-{scheme}.png", full_page=True)
    assert looking.findings(page) == []
    assert looking.overflow(page) <= 0


def test_somebody_leaves_comes_back_and_asks_for_their_data(page, links) -> None:
    page.goto(links["u-en"])
    page.get_by_role("button", name="Unsubscribe").click()
    assert page.get_by_role("heading", name="You are unsubscribed").is_visible()

    page.get_by_role("link", name="Was it a mistake").click()
    brand = page.get_by_role("combobox").first
    assert brand.input_value() == "none"
    brand.select_option("weekly")
    page.get_by_label("Where we met").uncheck()
    page.get_by_role("button", name="Save").click()

    assert page.get_by_role("status").inner_text().startswith("Saved")
    assert page.get_by_role("combobox").first.input_value() == "weekly"
    assert not page.get_by_label("Where we met").is_checked()
    page.get_by_role("button", name="Ask for my data").click()
    assert page.get_by_role("status").inner_text().startswith("We have your wish")
