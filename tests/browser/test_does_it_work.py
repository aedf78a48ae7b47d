"""The third morning: an owner judges by the numbers, and a reader may look at all of it."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from contacts.models import Contact
from tests.browser.walking import find_contact, go_to, region
from workflows.models import WorkflowInstance

WITH_EVERYTHING = False
NEEDS = (
    "Failed steps",
    "Unclear steps",
    "Held emails",
    "Open alerts",
    "Overdue tasks",
    "Due today",
    "Teams with nobody",
)
BOTH_ARE_DRAWN = """() => {
    const drawings = [...document.querySelectorAll("canvas")];
    const ink = (one) => one.getContext("2d").getImageData(0, 0, one.width, one.height).data.some(Boolean);
    return drawings.length === 2 && drawings.every(ink);
}"""


@pytest.fixture
def owner(sign_in):
    return sign_in("owner")


def opens_as_many_rows(link: Locator) -> None:
    """The list behind a number holds just as many; then back to where it stands."""
    page = link.page
    number = int(re.findall(r"(?<!The )\d+", link.inner_text())[0])
    today = page.url
    link.click()
    expect(page).not_to_have_url(today)
    expect(page.get_by_role("heading", name=re.compile(rf"\b{number} results?\b"))).to_be_visible()
    expect(page.locator("#result_list tbody tr")).to_have_count(number)
    page.go_back()
    expect(page).to_have_url(today)


def test_every_number_of_what_needs_a_person_opens_its_list(owner):
    for card in NEEDS:
        opens_as_many_rows(region(owner, "What needs a person").get_by_role("link", name=card))


@pytest.mark.parametrize("flow", ["New people, last 30 days", "Emails sent, last 30 days"])
def test_every_number_of_thirty_days_opens_its_list(owner, flow):
    for brand in ("The 7 Space", "AM Consulting", "HigherSelf Core"):
        opens_as_many_rows(region(owner, flow).get_by_role("link", name=brand))


def test_every_number_of_the_response_clock_opens_its_list(owner):
    line = region(owner, "Answered in time?").get_by_role("row", name="HigherSelf Core").first

    for number in range(line.get_by_role("link").count()):
        opens_as_many_rows(line.get_by_role("link").nth(number))


def test_punctuality_is_said_and_its_number_opens_its_list(owner):
    on_time = region(owner, "On time?")
    expect(on_time.get_by_role("definition").nth(0)).to_have_text(re.compile(r"\d+ (minute|hour|day)|at once|a second"))

    opens_as_many_rows(on_time.get_by_role("link").first)


def test_thirty_days_are_drawn_and_can_be_read_as_a_table(owner):
    owner.wait_for_function(BOTH_ARE_DRAWN)
    arrivals = region(owner, "New people, last 30 days")
    arrivals.get_by_text("The same as a table").click()

    table = arrivals.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(31)
    columns = [row.split("\t")[1:] for row in table.get_by_role("row").all_inner_texts()[1:]]
    assert sum(int(count) for row in columns for count in row) == Contact.objects.count()


def test_the_chosen_brand_stays_over_pages(owner):
    choose_brand(owner, "The 7 Space")
    expect(region(owner, "Emails sent, last 30 days")).not_to_contain_text("AM Consulting")
    go_to(owner, "Contacts")
    expect(owner.get_by_role("table")).to_contain_text("Ada Lovelace")
    expect(owner.get_by_role("table")).not_to_contain_text("Grace Hopper")
    go_to(owner, "Emails")
    expect(owner.get_by_role("table")).not_to_contain_text("Business welcome")

    choose_brand(owner, "All brands")

    expect(owner.get_by_role("table")).to_contain_text("Business welcome")


def choose_brand(page: Page, name: str) -> None:
    page.locator("summary", has_text="Brand shown").click()
    page.get_by_role("button", name=name, exact=True).click()


def test_history_of_one_workflow_since_a_day_is_exported(owner):
    begun = WorkflowInstance.objects.filter(template__name="Artist discovery")
    go_to(owner, "Executions")
    owner.get_by_role("button", name="Filters").first.click()
    owner.get_by_role("textbox", name="By workflow").click()
    owner.keyboard.type("Artist disc")
    owner.get_by_role("option", name="Artist discovery").click()
    owner.get_by_role("textbox", name="Started at from").fill(f"{begun.earliest('started_at').started_at:%Y-%m-%d}")
    owner.get_by_role("button", name="Apply Filters").click()
    expect(owner.locator("#result_list tbody tr")).to_have_count(2)

    with owner.expect_download() as coming:
        owner.get_by_role("link", name="Export as CSV").click()

    lines = list(csv.DictReader(coming.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert {line["Person"] for line in lines} == {"Ada Lovelace", "Hilma af Klint"}
    assert {line["Workflow"] for line in lines} == {"Artist discovery"}


def test_a_reader_sees_the_same_and_can_change_nothing(sign_in):
    reader = sign_in("reader")
    needs = region(reader, "What needs a person")
    expect(needs.get_by_role("link", name="Failed steps 3")).to_be_visible()
    needs.get_by_role("link", name="Failures, by cause").click()
    expect(reader.get_by_role("heading", name="The mail server refused the sender")).to_be_visible()
    expect(reader.get_by_role("link", name=re.compile("Try again|Leave out|They arrived"))).to_have_count(0)

    find_contact(reader, "navy", "Grace Hopper")
    expect(region(reader, "Everything that happened")).to_contain_text("Business Lead Qualification")
    expect(reader.get_by_role("link", name=re.compile("Pause|Do not|Edit$|Merge|Start a|Add a|Assign"))).to_have_count(
        0
    )

    go_to(reader, "Board")
    expect(reader.get_by_text("You may look at tasks; your role does not move them.")).to_be_visible()
    expect(reader.get_by_text("Move", exact=True)).to_have_count(0)


@pytest.mark.parametrize(("place", "row"), [("Emails", "Artist welcome"), ("Workflows", "Artist discovery")])
def test_a_reader_finds_nothing_to_save(sign_in, place, row):
    reader = sign_in("reader")
    go_to(reader, place)
    expect(reader.get_by_role("link", name=re.compile("^(Add|Write|New)"))).to_have_count(0)
    reader.get_by_role("link", name=row, exact=True).first.click()

    expect(reader.get_by_role("heading", name=row)).to_be_visible()
    changing = re.compile("Save|Publish|Send me|Switch|Make a copy|Delete|Restore")
    expect(reader.get_by_role("button", name=changing)).to_have_count(0)
    expect(reader.get_by_role("link", name=changing)).to_have_count(0)
