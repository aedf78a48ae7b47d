"""Lists of people come in with a look at every line first, and go out as files that no spreadsheet runs."""

from __future__ import annotations

import csv
import io

import pytest
from playwright.sync_api import Page, expect

from contacts.intake import Arrival, receive
from contacts.models import Contact
from tests import factories as f
from tests.browser.looking import overflow
from tests.browser.walking import go_to, region
from workflows.models import WorkflowInstance

WITH_EVERYTHING = False
FORMULA = '=HYPERLINK("https://evil.example","Prize")'
HEADINGS = ("E-mail", "Given name", "Surname", "Company", "Lieblingsfarbe")


@pytest.fixture
def operator(sign_in):
    return sign_in("operator")


def upload(page: Page, *lines: tuple[str, ...], source: str, headings: tuple[str, ...] = HEADINGS) -> None:
    """A file from somebody's disk, through the form."""
    text = io.StringIO()
    csv.writer(text).writerows([headings, *lines])
    go_to(page, "Contacts")
    page.get_by_role("link", name="Import", exact=True).click()
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": text.getvalue().encode()}
    page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type]
    page.get_by_label("Where it comes from").fill(source)
    page.get_by_role("button", name="Upload and look at it").click()


def numbers(page: Page) -> dict[str, str]:
    words = page.locator(".lists-numbers")
    return dict(zip(words.locator("dt").all_inner_texts(), words.locator("dd").all_inner_texts(), strict=True))


def test_a_list_is_looked_at_line_by_line_before_anything_is_stored(operator):
    ida = ("ida@list.example", "Ida", "Blom", FORMULA, "blue")
    grace = ("GRACE@navy.example", "Grace", "Hopper", "Naval Reserve", "")
    upload(operator, ida, grace, ("nobody", "No", "Address", "", ""), source="Newsletter")
    operator.get_by_role("combobox", name="Lieblingsfarbe").select_option(label="A custom field named …")
    operator.get_by_label("Name of the custom field for Lieblingsfarbe").fill("favourite colour")
    operator.get_by_role("button", name="Show what would change").click()

    lines = region(operator, "Lines of the file")
    expect(lines.get_by_role("row", name="grace@navy.example")).to_contain_text("Navy Yard → Naval Reserve")
    expect(lines.get_by_role("row", name="nobody")).to_contain_text("The email address needs exactly one @")
    assert numbers(operator) == {"New": "1", "Changed": "1", "Unchanged": "0", "Rejected": "1"}
    assert not Contact.objects.filter(email="ida@list.example").exists()

    expect(operator.get_by_role("radio", name="Start nothing.")).to_be_checked()
    operator.get_by_role("button", name="Apply: 1 new, 1 changed").click()

    expect(
        operator.get_by_text("Done: 1 new, 1 changed, 0 unchanged, 1 rejected. No workflow was started.")
    ).to_be_visible()
    stored = Contact.objects.get(email="ida@list.example")
    assert (stored.company, stored.custom) == (FORMULA, {"favourite colour": "blue"})
    assert Contact.objects.get(email="grace@navy.example").company == "Naval Reserve"
    assert not WorkflowInstance.objects.filter(contact=stored).exists()


def test_the_second_file_of_a_source_needs_no_columns_any_more(operator):
    headings = ("Adresse", "Wie")
    upload(operator, ("kari@fair.example", "Kari"), source="Fair", headings=headings)
    operator.get_by_role("combobox", name="Adresse").select_option(label="Email")
    operator.get_by_role("combobox", name="Wie").select_option(label="First name")
    operator.get_by_role("button", name="Show what would change").click()
    expect(operator.get_by_role("button", name="Apply: 1 new, 0 changed")).to_be_visible()

    upload(operator, ("nils@fair.example", "Nils"), source="Fair", headings=headings)
    operator.get_by_role("button", name="Apply: 1 new, 0 changed").click()

    expect(operator.get_by_text("Done: 1 new")).to_be_visible()
    assert Contact.objects.get(email="nils@fair.example").first_name == "Nils"


def export(page: Page) -> str:
    go_to(page, "Contacts")
    page.get_by_role("link", name="Export", exact=True).click()
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download").click()
    return coming.value.path().read_text(encoding="utf-8-sig")


def test_an_export_is_harmless_and_comes_back_in_unchanged(operator):
    dangerous = ("eve@list.example", "Eve", "Moneypenny", FORMULA, "")
    upload(operator, dangerous, source="Cards", headings=(*HEADINGS[:4], "Notes"))
    operator.get_by_role("button", name="Show what would change").click()
    operator.get_by_role("button", name="Apply: 1 new").click()
    expect(operator.get_by_text("Done: 1 new")).to_be_visible()

    headings, *lines = csv.reader(io.StringIO(export(operator)))

    assert {line[headings.index("Email")] for line in lines} == set(Contact.objects.values_list("email", flat=True))
    assert [line for line in lines if line[headings.index("Company")] == f"'{FORMULA}"]
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "-", "@"))]
    upload(operator, *map(tuple, lines), source="Round trip", headings=tuple(headings))
    operator.get_by_role("button", name="Show what would change").click()
    expect(region(operator, "Lines of the file")).to_be_visible()
    assert numbers(operator) == {"New": "0", "Changed": "0", "Unchanged": str(len(lines)), "Rejected": "0"}


def test_a_telephone_shows_five_people_with_what_matters(sign_in):
    for number in range(6):
        receive(
            arrival=Arrival(
                email=f"guest{number}@phone.example", first_name="Guest", business_entities=["The 7 Space"]
            ),
            source="api",
            now=f.NOW,
        )
    page = sign_in("operator", viewport={"width": 360, "height": 740})
    page.goto("/admin/contacts/contact/")
    rows = page.locator("#result_list tbody tr")

    last = rows.nth(4).bounding_box()
    assert last is not None
    assert last["y"] + last["height"] <= 740
    for field in ("person", "brands", "state", "heard", "runs"):
        expect(rows.first.locator(f".field-{field}")).to_be_visible()
    assert overflow(page) == 0
