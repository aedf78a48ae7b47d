"""The project's sample list, in the form of Notion's export."""

from __future__ import annotations

from pathlib import Path

import pytest

from contacts.models import Contact, ContactEvent
from tests.contacts.listed import Report, import_file
from tests.factories import NOW

SAMPLE = Path(__file__).parent / "data" / "contacts.csv"

pytestmark = pytest.mark.usefixtures("reference_rows")


@pytest.fixture
def report(reference_rows: None) -> Report:
    return import_file(file=SAMPLE, now=NOW)


def test_it_gives_191_people_and_merges_the_7_repeats(report: Report) -> None:
    assert (report.created, report.merged, report.rejections) == (191, 7, 9)
    assert report.created + report.updated + report.unchanged == 198
    assert Contact.objects.count() == 191


def test_the_9_bad_lines_are_named_with_their_reasons(report: Report) -> None:
    assert [(one.number, one.reason.split(".")[0]) for one in report.rejected] == [
        (25, "The email address has a space, a line break or an invisible character in it"),
        (103, "The email address has more than 64 characters before the @"),
        (119, 'Unknown contact type "Astronaut"'),
        (138, "The email address needs exactly one @ between a name and a domain"),
        (160, "The email address is malformed before the @: use letters a to z, digits and "),
        (164, 'Unknown lead source "Telepathy"'),
        (214, "The email address needs exactly one @ between a name and a domain"),
        (218, "The email address is missing"),
        (226, "The email address has a space, a line break or an invisible character in it"),
    ]


def test_5_people_are_do_not_contact(report: Report) -> None:
    assert Contact.objects.filter(status__blocks_contact=True).count() == 5


def test_the_same_file_again_changes_nothing_and_leaves_no_event(report: Report) -> None:
    events, updated = ContactEvent.objects.count(), set(Contact.objects.values_list("updated_at", flat=True))

    again = import_file(file=SAMPLE, now=NOW)

    assert (again.created, again.updated, again.unchanged, again.merged) == (0, 0, 198, 7)
    assert ContactEvent.objects.count() == events
    assert set(Contact.objects.values_list("updated_at", flat=True)) == updated


def test_formulas_are_text(report: Report) -> None:
    assert Contact.objects.filter(notes='=HYPERLINK("http://example.com","x")').exists()


def test_quoted_line_breaks_and_direction_marks_survive(report: Report) -> None:
    assert Contact.objects.filter(notes='Asked for the "small" studio,\nsecond floor.').exists()
    assert Contact.objects.filter(notes="prefers \u200f\u05e2\u05d1\u05e8\u05d9\u05ea\u200e / English").exists()


def test_phones_are_e164(report: Report) -> None:
    phones = Contact.objects.exclude(phone="").values_list("phone", flat=True)

    assert all(phone.startswith("+1") and phone[1:].isdigit() for phone in phones)


def test_a_repeat_fills_what_the_first_line_did_not_know(report: Report) -> None:
    contact = Contact.objects.get(email="info.090.7+notion@example.net")

    assert contact.company == "Second Entry Ltd"
    assert contact.email_typed == "info.090.7+notion@example.net"


def test_nothing_starts(report: Report) -> None:
    assert not ContactEvent.objects.filter(processed_at=None).exists()
    assert {event.mode for event in ContactEvent.objects.all()} == {"baseline"}


def test_everybody_has_types_a_source_and_a_brand(report: Report) -> None:
    assert not Contact.objects.filter(contact_types=None).exists()
    assert not Contact.objects.filter(lead_source=None).exists()
    assert not Contact.objects.filter(memberships=None).exists()


def test_types_are_inferred_where_the_line_has_none(report: Report) -> None:
    contact = Contact.objects.get(email="contact016.7@art.example.edu")

    assert [kind.name for kind in contact.contact_types.all()] == ["Academic Contact"]
